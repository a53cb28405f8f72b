"""Makes docs/street.jpg: an annotated frame of the synthetic street, and cut-outs of it on a checkerboard.

python docs/make_picture.py [--seed 20] [--second 4]
"""

from pathlib import Path

import click
import cv2
import numpy as np

import streamseg
from streamseg.config_output import VideoConfig
from streamseg.pixels import frame_rgb
from streamseg.records import Cutout, Frame, Planes
from streamseg.sinks.annotate import Annotator

STRIP_PX = 320
SQUARE_PX = 12


@click.command()
@click.option("--seed", default=20, show_default=True)
@click.option("--second", default=4.0, show_default=True)
@click.option("--model", default="s", show_default=True)
def make(seed: int, second: float, model: str) -> None:
    """Run the street up to the second given and compose the picture."""
    url = f"synthetic://street?seconds={second}&size=1280x720&fps=25&seed={seed}"
    annotator = Annotator(VideoConfig())
    best: dict[int, Cutout] = {}
    for extraction in streamseg.open(url, model=model, every="all", end=second):
        frame = extraction.frame
        planes = Planes(*(plane.copy() for plane in (frame.planes.y, frame.planes.u, frame.planes.v)))
        annotator.draw(planes, extraction)
        best |= {cut.track.id: cut for cut in extraction.cutouts if cut.purpose == "best"}
    annotated = frame_rgb(Frame(frame.stream, 0, 0, planes, frame.color))
    strip = shelf(sorted(best.values(), key=lambda cut: -cut.shot_score), annotated.shape[1])
    path = Path(__file__).parent / "street.jpg"
    cv2.imwrite(
        str(path), cv2.cvtColor(np.vstack([annotated, strip]), cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 90]
    )
    click.echo(path)


def shelf(cutouts: list[Cutout], width: int) -> np.ndarray:
    """As many cut-outs as fit side by side, over a checkerboard of uint8 [STRIP_PX, width, 3]."""
    squares = (np.indices((STRIP_PX, width)) // SQUARE_PX).sum(0) % 2
    board = np.where(squares[..., None] == 0, 255, 225).astype(np.uint8).repeat(3, 2)
    x = SQUARE_PX
    for cutout in cutouts:
        scale = (STRIP_PX - 2 * SQUARE_PX) / cutout.rgba.shape[0]
        size = round(cutout.rgba.shape[1] * scale), STRIP_PX - 2 * SQUARE_PX
        if scale > 2 or x + size[0] > width:
            continue
        alpha = cutout.rgba[..., 3:].astype(np.float32) / 255
        # premultiplied, so that what is transparent lends no colour to its neighbours
        shown = cv2.resize(np.dstack([cutout.rgba[..., :3] * alpha, alpha]), size, interpolation=cv2.INTER_AREA)
        part = board[SQUARE_PX:-SQUARE_PX, x : x + size[0]]
        part[:] = np.clip(shown[..., :3] + part * (1 - shown[..., 3:]), 0, 255)
        x += size[0] + SQUARE_PX
    return board


if __name__ == "__main__":
    make()

"""Training pictures from the synthetic street: a COCO-format zip with exact masks.

    python -m streamseg.training.street_data street.zip --images 600 --first-seed 1000

Holds `annotations.json` and `images/*.jpg`. Every street has its own seed; seeds below 1000 are for the demo and for
tests and never for training. Pictures are rendered large, cut at random, and scaled down together with their masks.
Shadows are annotated too, by which share of the light they take (`dark`) and the id of what casts them (`of`, if the
picture shows it), so that training can let them move with it.
"""

import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np
import numpy.typing as npt
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from streamseg.capture.street import Shade, Shot, Street
from streamseg.errors import DataError
from streamseg.geometry import Box, rle_encode

U8 = npt.NDArray[np.uint8]
CATEGORIES = ("person", "vehicle", "animal")
SHADOW = "shadow"
FINE = ("person", "car", "van", "bus", "bicycle", "dog")
SIZES: tuple[tuple[int, int], ...] = ((720, 1280), (720, 960), (600, 960), (900, 720))
_LEAST_SIDE = 5
_LEAST_AREA = 24
_LEAST_VISIBLE = 0.25
_WELL_VISIBLE = 0.5
_LEAST_DARK = 0.15
"""Share of the light gone from where a shadow is; its rim is less dark."""
_FRAMES = 25 * 3600
_TRIES = 60


@dataclass(frozen=True, slots=True)
class Cut:
    """A part of a frame and how large it becomes: x0, y0, x1, y1 in frame pixels; height and width of the picture."""

    box: tuple[int, int, int, int]
    size_hw: tuple[int, int]


def random_cut(rng: np.random.Generator, frame_hw: tuple[int, int], long_side: int, around: Box | None = None) -> Cut:
    """The whole frame or a random part of it, scaled so that its longer side is at most long_side.

    around: what the part has in it, if it is large enough for that.
    """
    height, width = frame_hw
    share = 1.0 if rng.random() < 0.4 else float(rng.uniform(0.35, 0.95))
    shape = float(rng.uniform(0.8, 1.25)) if share < 1 else 1.0
    h, w = min(height, round(height * share)), min(width, round(width * share * shape))
    left, top, right, bottom = around or (0, 0, width, height)
    y0, x0 = _place(rng, height, h, top, bottom), _place(rng, width, w, left, right)
    scale = min(1.0, long_side * float(rng.uniform(0.75, 1.0)) / max(h, w))
    return Cut((x0, y0, x0 + w, y0 + h), (max(1, round(h * scale)), max(1, round(w * scale))))


def _place(rng: np.random.Generator, whole: int, part: int, low: float, high: float) -> int:
    """Where a part of a line begins, so that it lies within low and high, or they within it."""
    first, last = sorted((int(high) - part, int(low)))
    return int(rng.integers(max(0, first), max(0, min(whole - part, last)) + 1))


def cut_out(alpha: U8, offset: tuple[int, int], cut: Cut) -> U8:
    """What a cut's picture shows of an alpha that lies at x, y in the frame: uint8 [h, w]."""
    x0, y0, x1, y1 = cut.box
    canvas = np.zeros((y1 - y0, x1 - x0), np.uint8)
    (left, top), (h, w) = offset, alpha.shape
    a, b, c, d = max(left, x0), max(top, y0), min(left + w, x1), min(top + h, y1)
    if c > a and d > b:
        canvas[b - y0 : d - y0, a - x0 : c - x0] = alpha[b - top : d - top, a - left : c - left]
    return np.asarray(cv2.resize(canvas, cut.size_hw[::-1], interpolation=cv2.INTER_AREA), np.uint8)


def annotate(shot: Shot, shades: Sequence[Shade], cut: Cut, first_id: int = 1) -> list[dict[str, Any]]:
    """COCO annotations of what a cut shows; too small or nearly hidden objects are `iscrowd`. Ids from first_id."""
    out: list[dict[str, Any]] = []
    ids, solid = {}, np.zeros(cut.size_hw, bool)
    for actor in shot.actors:
        mask = cut_out(actor.alpha, actor.offset, cut) >= 128
        if not mask.any():
            continue
        row = {"id": first_id + len(out), "category_id": CATEGORIES.index(actor.label) + 1, "fine": actor.fine}
        row |= _outline(mask)
        row["iscrowd"] = int(actor.visible < _LEAST_VISIBLE or _is_tiny(row))
        ids[actor.id] = row["id"]
        solid |= mask
        out.append(row)
    for shade in shades:
        dark = cut_out(shade.dark, shade.offset, cut)
        mask = (dark >= 255 * _LEAST_DARK) & ~solid
        if np.count_nonzero(mask) < _LEAST_AREA:
            continue
        row = {"id": first_id + len(out), "category_id": len(CATEGORIES) + 1, "fine": SHADOW, "iscrowd": 0}
        row |= _outline(mask) | {"dark": round(float(dark[mask].mean()) / 255, 3)}
        if shade.id in ids:
            row["of"] = ids[shade.id]
        out.append(row)
    return out


def _outline(mask: npt.NDArray[np.bool_]) -> dict[str, Any]:
    x, y, w, h = cv2.boundingRect(mask.astype(np.uint8))
    return {
        "bbox": [x, y, w, h],
        "area": int(np.count_nonzero(mask)),
        "segmentation": {"size": list(mask.shape), "counts": rle_encode(mask)},
    }


def _is_tiny(row: dict[str, Any]) -> bool:
    return min(row["bbox"][2:]) < _LEAST_SIDE or row["area"] < _LEAST_AREA


@dataclass(frozen=True, slots=True)
class Look:
    """How pictures are taken.

    size_hw_choices: heights and widths frames are rendered at, before they are cut and scaled down. long_side: longest
    side of a picture in pixels; the default is about as sharp as the network's own view. favour: what to look for
    (person, car, van, bus, bicycle, dog); pictures without it are then rare.
    """

    size_hw_choices: Sequence[tuple[int, int]] = SIZES
    long_side: int = 704
    favour: str | None = None


def write_street_zip(
    path: Path | str,
    *,
    images: int,
    seeds: Sequence[int],
    look: Look = Look(),
    on_image: Callable[[int], None] | None = None,
) -> None:
    """Render images pictures of the streets of seeds, spread evenly, into a zip.

    Args:
        path: the zip to write; replaced when it exists.
        images: how many pictures, at least 1.
        seeds: the streets, at least one; training uses 1000 and above.
        look: how they are taken.
        on_image: called with the number of pictures done.

    Raises:
        DataError: images, seeds or sizes are empty, or path cannot be written.
    """
    if images < 1 or not seeds or not look.size_hw_choices:
        sizes = len(look.size_hw_choices)
        raise DataError(f"{path}: {images} images of {len(seeds)} seeds in {sizes} sizes; 1 or more each")
    seeds = list(seeds)[:images]
    records: dict[str, list[dict[str, Any]]] = {"images": [], "annotations": []}
    try:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            for place, seed in enumerate(seeds):
                share = range(images * place // len(seeds), images * (place + 1) // len(seeds))
                _write_street(archive, records, seed, share, look, on_image)
            archive.writestr("annotations.json", json.dumps(_document(records)), zipfile.ZIP_DEFLATED)
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror or error})") from error


def _document(records: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    return {
        "info": {"source": "street", "labelled": list(CATEGORIES), "separated": True},
        "categories": [{"id": i + 1, "name": name} for i, name in enumerate((*CATEGORIES, SHADOW))],
        **records,
    }


def _write_street(
    archive: zipfile.ZipFile,
    records: dict[str, list[dict[str, Any]]],
    seed: int,
    numbers: range,
    look: Look,
    on_image: Callable[[int], None] | None,
) -> None:
    rng = np.random.default_rng([seed, 101])
    street = Street(seed=seed, size_hw=look.size_hw_choices[int(rng.integers(len(look.size_hw_choices)))])
    for number in numbers:
        index, shot, wanted = _shot(street, look.favour, rng)
        cut = random_cut(rng, street.size_hw, look.long_side, wanted)
        x0, y0, x1, y1 = cut.box
        picture = cv2.resize(shot.rgb[y0:y1, x0:x1], cut.size_hw[::-1], interpolation=cv2.INTER_AREA)
        quality = int(rng.integers(78, 96))
        _, data = cv2.imencode(".jpg", picture[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
        name = f"street-{seed:05d}-{number:05d}.jpg"
        archive.writestr(f"images/{name}", data.tobytes())
        image = len(records["images"]) + 1
        records["images"].append(
            {"id": image, "file_name": f"images/{name}", "height": cut.size_hw[0], "width": cut.size_hw[1]}
        )
        for row in annotate(shot, street.shades(index), cut, len(records["annotations"]) + 1):
            records["annotations"].append({"image_id": image, **row})
        if on_image:
            on_image(image)


def _shot(street: Street, favour: str | None, rng: np.random.Generator) -> tuple[int, Shot, Box | None]:
    """A frame's number, drawn at random, the frame, and the box of what is looked for in it if that could be found."""
    if favour is None:
        index = int(rng.integers(0, _FRAMES))
        return index, street.render(index), None
    for index in rng.integers(0, _FRAMES, _TRIES).tolist():
        if favour in street.fines_at(index):
            shot = street.render(index)
            found = [a.box for a in shot.actors if a.fine == favour and a.visible > _WELL_VISIBLE]
            if found:
                return index, shot, found[int(rng.integers(len(found)))]
    return index, street.render(index), None


@click.command(help="Write a COCO-format zip of synthetic street pictures.")
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--images", type=click.IntRange(1), default=600, show_default=True)
@click.option("--first-seed", type=click.IntRange(0), default=1000, show_default=True)
@click.option("--per-street", type=click.IntRange(1), default=6, show_default=True, help="pictures of one street")
@click.option("--favour", type=click.Choice(FINE), help="show this in nearly every picture")
def main(out: Path, images: int, first_seed: int, per_street: int, favour: str | None) -> None:
    """Render with a progress bar."""
    columns = TextColumn("street pictures"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns) as progress:
        task = progress.add_task("", total=images)
        seeds = range(first_seed, first_seed + -(-images // per_street))
        look = Look(favour=favour)
        write_street_zip(
            out, images=images, seeds=seeds, look=look, on_image=lambda done: progress.update(task, completed=done)
        )


if __name__ == "__main__":
    main()

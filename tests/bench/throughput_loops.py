"""What throughput.py measures us against, as commands; each reads a whole clip and says how many frames that were.

throughput_loops.py decode CLIP                   PyAV decodes, nobody looks
throughput_loops.py encode CLIP OUT PRESET CRF    PyAV decodes, libx264 encodes
throughput_loops.py opencv CLIP                   VideoCapture, BGR, our network from Python; nothing follows
"""

import json
import os
import sys
from pathlib import Path

CORES = len(os.sched_getaffinity(0))


def decode(clip: str) -> int:
    """As many threads as there are cores, by frames and slices as the codec can."""
    import av

    with av.open(clip) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count, stream.codec_context.thread_type = CORES, "AUTO"
        return sum(1 for _ in container.decode(stream))


def encode(clip: str, out: str, preset: str, crf: str) -> int:
    """The decoder's pictures go to the encoder as they are."""
    import av

    frames = 0
    with av.open(clip) as container, av.open(out, "w") as written:
        stream = container.streams.video[0]
        stream.codec_context.thread_count, stream.codec_context.thread_type = CORES, "AUTO"
        video = written.add_stream("libx264", rate=stream.average_rate, options={"preset": preset, "crf": crf})
        video.width, video.height, video.pix_fmt = stream.codec_context.width, stream.codec_context.height, "yuv420p"
        for picture in container.decode(stream):
            picture.pict_type = av.video.frame.PictureType.NONE  # else the encoder repeats the source's kinds
            written.mux(video.encode(picture))
            frames += 1
        written.mux(video.encode(None))
    return frames


def opencv(clip: str) -> int:
    """The loop that tutorials show: read, scale, turn to RGB, ask the network."""
    import cv2
    import numpy as np

    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from streamseg.config import ModelConfig
    from streamseg.geometry import Letterbox
    from streamseg.inference import load_network
    from streamseg.records import Sample

    network = load_network(ModelConfig())
    capture, frames = cv2.VideoCapture(clip), 0
    while True:
        there, bgr = capture.read()
        if not there:
            return frames
        frames += 1
        fit = Letterbox.fit((0, 0, bgr.shape[1], bgr.shape[0]), network.view_hw)
        height, width = fit.content_hw
        left, top = map(int, fit.pad_xy)
        view = np.full((*network.view_hw, 3), 114, np.uint8)
        scaled = cv2.resize(bgr, (width, height))
        view[top : top + height, left : left + width] = cv2.cvtColor(scaled, cv2.COLOR_BGR2RGB)
        network([Sample(view, fit)])


def main() -> None:
    """What the first argument says."""
    way, *arguments = sys.argv[1:]
    frames = {"decode": decode, "encode": encode, "opencv": opencv}[way](*arguments)
    print(json.dumps({"frames": frames}))


if __name__ == "__main__":
    main()

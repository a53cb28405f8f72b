"""What object clips cost: CPU milliseconds for each picture of an object, and bytes; not a test.

    python tests/bench/clips.py VIDEO [--frames 150] [--format webm|png]

The objects of the first frames are found once; then only the sink works, in one thread for what it does frame by
frame (cutting out, PNG) and one for what it does at a track's end (VP9).
"""

import argparse
import json
import tempfile
import time
from contextlib import closing
from itertools import islice
from pathlib import Path

import cv2

import streamseg
from streamseg.config import Config
from streamseg.provenance import Provenance
from streamseg.records import StreamInfo
from streamseg.sinks.aside import owned
from streamseg.sinks.clips import ClipsSink


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video")
    parser.add_argument("--frames", type=int, default=150)
    parser.add_argument("--format", default="webm", choices=["webm", "png"])
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    with closing(streamseg.open(arguments.video, every="none")) as found:
        extractions = [owned(one) for one in islice(found, arguments.frames)]
    info = StreamInfo("bench", arguments.video, extractions[0].frame.size_hw, None, live=False)
    config = Config.model_validate({"clips": {"enabled": True, "format": arguments.format, "min_s": 0}})
    with tempfile.TemporaryDirectory() as folder:
        sink = ClipsSink(config, Path(folder), Provenance("bench", "bench", "s", None, "", {}, None))
        sink.open(info)
        began_s, threaded_s = time.process_time(), time.thread_time()
        for extraction in extractions:
            sink.write(extraction)
            sink.settle()
        sink.close()
        whole_s, here_s = time.process_time() - began_s, time.thread_time() - threaded_s
        records = [json.loads(path.read_bytes()) for path in Path(folder, "clips").glob("*.json")]
        size = sum(path.stat().st_size for path in Path(folder, "clips").rglob("*") if path.is_file())
    pictures = sum(len(record["pictures"]) for record in records)
    area = sum(record["size"][0] * record["size"][1] * len(record["pictures"]) for record in records) / pictures
    print(
        f"{len(records)} clips, {pictures} pictures of {area**0.5:.0f} x {area**0.5:.0f} px on average: "
        f"{whole_s / pictures * 1e3:.1f} ms CPU a picture, {here_s / pictures * 1e3:.1f} of them frame by frame; "
        f"{size / pictures / 1e3:.1f} kB a picture"
    )


if __name__ == "__main__":
    main()

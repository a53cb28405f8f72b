"""What the test camera costs: CPU of the server's process with no client, and with one.

python tests/bench/camera.py [WIDTHxHEIGHT [SOURCE]]
"""

import sys
import time

import av
import psutil

from streamseg.camera.camera import Camera, Settings
from streamseg.camera.kinds import read_size
from streamseg.camera.serving import Place

SECONDS = 12.0


def cpu_s(process: psutil.Process) -> float:
    """User and system time so far."""
    times = process.cpu_times()
    return float(times.user + times.system)


def main() -> None:
    """Measure and print."""
    size = read_size(sys.argv[1]) if len(sys.argv) > 1 else (1920, 1080)
    source = sys.argv[2] if len(sys.argv) > 2 else None
    began_s = time.monotonic()
    with Camera(Settings(rtsp=Place("127.0.0.1", 0, "/cam"), size=size, fps=25.0, source=source)) as camera:
        print(f"ready after {time.monotonic() - began_s:.1f} s")
        process = psutil.Process(camera.pid)
        before_s = cpu_s(process)
        time.sleep(SECONDS / 3)
        print(f"no client: {300 * (cpu_s(process) - before_s) / SECONDS:.1f} % of a core")
        with av.open(camera.url, options={"rtsp_transport": "tcp"}) as container:
            before_s, began_s, received = cpu_s(process), time.monotonic(), 0
            for packet in container.demux(video=0):
                received += packet.size
                if time.monotonic() - began_s > SECONDS:
                    break
            share = (cpu_s(process) - before_s) / (time.monotonic() - began_s)
            rate = 8e-6 * received / (time.monotonic() - began_s)
            memory = process.memory_info().rss / 1e6
            print(f"one client: {100 * share:.1f} % of a core, {rate:.1f} Mbit/s, {memory:.0f} MB")


if __name__ == "__main__":
    main()

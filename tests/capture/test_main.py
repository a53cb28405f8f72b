"""A source by itself, looked at from the shell."""

import subprocess
import sys


def test_it_prints_what_a_source_says_and_its_first_frames() -> None:
    source = "gate=synthetic://street?seconds=2&size=192x112&fps=5"
    command = [sys.executable, "-m", "streamseg.capture", source]
    info, *frames = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert "name='gate'" in info and "size_hw=(112, 192)" in info
    assert [line.split(" (")[0] for line in frames] == [f"{seq} {seq * 200_000_000}" for seq in range(5)]

"""A run that keeps its results within limits."""

import time

from streamseg.sinks.outdir import MARKER
from tests.results import read_summary
from tests.runtime.jobs import run


def test_old_parts_go_while_the_run_lasts(tmp_path):
    config = tmp_path / "keep.yaml"
    # an age of a third of a second: whatever is finished goes with the next sweep, the first of which comes at once
    config.write_text("output: {rotate_s: 1, keep_hours: 0.0001}\n")
    arguments = "--config", str(config), "a=synthetic://street?seconds=900&size=192x112&fps=5", "--overwrite"
    with run(*arguments, out=tmp_path / "out") as job:
        job.wait_until(lambda: (tmp_path / "out" / "a" / "objects-0003.jsonl").exists())
        time.sleep(0.5)
        assert job.kill("keeper-0")  # its successor sweeps at once
        job.wait_until(lambda: not (tmp_path / "out" / "a" / "objects.jsonl").exists())
        assert not (tmp_path / "out" / "a" / "annotated.mp4").exists()
        job.process.terminate()
        assert job.finish() == 130
    left = sorted(path.name for path in (job.out / "a").glob("objects*.jsonl"))
    assert left and "objects.jsonl" not in left
    assert (job.out / MARKER).exists()
    stream = read_summary(job.out)["streams"]["a"]
    assert stream["failed"] == {} and stream["state"] == "stopped"

"""One process, few processes, many processes: the same bytes."""

import av
import pytest

from tests.conftest import shared_file
from tests.results import read_summary
from tests.runtime.jobs import results, run


def outcome(tmp_path, name, *arguments):
    with run(*arguments, out=tmp_path / name) as job:
        assert job.finish() == 0
    summary = read_summary(job.out)
    return job.out, {
        stream: dict(found, latency_ms=None, fps=None, stages=None) for stream, found in summary["streams"].items()
    }


@pytest.mark.parametrize("kind", ["synthetic", "real", "where it is worth it"])
def test_every_placement_gives_the_same_bytes(tmp_path, kind):
    if kind == "real":
        source = f"clip={shared_file('clips/dog-and-person.mp4')}"
    else:
        source = "clip=synthetic://street?seconds=3&size=320x180&fps=10&seed=3"
    common = source, "--max-frames", "30", "--cutouts", "0.5", "--clips"
    if kind == "where it is worth it":
        common = *common, "--detect-every", "auto"
    out, totals = outcome(tmp_path, "single", *common, "--single-process")
    wanted, video = results(out, "clip"), (out / "clip" / "annotated.mp4").read_bytes()
    assert totals["clip"]["emitted"] == 30 and len(wanted) > 3
    for placement in ("fused", "split"):
        config = tmp_path / f"{placement}.yaml"
        config.write_text(f"runtime: {{placement: {placement}}}\n")
        out, found = outcome(tmp_path, placement, *common, "--config", str(config))
        assert results(out, "clip") == wanted
        assert (out / "clip" / "annotated.mp4").read_bytes() == video
        assert found == totals


def test_streams_of_all_sizes_side_by_side(tmp_path):
    """Files at a time, more of them than capture workers, odd sizes: each as if it were alone."""
    sizes = {"a": "320x180", "b": "161x121", "c": "200x300"}
    sources = [f"{name}=synthetic://street?seconds=2&size={size}&fps=5&seed=4" for name, size in sizes.items()]
    together, totals = outcome(tmp_path, "together", *sources, "--jobs", "2")
    alone, wanted = outcome(tmp_path, "alone", *sources, "--single-process")
    assert totals == wanted
    for name in sizes:
        assert results(together, name) == results(alone, name)


def test_optional_sinks_never_cost_a_frame(tmp_path):
    config = tmp_path / "optional.yaml"
    config.write_text("runtime: {optional_sinks: [video]}\nvideo: {preset: slow}\n")
    source = "clip=synthetic://street?seconds=3&size=320x180&fps=10&seed=3"
    out, totals = outcome(tmp_path, "out", source, "--config", str(config))
    video = totals["clip"]["sinks"]["video"]
    assert totals["clip"]["emitted"] == 30 == video["written"] + video["skipped"]
    with av.open(str(out / "clip" / "annotated.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == video["written"]

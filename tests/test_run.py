"""Whole jobs on real files: streams side by side, failures that stay alone, wrong usage."""

import threading
import time
from pathlib import Path

import av
import pytest

from streamseg import run as job
from streamseg.config import Config
from streamseg.errors import ConfigError
from streamseg.records import Instances, Sample
from streamseg.run import execute
from tests.blobs import BlobNetwork, write_mp4
from tests.results import count_video_frames, read_seqs, read_summary


def _config(out: Path, *sources: Path | str, **sections: object) -> Config:
    return Config.model_validate(
        {"streams": [{"source": str(s)} for s in sources], "output": {"dir": str(out)}} | sections
    )


def test_streams_run_side_by_side_and_a_broken_one_stays_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_mp4(tmp_path / "a.mp4", 30)
    write_mp4(tmp_path / "b.mp4", 20)
    (tmp_path / "text.mp4").write_text("no video at all\n" * 100)
    out = tmp_path / "out"
    names = ("a.mp4", "text.mp4", "missing.mp4", "b.mp4")
    result = execute(_config(out, *(tmp_path / name for name in names), jobs=2), network=BlobNetwork())

    assert result.exit_status == 1
    streams = read_summary(out)["streams"]
    assert [streams[name]["state"] for name in ("a", "text", "missing", "b")] == ["done", "failed", "failed", "done"]
    assert "missing.mp4" in streams["missing"]["error"]
    assert "text.mp4" in streams["text"]["error"]
    reported = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert sorted(line.split()[0] for line in reported) == ["stream=missing", "stream=text"]

    for name, count in (("a", 30), ("b", 20)):
        stream = streams[name]
        assert (stream["captured"], stream["emitted"], stream["objects"]) == (count, count, 2)
        assert stream["sinks"]["objects"] == {"written": count, "skipped": 0}
        assert set(stream["latency_ms"]) >= {"total", "capture", "preprocess", "inference", "tracking", "sinks"}
        assert stream["fps"] > 0
        assert read_seqs(out, name) == list(range(count))
        assert count_video_frames(out, name) == count
        folders = {path.name for path in (out / name / "cutouts").iterdir()}
        assert {folder.split("-")[1] for folder in folders} == {"disc", "square"}


def test_the_result_of_a_stream_does_not_depend_on_its_neighbours(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        write_mp4(tmp_path / f"{name}.mp4", 15)
    sources = [tmp_path / f"{name}.mp4" for name in ("a", "b", "c")]
    execute(_config(tmp_path / "alone", sources[1]), network=BlobNetwork())
    execute(_config(tmp_path / "together", *sources, jobs=3), network=BlobNetwork())
    alone = (tmp_path / "alone" / "b" / "objects.jsonl").read_bytes()
    assert alone.count(b"\n") == 15
    assert (tmp_path / "together" / "b" / "objects.jsonl").read_bytes() == alone


def test_a_truncated_file_gives_what_it_has_and_fails(tmp_path: Path) -> None:
    whole = write_mp4(tmp_path / "whole.mp4", 100)
    with av.open(whole) as container:
        places = [packet.pos for packet in container.demux(video=0) if packet.size]
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: places[60]])
    out = tmp_path / "out"
    assert execute(_config(out, cut, whole), network=BlobNetwork()).exit_status == 1
    streams = read_summary(out)["streams"]
    assert (streams["whole"]["state"], streams["whole"]["emitted"]) == ("done", 100)
    assert streams["cut"]["state"] == "failed"
    assert "cut.mp4" in streams["cut"]["error"]
    emitted = streams["cut"]["emitted"]
    assert 10 < emitted <= 60
    assert read_seqs(out, "cut") == list(range(emitted))
    assert count_video_frames(out, "cut") == emitted


def test_an_unreachable_host_holds_nobody_up_and_its_password_is_not_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    out = tmp_path / "out"
    camera = "rtsp://admin:tulip7@127.0.0.1:1/stream"
    config = _config(out, camera, write_mp4(tmp_path / "a.mp4", 10), capture={"reconnect_tries": 0})
    assert execute(config, network=BlobNetwork()).exit_status == 1
    streams = read_summary(out)["streams"]
    assert streams["a"]["emitted"] == 10
    [failed] = [stream for stream in streams.values() if stream["state"] == "failed"]
    assert "127.0.0.1" in failed["error"]
    assert "tulip7" not in (out / "summary.json").read_text() + caplog.text


class Meeting(BlobNetwork):
    """Counts how many streams are in it at once; the first calls wait until so many have come together."""

    def __init__(self, parties: int):
        super().__init__()
        self.barrier = threading.Barrier(parties)
        self.met = threading.Event()

    def __call__(self, samples: list[Sample]) -> list[Instances]:
        if not self.met.is_set():
            self.barrier.wait(timeout=30)
            self.met.set()
        return super().__call__(samples)


def test_files_run_so_many_at_a_time(tmp_path: Path) -> None:
    sources = [write_mp4(tmp_path / f"{name}.mp4", 4) for name in "abc"]
    result = execute(_config(tmp_path / "out", *sources, jobs=3), network=Meeting(3))
    assert result.exit_status == 0


def test_live_streams_wait_for_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamseg.job.is_live", lambda source: "live" in source)
    sources = [write_mp4(tmp_path / f"{name}.mp4", 4) for name in ("a", "live1", "live2", "b")]
    result = execute(_config(tmp_path / "out", *sources, jobs=1), network=Meeting(3))
    assert [stream.totals.emitted for stream in result.streams.values()] == [4, 4, 4, 4]


def test_one_file_at_a_time_is_the_default(tmp_path: Path) -> None:
    inside, most = set(), []

    class Counting(BlobNetwork):
        def __call__(self, samples: list[Sample]) -> list[Instances]:
            inside.add(threading.get_ident())
            most.append(len(inside))
            instances = super().__call__(samples)
            time.sleep(0.002)
            inside.remove(threading.get_ident())
            return instances

    sources = [write_mp4(tmp_path / f"{name}.mp4", 6) for name in "ab"]
    assert execute(_config(tmp_path / "out", *sources), network=Counting()).exit_status == 0
    assert max(most) == 1


def test_a_stream_that_fails_on_every_frame_is_given_up(tmp_path: Path) -> None:
    class Broken(BlobNetwork):
        def __call__(self, samples: list[Sample]) -> list[Instances]:
            raise RuntimeError("out of\nmemory")

    out = tmp_path / "out"
    assert execute(_config(out, write_mp4(tmp_path / "a.mp4", 15)), network=Broken()).exit_status == 1
    stream = read_summary(out)["streams"]["a"]
    assert (stream["captured"], stream["failed"]) == (10, {"inference": 10})
    assert stream["error"] == "RuntimeError: out of memory; inference failed, the last of 10 failures in a row"


def test_a_sink_that_cannot_write_fails_its_stream_only(tmp_path: Path) -> None:
    sources = [write_mp4(tmp_path / f"{name}.mp4", 5) for name in "ab"]
    out = tmp_path / "out"
    out.mkdir()
    (out / "a").write_text("a file where the stream's folder should be")
    config = _config(out, *sources, output={"dir": str(out), "overwrite": True})
    assert execute(config, network=BlobNetwork()).exit_status == 1
    streams = read_summary(out)["streams"]
    assert (streams["a"]["state"], streams["b"]["state"]) == ("failed", "done")
    assert str(out / "a") in streams["a"]["error"]
    assert read_seqs(out, "b") == list(range(5))


def test_an_output_that_cannot_be_used_is_bad_usage(tmp_path: Path) -> None:
    source = write_mp4(tmp_path / "a.mp4", 3)
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine.txt").write_text("keep")
    for out, reason in ((full, "not empty"), (source, "is a file"), (source / "out", "Not a directory")):
        with pytest.raises(ConfigError, match=reason):
            execute(_config(out, source), network=BlobNetwork())
    assert [path.name for path in full.iterdir()] == ["mine.txt"]


def test_a_job_without_streams_is_bad_usage(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="streams: none"):
        execute(_config(tmp_path / "out"), network=BlobNetwork())


def test_unknown_classes_are_refused_before_a_stream_begins(tmp_path: Path) -> None:
    out = tmp_path / "out"
    config = _config(out, write_mp4(tmp_path / "a.mp4", 3), model={"classes": ["disc", "unicorn"]})
    with pytest.raises(ConfigError, match=r"stream a: unicorn:.*allowed are disc, square"):
        execute(config, network=BlobNetwork())
    assert not (out / "a").exists()


def test_a_stream_s_own_classes_and_score_come_first(tmp_path: Path) -> None:
    source = write_mp4(tmp_path / "a.mp4", 6)
    streams = [
        {"source": str(source), "name": "squares", "classes": ["square"]},
        {"source": str(source), "name": "nothing", "score": 0.95},
        {"source": str(source), "name": "left", "region": [0, 0, 80, 96]},
    ]
    config = _config(tmp_path / "out", streams=streams, model={"classes": ["disc", "square"]})
    result = execute(config, network=BlobNetwork())
    assert {name: stream.totals.objects for name, stream in result.streams.items()} == {
        "squares": 1,
        "nothing": 0,
        "left": 1,
    }


def test_run_prints_the_table_and_copies_the_summary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(job, "load_network", lambda model: BlobNetwork())
    config = _config(tmp_path / "out", write_mp4(tmp_path / "a.mp4", 3))
    copy = tmp_path / "copy.json"
    assert job.run(config, json_summary=copy) == 0
    assert copy.read_bytes() == (tmp_path / "out" / "summary.json").read_bytes()
    printed = capsys.readouterr().out
    assert "1 stream in" in printed
    assert f"results in {tmp_path / 'out'}" in printed


def test_a_summary_without_a_folder_is_bad_usage(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such folder"):
        job.run(_config(tmp_path / "out", "a.mp4"), json_summary=tmp_path / "missing" / "summary.json")
    assert not (tmp_path / "out").exists()

"""Runs whose streams are pushed: what a real server recorded is what the run wrote, whoever dies in between."""

import signal
from pathlib import Path

from tests.broadcast.marked import FPS, marked_file, without_repeats
from tests.broadcast.test_hls import shown, wait_for, web_server
from tests.results import read_seqs, read_summary
from tests.rtsp_recorder import RtspRecorder, marks
from tests.runtime.jobs import Job, left_behind, run

SECONDS = 40
SECRET = "s3cret"
PLAIN = ("--cutouts", "none", "--draw", "none")


def wait_for_more(job: Job, server: RtspRecorder) -> None:
    """Until so much has come that it is no rest of what came before."""
    before = server.received()
    job.wait_until(lambda: server.received() > before + 1500)


def test_a_push_survives_its_server_its_worker_and_the_sinks(tmp_path: Path) -> None:
    clip = marked_file(tmp_path / "clip.mp4", SECONDS)
    out, log = tmp_path / "out", tmp_path / "log"
    with RtspRecorder(tmp_path / "server", user="me", password=SECRET) as server, log.open("w") as stderr:
        arguments = f"gate={clip}", "--realtime", "--push", server.url, "--hls", *PLAIN, "-v"
        with run(*arguments, out=out, stderr=stderr) as job:
            wait_for_more(job, server)
            server.kill()
            job.wait_for_lines("gate", job.lines("gate") + FPS)
            server.start()
            wait_for_more(job, server)
            for name in ("broadcast-0", "sinks-0"):
                assert job.kill(name)
                wait_for_more(job, server)
            job.process.send_signal(signal.SIGINT)
            assert job.finish() == 130
            assert left_behind(job) == []
        wrote = marks(out / "gate" / "annotated.mp4")
        wait_for(lambda: server.pushes()[-1][-1] == wrote[-1])
        pushes = server.pushes()
    # the pipeline: every picture once, in its order, and its own account knows of no loss
    assert wrote == list(range(len(wrote))) == read_seqs(out, "gate")
    account = read_summary(out)["streams"]["gate"]
    assert account["emitted"] == account["captured"] == len(wrote) and not account["dropped"] and not account["failed"]
    # the server: gaps only where somebody was dead
    assert len(pushes) >= 3
    for came in map(without_repeats, pushes):
        assert came == wrote[came[0] : came[0] + len(came)]
    # HLS, which the same worker writes: what was lost with it, and with the sink, and nothing else
    with web_server(out / "gate" / "hls") as base:
        seen = [number for number, _ in shown(f"{base}/live.m3u8")]
    assert seen == sorted(seen) and seen[-1] == wrote[-1]
    text = log.read_text()
    assert SECRET not in text and "rtsp://***@127.0.0.1" in text
    assert all(SECRET not in path.read_text() for path in out.rglob("*.json*"))


def test_a_run_that_keeps_no_video_is_pushed_all_the_same(tmp_path: Path) -> None:
    clip = marked_file(tmp_path / "clip.mp4", SECONDS)
    with RtspRecorder(tmp_path / "server") as server:
        url = server.url.replace("/in", "/{stream}")
        arguments = f"in={clip}", "--realtime", "--push", url, "--no-video", *PLAIN
        with run(*arguments, out=tmp_path / "out") as job:
            job.wait_until(lambda: server.received() > 3000)
            job.process.send_signal(signal.SIGINT)
            assert job.finish() == 130
        last = read_seqs(tmp_path / "out", "in")[-1]
        wait_for(lambda: server.pushes()[-1][-1] == last)
        [came] = server.pushes()
    assert came == list(range(came[0], last + 1))
    assert not list((tmp_path / "out").rglob("*.mp4"))

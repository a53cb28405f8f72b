"""What a benchmark found, made up here: as JSON, as tables, and drawn."""

import io
import json
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from streamseg.accounts import StageTime
from streamseg.bench.clip import Clip
from streamseg.bench.machine import Machine, this_machine
from streamseg.bench.measure import JOBS, Decoding, JobCost, job_config
from streamseg.bench.picture import draw
from streamseg.bench.report import at_work, head, rates, stages
from streamseg.bench.session import Outcome
from streamseg.config import Config
from streamseg.config_file import parse
from streamseg.sinks import sink_kinds

MACHINE = Machine("a processor <4 GHz>", 2, 8, 16.0, (), "Linux", 0.1, {"av": "18.1.0"})
CLIP = Clip(Path("clip.nut"), "gate.mp4", "h264", (1080, 1920), 25.0, 500, 2)
STAGES = {
    "capture": StageTime(100, busy_ns=200_000_000, blocked_ns=1_800_000_000),
    "inference": StageTime(100, busy_ns=2_000_000_000, waiting_ns=500_000_000),
}
COST = JobCost(frames=500, fps=48.0, around_s=2.5, cpu_ms=30.0, objects=7, stages=STAGES)
OUTCOME = Outcome(
    MACHINE, CLIP, "s", (("capture", "inference"), ("tracking",)), 3, Decoding(240.0, 5.0), {"no-video": COST}
)


def shown(table) -> str:
    console = Console(width=160, file=io.StringIO())
    console.print(table)
    return console.file.getvalue()


def test_the_json_has_what_follows_from_the_figures():
    job = json.loads(json.dumps(OUTCOME.as_json()))["jobs"]["no-video"]
    assert job["of_decoding"] == 0.2
    assert job["beyond_decoding_ms"] == 25.0
    assert job["stages"]["capture"] == {"frames": 100, "busy_ms": 2.0, "waiting_ms": 0.0, "blocked_ms": 18.0}


def test_rates_stand_beside_decoding():
    rows = [line.split("  ") for line in shown(rates(OUTCOME)).replace("\n ", "\n").splitlines()]
    cells = {row[0].strip(): [cell.strip() for cell in row[1:] if cell.strip()] for row in rows}
    assert cells["decoding alone"] == ["240.0", "1.00", "9.60", "5.0"]
    assert cells["cut-outs and JSONL, no video"] == ["48.0", "0.20", "1.92", "30.0", "25.0", "2.5"]


def test_what_cannot_be_told_is_a_dash():
    short = replace(OUTCOME, jobs={"no-video": replace(COST, cpu_ms=None)})
    assert "  -  " in shown(rates(short))
    assert short.beyond_decoding_ms("no-video") is None


def test_a_stage_is_at_work_for_a_share_of_all_time():
    assert at_work(STAGES["inference"], 48.0) == pytest.approx(0.96)
    lines = {line.split()[0]: line.split() for line in shown(stages(OUTCOME, "no-video")).splitlines() if line.strip()}
    assert (lines["inference"][1:4], lines["inference"][-1]) == (["20.00", "5.00", "0.00"], "96%")
    assert (lines["together"][1], lines["together"][-1]) == ("22.00", "106%")
    assert "tracking" not in lines


@pytest.mark.parametrize(("load", "told"), [(0.1, False), (1.5, True)])
def test_a_busy_machine_is_told(load, told):
    lines = list(head(replace(OUTCOME, machine=replace(MACHINE, load=load))))
    assert any("too low" in line for line in lines) == told
    assert any("2 of 8 cores, 16 GiB; no GPU" in line for line in lines)
    assert any("2 turns of gate.mp4: h264, 1920x1080, 500 frames at 25/s" in line for line in lines)


def test_the_drawing_is_xml_with_a_bar_for_every_time():
    root = ElementTree.fromstring(draw(OUTCOME))
    space = {"svg": "http://www.w3.org/2000/svg"}
    bars = {
        bar.findtext("svg:title", "", space): float(bar.get("width", "")) for bar in root.iterfind("svg:rect", space)
    }
    assert bars["inference: busy 20.00 ms"] == pytest.approx(10 * bars["capture: busy 2.00 ms"], rel=0.02)
    assert bars["capture: waiting 0.00 ms"] == 0
    texts = [text.text or "" for text in root.iterfind("svg:text", space)]
    assert any("<4 GHz>" in text for text in texts)
    assert "a frame every 20.8 ms" in texts


def test_this_machine_is_described():
    machine = this_machine()
    assert machine.cpu
    assert 1 <= machine.cores <= machine.cores_all
    assert machine.memory_gib > 0
    assert {"av", "numpy", "openvino"} <= machine.versions.keys()


def test_the_job_is_the_users_but_reaches_nobody(tmp_path):
    given = {
        "streams": [{"source": "rtsp://10.0.0.7/1"}],
        "capture": {"start": 3, "end": 4, "threads": 5, "pace": "realtime"},
        "cutouts": {"every": "all"},
        "clips": {"enabled": True},
        "mqtt": {"host": "10.0.0.2"},
        "webhook": {"url": "https://example.org/hook"},
        "publish": {"endpoint": "tcp://127.0.0.1:5560"},
        "broadcast": {"push": ["rtsp://10.0.0.3/{stream}"]},
        "web": {"enabled": True},
        "output": {"dir": "mine", "keep_gb": 1},
    }
    plain, video = (job_config(parse(given, "test"), CLIP, tmp_path, job, frames=9) for job in JOBS)
    assert sink_kinds(plain) == ["cutouts", "clips", "objects", "events"]
    assert sink_kinds(video) == ["cutouts", "clips", "video", "objects", "events"]
    assert [stream.source for stream in plain.streams] == ["clip.nut"]
    assert (plain.capture.start, plain.capture.end, plain.capture.max_frames) == (0, None, 9)
    assert (plain.capture.threads, plain.capture.pace, plain.cutouts.every) == (5, "fast", "all")
    assert (plain.output.dir, plain.output.keep_gb, plain.web.enabled) == (tmp_path, None, False)
    assert Config.model_validate(plain.model_dump()) == plain

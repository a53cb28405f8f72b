import math

import pytest

from streamseg.camera.condition import Condition, Format
from streamseg.camera.effects import changed, formats
from streamseg.camera.kinds import FOREVER, KINDS
from streamseg.camera.plan import Fault, Plan, parse_fault, parse_plan
from streamseg.errors import ConfigError

WELL = Condition(Format("h264", 640, 360, 25.0))


def test_faults_in_order_with_their_defaults() -> None:
    plan = parse_plan("drop@20s, freeze@5s, loss:0.2@500ms/1.5s,resolution:320x180@1m")
    assert plan.faults == (
        Fault("loss", 0.5, 1.5, 0.2),
        Fault("freeze", 5.0, 3.0),
        Fault("drop", 20.0),
        Fault("resolution", 60.0, FOREVER, (320, 180)),
    )
    assert plan.repeat_s is None


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_needs_only_a_time_and_reads_back_what_it_shows(kind: str) -> None:
    fault = parse_fault(f"{kind}@3")
    assert (fault.kind, fault.at_s, fault.lasts_s) == (kind, 3.0, KINDS[kind].lasts_s)
    assert parse_fault(str(fault)) == fault


def test_steps_end_before_they_begin() -> None:
    plan = parse_plan("freeze@1s/2s,freeze@3s/1s,clock@3s,fps:5@2s/forever")
    steps = [(step.at_s, step.fault.kind, step.begins) for step in plan.steps()]
    assert steps == [
        (1, "freeze", True),
        (2, "fps", True),
        (3, "freeze", False),
        (3, "freeze", True),
        (3, "clock", True),
        (4, "freeze", False),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("freeze", r"'freeze': not KIND\[:VALUE\]@TIME\[/DURATION\], such as freeze@5s/3s"),
        ("melt@5s", "unknown kind 'melt'; allowed are freeze, hang, burst"),
        ("freeze@soon", "'soon' is no time; allowed are 5s, 500ms, 2m, 1.5"),
        ("freeze@5s/-1s", "'-1s' is no time"),
        ("freeze:3@5s", "'3' is given; no value is allowed"),
        ("drop@5s/3s", "over at once; no duration is allowed"),
        ("loss:1.5@5s", "'1.5' cannot be used; a share above 0 and up to 1 is allowed"),
        ("resolution:640@5s", "'640' cannot be used; WxH, even, 16 to 4096, is allowed"),
        ("resolution:641x360@5s", "'641x360' cannot be used"),
        ("codec:vp9@5s", "'vp9' cannot be used; h264, h265 or mjpeg is allowed"),
        ("clock:0s@5s", "'0s' cannot be used; seconds such as"),
        ("fps:fast@5s", "'fast' cannot be used"),
        ("freeze@5s,freeze@7s", r"freeze@7s/3s: freeze@5s/3s is not over by then; allowed is one freeze at a time"),
    ],
)
def test_mistakes_are_named(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=f"^--fault .*{said}"):
        parse_plan(text)


def test_repeat() -> None:
    assert parse_plan("freeze@1s/2s,fps@2s", repeat="4s").repeat_s == 4
    with pytest.raises(ConfigError, match=r"--repeat 3s: the plan takes 3 s; more than that is allowed"):
        parse_plan("freeze@1s/2s", repeat="3s")
    with pytest.raises(ConfigError, match="--repeat 'often': no time"):
        parse_plan("", repeat="often")


@pytest.mark.parametrize("kind", [k for k in KINDS if KINDS[k].lasts_s is not None])
def test_what_ends_is_well_again(kind: str) -> None:
    fault = parse_fault(f"{kind}@0s")
    during = changed(WELL, fault, begins=True, well=WELL)
    # what only the server's process can do is no condition
    assert (during == WELL) == (kind in ("hang", "restart"))
    assert changed(during, fault, begins=False, well=WELL) == WELL


def test_jumps_add_up() -> None:
    condition = WELL
    for jump in ("clock:+10s", "clock:-2500ms", "ntp:-1m"):
        condition = changed(condition, parse_fault(f"{jump}@0s"), begins=True, well=WELL)
    assert (condition.clock_s, condition.ntp_s) == (7.5, -60.0)


def test_formats_of_a_plan() -> None:
    plan = parse_plan("resolution@1s/1s,fps:5@1500ms,codec:mjpeg@4s/1s")
    assert formats(plan, WELL) == [
        WELL.format,
        Format("h264", 320, 180, 25.0),
        Format("h264", 320, 180, 5.0),
        Format("h264", 640, 360, 5.0),
        Format("mjpeg", 640, 360, 5.0),
    ]
    assert formats(Plan(), WELL) == [WELL.format]
    assert math.isinf(plan.faults[1].end_s)


def test_condition_goes_through_json() -> None:
    condition = changed(WELL, parse_fault("loss:0.5@0s"), begins=True, well=WELL)
    assert Condition.from_json(condition.to_json()) == condition

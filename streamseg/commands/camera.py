"""`streamseg camera`: a camera to test with, over RTSP or as MJPEG, whose faults come by plan."""

import signal
import threading
from collections.abc import Callable
from typing import Any, TypeVar, get_args

import click

from streamseg import logs
from streamseg.camera.kinds import CODECS, FOREVER, KINDS, Kind, read_rate, read_seconds, read_size
from streamseg.camera.plan import parse_plan
from streamseg.camera.serving import Login, parse_place
from streamseg.commands.grouped_help import ExamplesCommand, GroupedOption

_EXAMPLES = (
    ("streamseg camera --rtsp :8554/cam", "the test pattern at rtsp://127.0.0.1:8554/cam, no faults"),
    (
        "streamseg camera --rtsp :8554/cam --fault freeze@5s,auth@12s,restart@30s/4s --repeat 45s gate.mp4",
        "a video in a loop, and a bad day over and over",
    ),
    (
        "streamseg camera --rtsp 0.0.0.0:8554 --user guard --password WORD --fault resolution:640x360@15s",
        "for other machines, with a login",
    ),
    (
        "streamseg camera --http :8080/cam.mjpg --fault garbage:0.3@5s 'synthetic://street?seconds=10'",
        "an MJPEG camera",
    ),
)
_Command = TypeVar("_Command", bound=Callable[..., Any])
_GLANCE_S = 0.2


class _Read(click.ParamType[Any]):
    """Text by one of the readers of the plan's values."""

    def __init__(self, name: str, read: Callable[[str], Any], allowed: str) -> None:
        self.name = name
        self._read, self._allowed = read, allowed

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return self._read(value)
        except ValueError:
            self.fail(f"{value!r} cannot be used; {self._allowed}", param, ctx)


def _option(*names: str, group: str, **settings: Any) -> Callable[[_Command], _Command]:
    return click.option(*names, cls=GroupedOption, group=group, **settings)


def _explain(kind: Kind) -> str:
    lasts = {None: "at once over", FOREVER: "stays"}.get(kind.lasts_s, f"{kind.lasts_s:g} s" if kind.lasts_s else "")
    return f"{kind.meaning} ({lasts})"


def _read_length(text: str) -> float:
    value = read_seconds(text)
    if not value:
        raise ValueError(text)
    return value


class _CameraCommand(ExamplesCommand):
    """Help with the kinds of fault before the examples."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Faults (how long they last unless the plan says otherwise)"):
            formatter.write_dl([(name, _explain(kind)) for name, kind in KINDS.items()])
        super().format_epilog(ctx, formatter)


_TIME = _Read("T", _read_length, "allowed are 5s, 500ms, 2m, 1.5, and more than 0")
_SIZE = _Read("WxH", read_size, "allowed is WIDTHxHEIGHT, both even, 16 to 4096")
_RATE = _Read("N", read_rate, "a number above 0 and up to 240 is allowed")


@click.command(cls=_CameraCommand, examples=_EXAMPLES)
@click.argument("video", metavar="[VIDEO]", required=False)
@_option("--rtsp", metavar="[HOST]:PORT[/PATH]", help="serve RTSP; HOST 127.0.0.1, PATH /cam by default", group="Ways")
@_option("--http", metavar="[HOST]:PORT[/PATH]", help="serve MJPEG over HTTP; the same defaults", group="Ways")
@_option("--user", metavar="NAME", help="whoever connects must log in (RTSP: digest, HTTP: basic)", group="Ways")
@_option(
    "--password",
    metavar="WORD",
    envvar="STREAMSEG_CAMERA_PASSWORD",
    show_envvar=True,
    help="of this user",
    group="Ways",
)
@_option("--fault", metavar="PLAN", default="", help="KIND[:VALUE]@TIME[/DURATION], with commas between", group="Plan")
@_option("--repeat", metavar="T", help="begin the plan again after so long", group="Plan")
@_option("--seed", metavar="N", type=int, default=1, help="of chance in faults", group="Plan")
@_option("--size", type=_SIZE, help="of the picture; default: VIDEO's own, 1280x720", group="Picture")
@_option("--fps", type=_RATE, help="frames a second; VIDEO plays faster or slower by it", group="Picture")
@_option("--seconds", type=_TIME, default="10s", show_default=True, help="length of the loop at most", group="Picture")
@_option("--end-after", type=_TIME, help="end the stream after so long; each client sees all of it", group="Picture")
@_option("--codec", type=click.Choice(CODECS), default="h264", metavar="|".join(CODECS), help="RTSP's", group="Picture")
@_option("--key-every", type=_TIME, default="1s", show_default=True, help="time between key frames", group="Picture")
@_option("--no-marks", is_flag=True, help="no numbers drawn into the picture", group="Picture")
@_option("--log", type=click.Choice(get_args(logs.Form)), default="auto", help="form of the log", group="Running")
@_option("-v", "--verbose", count=True, help="log more", group="Running")
def camera(video: str | None, fault: str, repeat: str | None, user: str | None, **flags: Any) -> int:
    """Be a camera that fails by plan: serve VIDEO in a loop over RTSP or HTTP, and spoil it.

    VIDEO is a video file, a folder of images, or synthetic://street?...; without it a test pattern is shown. All is
    encoded before the first client comes. Pictures carry their number, for people and for streamseg.testing.read_mark.

    The plan's second 0 is when the first client plays; or when the camera begins, if something is planned for 0s. What
    happens is logged to stderr. Ctrl-C ends the camera (status 0).

    RTSP needs GStreamer's gst-rtsp-server and its Python bindings; the command says how to get them.
    """
    if (user is None) != (flags["password"] is None):
        raise click.UsageError("--user and --password belong together; give both or none")
    plan = parse_plan(fault, repeat=repeat)
    places = {way: parse_place(flags[way], f"--{way}") if flags[way] else None for way in ("rtsp", "http")}
    logs.configure(max(1, flags["verbose"]), flags["log"])
    # what encodes takes a second to import: not before the command line is known to be right
    from streamseg.camera.camera import Camera, Settings

    settings = Settings(
        **places,
        login=Login(user, flags["password"]) if user else None,
        source=video,
        size=flags["size"],
        fps=flags["fps"],
        seconds=flags["seconds"],
        ends_after_s=flags["end_after"],
        codec=flags["codec"],
        key_every_s=flags["key_every"],
        marks=not flags["no_marks"],
        seed=flags["seed"],
    )
    with Camera(settings, plan) as served:
        ended = _end_of_service()
        for url in served.urls:
            click.echo(url)
        while not ended.wait(_GLANCE_S):
            if served.failure is not None:
                raise served.failure
    return 0


def _end_of_service() -> threading.Event:
    """Set by Ctrl-C and by SIGTERM."""
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    return ended

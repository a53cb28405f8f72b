"""The camera whole: what it sees, encoded ahead; its servers; the plan that spoils it."""

import logging
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from streamseg.camera import child
from streamseg.camera.condition import Condition, Format
from streamseg.camera.effects import changed, formats
from streamseg.camera.encode import encode
from streamseg.camera.kinds import CLOSING
from streamseg.camera.mjpeg import MjpegServer
from streamseg.camera.pictures import look_at
from streamseg.camera.plan import Fault, Plan, Step, parse_fault
from streamseg.camera.player import Player
from streamseg.camera.rtsp_process import RtspProcess
from streamseg.camera.serving import Login, Place, Server
from streamseg.errors import ConfigError, StreamsegError

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How the camera is run.

    rtsp, http: where it is served, at least one of them. source: a video file, a folder of images, the synthetic
    street; None: the test pattern. size (width, height) and fps: None for the source's own. seconds: length of the
    loop at most. ends_after_s: the stream ends after so long for each client, who sees it from its beginning; None: it
    goes on, and all clients see the same moment. key_every_s: seconds between key frames. marks: numbers drawn into the
    pictures. seed: of chance in faults.
    """

    rtsp: Place | None = None
    http: Place | None = None
    login: Login | None = None
    source: str | None = None
    size: tuple[int, int] | None = None
    fps: float | None = None
    seconds: float = 10.0
    codec: str = "h264"
    key_every_s: float = 1.0
    ends_after_s: float | None = None
    marks: bool = True
    seed: int = 1


class Camera:
    """A camera with faults; a context manager, which serves from its beginning to its end.

    The plan's second 0 is when the first client plays; or when the camera begins, if something is planned for it.

    Args:
        settings: how it is run.
        plan: what goes wrong, and when.

    Raises (on entering):
        ConfigError: no server asked for, or GStreamer's is missing.
        SinkError: a port cannot be had.
        SourceError: the source cannot be read.
    """

    def __init__(self, settings: Settings, plan: Plan | None = None) -> None:
        if settings.rtsp is None and settings.http is None:
            raise ConfigError("streamseg camera: nowhere to serve; give --rtsp :8554/cam or --http :8080/cam.mjpg")
        self._settings, self._plan = settings, plan or Plan()
        self._lock = threading.RLock()
        self._encoded: set[Format] = set()
        self._stack = ExitStack()
        self._rtsp: RtspProcess | None = None
        self._http: MjpegServer | None = None
        self._player = Player(self._plan, self._take, self._reset)

    def __enter__(self) -> "Camera":
        with ExitStack() as stack:
            self._folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="streamseg-camera-")))
            self._look()
            self._epoch_ns = time.monotonic_ns()
            for server in self._make_servers():
                stack.callback(server.stop)
                server.start(self._condition)
            stack.callback(self._player.stop)
            self._player.start()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def url(self) -> str:
        """Of the RTSP server, without user and password."""
        assert self._rtsp is not None, "no rtsp in the settings"
        return f"rtsp://{self._rtsp.place.address}{self._rtsp.place.path}"

    @property
    def http_url(self) -> str:
        """Of the MJPEG server, without user and password."""
        assert self._http is not None, "no http in the settings"
        return f"http://{self._http.place.address}{self._http.place.path}"

    @property
    def urls(self) -> list[str]:
        """Where it is served, without user and password."""
        return [
            *([self.url] if self._rtsp is not None else []),
            *([self.http_url] if self._http is not None else []),
        ]

    @property
    def pid(self) -> int | None:
        """Of the RTSP server's process; None while it is down."""
        return self._rtsp.pid if self._rtsp else None

    @property
    def condition(self) -> Condition:
        """What is wrong at this moment."""
        return self._condition

    @property
    def failure(self) -> StreamsegError | None:
        """What the plan could not be gone on with for: None while all is as it should be."""
        return self._player.failure

    def number_now(self) -> float:
        """The number of the picture that is due at this moment, with its fraction; see marks."""
        elapsed_s = (time.monotonic_ns() - self._epoch_ns) / 1e9
        return elapsed_s % self._period_s * self._pictures.fps

    def begin(self, fault: str) -> Fault:
        """Let a fault begin now: `freeze`, `loss:0.2`; it lasts until end() is called with what is returned."""
        begun = parse_fault(f"{fault}@0s")
        self._take(Step(0.0, True, begun))
        return begun

    def end(self, fault: Fault) -> None:
        """End a fault that begin() began."""
        self._take(Step(0.0, False, fault))

    def _look(self) -> None:
        """Encode all that the plan will show."""
        settings = self._settings
        if settings.rtsp is not None:
            child.require()
        self._pictures = look_at(settings.source, size=settings.size, fps=settings.fps, seconds=settings.seconds)
        self._well = self._condition = Condition(Format(settings.codec, *self._pictures.size, self._pictures.fps))
        self._prepare(formats(self._plan, self._well))

    def _make_servers(self) -> list[Server]:
        settings = self._settings
        servers: list[Server] = []
        if settings.rtsp is not None:
            order = {"epoch_ns": self._epoch_ns, "folder": str(self._folder)}
            order |= {"ends_after_s": settings.ends_after_s, "seed": settings.seed}
            self._rtsp = RtspProcess(settings.rtsp, settings.login, order, self._player.begin)
            servers.append(self._rtsp)
        if settings.http is not None:
            self._http = MjpegServer(
                settings.http, settings.login, self._folder, epoch_ns=self._epoch_ns, on_playing=self._player.begin
            )
            servers.append(self._http)
        return servers

    def _servers(self) -> list[Server]:
        return [server for server in (self._rtsp, self._http) if server is not None]

    def _prepare(self, sent: list[Format]) -> None:
        """Encode what has not been encoded yet."""
        settings = self._settings
        if settings.rtsp:
            _check_jpeg(sent)
        wanted = [f for f in sent if settings.rtsp] + [f._replace(codec="mjpeg") for f in sent if settings.http]
        missing = [f for f in dict.fromkeys(wanted) if f not in self._encoded]
        if not missing:
            return
        began_s = time.monotonic()
        for clip in encode(self._pictures, missing, key_every_s=settings.key_every_s, marks=settings.marks):
            clip.write(self._folder)
            self._period_s = clip.period_s
        self._encoded.update(missing)
        keys = ",".join(f.key for f in missing)
        log.info("event=encoded formats=%s loop_s=%.2f took_s=%.1f", keys, self._period_s, time.monotonic() - began_s)

    def _take(self, step: Step) -> None:
        """Let a fault begin or end."""
        fault, begins = step.fault, step.begins
        with self._lock:
            condition = changed(self._condition, fault, begins=begins, well=self._well)
            self._prepare([condition.format])
            self._condition = condition
            log.info("event=%s fault=%s picture=%d", "begins" if begins else "ends", fault, self.number_now())
            match fault.kind:
                case "restart":
                    self._each(lambda server: server.stop() if begins else server.start(self._condition))
                case "hang":
                    self._each(lambda server: server.hang(begins))
                case _:
                    self._each(lambda server: server.change(self._condition))
            if fault.kind in CLOSING and (begins or fault.kind == "codec"):
                self._each(lambda server: server.drop())

    def _each(self, do: Callable[[Server], None]) -> None:
        for server in self._servers():
            do(server)

    def _reset(self) -> None:
        """Put back what lasts, before the plan begins again; time stamps stay where they are."""
        with self._lock:
            for fault in self._plan.faults:
                if fault.is_lasting:
                    self._take(Step(0.0, False, fault))


def _check_jpeg(wanted: list[Format]) -> None:
    """RTP carries JPEG in blocks of 8 pixels, up to 255 of them (RFC 2435, section 3.1)."""
    for sent in wanted:
        if sent.codec == "mjpeg" and any(side % 8 or side > 8 * 255 for side in (sent.width, sent.height)):
            raise ConfigError(
                f"streamseg camera: mjpeg over RTSP in {sent.width}x{sent.height}; "
                "multiples of 8 up to 2040 are allowed"
            )

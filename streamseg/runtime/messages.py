"""What supervisor and worker say to each other: msgspec structs, tagged, versioned by RELEASE; all else is refused.

Frames never travel here: these are orders and reports, some dozens in a stream's life.
"""

from fractions import Fraction
from typing import Any

import msgspec

from streamseg.broadcast.push_status import PushStatus
from streamseg.capture.reach import Hosts
from streamseg.capture.status import SourceState
from streamseg.records import StreamInfo
from streamseg.runtime.store import Layout

RELEASE = 1
MOST_BYTES = 1 << 20
_MOST_SIDE_PX = 1 << 16
WEB, KEEPER, BROADCAST = "web", "keeper", "broadcast"
"""What three workers host that are no stages, but are started and replaced like those."""


class Begin(msgspec.Struct, tag="begin", frozen=True):
    """The first order to a worker: who it is and what it hosts.

    stages: names in the order of a frame's way ("capture", "preprocess", ..., "sink:video"). config: the Config as
    JSON. bells: endpoint to bind. level: of the log lines wanted. device: of the network, where it hosts
    that. networks: the ModelConfigs by which frames were looked at so far, as JSON; the last one is config's.
    """

    worker: str
    stages: tuple[str, ...]
    config: bytes
    version: str
    bells: str
    level: int
    device: str = ""
    networks: tuple[bytes, ...] = ()
    release: int = RELEASE


class Open(msgspec.Struct, tag="open", frozen=True):
    """Take up a stream. One descriptor comes with it: the stream's ledger; and as many Map follow as there are epochs.

    stream: its number in this run. config: the StreamConfig as JSON. stations: names of the table's columns. view_hw,
    labels, motion: the network's. neighbours: for each of the worker's stages, the workers to ring when it lets a frame
    go. info: the StreamInfo, for all but capture. reads: whether capture is still wanted; paused:
    whether it waits for a word to go on. hosts: which ones its source may name and lead to; None: any.
    """

    stream: int
    name: str
    config: bytes
    live: bool
    stations: tuple[str, ...]
    view_hw: tuple[int, int]
    labels: tuple[str, ...]
    motion: bool
    neighbours: dict[str, tuple[str, ...]]
    epochs: int = 0
    info: bytes | None = None
    reads: bool = True
    paused: bool = False
    hosts: Hosts | None = None


class Map(msgspec.Struct, tag="map", frozen=True):
    """A new epoch of a stream. One descriptor comes with it: the segment."""

    stream: int
    epoch: int
    layout: Layout


class Route(msgspec.Struct, tag="route", frozen=True):
    """Where a worker's bells are now."""

    worker: str
    endpoint: str


class Stop(msgspec.Struct, tag="stop", frozen=True):
    """To capture: no further frames of this stream."""

    stream: int


class Pause(msgspec.Struct, tag="pause", frozen=True):
    """To capture: hand out no frames of this stream until further notice, or (on false) go on."""

    stream: int
    on: bool


class Hold(msgspec.Struct, tag="hold", frozen=True):
    """To capture: begin no further frame of this stream and say so by Held, or (on false) go on."""

    stream: int
    on: bool


class Change(msgspec.Struct, tag="change", frozen=True):
    """The stream has another configuration from the next frame on; config: the StreamConfig as JSON."""

    stream: int
    config: bytes


class Prepare(msgspec.Struct, tag="prepare", frozen=True):
    """To inference: load another network beside the one at work; model: the ModelConfig as JSON. Prepared follows."""

    model: bytes


class Commit(msgspec.Struct, tag="commit", frozen=True):
    """To all: from the next frame on the network that was prepared is the one; number: of this one, from 0."""

    number: int
    model: bytes


class Cancel(msgspec.Struct, tag="cancel", frozen=True):
    """To inference: what was prepared is not wanted."""


class ViewerToken(msgspec.Struct, frozen=True):
    """One who may look at some streams: patterns of their names."""

    name: str
    token: str
    streams: tuple[str, ...]


class Serve(msgspec.Struct, tag="serve", frozen=True):
    """To the web worker: where to listen (port 0: any), the token to ask for (empty: none), and for whom it answers.

    hosts: names that requests may call it by; empty: any. viewers: who may look besides the token's owner.
    """

    host: str
    port: int
    token: str
    hosts: tuple[str, ...]
    viewers: tuple[ViewerToken, ...] = ()


class Broadcast(msgspec.Struct, tag="broadcast", frozen=True):
    """To the broadcast worker: the streams that there are by name, each with the URLs that it is pushed to."""

    urls: dict[str, tuple[str, ...]]


class Answer(msgspec.Struct, tag="answer", frozen=True):
    """To the web worker: what became of an Ask. status: of HTTP; body: JSON."""

    number: int
    status: int
    body: bytes


class End(msgspec.Struct, tag="end", frozen=True):
    """To sinks: capture has ended; close the stream once every frame has been seen."""

    stream: int


class Forget(msgspec.Struct, tag="forget", frozen=True):
    """The stream is over; drop all that is known of it."""

    stream: int


class Ready(msgspec.Struct, tag="ready", frozen=True):
    """The worker can take up streams; the one that loaded the network tells what it is."""

    bells: str
    view_hw: tuple[int, int] | None = None
    labels: tuple[str, ...] = ()
    motion: bool = False
    network: str = ""


class Serving(msgspec.Struct, tag="serving", frozen=True):
    """The web worker listens at this port."""

    port: int


class Prepared(msgspec.Struct, tag="prepared", frozen=True):
    """Another network is loaded and has looked at a picture; error: why not. The rest as in Ready."""

    error: str | None = None
    view_hw: tuple[int, int] = (0, 0)
    labels: tuple[str, ...] = ()
    motion: bool = False
    network: str = ""


class AtWork(msgspec.Struct, tag="at_work", frozen=True):
    """A worker that hosts no stage does what it is there for."""


class Broadcasting(msgspec.Struct, tag="broadcasting", frozen=True):
    """The broadcast worker is at work: how each push gets on."""

    pushes: tuple[PushStatus, ...]


class Ask(msgspec.Struct, tag="ask", frozen=True):
    """The web worker wants something known or done (see controls.py); body: JSON. An Answer of this number follows."""

    number: int
    call: str
    body: bytes


class Refused(msgspec.Struct, tag="refused", frozen=True):
    """The worker cannot begin: a mistake of the user's (kind names the error's class), for which no restart helps."""

    kind: str
    error: str


class Opened(msgspec.Struct, tag="opened", frozen=True):
    """Capture has opened its source; it needs a segment for frames of info's size."""

    stream: int
    info: bytes


class SourceIs(msgspec.Struct, tag="source", frozen=True):
    """What a stream's source is doing now (see capture.status.SourceStatus); reconnects of this process alone."""

    stream: int
    state: SourceState
    reason: str | None = None
    reconnects: int = 0


class Captured(msgspec.Struct, tag="captured", frozen=True):
    """Capture has handed out its last frame; error: why the source broke off."""

    stream: int
    error: str | None = None


class Held(msgspec.Struct, tag="held", frozen=True):
    """Capture follows Hold: every frame that it began is published, and told to the ledger."""

    stream: int


class Failed(msgspec.Struct, tag="failed", frozen=True):
    """A stage failed on a frame. fatal: the stream cannot go on (a sink that cannot write)."""

    stream: int
    seq: int
    station: str
    error: str
    fatal: bool = False


class Closed(msgspec.Struct, tag="closed", frozen=True):
    """A worker's sinks of a stream are closed; error: one of them could not be closed well."""

    stream: int
    station: str
    error: str | None = None


class Log(msgspec.Struct, tag="log", frozen=True):
    """A line for the supervisor's log."""

    name: str
    level: int
    text: str


StreamOrder = Open | Map | Pause | Hold | Change | Stop | End | Forget
Order = Begin | Route | Prepare | Commit | Cancel | Serve | Broadcast | Answer | StreamOrder
StreamReport = Opened | SourceIs | Captured | Held | Failed | Closed
Report = Ready | Prepared | AtWork | Serving | Broadcasting | Ask | Refused | Log | StreamReport

_ORDERS: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(Order)
_REPORTS: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(Report)
_encode = msgspec.msgpack.Encoder().encode


def encode(message: Order | Report) -> bytes:
    """Bytes for the wire; ValueError if there are more than MOST_BYTES."""
    data = _encode(message)
    if len(data) > MOST_BYTES:
        raise ValueError(f"{type(message).__name__}: {len(data)} bytes, at most {MOST_BYTES} travel")
    return data


def decode_order(data: bytes) -> Order:
    """What the supervisor said; ValueError if it is no order."""
    order: Order = _decoded(_ORDERS, data)
    return order


def decode_report(data: bytes) -> Report:
    """What a worker said; ValueError if it is no report, to the last part of it."""
    report: Report = _decoded(_REPORTS, data)
    if isinstance(report, Opened):
        decode_info(report.info)
    return report


def encode_info(info: StreamInfo) -> bytes:
    """A StreamInfo as a part of a message."""
    return msgspec.msgpack.encode(info, enc_hook=lambda fps: (fps.numerator, fps.denominator))


def decode_info(data: bytes) -> StreamInfo:
    """What encode_info() made; ValueError if it is anything else, or of a size that is not read."""
    info: StreamInfo = _decoded(_INFOS, data)
    if not all(1 <= side <= _MOST_SIDE_PX for side in info.size_hw):
        raise ValueError(f"frames of {info.size_hw[1]} x {info.size_hw[0]} pixels")
    return info


def _fraction(_: type, told: Any) -> Fraction:
    numerator, denominator = told
    if not denominator:
        raise ValueError("a fraction of 0")
    return Fraction(numerator, denominator)


_INFOS: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(StreamInfo, dec_hook=_fraction)


def _decoded(decoder: msgspec.msgpack.Decoder[Any], data: bytes) -> Any:
    try:
        return decoder.decode(data)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error

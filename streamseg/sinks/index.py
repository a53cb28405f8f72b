"""The index sink: every track, its best shots, its zones and its events go into the database while they happen."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Table

from streamseg.config import Config, StreamConfig
from streamseg.errors import SinkError
from streamseg.index import Index, index_url, schema
from streamseg.index.colours import shares
from streamseg.index.schema import Key
from streamseg.records import Cutout, Extraction, StreamInfo, Track
from streamseg.sinks.cutouts import track_folder
from streamseg.sinks.event_lines import EventLine, EventState, EventTeller
from streamseg.sinks.outdir import claim_stream

_EVERY_NS = 1_000_000_000
"""Tracks that go on are written so often, by media time; what is over or happens, at once."""
_MOST_POINTS = 32


class Shot(msgspec.Struct, frozen=True, array_like=True):
    """A best shot: its score, media time, wall time and size in pixels."""

    score: float
    pts_ns: int
    wall_ns: int | None
    size: tuple[int, int]


class Followed(msgspec.Struct, array_like=True):
    """What the index knows of a track that goes on.

    path: media time (s) and middle of the box, every step_ns; shots by seq, the best first.
    """

    label: str
    folder: str
    first: tuple[int, int | None]
    last: tuple[int, int | None]
    score: float
    step_ns: int = 100_000_000
    path: list[tuple[float, float, float]] = []
    shots: dict[int, Shot] = {}
    zones: list[str] = []
    colours: dict[str, float] = {}
    appearance: bytes = b""


class _State(msgspec.Struct, array_like=True):
    """What a successor goes on from."""

    events: EventState
    written_ns: int
    tracks: dict[int, Followed]


class IndexSink:
    """Writes rows that are the same whoever writes them: one that takes over may write some of them again.

    Args:
        config: where the database lies.
        stream: its zones and lines.
        folder: the stream's output folder.
    """

    name = "index"

    def __init__(self, config: Config, stream: StreamConfig, folder: Path):
        self.folder, self._stream, self._url = folder, stream, index_url(config.output.dir, config.index.url)
        self._index: Index | None = None
        self._rows: dict[Table, list[dict[str, Any]]] = {}
        self._shots_of: set[Key] = set()

    def open(self, info: StreamInfo, position: bytes = b"") -> int:
        """Go on at a position; without one all that the index holds of the stream is of an earlier run, and goes."""
        claim_stream(self.folder)
        self._index, self._name = Index(self._url), self.folder.name
        state = msgspec.msgpack.decode(position, type=_State) if position else None
        self._teller = EventTeller(self._stream, info.size_hw, state.events if state else None)
        self._tracks = state.tracks if state else {}
        self._written_ns = state.written_ns if state else -_EVERY_NS
        if state is None:
            self._index.forget_stream(self._name)
        self._rows = {schema.streams: [_stream_row(self._name, info)]}
        return self._teller.seq

    def write(self, extraction: Extraction) -> bool:
        frame = extraction.frame
        if frame.seq <= self._teller.seq:
            return True
        events = self._teller.update(extraction)
        for track in extraction.tracks:
            if track.state == "active":
                self._follow(track, frame.pts_ns, frame.wall_ns)
        for cutout in extraction.cutouts:
            if cutout.purpose == "best" and cutout.track.id in self._tracks:
                self._shoot(cutout, frame.seq, Shot(
                    round(cutout.shot_score, 4), frame.pts_ns, frame.wall_ns, cutout.rgba.shape[1::-1]
                ))  # fmt: skip
        self._tell(events)
        self._end(self._tracks.keys() - {track.id for track in extraction.tracks})
        if frame.pts_ns - self._written_ns >= _EVERY_NS:
            self._written_ns = frame.pts_ns
            for number in self._tracks:
                self._put(number, over=False)
        return True

    def settle(self) -> bytes:
        self._flush()
        return msgspec.msgpack.encode(_State(self._teller.state, self._written_ns, self._tracks))

    def close(self) -> None:
        """All tracks end with the stream."""
        index = self._index
        if index is None:
            return
        try:
            self._tell(self._teller.finish())
            self._end(set(self._tracks))
            self._flush()
        finally:
            self._index = None
            index.close()

    def _follow(self, track: Track, pts_ns: int, wall_ns: int | None) -> None:
        known = self._tracks.get(track.id)
        now = pts_ns, wall_ns
        if known is None:
            known = self._tracks[track.id] = Followed(track.label, track_folder(track), now, now, track.score)
        known.label, known.last, known.score = track.label, now, max(known.score, track.score)
        if not known.path or pts_ns - known.path[-1][0] * 1e9 >= known.step_ns:
            x0, y0, x1, y1 = track.box
            known.path.append((round(pts_ns / 1e9, 3), round((x0 + x1) / 2, 1), round((y0 + y1) / 2, 1)))
            if len(known.path) > _MOST_POINTS:
                known.path, known.step_ns = known.path[::2], 2 * known.step_ns

    def _shoot(self, cutout: Cutout, seq: int, shot: Shot) -> None:
        """A new best shot, and the rows of all that the track has now."""
        number, known = cutout.track.id, self._tracks[cutout.track.id]
        kept = {other: known.shots[other] for other in cutout.ranking if other in known.shots} | {seq: shot}
        known.shots = {other: kept[other] for other in cutout.ranking if other in kept}
        if cutout.ranking[0] == seq:
            known.colours, known.appearance = shares(cutout.rgba), cutout.appearance
        self._shots_of.add((self._name, number))
        key, began = {"stream": self._name, "track": number}, _began(known.first)
        for colour, share in known.colours.items():
            self._add(schema.colours, key | {"colour": colour, "share": share, "began": began})
        for rank, (other, kept_shot) in enumerate(known.shots.items(), 1):
            self._add(schema.shots, key | {"seq": other, "rank": rank} | _shot_row(kept_shot))

    def _tell(self, events: Sequence[EventLine]) -> None:
        mark = self._teller.state.mark
        for event in events:
            self._add(schema.events, _event_row(self._name, event, (mark.pts_ns, mark.wall_ns)))
            zone, known = event.record["zone"], self._tracks.get(event.record["track"])
            if zone and known is not None and zone not in known.zones:
                known.zones.append(zone)

    def _end(self, numbers: set[int]) -> None:
        for number in sorted(numbers):
            self._put(number, over=True)
            del self._tracks[number]

    def _put(self, number: int, *, over: bool) -> None:
        """The rows of a track, but for its shots."""
        known = self._tracks[number]
        self._add(schema.tracks, _track_row(self._name, number, known, over=over))
        for zone in known.zones:
            told = {"zone": zone, "label": known.label, "began": _began(known.first)}
            self._add(schema.visits, {"stream": self._name, "track": number} | told)

    def _add(self, table: Table, row: dict[str, Any]) -> None:
        self._rows.setdefault(table, []).append(row)

    def _flush(self) -> None:
        if self._index is None:
            raise SinkError(f"{self.folder}: the index is closed; open() comes before write()")
        if self._rows:
            rows, self._rows = self._rows, {}
            keys, self._shots_of = self._shots_of, set()
            self._index.write(rows, shots_of=keys)


def _began(moment: tuple[int, int | None]) -> float:
    pts, time = _seconds(moment)
    return pts if time is None else time


def _seconds(moment: tuple[int, int | None]) -> tuple[float, float | None]:
    """Media and wall time of a moment, in seconds."""
    pts_ns, wall_ns = moment
    return pts_ns / 1e9, None if wall_ns is None else wall_ns / 1e9


def _stream_row(name: str, info: StreamInfo) -> dict[str, Any]:
    height, width = info.size_hw
    fps = None if info.fps is None else float(info.fps)
    return {"stream": name, "source": info.source, "width": width, "height": height, "fps": fps, "live": info.live}


def _shot_row(shot: Shot) -> dict[str, Any]:
    pts, time = _seconds((shot.pts_ns, shot.wall_ns))
    return {"score": shot.score, "pts": pts, "time": time, "width": shot.size[0], "height": shot.size[1]}


def _track_row(name: str, number: int, known: Followed, *, over: bool) -> dict[str, Any]:
    (first_pts, first_time), (last_pts, last_time) = _seconds(known.first), _seconds(known.last)
    return {
        "stream": name, "track": number, "label": known.label, "over": over, "began": _began(known.first),
        "first_pts": first_pts, "last_pts": last_pts, "first_time": first_time, "last_time": last_time,
        "score": round(known.score, 4), "folder": known.folder, "path": json.dumps(known.path),
        "appearance": known.appearance or None,
    }  # fmt: skip


def _event_row(name: str, event: EventLine, moment: tuple[int, int | None]) -> dict[str, Any]:
    pts, time = _seconds(moment)
    told = {key: event.record[key] for key in ("track", "label", "zone", "line", "direction", "seconds")}
    placed = {"stream": name, "seq": event.seq, "number": event.index, "kind": event.record["event"]}
    return placed | told | {"at": _began(moment), "pts": pts, "time": time}

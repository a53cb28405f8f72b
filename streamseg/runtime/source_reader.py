"""One stream's source, read into free slots; what of it outlives the process that reads."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import msgspec

from streamseg.capture import open_source
from streamseg.capture.status import SourceStatus, status_of
from streamseg.config import CaptureConfig, StreamConfig
from streamseg.errors import SourceError, told
from streamseg.records import Frame, Place
from streamseg.runtime.exhausted import end_if_out_of_memory
from streamseg.runtime.hosted import Hosted
from streamseg.runtime.ledger import Ledger
from streamseg.runtime.messages import Captured, Held, Opened, SourceIs, encode_info
from streamseg.runtime.packing import pack
from streamseg.runtime.store import Area, Segment
from streamseg.runtime.visits import Stamp
from streamseg.shedding import Shed

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 0.1


class CaptureState(msgspec.Struct, frozen=True):
    """What outlives a capture process.

    dropped: frames that never came to a slot, by cause. last: the last one published before this was written;
    dropped_at_last: what had been dropped by then. A successor reads a recording on from the last frame in the table:
    if that is still this one, it meets again what was dropped since.
    """

    dropped: dict[str, int] = {}
    last: Stamp | None = None
    dropped_at_last: dict[str, int] = {}


class SourceReader:
    """Reads a stream's source into free slots; run() in a thread of its own, all else from any.

    Args:
        stream: whose source it is.
        capture: how sources are read.
        report, published: see CaptureStation.
    """

    def __init__(
        self,
        stream: Hosted,
        capture: CaptureConfig,
        report: Callable[[Opened | SourceIs | Captured | Held], None],
        published: Callable[[Hosted, int, int], None],
    ):
        self.wake = threading.Event()
        self._stream, self._report, self._published = stream, report, published
        self._stopping, self._paused, self._held = False, stream.paused, False
        self._waits = not stream.live or capture.pace == "fast"
        self._source = open_source(stream.config, capture, newest_only=False, hosts=stream.hosts)
        before = capture_state(stream.ledger, len(stream.stations))
        self._last = max((before.last, *_stamps(stream)), key=_seq)
        meets_again = not stream.live and _seq(self._last) == _seq(before.last)
        self._dropped_before = Counter(before.dropped_at_last if meets_again else before.dropped)
        self._dropped_at_last, self._dropped_here = self._dropped_before, Counter[str]()
        self._size_hw = (0, 0)
        self._level, self._arrivals, self._kept = Shed.NOTHING, 0, 0

    @property
    def name(self) -> str:
        """Of the stream."""
        return self._stream.name

    @property
    def status(self) -> SourceStatus:
        """What the source is doing."""
        return status_of(self._source)

    def run(self) -> None:
        """Read to the end; how it ended is reported, and nothing raised."""
        number = self._stream.number
        try:
            self._read()
        except Exception as error:
            end_if_out_of_memory(error)
            if isinstance(error, SourceError) and self._stopping:
                self._report(Captured(number))  # closed under its reader, a source may break
            else:
                log.debug("stream=%s", self._stream.name, exc_info=True)
                self._report(Captured(number, told(error)))
        else:
            self._report(Captured(number))
        finally:
            self._source.close()

    def pause(self, *, on: bool) -> None:
        """From any thread: a recorded stream waits, a live one drops what comes."""
        self._paused = on
        self.wake.set()

    def hold(self, *, on: bool) -> None:
        """From any thread: no frame is begun for now."""
        self._held = on
        self.wake.set()

    def change(self, config: StreamConfig) -> None:
        """From any thread."""
        self._source.change(config.zones)

    def stop(self) -> None:
        """From any thread."""
        self._stopping = True
        self._source.close()
        self.wake.set()

    def _read(self) -> None:
        last = self._last
        place = Place(last.seq, last.pts_ns, last.arrived_ns, last.exact) if last else None
        self._commit()  # the epoch that holds the last frame may be gone when a successor asks for it
        info = self._source.open(place)
        self._size_hw = info.size_hw
        self._report(Opened(self._stream.number, encode_info(info)))
        asked_ns = time.monotonic_ns()
        for frame in self._source:
            got_ns = time.monotonic_ns()
            self._hand_over(frame, spent_ns=got_ns - asked_ns)
            del frame  # its memory is for the frames to come
            if self._stopping:
                return
            asked_ns = time.monotonic_ns()
        self._commit()

    def _hand_over(self, frame: Frame, *, spent_ns: int) -> None:
        """Put the frame into a free slot and tell of it; or drop it."""
        began_ns = time.monotonic_ns()
        cause = self._lets_pass()
        place = None if cause else self._claim()
        if place is None:
            if not self._stopping:
                self._dropped_here[cause or "stale"] += 1
                self._commit()
            return
        epoch, segment, slot = place
        claimed_ns = time.monotonic_ns()
        seq = self._last.seq + 1 if self._last else 0
        pack(replace(frame, seq=seq), segment.area(slot, Area.FRAME))
        dropped = self._commit()
        stamp = Stamp(
            seq,
            frame.pts_ns,
            frame.arrived_ns or began_ns,
            exact=self._source.exact,
            late_ns=frame.late_ns,
            spent_ns=spent_ns,
            blocked_ns=claimed_ns - began_ns,
            published_ns=time.monotonic_ns(),
        )
        segment.table.publish(slot, stamp)
        self._last, self._dropped_at_last = stamp, dropped
        self._published(self._stream, epoch, slot)

    def _lets_pass(self) -> str | None:
        """Why this frame is dropped, if it is; a recording waits here until a pause is over."""
        self._wait_while_held()
        while self._paused and self._waits and not self._stopping:
            self.wake.clear()
            self.wake.wait(_LOOK_EVERY_S)
        if self._paused:
            return "paused"
        level = self._shed()
        self._arrivals += 1
        sent = self._arrivals + sum(dict(self._source.dropped).values())
        if sent - self._kept < level.keeps_every:
            return "shed"
        self._kept = sent
        return None

    def _wait_while_held(self) -> None:
        if not self._held:
            return
        self._commit()
        self._report(Held(self._stream.number))
        while self._held and not self._stopping:
            self.wake.clear()
            self.wake.wait(_LOOK_EVERY_S)

    def _shed(self) -> Shed:
        """How much is to be left out now; the source is told, too."""
        newest = self._stream.segments.get(max(self._stream.segments, default=0))
        level = newest.table.shed if newest is not None else Shed.NOTHING
        if level != self._level:
            self._level = level
            self._source.shed(level)
        return level

    def _claim(self) -> tuple[int, Segment, int] | None:
        """A slot of the newest epoch, once there is one for frames of this size."""
        while not self._stopping:
            self.wake.clear()
            newest = max(self._stream.segments, default=0)
            segment = self._stream.segments.get(newest)
            if segment is not None and segment.layout.size_hw == self._size_hw:
                slot = segment.table.claim()
                if slot is not None:
                    return newest, segment, slot
                if not self._waits:
                    return None
            self.wake.wait(_LOOK_EVERY_S)
        return None

    def _commit(self) -> Counter[str]:
        """How far it came and what it dropped (given back), for the supervisor's accounts and for a successor."""
        dropped = self._dropped_before + Counter(dict(self._source.dropped)) + self._dropped_here
        state = CaptureState(dict(dropped), self._last, dict(self._dropped_at_last))
        self._stream.ledger.commit(len(self._stream.stations), _seq(self._last), msgspec.msgpack.encode(state))
        return dropped


def capture_state(ledger: Ledger, writer: int) -> CaptureState:
    """What capture committed last; writer: its number in the ledger, after the stations."""
    committed = ledger.committed(writer)
    return msgspec.msgpack.decode(committed.state, type=CaptureState) if committed else CaptureState()


def _stamps(stream: Hosted) -> list[Stamp | None]:
    return [segment.table.last() for segment in stream.segments.values()]


def _seq(stamp: Stamp | None) -> int:
    return stamp.seq if stamp else -1

import io
import itertools
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import pytest
import zmq

from streamseg.broadcast.subscription import read, subscriber
from streamseg.broadcast.tap import BROADCAST, QUEUE, Tap
from streamseg.config import Config
from streamseg.errors import ConfigError
from streamseg.records import Extraction
from streamseg.sinks.encoder import Encoded
from streamseg.sinks.fragments import Sample
from streamseg.sinks.video import VideoSink
from tests.broadcast.encoded import Source
from tests.sinks.scenes import extraction, info, make_frame, sound_file
from tests.sinks.videos import STEADY, pictures

PATIENCE_S = 20


@pytest.fixture
def folder() -> Iterator[Path]:
    """A run's folder; pytest's own paths may be too long for a socket."""
    with tempfile.TemporaryDirectory(prefix="tap-") as name:
        yield Path(name)


class Receiver:
    """Bound as the broadcast worker is; what came, by stream."""

    def __init__(self, folder: Path, topic: bytes = b"") -> None:
        self.socket = subscriber(zmq.Context.instance(), folder / BROADCAST)
        self.socket.subscribe(topic)

    def next(self) -> Any:
        assert self.socket.poll(PATIENCE_S * 1000), "nothing came"
        return read(self.socket.recv_multipart())

    def until_over(self, stream: str) -> list[Any]:
        found = []
        while (message := self.next()) != (stream, None):
            found.append(message)
        return found


@pytest.fixture
def receiver(folder: Path) -> Iterator[Receiver]:
    receiver = Receiver(folder)
    yield receiver
    receiver.socket.close(0)


def encoded(picture: Any) -> Any:
    return Encoded(picture.head, picture.ticks, Sample(picture.data, 9000, picture.key))


def connected(tap: Tap, receiver: Receiver, stream: str) -> None:
    """Hand on pictures until one has come."""
    probe = Source().next()
    deadline_s = time.monotonic() + PATIENCE_S
    while not receiver.socket.poll(20):
        assert time.monotonic() < deadline_s
        tap.hand_on(-1, encoded(probe))
    while receiver.socket.poll(50):
        assert receiver.next()[0] == stream


def test_pictures_come_whole_and_in_order_and_then_the_end(folder: Path, receiver: Receiver) -> None:
    tap, source = Tap(folder, "gate"), Source()
    connected(tap, receiver, "gate")
    sent = source.take(25)
    for seq, picture in enumerate(sent):
        tap.hand_on(seq, encoded(picture))
    tap.close()
    came = [picture for stream, picture in receiver.until_over("gate")]
    assert [(p.seq, p.ticks, p.key, p.data) for p in came] == [(p.seq, p.ticks, p.key, p.data) for p in sent]
    assert [bool(p.head) for p in came] == [p.key for p in came]
    assert all(after.follows(before) for before, after in itertools.pairwise(came))


def test_streams_do_not_mix_even_if_one_s_name_begins_like_another_s(folder: Path) -> None:
    receiver = Receiver(folder, b"gate/")
    taps = {name: Tap(folder, name) for name in ("gate", "gate2")}
    connected(taps["gate"], receiver, "gate")
    picture = encoded(Source().next())
    for _ in range(5):
        taps["gate2"].hand_on(0, picture)
    taps["gate2"].close()
    taps["gate"].close()
    assert receiver.until_over("gate") == []
    receiver.socket.close(0)


def test_nobody_there_or_somebody_who_does_not_read_holds_nobody_up(folder: Path) -> None:
    picture = encoded(Source((320, 240)).next())
    lonely = Tap(folder, "gate")
    for seq in range(1000):
        lonely.hand_on(seq, picture)
    receiver = Receiver(folder)
    connected(lonely, receiver, "gate")
    done = threading.Event()

    def flood() -> None:
        for seq in range(50 * QUEUE):
            lonely.hand_on(seq, picture)
        done.set()

    threading.Thread(target=flood, daemon=True).start()
    assert done.wait(PATIENCE_S)
    lonely.close()
    receiver.socket.close(0)


def test_a_receiver_s_successor_gets_what_comes_then(folder: Path) -> None:
    tap = Tap(folder, "gate")
    for _ in range(2):  # the first leaves its socket's file behind, as one that was killed does
        receiver = Receiver(folder)
        connected(tap, receiver, "gate")
        receiver.socket.close(0)
        assert (folder / BROADCAST).exists()
    tap.close()


def test_a_folder_that_others_may_enter_is_refused(folder: Path) -> None:
    folder.chmod(0o755)
    with pytest.raises(ConfigError, match="0700"):
        Receiver(folder)


def test_what_no_tap_sends_is_nothing() -> None:
    assert read([b"gate/"]) is None
    assert read([b"\xff/", b""]) is None
    assert read([b"gate/", b"rubbish"]) is None


class Listed:
    """A tap that keeps what it is handed."""

    def __init__(self) -> None:
        self.encoded: list[Any] = []
        self.seqs: list[int] = []
        self.closed = 0

    def hand_on(self, seq: int, encoded: Any) -> None:
        self.seqs.append(seq)
        self.encoded.append(encoded)

    def close(self) -> None:
        self.closed += 1


def sink_with(tap: Listed, folder: Path, *, video: bool = True) -> VideoSink:
    return VideoSink(Config.model_validate({"video": {"enabled": video}}), folder, tap)


def test_the_file_and_those_who_watch_get_the_same_pictures_of_one_encode(tmp_path: Path) -> None:
    taps = {name: Listed() for name in ("filed", "unfiled")}
    for name, tap in taps.items():
        sink = sink_with(tap, tmp_path / name, video=name == "filed")
        assert sink.open(info()) == -1
        for seq, pts_ns in enumerate(STEADY):
            assert sink.write(extraction(seq, pts_ns))
        sink.close()
        assert tap.closed == 1 and tap.seqs == list(range(len(STEADY)))
    assert not (tmp_path / "unfiled").exists()
    content = (tmp_path / "filed" / "annotated.mp4").read_bytes()
    assert content.startswith(taps["filed"].encoded[0].head)
    assert all(encoded.sample.data in content for encoded in taps["filed"].encoded)
    assert [e.sample.data for e in taps["unfiled"].encoded] == [e.sample.data for e in taps["filed"].encoded]
    assert [e.ticks for e in taps["unfiled"].encoded] == [p.pts for p in pictures(tmp_path / "filed/annotated.mp4")]


def test_without_a_file_too_a_successor_goes_on_after_the_last_frame_with_a_key_picture(tmp_path: Path) -> None:
    tap = Listed()
    sink = sink_with(tap, tmp_path, video=False)
    sink.open(info())
    for seq in range(5):
        sink.write(extraction(seq, STEADY[seq]))
    successor = sink_with(tap, tmp_path, video=False)
    assert successor.open(info(), sink.settle()) == 4
    for seq in range(3, 8):
        successor.write(extraction(seq, STEADY[seq]))
    assert tap.seqs == list(range(8))
    assert [i for i, e in enumerate(tap.encoded) if e.sample.key] == [0, 5]


def test_pictures_of_another_size_come_with_another_head(tmp_path: Path) -> None:
    tap = Listed()
    sink = sink_with(tap, tmp_path, video=False)
    sink.open(info())
    for seq in range(4):
        size = (48, 64) if seq < 2 else (64, 96)
        sink.write(Extraction(make_frame(seq, STEADY[seq], size_hw=size), ()))
    heads = [e.head for e in tap.encoded]
    assert heads[0] == heads[1] != heads[2] == heads[3]
    assert tap.encoded[2].sample.key


def test_those_who_watch_are_promised_no_sound(folder: Path, tmp_path: Path, receiver: Receiver) -> None:
    tap = Tap(folder, "gate")
    connected(tap, receiver, "gate")
    sink = VideoSink(Config(), tmp_path / "out", tap)
    sink.open(info(audio_from=str(sound_file(tmp_path / "source.mp4"))))
    for seq, pts_ns in enumerate(STEADY):
        sink.write(extraction(seq, pts_ns))
    sink.close()
    first = receiver.until_over("gate")[0][1]
    with av.open(str(tmp_path / "out" / "annotated.mp4")) as filed:
        assert len(filed.streams) == 2
    with av.open(io.BytesIO(first.head), format="mp4") as shown:
        assert [stream.type for stream in shown.streams] == ["video"]
        assert shown.streams.video[0].codec_context.extradata

"""A live source goes on after the death of its process: against a real RTSP server in a child process."""

import socket
import threading
from collections.abc import Iterator
from itertools import islice

import pytest

from streamseg.capture import open_source, parse_source
from streamseg.capture.camera import CameraSource
from streamseg.config import CaptureConfig
from streamseg.errors import SourceError, SourceUnreachable
from streamseg.records import Frame, Place
from tests.servers import RtspServer, rtsp_server

from .conftest import LIVE, encode, live_source

_PLACE = Place(3, 120_000_000, 1)


def _place(frame: Frame) -> Place:
    return Place(frame.seq, frame.pts_ns, frame.arrived_ns, exact=False)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RtspServer]:
    """One real RTSP server for all these tests."""
    clip = encode(tmp_path_factory.mktemp("served") / "served.mp4", frames=50, gop=5)
    with rtsp_server(clip, seconds=30) as running:
        yield running


@pytest.fixture(scope="module")
def last(server: RtspServer) -> Frame:
    """The fifth frame, after which the predecessor ended."""
    predecessor = live_source(server.url)
    predecessor.open()
    *_, frame = islice(predecessor, 5)
    predecessor.close()
    return frame


def test_seq_and_media_time_go_on(server: RtspServer, last: Frame) -> None:
    source = live_source(server.url)
    info = source.open(_place(last))
    frames = list(islice(source, 8))
    source.close()
    assert (info.live, info.size_hw) == (True, (64, 96))
    assert [f.seq for f in frames] == list(range(5, 13))
    # from the time that passed between the two processes
    assert frames[0].pts_ns - last.pts_ns == frames[0].arrived_ns - last.arrived_ns
    times = [f.pts_ns for f in frames]
    assert times == sorted(set(times))
    assert not source.exact
    assert source.status.reconnects == 0


def test_frames_before_the_place_count(server: RtspServer, last: Frame) -> None:
    source = live_source(server.url, max_frames=8)
    source.open(_place(last))
    assert [f.seq for f in source] == [5, 6, 7]
    done = live_source(server.url, max_frames=5)
    done.open(_place(last))
    assert list(done) == []


def test_end_counts_from_the_first_frame_of_all(server: RtspServer, last: Frame) -> None:
    source = live_source(server.url, end=last.pts_ns / 1e9 + 0.001)
    source.open(_place(last))
    assert list(source) == []


def test_a_place_without_arrival_has_no_gap(server: RtspServer) -> None:
    source = live_source(server.url)
    source.open(Place(0, 7_000_000_000))
    assert next(iter(source)).pts_ns == 7_000_000_001
    source.close()


def test_freshest_goes_on(server: RtspServer, last: Frame) -> None:
    source = open_source(parse_source(server.url), CaptureConfig(**LIVE))
    source.open(_place(last))
    frames = list(islice(source, 3))
    source.close()
    assert [f.seq for f in frames] == [5, 6, 7]
    assert frames[0].pts_ns > last.pts_ns


def test_patient_where_a_first_connection_is_not(server: RtspServer, last: Frame) -> None:
    server.stop()
    with pytest.raises(SourceUnreachable):
        live_source(server.url, open_timeout_s=0.3).open()
    threading.Timer(0.5, server.start).start()
    source = live_source(server.url, open_timeout_s=0.6)
    source.open(_place(last))
    assert next(iter(source)).seq == 5
    source.close()


def _nobody() -> str:
    """A URL at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"rtsp://127.0.0.1:{probe.getsockname()[1]}/stream"


def test_gives_up_by_the_rules_of_a_lost_stream() -> None:
    source = live_source(_nobody(), reconnect_tries=2, backoff_max_s=0.01)
    with pytest.raises(SourceUnreachable, match="given up after 2 tries to reconnect"):
        source.open(_PLACE)
    assert source.status.state == "failed"


def test_close_ends_its_patience() -> None:
    source, raised = live_source(_nobody(), backoff_max_s=60), []

    def open_() -> None:
        try:
            source.open(_PLACE)
        except SourceError as error:
            raised.append(error)

    opening = threading.Thread(target=open_)
    opening.start()
    source.close()
    opening.join(timeout=30)
    assert [type(error) for error in raised] == [SourceUnreachable]


def test_an_unplugged_camera_is_waited_for() -> None:
    capture = CaptureConfig(reconnect_tries=1, backoff_max_s=0.01)
    with pytest.raises(SourceUnreachable, match=r"/dev/video97: no such camera.*given up after 1 tries"):
        CameraSource("/dev/video97", capture, "door").open(_PLACE)

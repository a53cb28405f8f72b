"""LiveSource against a real RTMP server."""

from functools import partial
from itertools import islice, pairwise

import pytest

from streamseg.errors import SourceUnreachable
from tests.rtmp import publishing, rtmp_server

from .conftest import live_source, picture

SIZE = 96, 64


def test_frames_flow_and_the_end_is_a_lost_stream() -> None:
    with rtmp_server() as base:
        url = f"{base}/gate"
        source = live_source(url, reconnect_tries=2, read_timeout_s=1)
        with publishing(url, partial(picture, width=SIZE[0], height=SIZE[1]), SIZE):
            info = source.open()
            assert (info.size_hw, info.live) == (SIZE[::-1], True)
            frames = iter(source)
            seen = list(islice(frames, 30))
        assert {round((b.pts_ns - a.pts_ns) / 1e6) for a, b in pairwise(seen)} == {40}
        with pytest.raises(SourceUnreachable, match="given up after 2 tries"):
            seen += frames
    assert [frame.seq for frame in seen] == list(range(len(seen)))


def test_a_server_that_is_not_there() -> None:
    with pytest.raises(SourceUnreachable, match=r"rtmp://127\.0\.0\.1:9/live/gate: cannot be reached"):
        live_source("rtmp://127.0.0.1:9/live/gate", reconnect_tries=0).open()

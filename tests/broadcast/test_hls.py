import http.server
import io
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import av
import pytest

from streamseg.broadcast.hls import HlsFolder
from streamseg.broadcast.playlist import Playlist, Segment
from streamseg.config_broadcast import HlsConfig
from streamseg.config_output import OutputConfig
from streamseg.sinks.outdir import prepare_output
from streamseg.testing import read_mark
from tests.broadcast.encoded import Source, numbers

PATIENCE_S = 30


def folder_of(out: Path, **config: object) -> HlsFolder:
    return HlsFolder(out / "gate", HlsConfig(enabled=True, **config))


def played(folder: HlsFolder, *sources: tuple[Source, int]) -> None:
    """Put in so many pictures of each source, slowly enough for the thread, and end."""
    for source, count in sources:
        for picture in source.take(count):
            folder.put(picture)
            wait_for(lambda: not folder._waiting._pictures)
    folder.end()
    folder.join(PATIENCE_S)
    assert not folder.running


def wait_for(true: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline_s, "waited in vain"
        time.sleep(0.001)


@contextmanager
def web_server(folder: Path) -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def shown(url: str) -> list[tuple[int | None, float]]:
    """Numbers and times of the pictures that a player of HLS shows."""
    with av.open(url) as container:
        return [(read_mark(p.to_ndarray(format="gray")), p.time) for p in container.decode(video=0)]


def durations(playlist: Path) -> list[float]:
    return [float(text) for text in re.findall(r"#EXTINF:([0-9.]+),", playlist.read_text())]


def test_a_player_shows_every_picture_at_its_time(tmp_path: Path) -> None:
    played(folder_of(tmp_path, segment_s=2.0), (Source(), 50))
    playlist = tmp_path / "gate" / "hls" / "live.m3u8"
    assert durations(playlist) == pytest.approx([2.0, 2.0, 1.0])
    with web_server(tmp_path / "gate" / "hls") as base:
        seen = shown(f"{base}/live.m3u8")
    assert [number for number, _ in seen] == list(range(50))
    assert [at_s - seen[0][1] for _, at_s in seen] == pytest.approx([i / 10 for i in range(50)], abs=1e-3)
    assert playlist.read_text().endswith("#EXT-X-ENDLIST\n")


def test_segments_are_cut_at_key_pictures_and_stand_alone(tmp_path: Path) -> None:
    played(folder_of(tmp_path, segment_s=3.0), (Source(), 100))
    folder = tmp_path / "gate" / "hls"
    assert durations(folder / "live.m3u8") == pytest.approx([4.0, 4.0, 2.0])
    [head] = folder.glob("init-*.mp4")
    parts = [numbers(head.read_bytes() + path.read_bytes()) for path in sorted(folder.glob("*.m4s"))]
    assert parts == [list(range(40)), list(range(40, 80)), list(range(80, 100))]


def test_old_segments_leave_the_playlist_and_later_the_folder(tmp_path: Path) -> None:
    played(folder_of(tmp_path, segment_s=1.0, keep=3), (Source(), 20 * 10))
    folder = tmp_path / "gate" / "hls"
    playlist = Playlist.read((folder / "live.m3u8").read_text())
    assert [segment.name for segment in playlist.segments] == [f"{i:08d}.m4s" for i in (8, 9, 10)]
    assert playlist.first == 8
    assert sorted(path.name for path in folder.glob("*.m4s")) == [f"{i:08d}.m4s" for i in range(5, 11)]


def test_no_segment_is_longer_than_the_playlist_says(tmp_path: Path) -> None:
    played(folder_of(tmp_path, segment_s=0.5, keep=100), (Source(), 63))
    playlist = Playlist.read((tmp_path / "gate" / "hls" / "live.m3u8").read_text())
    assert len(playlist.segments) == 4
    assert all(round(segment.duration_s) <= playlist.target_s for segment in playlist.segments)


def test_a_successor_goes_on_with_the_playlist(tmp_path: Path) -> None:
    killed = folder_of(tmp_path, segment_s=2.0)
    for picture in Source().take(45):
        killed.put(picture)
    playlist = tmp_path / "gate" / "hls" / "live.m3u8"
    wait_for(lambda: playlist.exists() and "00000002.m4s" in playlist.read_text())
    assert "ENDLIST" not in playlist.read_text()
    played(folder_of(tmp_path, segment_s=2.0), (Source(first=60), 25))
    found = Playlist.read(playlist.read_text())
    assert [(s.name, s.breaks) for s in found.segments] == [
        ("00000001.m4s", False),
        ("00000002.m4s", False),
        ("00000003.m4s", True),
        ("00000004.m4s", False),
    ]
    with web_server(playlist.parent) as base:
        assert [number for number, _ in shown(f"{base}/live.m3u8")] == [*range(40), *range(60, 85)]
    killed.end()
    killed.join(PATIENCE_S)


def test_another_encoder_or_a_lost_picture_ends_a_segment_with_a_break(tmp_path: Path) -> None:
    played(folder_of(tmp_path, segment_s=2.0), (Source(name="one"), 7), (Source(name="two", first=7), 23))
    found = Playlist.read((tmp_path / "gate" / "hls" / "live.m3u8").read_text())
    assert [(s.duration_s, s.breaks) for s in found.segments] == [
        (pytest.approx(0.7), False),
        (pytest.approx(2.0), True),
        (pytest.approx(0.3), False),
    ]


def test_a_pause_makes_no_long_segment(tmp_path: Path) -> None:
    folder, source = folder_of(tmp_path, segment_s=2.0), Source()
    for picture in source.take(5):
        folder.put(picture)
    source.paused = 600
    played(folder, (source, 25))
    found = Playlist.read((tmp_path / "gate" / "hls" / "live.m3u8").read_text())
    assert [s.duration_s for s in found.segments] == pytest.approx([0.5, 2.0, 0.5])
    assert [s.breaks for s in found.segments] == [False, True, False] and found.target_s == 4


def test_pictures_of_another_size_come_with_a_head_of_their_own(tmp_path: Path) -> None:
    small, large = Source(name="one"), Source((320, 180), name="two", first=20)
    played(folder_of(tmp_path, segment_s=2.0), (small, 20), (large, 20))
    folder = tmp_path / "gate" / "hls"
    found = Playlist.read((folder / "live.m3u8").read_text())
    sizes = []
    for segment in found.segments:
        content = (folder / segment.head).read_bytes() + (folder / segment.name).read_bytes()
        with av.open(io.BytesIO(content), format="mp4") as container:
            sizes += {(p.width, p.height) for p in container.decode(video=0)}
    assert sizes == [(160, 96), (320, 180)]


def test_a_playlist_comes_back_as_it_was() -> None:
    segments = [Segment("00000007.m4s", 2.0, "init-1.mp4"), Segment("00000008.m4s", 1.5, "init-2.mp4", True)]
    playlist = Playlist(6, 7, 3, segments)
    assert Playlist.read(playlist.text()) == playlist


def test_overwrite_removes_it_and_a_stranger_s_file_stays(tmp_path: Path) -> None:
    out = tmp_path / "out"
    output = OutputConfig(dir=out, overwrite=True)
    prepare_output(output)
    played(folder_of(out, segment_s=2.0), (Source(), 25))
    (out / "gate" / "hls" / "note.txt").write_text("mine")
    prepare_output(output)
    assert [path.name for path in (out / "gate" / "hls").iterdir()] == ["note.txt"]


def test_a_disk_that_cannot_be_written_ends_it_with_a_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "gate").mkdir()
    (tmp_path / "gate" / "hls").write_text("in the way")
    folder = folder_of(tmp_path)
    for picture in Source().take(3):
        folder.put(picture)
    folder.join(PATIENCE_S)
    assert not folder.running and "given up" in caplog.text

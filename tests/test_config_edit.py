"""Zones drawn while a run lasts, written back into the YAML that it was begun with."""

import stat

import pytest

from streamseg.config import LineConfig, StreamConfig, ZoneConfig
from streamseg.config_edit import save_places
from streamseg.config_file import load
from streamseg.errors import ConfigError

FILE = """\
# cameras of the yard
model: {score: 0.4}   # tuned in May
streams:
  - source: rtsp://10.0.0.7/stream1
    name: gate
    zones:   # drawn by hand
      - {name: old, polygon: [[0, 0], [1, 0], [1, 1]]}
  - source: yard.mp4  # a file
output:
  dir: out
"""
ZONE = ZoneConfig(name="door", polygon=[(0.1, 0.1), (0.5, 0.1), (0.5, 0.9)], dwell_s=3, classes=["person"])
LINE = LineConfig(name="kerb", points=((0, 5), (100, 5)))


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "cameras.yaml"
    file.write_text(FILE)
    file.chmod(0o640)
    return file


def test_zones_and_lines_are_replaced_and_all_else_stays(path):
    save_places(path, StreamConfig(source="rtsp://10.0.0.7/stream1", name="gate", zones=(ZONE,), lines=(LINE,)))
    text = path.read_text()
    for kept in ("# cameras of the yard", "# tuned in May", "# a file", "model: {score: 0.4}"):
        assert kept in text
    saved = load(path)
    assert saved.streams[0].zones == (ZONE,) and saved.streams[0].lines == (LINE,)
    assert saved.streams[1] == StreamConfig(source="yard.mp4") and saved.model.score == 0.4
    assert "polygon: [[0.1, 0.1], [0.5, 0.1], [0.5, 0.9]]" in text
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [other.name for other in path.parent.iterdir()] == [path.name]
    save_places(path, StreamConfig(source="rtsp://10.0.0.7/stream1", name="gate"))
    assert load(path).streams[0].zones == ()


def test_a_stream_without_a_name_is_known_by_its_source(path):
    save_places(path, StreamConfig(source="yard.mp4", name="yard", zones=(ZONE,)))
    assert [len(stream.zones) for stream in load(path).streams] == [1, 1]


def test_what_cannot_be_saved_changes_nothing(path):
    with pytest.raises(ConfigError, match=r"no entries of stream porch; there are: gate, yard\.mp4"):
        save_places(path, StreamConfig(source="other.mp4", name="porch", zones=(ZONE,)))
    assert path.read_text() == FILE
    path.write_text(FILE + "nonsense: 1\n")
    with pytest.raises(ConfigError, match="unknown key"):
        save_places(path, StreamConfig(source="yard.mp4", name="yard", zones=(ZONE,)))
    path.write_text(FILE + "".join(f"#{'x' * 1000}\n" for _ in range(10)))
    before = path.read_text()
    with pytest.raises(ConfigError, match=r"missing\.yaml"):
        save_places(path.with_name("missing.yaml"), StreamConfig(source="yard.mp4", name="yard"))
    assert path.read_text() == before


def test_a_link_stays_one(path):
    link = path.with_name("link.yaml")
    link.symlink_to(path)
    save_places(link, StreamConfig(source="yard.mp4", name="yard", zones=(ZONE,)))
    assert link.is_symlink() and len(load(path).streams[1].zones) == 1

"""Checkpoints as files: read back as written, and refused where a run could not go on with them."""

from types import SimpleNamespace

import msgspec
import pytest

from streamseg.accounts import Account
from streamseg.config import Config, StreamConfig
from streamseg.errors import ConfigError
from streamseg.runtime.checkpoint import RELEASE, Checkpoint, file_of, settings_of
from streamseg.runtime.checkpoints import Checkpoints
from streamseg.runtime.ledger import Committed
from streamseg.sinks.outdir import CHECKPOINT, claim_stream
from tests.disks import small_disk

STREAM = StreamConfig(source="street.mp4")


def checkpoint(**changes):
    account = Account()
    account.arrived(0, 0)
    account.retired(0, 5, objects=1)
    whole = Checkpoint(RELEASE, "1.0", settings_of(Config(), STREAM), (5, 6), account.counts(), {})
    return msgspec.structs.replace(whole, **changes)


def check(found, **changes):
    given = {"version": "1.0", "settings": settings_of(Config(), STREAM), "file": (5, 6)} | changes
    found.check(**given, name="gate")


def test_read_back_as_written(tmp_path):
    assert Checkpoint.read(tmp_path) is None
    written = checkpoint(states={"tracking": Committed(7, b"\x00 state")}, ended="stopped")
    written.write(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [CHECKPOINT]
    found = Checkpoint.read(tmp_path)
    assert found == written
    check(found)


def test_a_link_is_none(tmp_path):
    checkpoint().write(tmp_path)
    (tmp_path / CHECKPOINT).rename(tmp_path / "elsewhere")
    (tmp_path / CHECKPOINT).symlink_to(tmp_path / "elsewhere")
    assert Checkpoint.read(tmp_path) is None


@pytest.mark.parametrize("content", [b"", b"\x80", b"\x93\x01\xa11", b"\x91\x01", b"\xa2\xff\xfe"])
def test_damaged(tmp_path, content):
    (tmp_path / CHECKPOINT).write_bytes(content)
    with pytest.raises(ConfigError, match=rf"{CHECKPOINT}: is (damaged|of release).*--overwrite"):
        Checkpoint.read(tmp_path)


def test_every_cut_of_a_checkpoint_is_damaged(tmp_path):
    checkpoint(states={"tracking": Committed(7, b"state")}).write(tmp_path)
    whole = (tmp_path / CHECKPOINT).read_bytes()
    for size in range(0, len(whole), 7):
        (tmp_path / CHECKPOINT).write_bytes(whole[:size])
        with pytest.raises(ConfigError, match="is damaged"):
            Checkpoint.read(tmp_path)


def test_of_another_release(tmp_path):
    checkpoint(release=RELEASE + 1).write(tmp_path)
    with pytest.raises(ConfigError, match=f"is of release {RELEASE + 1}, {RELEASE} is known"):
        Checkpoint.read(tmp_path)


def test_another_run(tmp_path):
    with pytest.raises(ConfigError, match=r"gate: was begun by streamseg 1\.0, this is 2\.0"):
        check(checkpoint(), version="2.0")
    with pytest.raises(ConfigError, match="gate: the source has changed"):
        check(checkpoint(), file=(5, 7))
    clips = settings_of(Config.model_validate({"clips": {"enabled": True}, "model": {"score": 0.9}}), STREAM)
    with pytest.raises(ConfigError, match=r"other settings of clips\.enabled, model\.score;"):
        check(checkpoint(), settings=clips)
    region = settings_of(Config(), StreamConfig(source="street.mp4", region=(0, 0, 10, 10)))
    with pytest.raises(ConfigError, match=r"other settings of streams\.region;"):
        check(checkpoint(), settings=region)


def test_what_changes_no_result_is_no_setting():
    changed = {"runtime": {"slots": 9}, "web": {"enabled": True}, "capture": {"pace": "realtime"}, "jobs": 3}
    changed |= {"output": {"dir": "elsewhere", "resume": True}}
    assert settings_of(Config.model_validate(changed), STREAM) == settings_of(Config(), STREAM)


def test_no_secret_in_it(tmp_path):
    config = Config.model_validate({"mqtt": {"host": "10.0.0.2", "user": "anna"}})
    checkpoint(settings=settings_of(config, StreamConfig(source="https://u:hunter2@h/a.mp4"))).write(tmp_path)
    content = (tmp_path / CHECKPOINT).read_bytes()
    assert b"hunter2" not in content and b"anna" not in content


def test_a_password_may_change():
    one, other = (settings_of(Config(), StreamConfig(source=f"https://u:{key}@h/a.mp4")) for key in ("one", "other"))
    assert one == other


def test_a_file_is_known_by_size_and_time(tmp_path):
    path = tmp_path / "a.mp4"
    assert file_of(str(path)) is None and file_of("https://h/a.mp4") is None and file_of(str(tmp_path)) is None
    path.write_bytes(b"12345")
    assert file_of(str(path)) == (5, path.stat().st_mtime_ns)


@pytest.mark.parametrize(("writer", "stays"), [("sink:objects", True), ("sink:clips", False)])
def test_an_end_that_cannot_be_noted(tmp_path, writer, stays):
    """Of what ends with its stream none may be gone on with: the stream is begun anew."""
    with small_disk(tmp_path / "small") as disk:
        config = Config.model_validate({"output": {"dir": disk.folder}})
        run = SimpleNamespace(name="s", number=0, live=False, epochs={1: 0}, phase="running", stopped=False, error="x")
        claim_stream(disk.folder / "s")
        checkpoint(states={writer: Committed(7, b"state")}).write(disk.folder / "s")
        disk.fill()
        Checkpoints(config, "1.0", None).tick([run])
        assert (disk.folder / "s" / CHECKPOINT).exists() == stays
        if stays:
            assert Checkpoint.read(disk.folder / "s").ended is None

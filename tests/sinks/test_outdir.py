import logging
import os
from pathlib import Path

import pytest

from streamseg.config import Config, StreamConfig
from streamseg.config_output import OutputConfig
from streamseg.errors import SinkError
from streamseg.records import Extraction
from streamseg.sinks import build_sinks, prepare_output
from streamseg.sinks.outdir import claim_stream
from tests.sinks.scenes import info, make_cutout, make_frame, make_track

STREET = StreamConfig(source="street.mp4", name="street")


def config(folder: Path, **sections: object) -> Config:
    return Config.model_validate({"output": {"dir": folder, "disk_free_mb": 0}} | sections)


def run(folder: Path, stream: str = "street") -> None:
    """A whole small run: every sink writes two frames."""
    sinks = build_sinks(config(folder), StreamConfig(source="x.mp4", name=stream), version="0.1.0")
    for sink in sinks:
        assert sink.open(info(stream)) == -1
    for seq in range(2):
        frame, track = make_frame(seq), make_track()
        cutouts = make_cutout(frame, track), make_cutout(frame, track, "best")
        for sink in sinks:
            assert sink.write(Extraction(frame, (track,), cutouts))
    for sink in sinks:
        sink.close()
    (folder / "summary.json").write_text("{}")


def tree(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.name != ".streamseg")


WRITTEN = [
    "street",
    "street/annotated.mp4",
    "street/cutouts",
    "street/cutouts/1-person",
    "street/cutouts/1-person/0.json",
    "street/cutouts/1-person/0.png",
    "street/cutouts/1-person/1.json",
    "street/cutouts/1-person/1.png",
    "street/cutouts/1-person/best.json",
    "street/cutouts/1-person/best.png",
    "street/events.jsonl",
    "street/objects.jsonl",
    "summary.json",
]


def test_a_run_writes_these_files_and_no_others(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    prepare_output(OutputConfig(dir=out))
    assert tree(out) == []
    run(out)
    assert tree(out) == WRITTEN


@pytest.mark.parametrize(
    ("sections", "names"),
    [
        ({}, ["cutouts", "video", "objects", "events"]),
        ({"cutouts": {"every": "none"}}, ["video", "objects", "events"]),
        ({"video": {"enabled": False}, "objects": {"enabled": False}}, ["cutouts", "events"]),
    ],
)
def test_the_configuration_says_which_sinks_there_are(tmp_path: Path, sections: dict, names: list[str]) -> None:
    assert [sink.name for sink in build_sinks(config(tmp_path, **sections), STREET, version="1")] == names
    assert not list(tmp_path.iterdir()), "nothing is written before open()"


def test_a_folder_with_anything_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(SinkError, match=r"is not empty; .*--overwrite"):
        prepare_output(OutputConfig(dir=tmp_path))
    assert tree(tmp_path) == ["notes.txt"]


def test_a_folder_that_was_only_prepared_is_still_refused_until_overwritten(tmp_path: Path) -> None:
    prepare_output(OutputConfig(dir=tmp_path))
    with pytest.raises(SinkError, match="not empty"):
        prepare_output(OutputConfig(dir=tmp_path))
    prepare_output(OutputConfig(dir=tmp_path, overwrite=True))


def test_overwrite_removes_all_that_a_run_wrote(tmp_path: Path) -> None:
    prepare_output(OutputConfig(dir=tmp_path))
    run(tmp_path, "street")
    run(tmp_path, "gate-2")
    (tmp_path / "street/cutouts/1-person/.7.png.part").write_bytes(b"half a file")
    (tmp_path / "street/cutouts/.cutout.part").write_bytes(b"half a file")
    for name in ("best-2.png", "best-2.json", "best-13.png", ".shot-7.png", ".shot-7.json"):
        (tmp_path / "street/cutouts/1-person" / name).write_bytes(b"of a run that was killed")
    (tmp_path / "street/annotated-0002.mp4").write_bytes(b"part")
    (tmp_path / "street/objects-0017.jsonl").write_bytes(b"part")
    prepare_output(OutputConfig(dir=tmp_path, overwrite=True))
    assert tree(tmp_path) == []
    run(tmp_path, "street")
    assert tree(tmp_path) == WRITTEN


def test_overwrite_keeps_what_a_person_put_there_and_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    prepare_output(OutputConfig(dir=tmp_path))
    run(tmp_path)
    mine = [
        "notes.txt",
        "holiday/annotated.mp4",
        "street/remarks.md",
        "street/annotated-best.mp4",
        "street/cutouts/1-person/7-edited.png",
        "street/cutouts/1-person/best-of-all.png",
        "street/cutouts/mine/1.png",
    ]
    for name in mine:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("mine")
    prepare_output(OutputConfig(dir=tmp_path, overwrite=True))
    assert [name for name in tree(tmp_path) if (tmp_path / name).is_file()] == sorted(mine)
    assert all((tmp_path / name).read_text() == "mine" for name in mine)
    [record] = caplog.records
    assert "kept=holiday, notes.txt, street" in record.getMessage()


def test_overwrite_never_leaves_the_folder(tmp_path: Path) -> None:
    out, outside = tmp_path / "out", tmp_path / "outside"
    prepare_output(OutputConfig(dir=out))
    run(out)
    prepare_output(OutputConfig(dir=outside))
    run(outside)
    theirs = tree(outside)
    (out / "linked").symlink_to(outside / "street")
    (out / "street/cutouts/2-dog").symlink_to(outside / "street/cutouts/1-person")
    (out / "street/objects-0002.jsonl").symlink_to(outside / "street/objects.jsonl")
    prepare_output(OutputConfig(dir=out, overwrite=True))
    assert tree(outside) == theirs
    assert tree(out) == ["linked", "street", "street/cutouts", "street/cutouts/2-dog", "street/objects-0002.jsonl"]


def test_overwrite_takes_nothing_from_a_folder_that_streamseg_did_not_make(tmp_path: Path) -> None:
    theirs = tmp_path / "street"
    theirs.mkdir()
    for name in ("annotated.mp4", "objects.jsonl"):
        (theirs / name).write_text("mine")
    prepare_output(OutputConfig(dir=tmp_path, overwrite=True))
    assert tree(tmp_path) == ["street", "street/annotated.mp4", "street/objects.jsonl"]
    for sink in build_sinks(config(tmp_path), STREET, version="1"):
        with pytest.raises(SinkError, match=r"street/(annotated\.mp4|objects\.jsonl): was not written by streamseg"):
            sink.open(info())
    assert (theirs / "annotated.mp4").read_text() == "mine"


def test_a_summary_of_someone_else_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "summary.json").write_text("mine")
    with pytest.raises(SinkError, match=r"summary\.json: was not written by streamseg"):
        prepare_output(OutputConfig(dir=tmp_path, overwrite=True))


def test_a_stream_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "street").symlink_to(tmp_path / "outside")
    for sink in build_sinks(config(tmp_path), STREET, version="1"):
        with pytest.raises(SinkError, match="symbolic link"):
            sink.open(info())
    assert not list((tmp_path / "outside").iterdir())


def test_the_output_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "disk2").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "disk2")
    prepare_output(OutputConfig(dir=tmp_path / "out"))
    claim_stream(tmp_path / "out" / "street")


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_file_in_the_place_of_the_folder_is_an_error(tmp_path: Path, overwrite: bool) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(SinkError, match=r"out: is a file; the output must be a folder"):
        prepare_output(OutputConfig(dir=tmp_path / "out", overwrite=overwrite))
    with pytest.raises(SinkError, match=r"out/street.*: cannot be written: Not a directory"):
        prepare_output(OutputConfig(dir=tmp_path / "out" / "street", overwrite=overwrite))


def test_a_folder_without_write_permission_is_an_error_of_one_line(tmp_path: Path) -> None:
    locked = Path("/proc/self") if os.geteuid() == 0 else tmp_path
    if os.geteuid() != 0:
        tmp_path.chmod(0o500)
    with pytest.raises(SinkError, match=rf"{locked}/out: cannot be written: ") as caught:
        prepare_output(OutputConfig(dir=locked / "out"))
    assert "\n" not in str(caught.value)

"""A whole run with an index: what it holds is what the other results tell, whoever dies."""

import json

from streamseg.index import Index, index_url
from streamseg.index.search import Query, find, like
from tests.index.rows import dump
from tests.runtime.clips import write_street
from tests.runtime.jobs import kill_in_turn, run


def test_the_index_tells_what_the_files_tell(tmp_path):
    clip = write_street(tmp_path / "street.mp4", 60, seed=4)
    with run(f"gate={clip}", "--index", "--no-video", "--cutouts", "best", out=tmp_path / "out") as job:
        assert job.finish() == 0
    lines = [json.loads(line) for line in (job.out / "gate" / "objects.jsonl").read_text().splitlines()]
    active = {found["id"] for line in lines for found in line["objects"] if found["state"] == "active"}
    index = Index(index_url(job.out, None))
    with index.reading() as connection:
        hits = find(connection, Query(limit=1000))
        assert {hit.track for hit in hits} == active and active
        assert all(hit.over and hit.stream == "gate" and len(hit.path) for hit in hits)
        pictured = [hit for hit in hits if hit.shots]
        for hit in pictured:
            folder = job.out / "gate" / "cutouts" / hit.folder
            assert [json.loads((folder / "best.json").read_text())["seq"]] == [hit.shots[0]["seq"]]
            assert hit.colours
        assert pictured and like(connection, (hits[0].stream, pictured[0].track), Query())
    index.close()
    events = (job.out / "gate" / "events.jsonl").read_text().splitlines()
    assert len(dump(index_url(job.out, None))["events"]) == len(events)


def test_killed_workers_change_no_row(tmp_path):
    clip = write_street(tmp_path / "street.mp4", 40, seed=5)
    rows = []
    for name, kills in (("calm", 0), ("killed", 2)):
        with run(f"s={clip}", "--index", "--no-video", "--realtime", out=tmp_path / name) as job:
            job.wait_for_lines("s", 2)
            kill_in_turn(job, "s", sorted(job.workers())[-kills:] if kills else [], seed=3)
            assert job.finish() == 0
        rows.append(dump(index_url(job.out, None)))
    assert rows[0] == rows[1] and rows[0]["tracks"]

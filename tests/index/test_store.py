"""The database: rows written again are the same rows, writers take turns, tracks go with all that is theirs."""

import sqlite3
import threading

import pytest
from sqlalchemy import event

from streamseg.errors import ConfigError, SinkError
from streamseg.index import Index, index_url, schema
from streamseg.sinks.disk import is_full
from tests.index.rows import coloured, dump, shot, track_row, visit


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'index.sqlite'}"


def write(url, *tracks):
    index = Index(url)
    rows = [track_row("a", number) for number in tracks]
    index.write({
        schema.tracks: rows, schema.visits: [visit(row, "walk") for row in rows],
        schema.colours: [coloured(row, "red", 0.5) for row in rows], schema.shots: [shot(row, 1, 1) for row in rows],
    })  # fmt: skip
    return index


def test_written_twice_is_written_once(url):
    write(url, 1, 2).close()
    before = dump(url)
    write(url, 1, 2).close()
    assert dump(url) == before and len(before["tracks"]) == len(before["shots"]) == 2


def test_shots_that_are_no_longer_best_go(url):
    index, row = write(url, 1, 2), track_row("a", 1)
    index.write({schema.shots: [shot(row, 5, 1)]}, shots_of=[("a", 1)])
    assert [(line[1], line[2]) for line in dump(url)["shots"]] == [(1, 5), (2, 1)]
    assert [line[1] for line in dump(url)["colours"]] == [2]


def test_forgotten_tracks_leave_nothing(url):
    index = write(url, *range(1, 1200))
    index.forget([("a", number) for number in range(1, 1199)])
    assert {name: len(rows) for name, rows in dump(url).items()} == {
        "streams": 0, "tracks": 1, "shots": 1, "visits": 1, "colours": 1, "events": 0, "reviews": 0,
    }  # fmt: skip
    index.forget_stream("a")
    assert not any(dump(url).values())


def test_old_are_those_that_are_over_and_have_a_time(url):
    index = Index(url)
    index.write({schema.tracks: [
        track_row("a", 1), track_row("a", 2, over=False), track_row("a", 3, last_time=None, first_time=None),
        track_row("a", 95),
    ]})  # fmt: skip
    assert index.older_than(100.0) == [("a", 1)]


def test_writers_take_turns_and_readers_do_not_wait(url):
    writers = [Index(url) for _ in range(4)]

    def work(number):
        for track in range(40):
            writers[number].write({schema.tracks: [track_row(f"s{number}", track)]})

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    with Index(url).reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM tracks").scalar_one() <= 160
    for thread in threads:
        thread.join()
    assert len(dump(url)["tracks"]) == 160


def test_a_transaction_is_all_or_nothing(url):
    index = write(url, 1)
    before = dump(url)
    with pytest.raises(SinkError, match=r"index\.sqlite: NOT NULL"):
        index.write({schema.tracks: [track_row("a", 2)], schema.visits: [visit(track_row("a", 2), None)]})
    assert dump(url) == before


def test_a_full_disk_is_known_as_one(url):
    index = write(url, 1)
    with index.engine.begin() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    event.listen(index.engine, "checkout", lambda raw, *_: raw.execute(f"PRAGMA max_page_count = {pages}"))
    with pytest.raises(SinkError, match=r"index\.sqlite: database or disk is full") as raised:
        index.write({schema.tracks: [track_row("a", number) for number in range(5000)]})
    assert is_full(raised.value)
    assert len(dump(url)["tracks"]) == 1


def test_another_version_and_what_is_no_database_are_refused(url, tmp_path):
    file = tmp_path / "index.sqlite"
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(SinkError, match=r"index\.sqlite: an index of version 99, this streamseg has 1; move it away"):
        Index(url)
    file.write_bytes(b"no database at all, but long enough to be taken for one" * 100)
    with pytest.raises(SinkError, match=r"index\.sqlite: file is not a database"):
        Index(url)


@pytest.mark.parametrize("bad", ["nonsense", "oracle+nothing://x/y", "postgresql+nodriver://user:secret@host/x"])
def test_what_is_no_url_is_refused_without_its_password(bad):
    with pytest.raises(ConfigError, match=r"index\.url: .*for example postgresql\+psycopg://") as raised:
        Index(bad)
    assert "secret" not in str(raised.value)


def test_it_lies_in_the_output_folder(tmp_path):
    assert index_url(tmp_path, None) == f"sqlite:///{tmp_path}/index.sqlite"
    assert index_url(tmp_path, "sqlite:///else.sqlite") == "sqlite:///else.sqlite"

"""Searching: every filter alone and together, page by page, and by what looks alike."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from streamseg.index import Index, schema
from streamseg.index.search import Query, find, like, track
from tests.index.rows import LABELS, ZONES, coloured, shot, track_row, visit


@pytest.fixture
def index(tmp_path):
    made = Index(f"sqlite:///{tmp_path / 'index.sqlite'}")
    yield made
    made.close()


def filled(index, streams=("a", "b"), many=60):
    """Tracks whose every property is told by their number; pairs of streams share times."""
    rows = [
        track_row(stream, number, label=LABELS[number % 3], last_pts=number + float(number % 7))
        for stream, number in product(streams, range(1, many + 1))
    ]
    index.write({
        schema.tracks: rows,
        schema.visits: [visit(row, ZONES[row["track"] % 4]) for row in rows if row["track"] % 4 < 3],
        schema.colours: [coloured(row, "red", 0.1 + row["track"] % 5 / 10) for row in rows],
        schema.shots: [shot(row, 7, 2) for row in rows] + [shot(row, 9, 1) for row in rows],
    })  # fmt: skip
    return rows


def keys(hits):
    return [(hit.stream, hit.track) for hit in hits]


def wanted(rows, keep):
    kept = sorted((row for row in rows if keep(row)), key=lambda row: (-row["began"], row["stream"], row["track"]))
    return [(row["stream"], row["track"]) for row in kept]


@pytest.mark.parametrize("query, keep", [
    (Query(), lambda r: True),
    (Query(streams=("b",)), lambda r: r["stream"] == "b"),
    (Query(labels=("animal", "person")), lambda r: r["label"] != "vehicle"),
    (Query(streams=("a", "b"), labels=("vehicle", "animal")), lambda r: r["label"] != "person"),
    (Query(since=10, until=20), lambda r: 10 <= r["began"] <= 20),
    (Query(zone="gate"), lambda r: r["track"] % 4 == 1),
    (Query(zone="gate", streams=("a",), labels=("person",), since=5),
     lambda r: r["track"] % 12 == 9 and r["stream"] == "a"),
    (Query(colour="red"), lambda r: r["track"] % 5 >= 1),
    (Query(colour="red", zone="walk", streams=("b",)),
     lambda r: r["track"] % 5 >= 1 and r["track"] % 4 == 0 and r["stream"] == "b"),
    (Query(colour="blue"), lambda r: False),
    (Query(least_s=5), lambda r: r["track"] % 7 >= 5),
    (Query(least_s=2, most_s=3, labels=("person",)), lambda r: r["track"] % 7 in (2, 3) and r["label"] == "person"),
])  # fmt: skip
def test_filters_and_pages(index, query, keep):
    rows = filled(index)
    found, after = [], None
    with index.reading() as connection:
        assert keys(find(connection, replace(query, limit=1000))) == wanted(rows, keep)
        while page := find(connection, replace(query, limit=7, after=after)):
            found, after = found + page, page[-1].place
    assert keys(found) == wanted(rows, keep)


def test_a_track_comes_with_all_that_belongs_to_it(index):
    filled(index)
    with index.reading() as connection:
        hit = track(connection, ("a", 6))
        assert track(connection, ("a", 99)) is None
    assert (hit.label, hit.zones, hit.path) == ("person", ["yard"], [[0.0, 1.0, 2.0]])
    assert hit.colours == {"red": 0.2} and [(s["rank"], s["seq"]) for s in hit.shots] == [(1, 9), (2, 7)]


def test_what_looks_most_alike_comes_first(index):
    angles = {1: 0.0, 2: 0.3, 3: 0.1, 4: 1.5, 5: 0.2}
    looks = {n: np.array([np.cos(a), np.sin(a)], np.float32).tobytes() for n, a in angles.items()}
    rows = [track_row("a", n, appearance=look, label="person" if n < 5 else "animal") for n, look in looks.items()]
    index.write({schema.tracks: [*rows, track_row("a", 6), track_row("b", 7, appearance=b"\0" * 192)]})
    with index.reading() as connection:
        hits = like(connection, ("a", 1), Query(limit=3))
        assert keys(hits) == [("a", 3), ("a", 5), ("a", 2)]
        assert [hit.alike for hit in hits] == pytest.approx([np.cos(0.1), np.cos(0.2), np.cos(0.3)], abs=1e-4)
        assert keys(like(connection, ("a", 1), Query(labels=("person",), limit=2))) == [("a", 3), ("a", 2)]
        assert like(connection, ("a", 6), Query()) == [] == like(connection, ("a", 99), Query())

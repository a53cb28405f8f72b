"""How long searching takes in an index of a million tracks: python tests/bench/index.py --help.

Rows are made up: cameras, classes and zones of uneven share, spread over a month. Each question is asked many times
with other values, for the first page or the first five; medians and the slowest are printed, a page each. The database
stays for the next time.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import track as progress

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from streamseg.bench.machine import this_machine
from streamseg.index import Index, schema
from streamseg.index.listing import indexed_streams
from streamseg.index.search import Query, find, like, timeline, track

_STREAMS = [f"cam{number}" for number in range(16)]
_LABELS, _SHARES = ("person", "vehicle", "animal"), (80, 19, 1)
_ZONES = ("door", "walk", "road", "yard")
_COLOURS = ("black", "grey", "white", "blue", "red", "green", "yellow")
_BEGAN, _LASTS_S = 1_790_000_000.0, 30 * 86_400.0
_AT_ONCE, _TIMES, _PAGES = 5_000, 40, 5

Ask = Callable[[Any, random.Random], Iterator[int]]
"""With a connection and chance, how many rows each page has."""
Rows = dict[Any, list[dict[str, Any]]]


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the index where it is not there, and ask."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tracks", type=int, default=1_000_000, help="default 1000000")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "streamseg-index")
    asked = parser.parse_args(arguments)
    asked.folder.mkdir(parents=True, exist_ok=True)
    file = asked.folder / f"{asked.tracks}.sqlite"
    index = Index(f"sqlite:///{file}")
    with index.reading() as connection:
        there = connection.exec_driver_sql("SELECT count(*) FROM tracks").scalar_one()
    if there < asked.tracks:
        _fill(index, asked.tracks)
    print(f"{this_machine()}\n{asked.tracks} tracks, {file.stat().st_size / 1e6:.0f} MB\n")
    print("| asked for | rows of a page | median ms | slowest ms |\n|---|---|---|---|")
    for name, ask in _questions(asked.tracks):
        spent, rows = _times(index, ask)
        print(f"| {name} | {rows} | {np.median(spent):.1f} | {max(spent):.1f} |", flush=True)


def _fill(index: Index, tracks: int) -> None:
    chance = random.Random(1)
    facts = {"source": "rtsp://10.0.0.7/1", "width": 1920, "height": 1080, "fps": 25.0, "live": True}
    index.write({schema.streams: [{"stream": name} | facts for name in _STREAMS]})
    for first in progress(range(0, tracks, _AT_ONCE), "rows"):
        index.write(_made_up(chance, range(first, min(first + _AT_ONCE, tracks)), tracks))


def _made_up(chance: random.Random, numbers: range, tracks: int) -> Rows:
    rows: Rows = {table: [] for table in (schema.tracks, schema.visits, schema.colours, schema.shots)}
    path = json.dumps([(round(chance.random() * 60, 3), 512.5, 300.1) for _ in range(16)])
    for number in numbers:
        label = chance.choices(_LABELS, _SHARES)[0]
        key = {"stream": _STREAMS[int(len(_STREAMS) * chance.random() ** 2)], "track": number}
        began = round(_BEGAN + _LASTS_S * number / tracks, 2)
        ended = began + chance.expovariate(1 / 12)
        looks = np.array([chance.random() for _ in range(48)], np.float32)
        rows[schema.tracks].append(key | {
            "label": label, "over": True, "began": began, "first_pts": began - _BEGAN, "last_pts": ended - _BEGAN,
            "first_time": began, "last_time": ended, "score": 0.8, "folder": f"{number}-{label}", "path": path,
            "appearance": (looks / np.linalg.norm(looks)).tobytes(),
        })  # fmt: skip
        for zone in chance.sample(_ZONES, chance.choice((0, 1, 2))):
            rows[schema.visits].append(key | {"zone": zone, "label": label, "began": began})
        for colour in chance.sample(_COLOURS, 2):
            rows[schema.colours].append(key | {"colour": colour, "share": chance.random(), "began": began})
        shot = {"seq": number, "rank": 1, "score": 0.7, "pts": 1.0, "time": began, "width": 200, "height": 400}
        rows[schema.shots].append(key | shot)
    return rows


def _questions(tracks: int) -> Iterator[tuple[str, Ask]]:
    """What is asked, and how."""

    def pages(make: Callable[[random.Random], Query]) -> Ask:
        def ask(connection: Any, chance: random.Random) -> Iterator[int]:
            query, hits = make(chance), []
            for _ in range(chance.choice((1, _PAGES))):
                hits = find(connection, query)
                yield len(hits)
                if not hits:
                    return
                query = replace(query, after=hits[-1].place)

        return ask

    def day(chance: random.Random) -> dict[str, float]:
        since = _BEGAN + chance.random() * (_LASTS_S - 86_400)
        return {"since": since, "until": since + 86_400}

    yield "the newest", pages(lambda chance: Query())
    yield "a stream", pages(lambda chance: Query(streams=(chance.choice(_STREAMS),)))
    yield "a class", pages(lambda chance: Query(labels=(chance.choice(_LABELS),)))
    yield (
        "four streams, two classes",
        pages(lambda chance: Query(streams=tuple(chance.sample(_STREAMS, 4)), labels=tuple(chance.sample(_LABELS, 2)))),
    )
    yield "a day", pages(lambda chance: Query(**day(chance)))
    yield "a zone", pages(lambda chance: Query(zone=chance.choice(_ZONES)))
    yield (
        "stream, class, day, zone",
        pages(
            lambda chance: Query(
                (chance.choice(_STREAMS),), (chance.choice(_LABELS),), chance.choice(_ZONES), **day(chance)
            )
        ),
    )
    yield "stream, rare class, zone", pages(lambda chance: Query(("cam15",), ("animal",), zone=chance.choice(_ZONES)))
    yield "a zone that there is not", pages(lambda chance: Query(zone="nowhere", labels=("person",)))
    yield "a colour, a day", pages(lambda chance: Query(colour=chance.choice(_COLOURS), **day(chance)))
    yield "longer than two minutes, a stream", pages(lambda chance: Query((chance.choice(_STREAMS),), least_s=120))

    def one(connection: Any, chance: random.Random) -> Iterator[int]:
        yield int(track(connection, ("cam0", chance.randrange(tracks))) is not None)

    yield "one track", one

    def alike(connection: Any, chance: random.Random) -> Iterator[int]:
        some = find(connection, Query(limit=1, **day(chance)))
        yield len(some)
        yield len(like(connection, (some[0].stream, some[0].track), Query(**day(chance))))

    yield "what looks like one, in a day", alike

    def listed(connection: Any, _: random.Random) -> Iterator[int]:
        yield len(indexed_streams(connection))

    def counted(connection: Any, chance: random.Random) -> Iterator[int]:
        query = Query((chance.choice(_STREAMS),), (chance.choice(_LABELS),))
        yield len(timeline(connection, query, _BEGAN, _BEGAN + _LASTS_S, 60))

    yield "with a picture, not judged yet", pages(lambda chance: Query(pictured=True, verdict="none"))
    yield "what there is to ask for", listed
    yield "a timeline: stream, class", counted


def _times(index: Index, ask: Ask) -> tuple[list[float], int]:
    """Milliseconds of each, and the most rows of a page."""
    chance, spent, rows = random.Random(2), list[float](), 0
    for _ in range(_TIMES):
        with index.reading() as connection:
            began = time.perf_counter()
            for page in ask(connection, chance):
                spent.append(1000 * (time.perf_counter() - began))
                rows, began = max(rows, page), time.perf_counter()
    return spent, rows


if __name__ == "__main__":
    main()

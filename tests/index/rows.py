"""What an index holds, and tracks made up for it."""

from sqlalchemy import select

from streamseg.index import Index, schema

DAY = 86_400.0
LABELS, ZONES = ("person", "vehicle", "animal"), ("walk", "gate", "yard")


def dump(url):
    """All rows of all tables, in order."""
    index = Index(url)
    with index.reading() as connection:
        rows = {name: sorted(map(tuple, connection.execute(select(table))), key=str)
                for name, table in schema.metadata.tables.items()}  # fmt: skip
    index.close()
    return rows


def track_row(stream, track, **changes):
    """A track of ten seconds that began at its number."""
    row = {
        "stream": stream, "track": track, "label": "person", "over": True, "began": float(track),
        "first_pts": float(track), "last_pts": track + 10.0, "first_time": float(track), "last_time": track + 10.0,
        "score": 0.9, "folder": f"{track}-person", "path": "[[0.0, 1.0, 2.0]]", "appearance": None,
    }  # fmt: skip
    return row | changes


def visit(row, zone):
    return {"stream": row["stream"], "track": row["track"], "zone": zone, "label": row["label"], "began": row["began"]}


def coloured(row, colour, share):
    key = {"stream": row["stream"], "track": row["track"]}
    return key | {"colour": colour, "share": share, "began": row["began"]}


def shot(row, seq, rank):
    key = {"stream": row["stream"], "track": row["track"]}
    return key | {"seq": seq, "rank": rank, "score": 0.5, "pts": 1.0, "time": None, "width": 10, "height": 20}

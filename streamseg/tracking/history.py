"""A track's life, remembered in little room: since when it is known and confirmed, and where it has been."""

from msgspec.structs import replace

from streamseg.records import History
from streamseg.tracking.state import Life, TrackMemory

_MOST_POINTS = 16
_FIRST_STEP_NS = 100_000_000


def followed(track: TrackMemory, clock_ns: int) -> TrackMemory:
    """The track with its life told up to the frame at clock_ns."""
    life = track.life if track.life is not None else Life(clock_ns, _FIRST_STEP_NS)
    if life.confirmed_ns is None and track.confirmed_label is not None:
        life = replace(life, confirmed_ns=clock_ns)
    if track.seen and (not life.path or clock_ns - life.path[-1][0] >= life.step_ns):
        life = _walked(life, clock_ns, track)
    return track if life is track.life else replace(track, life=life)


def history_of(track: TrackMemory, *, clock_ns: int, pts_ns: int) -> History | None:
    """What is told of a confirmed track in the frame at clock_ns, whose time stamp is pts_ns; None of another one."""
    life, behind_ns = track.life, pts_ns - clock_ns
    if life is None or life.confirmed_ns is None:
        return None
    path = tuple((at_ns + behind_ns, x, y) for at_ns, x, y in life.path)
    return History(life.first_ns + behind_ns, life.confirmed_ns + behind_ns, path)


def _walked(life: Life, clock_ns: int, track: TrackMemory) -> Life:
    """One point more; where there are too many, every other one is forgotten, and steps are longer from now on."""
    x0, y0, x1, y1 = track.box
    path, step_ns = (*life.path, (clock_ns, round((x0 + x1) / 2, 1), round((y0 + y1) / 2, 1))), life.step_ns
    if len(path) > _MOST_POINTS:
        path, step_ns = path[::2], 2 * step_ns
    return replace(life, path=path, step_ns=step_ns)

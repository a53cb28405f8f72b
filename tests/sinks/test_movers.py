import msgspec
import pytest

from streamseg.geometry import Box
from streamseg.sinks.movers import Movers, MoversState
from tests.sinks.scenes import make_track

CAR: Box = (100.0, 50.0, 200.0, 110.0)


def shifted(by_x: float, by_y: float = 0.0) -> Box:
    return CAR[0] + by_x, CAR[1] + by_y, CAR[2] + by_x, CAR[3] + by_y


@pytest.mark.parametrize("way", [(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.7, -0.7)])
def test_one_who_comes_away_from_where_he_began_has_moved_for_good(way: tuple[float, float]) -> None:
    movers = Movers()
    for step in range(12):
        moved = movers.update([make_track(4, box=shifted(2 * step * way[0], 2 * step * way[1]))])
    assert moved == {4}
    assert movers.update([make_track(4, box=CAR)]) == {4}


def test_boxes_that_tremble_or_are_cut_short_have_not_moved() -> None:
    movers = Movers()
    boxes = [
        CAR,
        shifted(4),
        shifted(-4),
        (100.0, 50.0, 130.0, 110.0),
        (160.0, 50.0, 200.0, 110.0),
        (60.0, 20.0, 240.0, 140.0),
    ]
    assert [movers.update([make_track(1, box=box)]) for box in boxes] == [frozenset()] * len(boxes)


def test_tracks_that_are_gone_are_forgotten() -> None:
    movers = Movers()
    movers.update([make_track(1, box=CAR), make_track(2, box=CAR)])
    movers.update([make_track(1, box=shifted(50)), make_track(2, box=CAR)])
    assert (movers.state.moved, list(movers.state.anchors)) == ((1,), [2])
    movers.update([])
    assert movers.state == MoversState()


def test_a_successor_goes_on() -> None:
    movers = Movers()
    movers.update([make_track(1, box=shifted(0.3)), make_track(2, box=CAR)])
    for step in range(1, 30):
        kept = msgspec.msgpack.decode(msgspec.msgpack.encode(movers.state), type=MoversState)
        tracks = [make_track(1, box=shifted(0.3 + step)), make_track(2, box=CAR)]
        assert Movers(kept).update(tracks) == movers.update(tracks)
    assert movers.state.moved == (1,)


def test_a_crowds_state_is_small() -> None:
    movers = Movers()
    crowd = [make_track(10**6 + i, box=(7000.0, 4000.0, 7100.0, 4200.0)) for i in range(1000)]
    movers.update(crowd)
    assert len(msgspec.msgpack.encode(movers.state)) < 40_000

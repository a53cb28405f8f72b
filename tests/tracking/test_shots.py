import itertools

from hypothesis import given
from hypothesis import strategies as st

from streamseg.tracking.shots import Ranking
from streamseg.tracking.state import Shot

SECOND = 1_000_000_000


def taken(ranking: Ranking, scores: list[float], step_ns: int = 200_000_000) -> tuple[Shot, ...]:
    shots: tuple[Shot, ...] = ()
    for seq, score in enumerate(scores):
        if score > ranking.bar(shots, seq * step_ns):
            shots = ranking.with_new(shots, Shot(seq, seq * step_ns, score))
    return shots


def test_one_is_replaced_only_by_a_clearly_better_one() -> None:
    ranking = Ranking(1, SECOND, 0.1)
    assert [shot.seq for shot in taken(ranking, [0.5, 0.54, 0.56, 0.2])] == [2]


def test_several_lie_apart_and_the_best_comes_first() -> None:
    shots = taken(Ranking(3, SECOND, 0.0), [0.5, 0.6, 0.3, 0.3, 0.3, 0.3, 0.4, 0.3, 0.2, 0.2, 0.2, 0.7])
    assert [shot.seq for shot in shots] == [11, 1, 6]


def test_one_near_a_better_one_is_none_even_where_there_is_room() -> None:
    assert [shot.seq for shot in taken(Ranking(3, SECOND, 0.0), [0.9, 0.8, 0.8])] == [0]


def test_of_equals_the_earlier_ranks_higher() -> None:
    assert [shot.seq for shot in taken(Ranking(3, SECOND, 0.0), [0.5] * 12)] == [0, 5, 10]


@given(st.lists(st.floats(0.01, 1), max_size=60), st.integers(1, 5), st.sampled_from([0, SECOND // 2, SECOND]))
def test_always_few_apart_in_order_and_never_worse_than_the_margin(scores: list[float], top_k: int, gap: int) -> None:
    shots = taken(Ranking(top_k, gap, 0.05), scores)
    assert len(shots) <= top_k
    assert [shot.score for shot in shots] == sorted((shot.score for shot in shots), reverse=True)
    times = sorted(shot.clock_ns for shot in shots)
    assert all(after - before >= gap for before, after in itertools.pairwise(times))
    if scores:
        assert shots[0].score >= max(scores) / 1.05 - 1e-9

"""The benchmark runs, and every way delivers the frames it says it does."""

import numpy as np
import pytest

from tests.bench.hop import WAYS, main, measure, table


@pytest.mark.parametrize("size_hw", [(36, 64), (7, 9)])
def test_every_frame_arrives_by_every_way(size_hw):
    one_way_ns = measure(size_hw, 5)
    assert one_way_ns.shape == (5, len(WAYS))
    assert (one_way_ns > 0).all()


def test_the_table_has_milliseconds_and_ratios():
    one_way_ns = np.array([[2_000_000, 500_000, 100_000]] * 3)
    assert [line.split() for line in table(one_way_ns).splitlines()[1:]] == [
        ["inline", "2.000", "2.000", "1.0"],
        ["shared", "0.500", "0.500", "4.0"],
        ["bell", "0.100", "0.100", "20.0"],
    ]


def test_it_is_a_command(capsys):
    main(["--size", "64x36", "--frames", "2"])
    assert "2 frames of 64x36" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "--frames" in capsys.readouterr().out

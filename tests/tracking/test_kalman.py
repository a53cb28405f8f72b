import numpy as np
import pytest

from streamseg.tracking.kalman import Motion

SEEN = np.array([False])
ROW = np.array([0])


def box(x: float, width: float = 30.0) -> list[float]:
    return [x, 50.0, x + width, 110.0]


def textbook_filter(boxes: list[list[float]], dt_s: float) -> np.ndarray:
    """The same model written with full 8 x 8 matrices, for one track whose extent never changes."""
    extent = np.sqrt(30 * 60)
    noise, start, drift = (extent * np.array(v) for v in ([0.06] * 2 + [0.08] * 2, [2, 2, 0.5, 0.5], [0.3] * 4))

    def position(b: list[float]) -> np.ndarray:
        return np.array([(b[0] + b[2]) / 2, (b[1] + b[3]) / 2, b[2] - b[0], b[3] - b[1]])

    eye, observe = np.eye(4), np.hstack([np.eye(4), np.zeros((4, 4))])
    move = np.block([[eye, dt_s * eye], [0 * eye, eye]])
    agitation = np.diag(drift**2)
    process = np.block(
        [[agitation * dt_s**3 / 3, agitation * dt_s**2 / 2], [agitation * dt_s**2 / 2, agitation * dt_s]]
    )
    mean, covariance = np.hstack([position(boxes[0]), np.zeros(4)]), np.diag(np.hstack([noise**2, start**2]))
    for b in boxes[1:]:
        mean, covariance = move @ mean, move @ covariance @ move.T + process
        gain = covariance @ observe.T @ np.linalg.inv(observe @ covariance @ observe.T + np.diag(noise**2))
        mean = mean + gain @ (position(b) - observe @ mean)
        covariance = (np.eye(8) - gain @ observe) @ covariance
    return mean


def test_it_is_the_textbook_filter() -> None:
    rng = np.random.default_rng(3)
    boxes = [box(20 + 5 * i + rng.normal()) for i in range(12)]
    motion = Motion.start(boxes[0])
    for b in boxes[1:]:
        motion = motion.predict(0.04, SEEN).correct(ROW, b)
    np.testing.assert_allclose(motion.mean[0], textbook_filter(boxes, 0.04), rtol=1e-6)


@pytest.mark.parametrize("fps", [5, 25, 120])
def test_it_learns_a_constant_velocity_at_any_rate(fps: int) -> None:
    motion = Motion.start(box(20))
    for i in range(1, 2 * fps):
        motion = motion.predict(1 / fps, SEEN).correct(ROW, box(20 + 60 * i / fps))
    assert motion.mean[0, 4] == pytest.approx(60, rel=0.05)
    assert motion.mean[0, 5:] == pytest.approx(0, abs=1e-6)


def test_one_long_step_predicts_what_many_short_ones_do() -> None:
    motion = Motion.start(box(20)).predict(0.1, SEEN).correct(ROW, box(26))
    long, short = motion.predict(0.5, SEEN), motion
    for _ in range(10):
        short = short.predict(0.05, SEEN)
    np.testing.assert_allclose(long.mean, short.mean, rtol=1e-9)
    np.testing.assert_allclose(long.covariance, short.covariance, rtol=1e-9, atol=1e-9)


def test_only_the_tracks_that_were_seen_are_corrected() -> None:
    before = Motion.start([box(20), box(90), box(160)])
    after = before.correct(np.array([1]), [box(100)])
    assert 90 < after.boxes[1, 0] < 100
    np.testing.assert_array_equal(after.mean[[0, 2]], before.mean[[0, 2]])


def test_the_unseen_slow_down_keep_their_size_and_get_uncertain() -> None:
    motion = Motion.start(box(20))
    for i in range(1, 30):
        motion = motion.predict(0.04, SEEN).correct(ROW, box(20 + 4 * i, 30 + i))
    coasted = motion.predict(2.0, np.array([True]))
    assert 0 < coasted.mean[0, 4] < motion.mean[0, 4]
    assert coasted.mean[0, 2] == pytest.approx(motion.mean[0, 2])
    assert (coasted.covariance[0, :4] > motion.covariance[0, :4]).all()


def test_sizes_never_vanish() -> None:
    motion = Motion.start(box(20))
    for i in range(1, 8):
        motion = motion.predict(0.04, SEEN).correct(ROW, box(20, 30 - 4 * i))
    boxes = motion.predict(5.0, SEEN).boxes
    assert ((boxes[:, 2:] - boxes[:, :2]) >= 1).all()


def test_no_tracks_are_no_trouble() -> None:
    none = Motion.start(np.zeros((0, 4))).predict(0.04, np.zeros(0, bool))
    assert none.correct(np.zeros(0, np.intp), np.zeros((0, 4))).boxes.shape == (0, 4)

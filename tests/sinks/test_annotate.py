import msgspec
import numpy as np
import pytest

from streamseg.config_output import VideoConfig
from streamseg.geometry import SoftMask
from streamseg.pixels import frame_rgb
from streamseg.records import Extraction, Frame, Planes, Track
from streamseg.sinks.annotate import Annotator
from streamseg.sinks.palette import class_rgb
from streamseg.sinks.style import Style
from streamseg.sinks.trails import Feet, Trail, Trails
from tests.sinks.scenes import disc_mask, make_frame, make_track

BOX = (60.0, 60.0, 120.0, 140.0)


def draw(*tracks: Track, config: VideoConfig | None = None, seq: int = 0, annotator: Annotator | None = None) -> Frame:
    frame = make_frame(seq, size_hw=(180, 240))
    planes = Planes(*(plane.copy() for plane in (frame.planes.y, frame.planes.u, frame.planes.v)))
    (annotator or Annotator(config or VideoConfig())).draw(planes, Extraction(frame, tracks))
    return Frame("street", seq, frame.pts_ns, planes, frame.color)


def touched(frame: Frame) -> np.ndarray:
    """Where luma changed: bool [180, 240]."""
    return frame.planes.y != make_frame(size_hw=(180, 240)).planes.y


def test_an_active_object_is_tinted_towards_its_class_and_named_above() -> None:
    frame = draw(make_track(box=BOX))
    before, after = frame_rgb(make_frame(size_hw=(180, 240)))[100, 90], frame_rgb(frame)[100, 90]
    wanted = np.array(class_rgb("person"))
    assert np.abs(wanted - after.astype(int)).sum() < np.abs(wanted - before.astype(int)).sum()
    rows, columns = np.nonzero(touched(frame)[:60])
    assert len(rows) > 100, "the plate"
    assert abs(columns.mean() - 90) < 6
    assert not touched(frame)[150:].any()


def test_without_masks_only_the_outline_is_drawn() -> None:
    frame = draw(make_track(box=BOX), config=VideoConfig(masks=False, labels=False))
    ring = touched(frame)
    assert not ring[90:110, 80:100].any()
    assert ring[60:140, 60:120].any()
    assert not ring[:55].any(), "no plate"


@pytest.mark.parametrize("state", ["tentative", "lost"])
def test_what_is_not_active_is_drawn_thinly_and_has_no_name(state: str) -> None:
    mask = None if state == "lost" else disc_mask(BOX)
    frame = draw(make_track(box=BOX, state=state, mask=mask))
    assert 0 < touched(frame).sum() < 0.5 * touched(draw(make_track(box=BOX))).sum()
    assert not touched(frame)[:55].any()
    assert not touched(frame)[90:110, 80:100].any()


def test_an_object_without_a_mask_gets_its_box() -> None:
    ring = touched(draw(make_track(box=BOX, mask=None), config=VideoConfig(labels=False)))
    assert ring[59:62, 80:100].any()
    assert ring[139:142, 80:100].any()
    assert not ring[80:120, 75:105].any()


def test_a_trail_follows_the_feet_and_fades_away() -> None:
    annotator = Annotator(VideoConfig(trail_s=1.0, labels=False))
    for seq in range(20):
        x = 20.0 + 8 * seq
        box = (x, 20.0, x + 20, 60.0)
        frame = draw(make_track(box=box, mask=disc_mask(box)), annotator=annotator, seq=seq)
    below = touched(frame)[60:70]
    assert below[:, 60:180].any(axis=0).mean() > 0.9
    assert not below[:, 200:].any()
    later = draw(annotator=annotator, seq=60)
    assert not touched(later).any()


def test_a_lost_object_gets_dashes_along_its_box() -> None:
    lost = draw(make_track(box=BOX, state="lost", mask=None), config=VideoConfig(trail_s=0))
    rows, columns = touched(lost)[58:63].any(axis=0), touched(lost)[:, 118:123].any(axis=1)
    assert 0.4 < rows[60:120].mean() < 0.8
    assert 0.4 < columns[60:140].mean() < 0.8
    assert not touched(lost)[65:135, 65:115].any()
    assert not touched(lost)[:56].any()
    assert not touched(draw(make_track(box=(60.0, 60.0, 60.5, 60.5), state="lost", mask=None))).any()


@pytest.mark.parametrize(
    "box", [(-50.0, -50.0, -10.0, -10.0), (-20.0, -10.0, 300.0, 200.0), (230.0, 170.0, 231.0, 171.0)]
)
def test_objects_at_and_beyond_the_border_can_be_drawn(box: tuple[float, float, float, float]) -> None:
    for state in ("active", "tentative", "lost"):
        draw(make_track(box=box, mask=disc_mask(box), state=state))
    draw(make_track(box=box, mask=SoftMask(np.zeros((4, 4), np.uint8), box)))


def test_names_do_not_hide_each_other() -> None:
    config = VideoConfig(masks=False)
    one = touched(draw(make_track(1, box=BOX), config=config))[:58].sum()
    moved = (64.0, 62.0, 124.0, 142.0)
    frame = draw(make_track(1, box=BOX), make_track(2, box=moved, mask=disc_mask(moved)), config=config)
    outlines = draw(
        make_track(1, box=BOX),
        make_track(2, box=moved, mask=disc_mask(moved)),
        config=VideoConfig(masks=False, labels=False),
    )
    plates = touched(frame) & ~touched(outlines)
    assert plates.sum() > 1.7 * one


def test_sizes_grow_with_the_picture() -> None:
    styles = [Style.of(height) for height in (240, 360, 720, 1080, 2160)]
    assert [style.text_px for style in styles] == [7, 7, 12, 17, 30]
    assert [style.line_px for style in styles] == [1, 2, 3, 4, 7]


def test_colours_depend_on_the_class_alone() -> None:
    assert len({class_rgb(label) for label in ("person", "vehicle", "animal")}) == 3
    assert class_rgb("car") == class_rgb("vehicle")
    assert class_rgb("dog") == class_rgb("animal")
    known = {class_rgb(label) for label in ("person", "vehicle", "animal")}
    assert class_rgb("umbrella") == class_rgb("umbrella")
    assert class_rgb("umbrella") not in known


def test_trails_keep_no_more_than_their_span() -> None:
    trails = Trails(1.0)
    for i in range(5000):
        trails.update((make_track(i // 10 + 1),), i * 1_000_000)
    assert trails.of(1, 5_000_000_000) is None
    last = trails.of(500, 5_000_000_000)
    assert last is not None
    assert last.freshness.min() > 0.99
    assert len(trails.state) == 1001


def test_trails_of_a_crowd_fit_where_their_state_is_kept() -> None:
    trails = Trails(60.0)
    edge = 2.0**31 / 16 - 1
    crowd = tuple(make_track(2**32 - 1 - i, box=(-edge, -edge, -edge, edge)) for i in range(90))
    for i in range(100):
        trails.update(crowd[: 1 + i % 90], 10**18 + i * 40_000_000)
    for i in range(5000):
        trails.update(crowd[:1], 10**18 + (100 + i) * 10_000_000)
        if i % 100 == 0:
            assert 50_000 < len(msgspec.msgpack.encode(trails.state)) < 65_000
    trail = trails.of(2**32 - 1, 10**18)
    assert trail is not None
    assert len(trail.points) == 126, "2,000 points at 100/s, one in 16 of which is drawn"
    trails.update(tuple(make_track(i + 1) for i in range(5000)), 2 * 10**18)
    assert trails.state == []


def test_a_trail_is_smooth_and_grows_fresher() -> None:
    trails, rng = Trails(2.0), np.random.default_rng(3)
    for i in range(60):
        x, sway = 20.0 + 6 * i, float(rng.normal(0, 2))
        trails.update((make_track(box=(x, 20 + sway, x + 20, 60 + sway)),), i * 40_000_000)
    trail = trails.of(1, 59 * 40_000_000)
    assert trail is not None
    assert 10 < len(trail.points) < 20
    assert (np.diff(trail.freshness) > 0).all()
    assert trail.freshness[-1] == 1
    assert (np.diff(trail.points[:, 0]) > 0).all()
    assert trail.points[-1, 0] == pytest.approx(20 + 6 * 59 + 10, abs=12)
    assert np.ptp(trail.points[2:-2, 1]) < 2
    assert trails.of(1, 59 * 40_000_000, least_px=1000) is None


def test_a_trail_that_leaves_the_frame_is_drawn_as_far_as_that() -> None:
    points = np.array([[-1e6, 90.0], [20.0, 90.0], [400.0, 90.0]])
    coverage, origin = Trail(points, np.array([0.5, 1.0])).drawn((180, 240), 4, 1.0)
    assert origin == (0, 86)
    assert coverage.shape == (8, 240)
    assert (coverage[3:5].min(axis=0) > 100).all()
    assert Trail(points - (0, 500), np.array([0.5, 1.0])).drawn((180, 240), 4, 1.0)[0].size == 0


def test_with_its_state_another_process_draws_the_same() -> None:
    config = VideoConfig(trail_s=0.3)
    annotator = Annotator(config)
    for seq in range(20):
        x = 20.3 + 7.7 * seq
        box = (x, 20.0, x + 20.1, 60.7)
        state = "lost" if seq % 7 == 6 else "active"
        successor = Annotator(config)
        kept = msgspec.msgpack.encode(annotator.trails.state)
        successor.trails.restore(msgspec.msgpack.decode(kept, type=list[Feet]))
        track = make_track(box=box, mask=disc_mask(box), state=state)
        drawn, again = (draw(track, annotator=drawer, seq=seq).planes for drawer in (annotator, successor))
        for name in ("y", "u", "v"):
            np.testing.assert_array_equal(getattr(drawn, name), getattr(again, name))
        assert successor.trails.state == annotator.trails.state


def test_a_small_object_gets_a_short_plate() -> None:
    small, large = (80.0, 100.0, 100.0, 120.0), (80.0, 60.0, 100.0, 140.0)
    widths = []
    for box in (small, large):
        above = touched(draw(make_track(box=box, mask=None)))[: int(box[1]) - 3]
        columns = np.nonzero(above.any(axis=0))[0]
        widths.append(columns.max() - columns.min())
    assert 8 < widths[0] < 0.5 * widths[1]

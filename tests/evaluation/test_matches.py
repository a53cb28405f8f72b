import pytest

from streamseg.evaluation.matches import best_typical_worst, score_pictures
from streamseg.evaluation.stills import find, score
from streamseg.training.dataset import load_dataset
from tests.evaluation.colours import ColourNetwork
from tests.training.stills import write_zip


class OneShort(ColourNetwork):
    """Misses the last object of every picture, and doubts the first."""

    def _instances(self, sample):
        whole = super()._instances(sample)
        whole.scores[0] = 0.2
        return type(whole)(whole.boxes[:-1], whole.scores[:-1], whole.labels[:-1], whole.masks[:-1])


@pytest.fixture
def dataset(tmp_path):
    write_zip(tmp_path / "blobs.zip")
    return load_dataset(tmp_path / "blobs.zip", ColourNetwork.labels)


def test_a_picture_is_as_good_as_its_outlines_and_its_count(dataset):
    ranked = score_pictures(score(ColourNetwork(), dataset), 0.3)
    assert len(ranked) == len(dataset.pictures)
    assert all(each.f1 == 1 and each.iou > 0.9 for each in ranked)
    assert [each.quality for each in ranked] == sorted((each.quality for each in ranked), reverse=True)


def test_what_is_missed_or_doubted_costs(dataset):
    result = score(OneShort(), dataset)
    objects = {each.picture.id: len(each.truth) for each in score_pictures(result, 0.1)}
    for each in score_pictures(result, 0.1):
        found = objects[each.picture.id] - 1
        assert each.f1 == pytest.approx(2 * found / (2 * found + 1))
    for each in score_pictures(result, 0.3):
        found = objects[each.picture.id] - 2
        assert each.f1 == pytest.approx(2 * found / (2 * found + 2))


def test_only_regions_of_several_and_nothing_else_is_no_score(tmp_path):
    write_zip(tmp_path / "crowds.zip", crowd=True)
    crowds = load_dataset(tmp_path / "crowds.zip", ColourNetwork.labels)
    result = score(ColourNetwork(), crowds)
    assert find(ColourNetwork(), crowds, lambda: None) and score_pictures(result, 0.3) == []


@pytest.mark.parametrize(
    ("count", "groups"),
    [
        (0, {}),
        (2, {"best": [0, 1]}),
        (3, {"best": [0], "typical": [1], "worst": [2]}),
        (20, {"best": [0, 1, 2, 3], "typical": [8, 9, 10, 11], "worst": [16, 17, 18, 19]}),
    ],
)
def test_no_picture_is_shown_twice(count, groups):
    assert best_typical_worst(list(range(count))) == groups

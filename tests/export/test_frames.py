"""Where the frames to calibrate on come from."""

import numpy as np
import pytest

from streamseg.errors import ConfigError, DataError, SourceError
from streamseg.export.frames import STREET, read_samples
from tests.training.stills import write_zip

CLIP = "synthetic://street?seconds=4&size=160x96&fps=5&seed=2"


def test_views_have_the_size_asked_for():
    samples = read_samples([CLIP], (64, 96), 4)
    assert len(samples) == 4 and all(sample.view.shape == (64, 96, 3) for sample in samples)


def test_frames_are_spread_over_a_clip():
    every = read_samples([CLIP], (64, 96), 20)
    some = read_samples([CLIP], (64, 96), 4)
    assert len(every) == 20
    assert all(np.array_equal(sample.view, every[i].view) for sample, i in zip(some, (0, 5, 10, 15), strict=True))


def test_sources_share_alike(tmp_path):
    write_zip(tmp_path / "blobs.zip", images=6)
    samples = read_samples([str(tmp_path / "blobs.zip"), CLIP], (64, 96), 4)
    assert [sample.fit.content_hw for sample in samples] == [(64, 85)] * 2 + [(58, 96)] * 2


def test_what_moves_is_told_where_it_is_asked_for(tmp_path):
    write_zip(tmp_path / "blobs.zip", images=1)
    still, *clip = read_samples([str(tmp_path / "blobs.zip"), CLIP], (64, 96), 40, motion=True)
    assert still.motion is None and {sample.motion.shape for sample in clip} == {(16, 24)}
    assert read_samples([CLIP], (64, 96), 1)[0].motion is None


def test_fewer_frames_than_asked_for_are_taken_as_they_are(tmp_path):
    write_zip(tmp_path / "blobs.zip", images=3)
    assert len(read_samples([str(tmp_path / "blobs.zip")], (64, 96), 100)) == 3


def test_the_street_gives_eight():
    assert len(read_samples([STREET], (64, 96), 8)) == 8


def test_what_cannot_be_read(tmp_path):
    (tmp_path / "text.zip").write_text("no zip")
    (tmp_path / "text.mp4").write_text("no clip")
    with pytest.raises(DataError, match=r"text\.zip: not a zip"):
        read_samples([str(tmp_path / "text.zip")], (64, 96), 4)
    with pytest.raises(SourceError, match=r"text\.mp4"):
        read_samples([str(tmp_path / "text.mp4")], (64, 96), 4)
    with pytest.raises((ConfigError, SourceError), match=r"nosuch\.mp4"):
        read_samples([str(tmp_path / "nosuch.mp4")], (64, 96), 4)

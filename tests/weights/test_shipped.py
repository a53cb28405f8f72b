"""The networks that ship: what they say of themselves, and what they see on real pictures and clips."""

import pytest

import streamseg
from streamseg.config import ModelConfig
from streamseg.evaluation.stills import LOWEST_SCORE, evaluate
from streamseg.inference import load_network
from streamseg.weights.header import find_weights, read_metadata
from tests.conftest import shared_file


@pytest.mark.parametrize(("name", "most_bytes"), [("s", 6e6), ("m", 18e6)])
def test_file_names_its_classes_terms_and_card(name, most_bytes):
    path = find_weights(name)
    header = read_metadata(path)
    assert path.stat().st_size < most_bytes
    assert header.labels == ("person", "vehicle", "animal")
    assert "research and evaluation only" in header.notes["terms"]
    assert "research and evaluation only" in path.with_suffix(".md").read_text().lower()


@pytest.mark.parametrize("name", ["s", "m"])
@pytest.mark.timeout(300)
def test_people_in_held_out_photographs(name):
    data = shared_file("stills/penn_fudan-val.zip")
    network = load_network(ModelConfig(name=name, view=(416, 416), score=LOWEST_SCORE))
    assert evaluate(network, [data])["penn_fudan"]["person"].mask_ap50 >= 0.70


@pytest.mark.parametrize(
    ("clip", "label", "objects"),
    [
        ("pedestrians-square.mp4", "person", 2),
        ("road-vehicles.mp4", "vehicle", 1),
        ("dog-and-person.mp4", "person", 1),
    ],
)
@pytest.mark.timeout(300)
def test_objects_of_real_clips_are_found_followed_and_cut_out(clip, label, objects):
    seen: dict[int, int] = {}
    cut: set[int] = set()
    for extraction in streamseg.open(shared_file(f"clips/{clip}"), every="all", max_frames=60, start=1.0):
        for track in extraction.tracks:
            if track.state == "active" and track.label == label:
                seen[track.id] = seen.get(track.id, 0) + 1
        cut |= {cutout.track.id for cutout in extraction.cutouts}
    followed = {track for track, frames in seen.items() if frames >= 20}
    assert len(followed) >= objects
    assert len(followed & cut) >= objects

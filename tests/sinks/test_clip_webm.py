from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from streamseg.config_output import ClipsConfig
from streamseg.sinks.clip_webm import WebmFile, spread_colours
from tests.sinks.clip_scenes import shown


def disc(size_hw: tuple[int, int], rgb: tuple[int, int, int], radius: int = 20) -> np.ndarray:
    """Black outside, as cut-outs are."""
    alpha = np.zeros(size_hw, np.uint8)
    cv2.circle(alpha, (size_hw[1] // 2, size_hw[0] // 2), radius, 255, -1, cv2.LINE_AA)
    rgba = np.zeros((*size_hw, 4), np.uint8)
    rgba[:, :, :3][alpha > 0] = rgb
    rgba[:, :, 3] = alpha
    return rgba


def test_colours_reach_out_beyond_the_edge() -> None:
    rgba = disc((64, 50), (200, 60, 20))
    spread = spread_colours(rgba)
    inside = rgba[:, :, 3] > 0
    np.testing.assert_array_equal(spread[inside], rgba[inside][:, :3])
    assert np.abs(spread[~inside].astype(int) - (200, 60, 20)).max() <= 2


@pytest.mark.parametrize("size_hw", [(1, 1), (1, 9), (7, 13), (130, 66)])
def test_the_nearest_colour_wins_at_every_size(size_hw: tuple[int, int]) -> None:
    rgba = np.zeros((*size_hw, 4), np.uint8)
    rgba[:, 0] = (250, 0, 0, 255)
    rgba[:, -1] = (0, 0, 250, 9)
    spread = spread_colours(rgba).astype(int)
    width = size_hw[1]
    assert (spread[:, : width // 3, 0] >= spread[:, : width // 3, 2]).all()
    assert (spread[:, width - width // 3 :, 2] >= spread[:, width - width // 3 :, 0]).all()
    assert (spread.sum(axis=2) > 200).all()


def test_a_picture_of_nothing_is_black() -> None:
    assert not spread_colours(np.zeros((6, 8, 4), np.uint8)).any()


def test_colours_do_not_bleed_at_the_edge(tmp_path: Path) -> None:
    """Compressed hard, half-transparent pixels still have the object's colour, and not that of what is around it."""
    rgba = disc((96, 96), (220, 200, 40))
    rgba[:, :, 3] = cv2.GaussianBlur(rgba[:, :, 3], (0, 0), 2)
    rgba[rgba[:, :, 3] > 0, :3] = (220, 200, 40)
    with WebmFile(tmp_path / "a.webm", (96, 96), ClipsConfig(crf=50)) as file:
        for i in range(5):
            file.add(rgba, 40 * i, 40)
    edge = (rgba[:, :, 3] > 10) & (rgba[:, :, 3] < 245)
    for picture in shown(tmp_path / "a.webm"):
        assert np.abs(picture.rgba[edge][:, :3].astype(int) - (220, 200, 40)).max() < 12


def test_the_file_says_what_players_need(tmp_path: Path) -> None:
    path = tmp_path / "a.webm"
    with WebmFile(path, (50, 64), ClipsConfig()) as file:
        for i in range(3):
            file.add(disc((64, 50), (200, 60, 20)), 40 * i, 40)
    with av.open(str(path)) as container:
        [stream] = container.streams.video
        context = stream.codec_context
        assert {key.lower(): value for key, value in stream.metadata.items()}["alpha_mode"] == "1"
        assert (context.codec.name, context.width, context.height) == ("vp9", 50, 64)
        assert container.duration == 120_000
        packets = [packet for packet in container.demux(stream) if packet.size]
        assert [float(packet.pts * packet.time_base) for packet in packets] == pytest.approx([0, 0.04, 0.08])
        assert all(packet.has_sidedata("matroska_block_additional") for packet in packets)
        colours = [int(value) for value in (context.colorspace, context.color_primaries, context.color_range)]
        assert colours == [6, 1, 1], "BT.601's matrix, BT.709's primaries, video range"


def test_alpha_is_exact_and_both_pictures_can_be_sought(tmp_path: Path) -> None:
    noise = cv2.GaussianBlur(np.random.default_rng(2).integers(0, 256, (32, 40, 4)).astype(np.uint8), (0, 0), 2)
    pictures = [np.roll(noise, i, axis=1) for i in range(130)]
    with WebmFile(tmp_path / "a.webm", (40, 32), ClipsConfig(crf=63)) as file:
        for i, rgba in enumerate(pictures):
            file.add(rgba, 40 * i, 40)
    for picture, rgba in zip(shown(tmp_path / "a.webm"), pictures, strict=True):
        np.testing.assert_array_equal(picture.rgba[:, :, 3], rgba[:, :, 3])
    from_100 = shown(tmp_path / "a.webm", first=100)
    np.testing.assert_array_equal(from_100[0].rgba[:, :, 3], pictures[100][:, :, 3])
    assert len(from_100) == 30


def test_no_two_files_differ(tmp_path: Path) -> None:
    noise = np.random.default_rng(2).integers(0, 256, (48, 40, 4)).astype(np.uint8)
    for name in "ab":
        with WebmFile(tmp_path / name, (40, 48), ClipsConfig()) as file:
            for i in range(8):
                file.add(np.roll(noise, i, axis=0), 33 * i, 33)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()

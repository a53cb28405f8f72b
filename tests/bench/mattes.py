"""How good mattes are: python tests/bench/mattes.py --objects ZIP ... --canvases ZIP ... [--reference]

Objects with exact alpha and colours (mattes_scenes.py) are cut out from the frame that the camera sees and the true
mask, averaged down to the network's mask cells as the product has them. Printed is a table in Markdown with the errors
of mattes_metrics.py, as means over sequences, and the milliseconds of one object of 256x512 pixels on one core.
"""

import argparse
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from streamseg.config import CutoutsConfig
from streamseg.geometry import SoftMask, cover
from streamseg.pixels import crop_rgb, frame_rgb
from streamseg.records import Frame, Track
from streamseg.tracking.cutter import Cutter
from streamseg.tracking.decontaminate import decontaminate
from streamseg.tracking.matte import Crop, band_px, guided_matte
from streamseg.training.dataset import Dataset, load_dataset
from tests.bench import mattes_plain
from tests.bench.mattes_composites import composite_sequences
from tests.bench.mattes_metrics import Pasted, errors, unknown_band
from tests.bench.mattes_scenes import CELLS, Clip, Shot, street_sequences

PYMATTING = "pymatting==1.1.16"
CACHE = Path("~/.cache/streamseg-bench").expanduser()
HEAD = "| | SAD | gradient | halo | dtSSD | ms, 720p / 1080p |\n|---|---|---|---|---|---|"
TUNING, REPORT = range(100, 104), range(200, 208)
"""Seeds of streets to choose constants by, and those of the table."""
SURE = 225
"""Mask values from here on are the object, and as far from 0 they are not: the reference's trimap, and our band."""
Method = Callable[[Frame, Track], Pasted]


def bilinear(frame: Frame, track: Track) -> Pasted:
    """The mask upsampled, the frame's own colours."""
    return _pasted(frame, _mask(track).on(_whole(frame)), frame_rgb(frame))


def guided(frame: Frame, track: Track) -> Pasted:
    """The guided filter and blur fusion of mattes_plain.py."""
    mask, rgb = _mask(track), frame_rgb(frame)
    matte = mattes_plain.guided_matte(rgb, mask, _whole(frame))
    return _pasted(frame, matte.alpha, mattes_plain.decontaminate(rgb, matte, mattes_plain.band_px(mask)))


def ours(frame: Frame, track: Track) -> Pasted:
    """What the product writes."""
    cutout = Cutter(CutoutsConfig()).cut(frame, track)
    assert cutout is not None
    (x, y), (height, width) = cutout.offset, cutout.rgba.shape[:2]
    rgba = np.zeros((*frame.size_hw, 4), np.uint8)
    rgba[y : y + height, x : x + width] = cutout.rgba
    return _pasted(frame, rgba[:, :, 3], rgba[:, :, :3])


def ours_contaminated(frame: Frame, track: Track) -> Pasted:
    """Our alpha with the frame's own colours."""
    return Pasted(ours(frame, track).alpha, frame_rgb(frame).astype(np.float32))


METHODS: dict[str, Method] = {
    "bilinear": bilinear,
    "guided filter": guided,
    "ours, colours of the frame": ours_contaminated,
    "ours": ours,
}


def _whole(frame: Frame) -> tuple[int, int, int, int]:
    height, width = frame.size_hw
    return 0, 0, width, height


def _mask(track: Track) -> SoftMask:
    assert track.mask is not None
    return track.mask


def _pasted(frame: Frame, alpha: np.ndarray, rgb: np.ndarray) -> Pasted:
    return Pasted(alpha.astype(np.float32) / 255, rgb.astype(np.float32))


@dataclass(frozen=True, slots=True)
class Taken:
    """A clip as the product meets it: frames, tracks with masks, truth and unknown bands (bool [H, W])."""

    clip: Clip
    frames: list[Frame]
    tracks: list[Track]
    truth: list[Pasted]
    bands: list[np.ndarray]


def taken(clip: Clip, spoil: float) -> Taken:
    frames = [shot.frame(k) for k, shot in enumerate(clip.shots)]
    tracks = [shot.track(clip.cells_per_px) for shot in clip.shots]
    if spoil:
        tracks = [_spoilt(track, spoil, seed=k) for k, track in enumerate(tracks)]
    bands = [
        unknown_band(_mask(shot.track(clip.cells_per_px)), shot.alpha.shape, clip.cells_per_px) for shot in clip.shots
    ]
    return Taken(clip, frames, tracks, [_truth(*pair) for pair in zip(clip.shots, frames, strict=True)], bands)


def _truth(shot: Shot, frame: Frame) -> Pasted:
    """Where the object fills a pixel, the frame's own colour is the truth: its grain is no error of the matte."""
    full = shot.alpha[:, :, None] > 0.999
    return Pasted(shot.alpha, np.where(full, frame_rgb(frame).astype(np.float32), shot.colours))


def _spoilt(track: Track, amount: float, *, seed: int) -> Track:
    """With a mask as a network gives it: softer than the truth, its edge a little aside."""
    from dataclasses import replace

    mask = _mask(track)
    soft = cv2.GaussianBlur(mask.alpha.astype(np.float32) / 255, (0, 0), 0.8, borderType=cv2.BORDER_REPLICATE)
    noise = np.random.default_rng([seed, 25]).normal(size=soft.shape).astype(np.float32)
    wobble = cv2.GaussianBlur(noise, (0, 0), 1.0) * amount * ((soft > 0.02) & (soft < 0.98))
    return replace(track, mask=SoftMask(np.rint(np.clip(soft + wobble, 0, 1) * 255).astype(np.uint8), mask.box))


def reference(all_taken: Sequence[Taken]) -> list[list[Pasted]]:
    """Closed-form matting and multi-level colours of all frames, by pymatting in an environment of its own."""
    home = CACHE / PYMATTING.replace("=", "-")
    python = home / "bin" / "python"
    if not python.exists():
        venv.create(home, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", PYMATTING], check=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for i, one in enumerate(all_taken):
            for k, (frame, track) in enumerate(zip(one.frames, one.tracks, strict=True)):
                coarse = _mask(track).on(_whole(frame))
                trimap = np.where(coarse >= SURE, 1.0, np.where(coarse <= 255 - SURE, 0.0, 0.5))
                np.savez(folder / f"{i:04}-{k}.npz", rgb=frame_rgb(frame), trimap=trimap)
        script = Path(__file__).with_name("mattes_reference.py")
        subprocess.run([python, script, folder], check=True)
        out = [[np.load(folder / f"{i:04}-{k}.out.npy") for k in range(len(t.frames))] for i, t in enumerate(all_taken)]
    return [[Pasted(rgba[:, :, 3].copy(), rgba[:, :, :3]) for rgba in frames] for frames in out]


def _bilinear_cut(_: np.ndarray, mask: SoftMask, crop: Crop) -> None:
    mask.on(crop)


def _guided_cut(rgb: np.ndarray, mask: SoftMask, crop: Crop) -> None:
    mattes_plain.decontaminate(rgb, mattes_plain.guided_matte(rgb, mask, crop), mattes_plain.band_px(mask))


def _our_matte(rgb: np.ndarray, mask: SoftMask, crop: Crop) -> None:
    guided_matte(rgb, mask, crop)


def _our_cut(rgb: np.ndarray, mask: SoftMask, crop: Crop) -> None:
    decontaminate(rgb, guided_matte(rgb, mask, crop), band_px(mask))


TIMED = dict(zip(METHODS, (_bilinear_cut, _guided_cut, _our_matte, _our_cut), strict=True))


def milliseconds(name: str, lines: int, height_px: int = 512) -> float:
    """Median processor time of alpha and colours for an object half as wide as high, in a frame with so many lines."""
    rng = np.random.default_rng(3)
    size = height_px / 512
    height, width = (round(side * size / 20) * 20 for side in (640, 400))
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    outline = size * (90 + 30 * np.sin(rows / (17 * size)) + 8 * np.sin(rows / (5 * size)))
    inside = (np.abs(columns - width / 2) < outline) & (np.abs(rows - height / 2) < height_px / 2)
    alpha = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), 1.0)
    planes = [cv2.GaussianBlur(rng.normal(0, 1, (height, width, 3)), (0, 0), 2) * 100 + 128 for _ in range(2)]
    rgb = alpha[:, :, None] * planes[0] + (1 - alpha[:, :, None]) * planes[1]
    shot = Shot(np.clip(rgb, 0, 255).astype(np.uint8), alpha, planes[0].astype(np.float32))
    frame, track = shot.frame(0), shot.track(CELLS[lines])
    crop = cover(track.box, frame.size_hw, CutoutsConfig().margin, even=True)
    pixels = np.ascontiguousarray(crop_rgb(frame, crop))
    times = []
    for _ in range(61):
        begun = time.process_time()
        TIMED[name](pixels, _mask(track), crop)
        times.append(1e3 * (time.process_time() - begun))
    return float(np.median(times))


def print_times() -> None:
    """What smaller and larger objects cost."""
    print("\n| object | " + " | ".join(TIMED) + " |\n|---|" + "---|" * len(TIMED))
    for height_px in (128, 512, 1024):
        cells = (" / ".join(f"{milliseconds(name, lines, height_px):.1f}" for lines in CELLS) for name in TIMED)
        print(f"| {height_px // 2}x{height_px} | " + " | ".join(cells) + " |", flush=True)


def clips(objects: Sequence[Dataset], canvases: Sequence[Dataset], *, tune: bool, count: int) -> Iterator[Clip]:
    seeds = TUNING if tune else REPORT
    for k, seed in enumerate(seeds):
        yield from street_sequences([seed], 720 if k % 2 == 0 else 1080)
    for k, one in enumerate(objects):
        yield from composite_sequences(one, canvases[k % len(canvases)], count, seed=1 if tune else 2)


def row(name: str, one: Sequence[float], ms: str) -> str:
    return f"| {name} | " + " | ".join(f"{value:.2f}" for value in one) + f" | {ms} |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", nargs="*", type=Path, default=[], help="zips (COCO) with one object a picture")
    parser.add_argument("--canvases", nargs="*", type=Path, default=[], help="zips whose pictures lie behind them")
    parser.add_argument("--count", type=int, default=8, help="composites of each zip; default 8")
    parser.add_argument("--tune", action="store_true", help="the scenes to choose constants by, not those to report")
    parser.add_argument("--spoil", type=float, default=0.0, help="masks as a network gives them: wobble, e.g. 0.3")
    parser.add_argument(
        "--reference", action="store_true", help="pymatting too: minutes, and an environment of its own"
    )
    parser.add_argument("--times", action="store_true", help="nothing but the milliseconds, of objects of three sizes")
    parser.add_argument("--split", action="store_true", help="a line for every clip")
    asked = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    if asked.times:
        print_times()
        return
    sets = [[load_dataset(path, ["person"]) for path in group] for group in (asked.objects, asked.canvases)]
    scenes = [taken(clip, asked.spoil) for clip in clips(*sets, tune=asked.tune, count=asked.count)]
    made: dict[str, list[list[Pasted]]] = {
        name: [[method(*pair) for pair in zip(s.frames, s.tracks, strict=True)] for s in scenes]
        for name, method in METHODS.items()
    }
    if asked.reference:
        made["pymatting closed-form, multi-level"] = reference(scenes)
    for kind in ("street", "composite"):
        chosen = [i for i, s in enumerate(scenes) if s.clip.kind == kind]
        if not chosen:
            continue
        print(f"\n{kind}: {len(chosen)} sequences\n\n{HEAD}")
        for name, pasted in made.items():
            each = [astuple(errors(scenes[i].truth, pasted[i], scenes[i].bands)) for i in chosen]
            ms = " / ".join(f"{milliseconds(name, lines):.1f}" for lines in CELLS) if name in TIMED else "-"
            print(row(name, np.mean(each, axis=0).tolist(), ms), flush=True)
            if asked.split:
                for i, values in zip(chosen, each, strict=True):
                    print(row(f"{name}: {scenes[i].clip.name} {' '.join(sorted(scenes[i].clip.traits))}", values, ""))


if __name__ == "__main__":
    main()

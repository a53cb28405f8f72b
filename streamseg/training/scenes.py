"""Training scenes: a picture, moved and scaled, with objects of other pictures pasted on it, as uint8 and exact masks.

Copy-paste after Ghiasi et al. 2021, "Simple Copy-Paste is a Strong Data Augmentation Method", sec. 3.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from streamseg.preprocess.fit_view import GREY
from streamseg.training.dataset import Annotation, Dataset
from streamseg.training.motion import motion_of
from streamseg.training.scene import Scene, Thing
from streamseg.training.shadows import cast_shadows
from streamseg.training.weather import spoil

U8 = npt.NDArray[np.uint8]
Generator = np.random.Generator


@dataclass(frozen=True, slots=True)
class SceneOptions:
    """zoom: long side of the picture in the scene, in scene sides; paste: most pasted objects; paste_px: their long
    side in pixels; copy_paste: share of scenes that get any; motion: whether scenes get a map of what moves.
    """

    size: int = 320
    zoom: tuple[float, float] = (0.7, 1.7)
    paste: int = 6
    paste_px: tuple[float, float] = (16.0, 240.0)
    copy_paste: float = 0.6
    motion: bool = True


@dataclass(frozen=True, slots=True)
class Cast:
    """What a scene shows: a picture, and the objects pasted on it; how it shows them is still open.

    Indices of data set and picture; of data set, picture and row.
    """

    picture: tuple[int, int]
    pasted: tuple[tuple[int, int, int], ...]


class SceneMaker:
    """Draws scenes from weighted data sets; every call of make() is one more, all from the generator given."""

    def __init__(self, sources: Sequence[tuple[Dataset, float]], labels: int, options: SceneOptions):
        self.sources = [dataset for dataset, _ in sources]
        weights = np.array([weight for _, weight in sources], float)
        self.weights = weights / weights.sum()
        self.labels, self.options = labels, options
        self.cuttable = cuttable_rows(self.sources)

    def make(self, rng: Generator, cast: Cast | None = None) -> Scene:
        """One scene, of what cast() gave if that is given."""
        cast = cast or self.cast(rng)
        scene = self._canvas(cast.picture, rng)
        for source in cast.pasted:
            self._paste(scene, source, rng)
        scene.rgb = cast_shadows(scene.rgb, scene.things, rng)
        if self.options.motion:
            scene.motion = motion_of(scene.rgb, scene.things, rng, scene.shadows)
        scene.rgb = spoil(scene.rgb, rng)
        return scene

    def make_many(self, count: int, twice: float, rng: Generator) -> list[Scene]:
        """count scenes; about this share of them (0..1) shows the same as another one, placed and spoiled anew."""
        pairs = round(count * twice / 2)
        shown = [self.cast(rng) for _ in range(count - pairs)]
        return [self.make(rng, cast) for cast in (*shown, *shown[:pairs])]

    def cast(self, rng: Generator) -> Cast:
        """What one scene shows."""
        dataset = int(rng.choice(len(self.sources), p=self.weights))
        picture = int(rng.integers(len(self.sources[dataset].pictures)))
        pasted = 0
        if self.cuttable and rng.random() < self.options.copy_paste:
            pasted = int(rng.integers(1, self.options.paste + 1))
        rows = rng.integers(len(self.cuttable), size=pasted) if pasted else ()
        return Cast((dataset, picture), tuple(self.cuttable[row] for row in rows))

    def _canvas(self, source: tuple[int, int], rng: Generator) -> Scene:
        dataset, size = source[0], self.options.size
        picture = self.sources[dataset].pictures[source[1]]
        rgb, flip = picture.rgb(), rng.random() < 0.5
        matrix = self._move(picture.size_hw, flip, rng)
        scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
        if scale < 0.6:
            rgb = cv2.GaussianBlur(rgb, (0, 0), 0.45 / scale)
        rgb = cv2.warpAffine(rgb, matrix, (size, size), flags=cv2.INTER_LINEAR, borderValue=(GREY,) * 3)
        scene = Scene(
            rgb, [], np.ones((self.labels, size, size), np.uint8), np.zeros((self.labels, size, size), np.uint8)
        )
        covered = np.zeros((size, size), np.uint8)
        for annotation in picture.annotations():
            if annotation.dark:
                covered |= self._shade(scene, annotation, matrix, dataset) > 0
            else:
                self._place(scene, annotation, matrix, covered, identity_of(dataset, annotation.id))
        inside = cv2.warpAffine(np.ones(picture.size_hw, np.uint8), matrix, (size, size), flags=cv2.INTER_NEAREST)
        for label, known in enumerate(picture.known):
            if not known:
                scene.valid[label] &= covered | (1 - inside)
        return scene

    def _move(self, size_hw: tuple[int, int], flip: bool, rng: Generator) -> npt.NDArray[np.float64]:
        size, (height, width) = self.options.size, size_hw
        scale = size / max(height, width) * np.exp(rng.uniform(*np.log(self.options.zoom)))
        stretch = np.exp(rng.uniform(-0.12, 0.12))
        sx, sy = scale * stretch, scale / stretch
        # anywhere between flush left and flush right, also for pictures larger than the scene
        dx, dy = rng.uniform(0, 1) * (size - width * sx), rng.uniform(0, 1) * (size - height * sy)
        matrix = np.array([[sx, 0, dx], [0, sy, dy]])
        if flip:
            matrix[0] = -sx, 0, size - 1 - dx
        return matrix

    def _place(
        self, scene: Scene, annotation: Annotation, matrix: npt.NDArray[np.float64], covered: U8, identity: int
    ) -> None:
        size, label = self.options.size, annotation.label
        if annotation.mask is None:
            self._place_box(scene, annotation, matrix, identity)
            return
        mask = cv2.warpAffine(annotation.mask * 255, matrix, (size, size), flags=cv2.INTER_LINEAR) // 128
        area = int(np.count_nonzero(mask))
        if area == 0:
            return
        covered |= mask
        if label < 0:
            return
        if annotation.crowd:
            scene.crowd[label] |= mask
            scene.valid[label] &= 1 - mask
        elif area >= 24:
            full = np.count_nonzero(annotation.mask) * abs(matrix[0, 0] * matrix[1, 1])
            scene.things.append(Thing(label, mask, _hull(mask), int(full), identity))
        else:
            scene.valid[label] &= 1 - mask

    def _shade(self, scene: Scene, annotation: Annotation, matrix: npt.NDArray[np.float64], dataset: int) -> U8:
        """A shadow that the picture has, as Thing.shadow; what casts it is placed before it."""
        assert annotation.mask is not None
        size, caster = (self.options.size,) * 2, identity_of(dataset, annotation.of)
        shadow = cv2.warpAffine(annotation.mask * np.uint8(255 * annotation.dark), matrix, size)
        for thing in scene.things:
            if thing.identity == caster:
                thing.shadow = shadow
                return shadow
        scene.shadows.append(shadow)
        return shadow

    def _place_box(self, scene: Scene, annotation: Annotation, matrix: npt.NDArray[np.float64], identity: int) -> None:
        corners = np.array(annotation.box).reshape(2, 2) @ matrix[:, :2].T + matrix[:, 2]
        low, high = np.clip(corners.min(0), 0, self.options.size), np.clip(corners.max(0), 0, self.options.size)
        if annotation.label < 0 or np.any(high - low < 4):
            return
        box = float(low[0]), float(low[1]), float(high[0]), float(high[1])
        scene.things.append(Thing(annotation.label, None, box, int(np.prod(high - low)), identity))

    def _paste(self, scene: Scene, source: tuple[int, int, int], rng: Generator) -> None:
        dataset, picture, row = source
        annotation = self.sources[dataset].pictures[picture].annotation(row)
        assert annotation.mask is not None
        cut = cut_out(self.sources[dataset].pictures[picture].rgb(), annotation)
        target = np.exp(rng.uniform(*np.log(self.options.paste_px)))
        scale = min(target / max(cut.shape[:2]), 1.6)
        cut = _resized(cut, scale)
        if rng.random() < 0.5:
            cut = cut[:, ::-1]
        place = self._free_place(cut.shape[:2], rng)
        thing = annotation.label, identity_of(dataset, annotation.id)
        _composite(scene, cut, place, thing, light=float(rng.uniform(0.75, 1.25)))

    def _free_place(self, size_hw: tuple[int, int], rng: Generator) -> tuple[int, int]:
        # up to a third of it may leave the picture
        slack_x, slack_y = size_hw[1] // 3, size_hw[0] // 3
        x = rng.integers(-slack_x, max(1 - slack_x, self.options.size - size_hw[1] + slack_x) + 1)
        y = rng.integers(-slack_y, max(1 - slack_y, self.options.size - size_hw[0] + slack_y) + 1)
        return int(x), int(y)


def identity_of(dataset: int, annotation_id: int) -> int:
    """The number of an object, the same in every scene that shows it and in no other data set of the run."""
    return dataset << 32 | annotation_id


def cuttable_rows(sources: Sequence[Dataset]) -> list[tuple[int, int, int]]:
    """Every single object large enough to be cut out: indices of data set, picture, row; classes balanced."""
    by_label: dict[int, list[tuple[int, int, int]]] = {}
    for d, dataset in enumerate(sources):
        for p, picture in enumerate(dataset.pictures):
            for r, row in enumerate(picture.rows):
                label = picture.labels.get(row["category_id"], -1)
                large = row["bbox"][2] * row["bbox"][3] >= 1200
                if label >= 0 and large and picture.separated and row.get("segmentation") and not row.get("iscrowd"):
                    by_label.setdefault(label, []).append((d, p, r))
    most = max((len(rows) for rows in by_label.values()), default=0)
    return [rows[i % len(rows)] for rows in by_label.values() for i in range(most)]


def cut_out(rgb: U8, annotation: Annotation) -> U8:
    """The object as RGBA [h, w, 4], its edge one pixel in: the outermost pixel is half background.

    What is thin (bicycles) keeps its edge, or there would be nothing left of it.
    """
    assert annotation.mask is not None
    x0, y0, x1, y1 = (int(v) for v in _hull(annotation.mask))
    mask = annotation.mask[y0:y1, x0:x1]
    inner = cv2.erode(mask, np.ones((3, 3), np.uint8), borderValue=0)
    thin = np.count_nonzero(inner) < 0.5 * np.count_nonzero(mask)
    alpha = (mask if thin else inner) * 255
    return np.dstack([rgb[y0:y1, x0:x1], cv2.GaussianBlur(alpha, (3, 3), 0)])


def _resized(cut: U8, scale: float) -> U8:
    size = max(2, round(cut.shape[1] * scale)), max(2, round(cut.shape[0] * scale))
    return cv2.resize(cut, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)


def _composite(scene: Scene, cut: U8, place: tuple[int, int], thing: tuple[int, int], *, light: float) -> None:
    """Paste a cut (RGBA) at x, y; thing: its label and identity."""
    size, (x, y), (h, w) = scene.rgb.shape[0], place, cut.shape[:2]
    x0, y0, x1, y1 = max(0, x), max(0, y), min(size, x + w), min(size, y + h)
    if x1 - x0 < 3 or y1 - y0 < 3:
        return
    cut = cut[y0 - y : y1 - y, x0 - x : x1 - x]
    alpha = cut[..., 3:].astype(np.float32) / 255
    below = scene.rgb[y0:y1, x0:x1].astype(np.float32)
    mixed = below + alpha * (np.clip(cut[..., :3] * light, 0, 255) - below)
    scene.rgb[y0:y1, x0:x1] = np.rint(mixed).astype(np.uint8)
    mask = np.zeros((size, size), np.uint8)
    mask[y0:y1, x0:x1] = cut[..., 3] > 127
    _cover(scene, mask)
    area = int(np.count_nonzero(mask))
    if area >= 24:
        scene.things.append(Thing(thing[0], mask, _hull(mask), area, thing[1]))


def _cover(scene: Scene, mask: U8) -> None:
    """Take mask away from everything below it; what is left of a thing by less than a fifth becomes unknown."""
    free = 1 - mask
    scene.crowd &= free
    scene.valid |= mask
    scene.shadows = [shadow * free for shadow in scene.shadows]
    kept: list[Thing] = []
    for thing in scene.things:
        if thing.shadow is not None:
            thing.shadow = thing.shadow * free
        if thing.mask is not None:
            thing.mask = thing.mask & free
            visible = int(np.count_nonzero(thing.mask))
            if visible < max(24, thing.area // 5):
                scene.valid[thing.label] &= 1 - thing.mask
                scene.shadows += [] if thing.shadow is None else [thing.shadow]
                continue
            thing.box = _hull(thing.mask)
        kept.append(thing)
    scene.things = kept


def _hull(mask: U8) -> tuple[float, float, float, float]:
    x, y, w, h = cv2.boundingRect(mask)
    return float(x), float(y), float(x + w), float(y + h)

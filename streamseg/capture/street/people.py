"""A person as a solid: look and pose in, faces out."""

import numpy as np
import numpy.typing as npt

from streamseg.capture.street.gait import Pose
from streamseg.capture.street.looks import Look
from streamseg.capture.street.solid import Solid, ball, cross, join, loft, paint, rings, tube, unit

F32 = npt.NDArray[np.float32]
# height above the hip joint, half breadth, half depth, and shift forward, all as shares of the body's height
_TORSO = np.array(
    [
        [-0.055, 0.060, 0.050, -0.004],
        [-0.030, 0.086, 0.066, -0.008],
        [0.005, 0.096, 0.068, -0.008],
        [0.045, 0.092, 0.062, 0.000],
        [0.085, 0.083, 0.056, 0.004],
        [0.125, 0.084, 0.058, 0.006],
        [0.165, 0.091, 0.063, 0.008],
        [0.205, 0.098, 0.067, 0.008],
        [0.240, 0.101, 0.066, 0.004],
        [0.265, 0.097, 0.058, 0.000],
        [0.283, 0.078, 0.045, -0.002],
        [0.297, 0.046, 0.034, 0.002],
        [0.305, 0.031, 0.030, 0.006],
    ],
    np.float32,
)


def person(look: Look, pose: Pose, *, points: int = 10) -> Solid:
    """The faces of a person, x forward, y left, z up in metres; points is how many sides a limb has."""
    parts = [*_legs(look, pose, points), _torso(look, pose, points + 6), _arms(look, pose, points - 2)]
    parts += _head(look, pose, points + 4)
    if look.top in ("coat", "dress") or look.bottom == "skirt":
        parts.append(_skirt(look, pose, points + 2))
    if look.bag != "none":
        parts += _bag(look, pose)
    return join(parts)


def _spread(path: F32, at: list[float]) -> F32:
    """Points along bent limbs [n, 3, 3] at parameters 0..2 (1 is the middle joint): [n, k, 3]."""
    t = np.asarray(at, np.float32)[:, None]
    first = path[:, None, 0] * (1 - t) + path[:, None, 1] * t
    second = path[:, None, 1] * (2 - t) + path[:, None, 2] * (t - 1)
    return np.where(t <= 1, first, second).astype(np.float32)


def _folds(colours: F32, seed: float, amount: float = 0.09) -> F32:
    """Brightness that varies from face to face as cloth does, the same in every frame."""
    n = int(np.prod(colours.shape[:-1]))
    wave = np.sin(np.arange(n) * 12.9898 + seed * 78.233) * 43758.5453
    wave = (wave - np.floor(wave) - 0.5).reshape(colours.shape[:-1])[..., None]
    return (colours * (1 + amount * wave)).astype(np.float32)


def _legs(look: Look, pose: Pose, points: int) -> list[Solid]:
    h, g = look.height, look.girth
    at = [0.0, 0.22, 0.5, 0.8, 1.0, 1.15, 1.35, 1.65, 1.93]
    path = _spread(pose.legs, at)
    wide = look.bottom == "trousers"
    shape = [0.056, 0.055, 0.049, 0.041, 0.037, 0.036, 0.036, 0.031, 0.029] if wide else [
        0.054, 0.053, 0.048, 0.040, 0.031, 0.030, 0.033, 0.024, 0.019,
    ]  # fmt: skip
    radius = np.array(shape, np.float32) * h * (0.6 + 0.4 * g)
    quads = tube(path, np.stack([radius, radius * 0.92], -1)[None].repeat(2, 0), (0, 1, 0), points)
    colours = np.empty((*quads.shape[:3], 3), np.float32)
    colours[:] = look.bottom_rgb if wide else look.skin
    if look.bottom == "shorts":
        colours[:, :5] = look.bottom_rgb
    if look.bottom == "skirt":
        colours[:, :3] = look.bottom_rgb
    # cloth darkens in the hollow of the knee and towards the ground
    colours *= np.linspace(1.04, 0.86, colours.shape[1], dtype=np.float32)[:, None, None]
    solid = [paint(quads, _folds(colours, h))]
    ankle, toe = pose.legs[:, 2], pose.feet
    side = np.array([[-t[1], t[0], 0] for t in toe], np.float32)
    side /= np.linalg.norm(side, axis=-1, keepdims=True)
    down = np.cross(toe, side)
    length = np.array([-0.030, -0.022, 0.02, 0.065, 0.105, 0.122], np.float32) * h
    drop = np.array([0.018, 0.019, 0.012, 0.021, 0.027, 0.029], np.float32) * h
    shoe = (
        ankle[:, None] + toe[:, None] * length[:, None] + down[:, None] * -drop[:, None] * np.sign(down[:, None, 2:3])
    )
    radii = (
        np.array([[0.014, 0.012], [0.021, 0.021], [0.024, 0.030], [0.027, 0.019], [0.025, 0.012], [0.014, 0.008]]) * h
    )
    quads = tube(shoe, radii[None].repeat(2, 0), side[:, None], 8)
    return [*solid, paint(quads, look.shoe_rgb, gloss=0.15)]


def _torso(look: Look, pose: Pose, points: int) -> Solid:
    h, g = look.height, look.girth
    spine = (pose.chest - pose.pelvis) / np.linalg.norm(pose.chest - pose.pelvis)
    along = _TORSO[:, 0] * h
    path = pose.pelvis + along[:, None] * np.where(along[:, None] < 0, np.array([0, 0, 1], np.float32), spine)
    path[:, 0] += _TORSO[:, 3] * h
    bulk = np.interp(np.arange(13), [0, 3, 5, 8, 12], [g, g, g, 0.5 + 0.5 * g, 1.0])
    thick = {"jacket": 1.10, "coat": 1.12}.get(look.top, 1.0)
    wide = (
        _TORSO[:, 1] * h * np.interp(np.arange(13), [0, 4, 9, 12], [1, 1, look.breadth, 1]) * (0.4 + 0.6 * bulk) * thick
    )
    deep = _TORSO[:, 2] * h * bulk * thick
    turn = pose.twist * np.clip(_TORSO[:, 0] / 0.24, 0, 1)
    side = np.stack([-np.sin(turn), np.cos(turn), np.zeros(13)], -1)
    quads = tube(path, np.stack([wide, deep], -1), side, points)
    colours = np.empty((*quads.shape[:2], 3), np.float32)
    hem = 2 if look.top in ("jacket", "coat", "dress") else 4
    colours[:hem], colours[hem:] = look.bottom_rgb, look.top_rgb
    _weave(look, colours[hem:])
    # column angle 0 is the left side, a quarter turn is the back or the front by the sense of the ring
    front = _front(quads, spine, pose.twist)
    if look.top in ("jacket", "coat"):
        colours[5:12][front[5:12] > 0.93] = look.shirt_rgb
    colours[12:] = look.skin
    colours[11:12][front[11:12] > 0.75] = look.skin
    return paint(quads, _folds(colours, h + 1))


def _front(quads: F32, spine: F32, twist: float) -> F32:
    """How much each face looks forward: cosine, [rings, points]."""
    normals = cross(quads[..., 2, :] - quads[..., 0, :], quads[..., 3, :] - quads[..., 1, :])
    normals = unit(normals - (normals @ spine)[..., None] * spine)
    return np.asarray(normals @ np.array([np.cos(twist), np.sin(twist), 0], np.float32), np.float32)


def _weave(look: Look, colours: F32) -> None:
    """Pattern of a top, in place: [rings, points, 3]."""
    other = np.asarray(look.shirt_rgb, np.float32)
    if look.pattern in ("stripes", "checks"):
        colours[1::2] = colours[1::2] * 0.35 + other * 0.65
    if look.pattern == "checks":
        colours[:, ::2] = colours[:, ::2] * 0.7 + other * 0.3
    if look.pattern == "yoke":
        colours[-5:] = other


def _arms(look: Look, pose: Pose, points: int) -> Solid:
    h = look.height
    at = [-0.11, -0.03, 0.14, 0.40, 0.72, 1.0, 1.2, 1.5, 1.95]
    loose = 1.14 if look.top in ("jacket", "coat") else 1.0
    radius = np.array([0.012, 0.027, 0.033, 0.030, 0.026, 0.024, 0.024, 0.021, 0.016], np.float32)
    radius = radius * h * (0.55 + 0.45 * look.girth) * loose
    quads = tube(_spread(pose.arms, at), np.stack([radius] * 2, -1)[None].repeat(2, 0), (1, 0, 0), points)
    colours = np.empty((*quads.shape[:3], 3), np.float32)
    colours[:] = look.skin
    colours[:, : 5 if look.sleeves < 1 else 10] = look.top_rgb
    if look.pattern in ("stripes", "checks"):
        colours[:, 1:9:2] = colours[:, 1:9:2] * 0.35 + np.asarray(look.shirt_rgb, np.float32) * 0.65
        colours[:, 5 if look.sleeves < 1 else 10 :] = look.skin
    fore = pose.arms[:, 2] - pose.arms[:, 1]
    fore /= np.linalg.norm(fore, axis=-1, keepdims=True)
    palm = pose.arms[:, 2][:, None] + fore[:, None] * (np.array([-0.005, 0.02, 0.05, 0.075], np.float32) * h)[:, None]
    grip = np.array([[0.013, 0.010], [0.020, 0.012], [0.020, 0.012], [0.011, 0.008]], np.float32) * h
    hands = tube(palm, grip[None].repeat(2, 0), (1, 0, 0), 6)
    return join([paint(quads, _folds(colours, h + 2)), paint(hands, look.skin)])


def _head(look: Look, pose: Pose, points: int) -> list[Solid]:
    h = look.height
    turn = np.array([[np.cos(pose.gaze), np.sin(pose.gaze), 0], [-np.sin(pose.gaze), np.cos(pose.gaze), 0], [0, 0, 1]])
    # height over the head's centre, half breadth, half depth, forward shift: a skull that narrows to the chin
    shape = np.array(
        [
            [-0.066, 0.018, 0.020, 0.016],
            [-0.055, 0.029, 0.034, 0.010],
            [-0.036, 0.037, 0.044, 0.004],
            [-0.012, 0.042, 0.050, 0.000],
            [0.014, 0.044, 0.053, -0.003],
            [0.036, 0.042, 0.050, -0.005],
            [0.053, 0.033, 0.040, -0.006],
            [0.064, 0.017, 0.021, -0.006],
        ],
        np.float32,
    )
    path = np.zeros((8, 3), np.float32)
    path[:, 0], path[:, 2] = shape[:, 3] * h, shape[:, 0] * h
    grid = rings(path, shape[:, 1:3] * h, (0, 1, 0), points)
    quads = loft(grid)
    middle = quads.mean(-2) / h
    skin = np.asarray(look.skin, np.float32)
    colours = np.broadcast_to(skin, middle.shape).copy()
    face = np.abs(middle[..., 1]) < 0.030
    low = middle[..., 0] > 0.018
    colours[low & face & (np.abs(middle[..., 2] - 0.006) < 0.011)] = skin * 0.62
    colours[low & face & (np.abs(middle[..., 2] + 0.042) < 0.010)] = skin * np.array([0.84, 0.66, 0.64], np.float32)
    if look.beard:
        colours[(middle[..., 2] < -0.030) & (middle[..., 0] > -0.006)] = np.asarray(look.hair_rgb) * 0.7 + skin * 0.3
    ridge = np.array([[0.044, 0, 0.010], [0.052, 0, -0.004], [0.058, 0, -0.016], [0.046, 0, -0.022]]) * h
    nose = tube(ridge, np.array([[0.005], [0.007], [0.010], [0.006]]).repeat(2, 1) * h, (0, 1, 0), 6)
    ears = [ball((-0.004 * h, y * h, -0.008 * h), (0.011 * h, 0.006 * h, 0.016 * h), 4, 6) for y in (0.044, -0.044)]
    neck = tube([[-0.014 * h, 0, -0.125 * h], [-0.006 * h, 0, -0.085 * h], [-0.003 * h, 0, -0.045 * h]],
                (0.030 * h, 0.030 * h), (0, 1, 0), 10)  # fmt: skip
    solids = [paint(quads, colours), paint(nose, skin * 1.02), paint(neck, skin * 0.86)]
    solids += [paint(e, skin * 0.95) for e in ears] if look.hair not in ("long", "hood") and points > 10 else []
    solids += _hair(look, points)
    whole = join(solids)
    return [Solid(whole.quads @ turn.astype(np.float32) + pose.head, whole.albedo, whole.gloss, whole.glow, whole.bias)]


def _hair(look: Look, points: int) -> list[Solid]:
    """Hair or what is worn on the head, around the head's centre."""
    h, rgb = look.height, np.asarray(look.hair_rgb, np.float32)
    if look.hair == "bald":
        return []
    if look.hair == "hood":
        rgb = np.asarray(look.top_rgb, np.float32) * 0.95
    grow = {"long": 1.12, "hood": 1.22, "helmet": 1.25}.get(look.hair, 1.08)
    cap = ball(
        (-0.006 * h, 0, 0.012 * h),
        (0.051 * h * grow, 0.044 * h * grow, 0.055 * h * grow),
        10 if points > 10 else 6,
        points,
    )
    middle = cap.mean(-2) / h
    line = 0.026 + 0.9 * np.clip(middle[..., 0] - 0.0, -0.06, 0.02) - 0.25 * (np.abs(middle[..., 1]) > 0.033)
    line = np.maximum(line, -0.055 if look.hair not in ("hat", "cap", "helmet") else 0.016)
    worn = cap[middle[..., 2] > line]
    shade = 0.10 if look.hair in ("hat", "cap", "helmet", "hood") else 0.22
    out = [paint(worn, _folds(np.tile(rgb, (len(worn), 1)), h, shade), bias=0.05)]
    if look.hair == "long":
        path = (
            np.array(
                [[-0.016, 0, 0.03], [-0.030, 0, -0.01], [-0.034, 0, -0.06], [-0.036, 0, -0.11], [-0.030, 0, -0.135]]
            )
            * h
        )
        radii = np.array([[0.036, 0.024], [0.046, 0.028], [0.047, 0.026], [0.044, 0.022], [0.030, 0.012]]) * h
        fall = tube(path, radii, (0, 1, 0), points)
        out.append(paint(fall, _folds(np.broadcast_to(rgb, (*fall.shape[:2], 3)), h, 0.25), bias=0.03))
    if look.hair == "bun":
        out.append(paint(ball((-0.052 * h, 0, 0.045 * h), (0.024 * h,) * 3, 6, 8), rgb))
    if look.hair in ("hat", "cap"):
        reach = (0.088, 0.080) if look.hair == "hat" else (0.050, 0.040)
        centre = 0.0 if look.hair == "hat" else 0.045
        path = np.array([[centre, 0, 0.018], [centre, 0, 0.022], [centre, 0, 0.026]]) * h
        radii = np.array([[reach[1], reach[0]]] * 3) * h
        out.append(paint(tube(path, radii, (0, 1, 0), points), rgb * 0.9))
    return out


def _skirt(look: Look, pose: Pose, points: int) -> Solid:
    h, g = look.height, look.girth
    reach = {"coat": -0.24, "dress": -0.27}.get(look.top, -0.25)
    knees = pose.legs[:, 1]
    swing = float(np.abs(knees[0, 0] - knees[1, 0])) * 0.5
    middle = knees.mean(0)
    t = np.linspace(0, 1, 7, dtype=np.float32)
    top = pose.pelvis + np.array([0, 0, 0.055 * h], np.float32)
    low = np.array([middle[0], middle[1], pose.pelvis[2] + reach * h], np.float32)
    path = top + (low - top) * t[:, None]
    wide = (0.090 + 0.018 * t) * h * (0.4 + 0.6 * g) * 1.06
    deep = (0.064 + 0.012 * t) * h * g * 1.08 + swing * t**1.5
    quads = tube(path, np.stack([wide, deep], -1), (0, 1, 0), points)[1:-1]
    rgb = np.asarray(look.bottom_rgb if look.top not in ("coat", "dress") else look.top_rgb, np.float32)
    pleats = 1 + 0.10 * np.cos(np.arange(points) * np.pi)[None, :, None] * np.linspace(0.2, 1, 6)[:, None, None]
    return paint(quads, _folds((rgb * pleats).astype(np.float32), h), bias=0.10)


def _bag(look: Look, pose: Pose) -> list[Solid]:
    h, rgb = look.height, np.asarray(look.bag_rgb, np.float32)
    if look.bag == "backpack":
        centre = pose.chest + np.array([-0.098 * h * look.girth, 0, -0.02 * h], np.float32)
        return [paint(ball(centre, (0.055 * h, 0.082 * h, 0.125 * h), 8, 12), _folds(np.tile(rgb, (96, 1)), 3.0, 0.15))]
    if look.bag == "shoulder":
        centre = pose.pelvis + np.array([-0.01 * h, -0.118 * h, -0.02 * h], np.float32)
        pouch = ball(centre, (0.078 * h, 0.026 * h, 0.06 * h), 6, 10)
        strap = [
            pose.chest + np.array([0, 0.06, 0.075], np.float32) * h,
            pose.chest + np.array([0.075, -0.03, 0.0], np.float32) * h,
            centre,
        ]
        return [paint(pouch, rgb), paint(tube(strap, (0.007 * h, 0.007 * h), (0, 1, 0), 4), rgb * 0.8)]
    hand = pose.arms[0, 2] + np.array([0, 0, -0.05 * h], np.float32)
    low = hand + np.array([-0.09, -0.03, -0.19], np.float32) * h
    carrier = np.array(
        [
            tube(
                [np.add(hand, [0, 0, 0]), np.add(low, [0.09 * h, 0.03 * h, 0.0])],
                np.array([[0.012, 0.004], [0.09, 0.03]]) * h,
                (1, 0, 0),
                8,
            )
        ]
    )
    return [paint(carrier, rgb * 0.5 + 0.45)]

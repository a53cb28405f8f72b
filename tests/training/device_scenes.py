"""What tests of augmentation on the device share: data of blobs on it, plans with nothing left to chance."""

import json
import zipfile

import numpy as np
import torch

from streamseg.training.dataset import load_dataset
from streamseg.training.device.batches import load_for
from streamseg.training.device.chance import Chance
from streamseg.training.device.data import NAMES, OUTSIDE, Kind
from streamseg.training.device.plan import Paste, draw_plan, plan_of
from streamseg.training.device.scenes import compose
from streamseg.training.device.things import things_of
from streamseg.training.scene import Scene, Thing
from streamseg.training.scenes import SceneOptions
from tests.training.stills import write_zip

LABELS = ("person", "vehicle", "animal")
CPU = torch.device("cpu")
SIDE = 128


def options(**settings):
    return SceneOptions(**({"size": SIDE, "zoom": (0.7, 1.7), "paste_px": (16, 60), "copy_paste": 1.0} | settings))


def chance(seed=3, seen=0):
    return Chance.of(seed, seen, CPU)


def blobs(tmp_path, *, boxes_only=(), crowds=(), **settings):
    """A data set of blobs; numbers of annotations that lose their masks, and of those that become crowds."""
    write_zip(tmp_path / "blobs.zip", **settings)
    _change(tmp_path / "blobs.zip", boxes_only, crowds)
    return load_dataset(tmp_path / "blobs.zip", LABELS)


def _change(path, boxes_only, crowds):
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    document = json.loads(files["annotations.json"])
    for number in boxes_only:
        del document["annotations"][number]["segmentation"]
    for number in crowds:
        document["annotations"][number]["iscrowd"] = 1
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (files | {"annotations.json": json.dumps(document)}).items():
            archive.writestr(name, content)


def on_device(dataset, **settings):
    return load_for([(dataset, 1.0)], options(**settings), CPU)


def made(data, count=16, *, seed=3, **settings):
    """Composed scenes without shadows, motion and weather, and the things in them."""
    scenes = compose(data, draw_plan(data, options(**settings), count, 0.0, chance(seed).host), SIDE)
    return scenes, things_of(scenes)


def still(data, picture=0, *, paste=()):
    """One picture as it is, in the scene's upper left corner; paste: cuts as they are at x, y, from the bottom up."""
    pastes = [Paste(np.array([cut]), np.ones((1, 2)), -np.array([[y, x]], float), np.ones(1)) for cut, (x, y) in paste]
    return plan_of(data, SIDE, np.array([picture]), (np.ones((1, 2)), np.zeros((1, 2))), pastes)


def host_scene(scenes, things, i):
    """Scene i of the device, as the host would describe it, pixel by pixel and one name at a time."""
    shown, kind = scenes.shown[i].numpy(), scenes.kind[i].numpy()
    label, known = scenes.label[i].numpy(), scenes.known[i].numpy()
    valid = np.ones((len(known), *shown.shape), np.uint8)
    crowd = np.zeros_like(valid)
    valid[~known] = shown != 0
    for name in range(1, NAMES):
        mask = (shown == name).astype(np.uint8)
        if kind[name] == Kind.CROWD:
            crowd[label[name]] |= mask
        if kind[name] == Kind.CROWD or things.unclear[i, name]:
            valid[label[name]] &= 1 - mask
    assert kind[OUTSIDE] == Kind.CLEAR
    rgb = scenes.rgb[i].permute(1, 2, 0).round().byte().numpy()
    return Scene(rgb, _host_things(things, i), valid, crowd)


def _host_things(things, i):
    rows = [n for n in range(len(things.image)) if things.image[n] == i]
    # objects without masks first: what has a mask then says what its pixels are
    rows.sort(key=lambda n: bool(things.has_mask[n]))
    return [
        Thing(
            int(things.label[n]), things.mask[n].numpy() if things.has_mask[n] else None,
            tuple(things.box[n].tolist()), int(things.mask[n].sum()), int(things.identity[n]),
        )
        for n in rows
    ]  # fmt: skip

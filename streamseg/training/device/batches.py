"""Batches made on the device that trains, for ever: data sets in, a Batch at a time out."""

from collections.abc import Iterator, Sequence
from itertools import repeat

import torch

from streamseg.training.dataset import Dataset
from streamseg.training.device.chance import Chance
from streamseg.training.device.data import DeviceData, load
from streamseg.training.device.motion import motion_maps
from streamseg.training.device.plan import Plan, draw_plan
from streamseg.training.device.scenes import compose
from streamseg.training.device.shadows import cast_shadows, shadows_shown
from streamseg.training.device.targets import targets
from streamseg.training.device.things import things_of
from streamseg.training.device.weather import spoil
from streamseg.training.recipe import Recipe
from streamseg.training.scenes import SceneOptions
from streamseg.training.targets import Batch

_LEAST_LONGEST_PX = 416


def device_batches(
    sources: Sequence[tuple[Dataset, float]], options: SceneOptions, recipe: Recipe, seen: int, device: torch.device
) -> Iterator[Batch]:
    """Batches for ever; what follows `seen` scenes differs from what came before, and is the same each time."""
    data, chance = load_for(sources, options, device), Chance.of(recipe.seed, seen, device)
    for _ in repeat(None):
        plan = draw_plan(data, options, recipe.batch, recipe.twice, chance.host)
        yield make_batch(data, plan, options, chance)


def load_for(sources: Sequence[tuple[Dataset, float]], options: SceneOptions, device: torch.device) -> DeviceData:
    """What scenes are made of, no larger than they can show it."""
    longest = max(_LEAST_LONGEST_PX, round(options.size * options.zoom[1]))
    return load(sources, device, longest_px=longest, longest_cut_px=round(options.paste_px[1]))


@torch.no_grad()
def make_batch(data: DeviceData, plan: Plan, options: SceneOptions, chance: Chance) -> Batch:
    """The scenes of a plan, spoiled, with what the network should say of them."""
    scenes = compose(data, plan, options.size)
    things = things_of(scenes)
    shadows = shadows_shown(scenes, things, plan.names) + cast_shadows(scenes, things, chance)
    motion = motion_maps(scenes.rgb, things, shadows, chance) if options.motion else None
    return targets(scenes, things, spoil(scenes.rgb, chance), motion)

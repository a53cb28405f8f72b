"""Batch and raw output -> loss terms.

Heat: penalty-reduced focal loss, Law & Deng 2018, "CornerNet", eq. 1. Box: generalised IoU, Rezatofighi et al. 2019,
eq. 2. Mask: cross-entropy within the box (YOLACT, sec. 3.2) plus dice, Milletari et al. 2016, "V-Net", sec. 3.
Identity: supervised contrastive loss, Khosla et al. 2020, eq. 2, of the histograms that inference/appearance.py makes.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from streamseg.inference.net import Raw
from streamseg.inference.strides import APPEARANCE_STRIDE, MASK_STRIDE, STRIDES
from streamseg.training.targets import Batch

WEIGHTS = {"heat": 1.0, "box": 1.5, "mask": 3.0, "dice": 2.0, "semantic": 0.5, "identity": 0.2}
MASKS_PER_IMAGE = 24
GRID = 40
"""Points a side at which each mask is judged, drawn anew at every step: Kirillov et al. 2020, "PointRend", sec. 3.3."""
TEMPERATURE = 0.1
"""By which likeness is divided in the identity's loss: the smaller, the more the nearest strangers count."""


def loss_terms(raw: Raw, batch: Batch) -> dict[str, Tensor]:
    """Each term's mean, unweighted; their sum by WEIGHTS is what is minimised."""
    objects = max(1, len(batch.image))
    levels = zip(raw.levels, batch.heat, batch.weight, strict=True)
    heat = sum((_focal(level.heat.float(), h, w) for level, h, w in levels), torch.zeros((), device=batch.box.device))
    index, cells = _positive_cells(batch)
    box, mix = _gather(raw, batch, index, cells)
    boxes = _to_boxes(box, batch.level[index], cells)
    pick = _one_each(index, len(batch.image))
    mask, dice = _mask_terms(raw.prototypes.float(), batch, mix[pick], boxes[pick].detach())
    terms = {
        "heat": heat / objects,
        "box": _giou_loss(boxes, batch.box[index]),
        "mask": mask,
        "dice": dice,
        "semantic": _semantic(raw.semantic.float(), batch),
    }
    return terms | identity_terms(raw.appearance, batch)


def identity_terms(appearance: Tensor | None, batch: Batch) -> dict[str, Tensor]:
    """The term of Raw.appearance, unweighted; none where there is no appearance."""
    if appearance is None:
        return {}
    looks, seen = _looks(appearance.float(), batch)
    return {"identity": _identity(looks[seen], batch.identity[seen])}


def total(terms: dict[str, Tensor]) -> Tensor:
    """The weighted sum."""
    return torch.stack([WEIGHTS[name] * term for name, term in terms.items()]).sum()


def _focal(logits: Tensor, wanted: Tensor, weight: Tensor) -> Tensor:
    score = logits.sigmoid()
    peak = wanted >= 0.999
    hit = -((1 - score) ** 2) * F.logsigmoid(logits) * peak
    miss = -((1 - wanted) ** 4) * score**2 * F.logsigmoid(-logits) * ~peak
    return ((hit + miss) * weight).sum()


def _positive_cells(batch: Batch) -> tuple[Tensor, Tensor]:
    """The 3x3 cells around each centre that lie in its box, the centre always: object index, cells y, x."""
    device = batch.cell.device
    steps = torch.tensor([(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)], device=device)
    cells = batch.cell[:, None] + steps
    strides = torch.tensor(STRIDES, device=device)[batch.level]
    sides = torch.tensor([h.shape[-1] for h in batch.heat], device=device)[batch.level]
    middle = (cells + 0.5) * strides[:, None, None]
    y, x = middle.unbind(-1)
    x0, y0, x1, y1 = batch.box[:, :, None].unbind(1)
    inside = (x > x0) & (x < x1) & (y > y0) & (y < y1)
    inside &= ((cells >= 0) & (cells < sides[:, None, None])).all(-1)
    inside[:, 4] = True
    index, which = inside.nonzero(as_tuple=True)
    return index, cells[index, which]


def _gather(raw: Raw, batch: Batch, index: Tensor, cells: Tensor) -> tuple[Tensor, Tensor]:
    """What the network says at the positive cells: box logits [P, 4], mix [P, M]."""
    image, level = batch.image[index], batch.level[index]

    def at_cells(maps: list[Tensor]) -> Tensor:
        gathered = maps[0].new_zeros((len(index), maps[0].shape[1]), dtype=torch.float32)
        for i, out in enumerate(maps):
            own = level == i
            gathered[own] = out[image[own], :, cells[own, 0], cells[own, 1]].float()
        return gathered

    return at_cells([out.box for out in raw.levels]), at_cells([out.mix for out in raw.levels])


def _to_boxes(box: Tensor, level: Tensor, cells: Tensor) -> Tensor:
    stride = torch.tensor(STRIDES, device=box.device)[level][:, None]
    centre = (cells.flip(-1) + 0.5) * stride
    distance = box.clamp(-6, 6).exp() * stride
    return torch.cat([centre - distance[:, :2], centre + distance[:, 2:]], -1)


def _giou_loss(found: Tensor, truth: Tensor) -> Tensor:
    if len(found) == 0:
        return found.sum()
    low, high = torch.maximum(found[:, :2], truth[:, :2]), torch.minimum(found[:, 2:], truth[:, 2:])
    inter = (high - low).clamp(min=0).prod(-1)
    area = (found[:, 2:] - found[:, :2]).prod(-1) + (truth[:, 2:] - truth[:, :2]).prod(-1)
    union = area - inter
    hull = (torch.maximum(found[:, 2:], truth[:, 2:]) - torch.minimum(found[:, :2], truth[:, :2])).prod(-1)
    giou = inter / union.clamp(min=1e-6) - (hull - union) / hull.clamp(min=1e-6)
    return (1 - giou).mean()


def _one_each(index: Tensor, objects: int) -> Tensor:
    """One of each object's positive cells, drawn at random: positions in index, int64 [N]."""
    order = torch.randperm(len(index), device=index.device)
    return torch.zeros(objects, dtype=torch.int64, device=index.device).scatter_(0, index[order], order)


def _mask_terms(prototypes: Tensor, batch: Batch, mix: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor]:
    """Cross-entropy and dice of each object's mask at random points in and near its box.

    mix [N, M] and boxes [N, 4] are what the network says of each object; boxes only place the position terms.
    """
    size, kinds = batch.view.shape[-1], prototypes.shape[1]
    cross, dice, n = mix.sum() * 0, mix.sum() * 0, 0
    # unbind, not an index an image: its gradient would be a zeroed batch each time
    for image, maps in enumerate(prototypes.unbind()):
        own = ((batch.image == image) & batch.has_mask).nonzero()[:, 0][:MASKS_PER_IMAGE]
        if len(own) == 0:
            continue
        y, x = _points_near(batch.box[own], size)
        grid = torch.stack([x, y], -1).flatten(0, 1) * (2 / size) - 1
        there = F.grid_sample(maps[None], grid[None], padding_mode="border", align_corners=False)
        logits = torch.einsum("nk,knp->np", mix[own, :kinds], there[0].reshape(kinds, len(own), -1))
        terms = _position_terms(boxes[own].clamp(0, size), y.flatten(1), x.flatten(1))
        logits = logits + torch.einsum("nt,ntp->np", mix[own, kinds:], terms)
        truth = batch.mask[own[:, None], y.flatten(1).long(), x.flatten(1).long()].float()
        cross = cross + F.binary_cross_entropy_with_logits(logits, truth, reduction="none").mean(1).sum()
        guess = logits.sigmoid()
        overlap = 2 * (guess * truth).sum(1) + 1
        dice = dice + (1 - overlap / ((guess**2).sum(1) + (truth**2).sum(1) + 1)).sum()
        n += len(own)
    return cross / max(1, n), dice / max(1, n)


def _points_near(box: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """One random point in each field of a grid over each box and an eighth of its sides (plus 4 px) around it.

    box [N, 4] px; y and x [N, G, G] px, within the picture.
    """
    grow = (box[:, 2:] - box[:, :2]) / 8 + 4
    low, high = (box[:, :2] - grow).clamp(min=0), (box[:, 2:] + grow).clamp(max=size)
    field = torch.arange(GRID, device=box.device).float()
    shape = (2, len(box), GRID, GRID)
    share = (
        torch.stack(torch.meshgrid(field, field, indexing="ij"))[:, None] + torch.rand(shape, device=box.device)
    ) / GRID
    x, y = (low[:, i, None, None] + share[1 - i] * (high - low)[:, i, None, None] for i in (0, 1))
    return y.clamp(max=size - 1e-3), x.clamp(max=size - 1e-3)


def _position_terms(box: Tensor, y: Tensor, x: Tensor) -> Tensor:
    """1, u, v, uu, vv, uv [N, 6, P] at points y, x [N, P]: u, v run from -1 to 1 across each box, within twice that."""
    x0, y0, x1, y1 = box[:, :, None].unbind(1)
    u = ((2 * x - x0 - x1) / (x1 - x0).clamp(min=MASK_STRIDE)).clamp(-2, 2)
    v = ((2 * y - y0 - y1) / (y1 - y0).clamp(min=MASK_STRIDE)).clamp(-2, 2)
    return torch.stack([torch.ones_like(u), u, v, u * u, v * v, u * v], 1)


def _looks(bins: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    """Vectors [N, 2E] by true masks, as inference/appearance.py makes them; bool [N], which objects have a cell at all.

    bins [B, E, S/4, S/4]: how much of each cell belongs to each bin.
    """
    middle = slice(APPEARANCE_STRIDE // 2, None, APPEARANCE_STRIDE)
    inside = batch.mask[:, middle, middle] > 0
    rows = torch.arange(inside.shape[1], device=inside.device) + 0.5
    upper = rows <= (batch.box[:, 1::2].mean(1, keepdim=True) / APPEARANCE_STRIDE)
    halves = torch.stack([inside & upper[:, :, None], inside & ~upper[:, :, None]], 1).flatten(2)
    # image by image: a map for each object would be as many copies of its image's
    counts = torch.cat(
        [halves[batch.image == i].to(bins.dtype) @ each.T for i, each in enumerate(bins.flatten(2).unbind())]
    )
    cells, place = inside.sum((1, 2)), batch.image.argsort(stable=True).argsort()
    # the slope of a root at 0 has no end
    return (counts[place].flatten(1) / cells.clamp(min=1)[:, None] + 1e-6).sqrt(), cells > 0


def _identity(appearance: Tensor, identity: Tensor) -> Tensor:
    """How much less alike the views of one object are than it and all others; 0 where nothing is seen twice."""
    unit = F.normalize(appearance, dim=1)
    itself = torch.eye(len(unit), dtype=torch.bool, device=unit.device)
    like = (unit @ unit.T / TEMPERATURE).masked_fill(itself, -1e4)
    same = (identity[:, None] == identity) & (identity >= 0) & ~itself
    surprise = (like.logsumexp(1, keepdim=True) - like) * same
    return surprise.sum() / same.sum().clamp(min=1)


def _semantic(logits: Tensor, batch: Batch) -> Tensor:
    weight = batch.semantic_weight.float()
    entropy = F.binary_cross_entropy_with_logits(logits, batch.semantic.float() / 255, reduction="none")
    return (entropy * weight).sum() / weight.sum().clamp(min=1)

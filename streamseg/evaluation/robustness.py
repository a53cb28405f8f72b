"""How much of its accuracy a network keeps when the pictures are spoilt.

Michaelis et al. 2019, "Benchmarking Robustness in Object Detection", sec. 3: performance under corruption is the mean
over kinds and strengths, relative performance its share of the clean one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from streamseg.evaluation.average_precision import MaskAccuracy
from streamseg.evaluation.corruptions import UNSEEN, corrupt
from streamseg.evaluation.stills import StillsResult, find
from streamseg.stages import Network


@dataclass(frozen=True, slots=True)
class Robustness:
    """Mask accuracy of a data set as it is, and by kind and strength of corruption."""

    clean: MaskAccuracy
    spoilt: dict[str, dict[int, MaskAccuracy]]

    @property
    def unseen(self) -> list[str]:
        """Those of its kinds that training does not imitate."""
        return [kind for kind in self.spoilt if kind in UNSEEN]

    def mean(self, kinds: Sequence[str]) -> MaskAccuracy:
        """Over kinds and all strengths."""
        return _mean([row for kind in kinds for row in self.spoilt[kind].values()])

    def at(self, kinds: Sequence[str], strength: int) -> MaskAccuracy:
        """Mean over kinds at one strength."""
        return _mean([self.spoilt[kind][strength] for kind in kinds])

    def as_json(self) -> dict[str, Any]:
        """For a file: kinds with their strengths and means, and the means over all and over the unseen kinds."""
        kinds = {
            kind: {
                "unseen": kind in self.unseen,
                "strengths": {str(strength): self._json(row) for strength, row in rows.items()},
                "mean": self._json(self.mean([kind])),
            }
            for kind, rows in self.spoilt.items()
        }
        unseen = self._json(self.mean(self.unseen)) if self.unseen else None
        mean = self._json(self.mean(list(self.spoilt)))
        return {"clean": self._json(self.clean), "kinds": kinds, "mean": mean, "mean_unseen": unseen}

    def _json(self, row: MaskAccuracy) -> dict[str, float | None]:
        return {
            "mask_ap": round(row.ap, 4),
            "mask_ap50": round(row.ap50, 4),
            "share_ap": share(row.ap, self.clean.ap),
            "share_ap50": share(row.ap50, self.clean.ap50),
        }


def _mean(rows: Sequence[MaskAccuracy]) -> MaskAccuracy:
    return MaskAccuracy(sum(row.ap for row in rows) / len(rows), sum(row.ap50 for row in rows) / len(rows))


def share(spoilt: float, clean: float) -> float | None:
    """Of the clean accuracy; None where that is 0."""
    return round(spoilt / clean, 4) if clean else None


def stress(
    network: Network,
    result: StillsResult,
    kinds: Sequence[str],
    strengths: Sequence[int],
    on_picture: Callable[[], None] = lambda: None,
) -> Robustness:
    """Score the network again on the data set of result, under each kind at each strength."""

    def accuracy(kind: str, strength: int) -> MaskAccuracy:
        spoilt = find(network, result.dataset, on_picture, lambda p: corrupt(p.rgb(), kind, strength, p.id))
        return result.judge.mask_accuracy(spoilt)

    spoilt = {kind: {strength: accuracy(kind, strength) for strength in strengths} for kind in kinds}
    return Robustness(result.judge.mask_accuracy(result.found), spoilt)

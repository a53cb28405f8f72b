"""In the place of a network where none is needed: what there is to see is known already."""

from streamseg.records import Instances, Sample


class NoNetwork:
    """Finds nothing, at no cost."""

    labels: tuple[str, ...] = ()
    view_hw = (0, 0)
    takes_motion = False

    def __call__(self, samples: list[Sample]) -> list[Instances]:
        """No instances for each sample."""
        return [Instances.none() for _ in samples]

    def describe(self) -> str:
        """What stands in a log."""
        return "no network"

"""What a worker must know to take up a stream."""

from dataclasses import dataclass

from streamseg.runtime.crew import SUPERVISOR
from streamseg.runtime.messages import Open, encode_info
from streamseg.runtime.placement import Placement
from streamseg.runtime.stream_run import StreamRun


@dataclass(frozen=True, slots=True)
class NetworkFacts:
    """What the network is: height and width of its view, its class names, whether it takes motion maps, its name."""

    view_hw: tuple[int, int]
    labels: tuple[str, ...]
    motion: bool
    name: str


def open_order(run: StreamRun, network: NetworkFacts, placement: Placement, *, reads: bool) -> Open:
    """The order by which a worker takes up a stream; reads: whether capture is (still) wanted of it."""
    return Open(
        stream=run.number,
        name=run.name,
        config=run.stream.model_dump_json().encode(),
        live=run.live,
        stations=placement.stations,
        view_hw=network.view_hw,
        labels=network.labels,
        motion=network.motion,
        neighbours=_neighbours(run, placement),
        epochs=len(run.epochs),
        info=encode_info(run.info) if run.info else None,
        reads=reads,
        paused=run.paused,
        hosts=run.hosts,
    )


def _neighbours(run: StreamRun, placement: Placement) -> dict[str, tuple[str, ...]]:
    """For each stage, the workers of the stages that come next; after the last ones the supervisor."""
    host = {stage: plan.name for plan in run.workers for stage in plan.stages}
    after: dict[str, tuple[str, ...]] = {}
    for index, stage in enumerate(("capture", *placement.stations), -1):
        below = (i for i, above in enumerate(placement.upstream) if above == index)
        after[stage] = tuple(sorted({host[placement.stations[i]] for i in below})) or (SUPERVISOR,)
    return after

"""Another network in the place of the one at work, between two frames: prepared first, by all, or not at all."""

import logging
from typing import Literal

from streamseg.config import Config, ModelConfig
from streamseg.runtime.briefing import NetworkFacts
from streamseg.runtime.crew import Crew, Member
from streamseg.runtime.dispatch import Dispatch
from streamseg.runtime.messages import Cancel, Commit, Prepare, Prepared

log = logging.getLogger(__name__)


class NetworkSwap:
    """Has every inference worker load another network beside its own, and use it from the next frame on.

    Until all of them have it nothing changes; where one cannot load it, or it is of another kind (classes, view, motion
    maps), all keep the one they have. A worker that dies meanwhile ends the attempt; its successor has the old one.

    Args:
        config: as the run was begun.
        dispatch: knows what the network is.
        crew: the workers.

    Attributes:
        model: the one at work.
        state: of the last attempt. error: why it failed.
    """

    def __init__(self, config: Config, dispatch: Dispatch, crew: Crew):
        self.model = config.model
        self.state: Literal["none", "loading", "done", "failed"] = "none"
        self.error: str | None = None
        self._config, self._dispatch, self._crew = config, dispatch, crew
        self._networks = [config.model.model_dump_json().encode()]
        self._wanted = config.model
        self._facts: NetworkFacts | None = None
        self._awaited: set[str] = set()

    @property
    def first_networks(self) -> tuple[bytes, ...]:
        """What workers are told at the begin of the run."""
        return tuple(self._networks)

    def begin(self, model: ModelConfig) -> None:
        """Have it prepared."""
        members = [member for member in self._crew.present() if "inference" in member.plan.stages]
        self.state, self.error, self._wanted = "loading", None, model
        self._awaited = {member.name for member in members}
        for member in members:
            member.tell(Prepare(model.model_dump_json().encode()))

    def hear(self, member: Member, prepared: Prepared) -> None:
        """A worker has it, or not."""
        if member.name not in self._awaited:
            return
        self._awaited.discard(member.name)
        facts = NetworkFacts(prepared.view_hw, prepared.labels, prepared.motion, prepared.network)
        error = prepared.error or self._unlike(facts)
        if error:
            self._fail(error)
        elif not self._awaited:
            self._commit(facts)

    def died(self, member: Member) -> None:
        """A worker is gone."""
        if member.name in self._awaited:
            self._fail(f"worker {member.name} died while it loaded it")

    def _unlike(self, facts: NetworkFacts) -> str | None:
        now = self._dispatch.network
        assert now is not None
        told = {"classes": (facts.labels, now.labels), "view": (facts.view_hw, now.view_hw)}
        told["motion maps"] = (facts.motion,), (now.motion,)
        for what, (its, ours) in told.items():
            if its != ours:
                return f"{what}: {', '.join(map(str, its))}; only one with {', '.join(map(str, ours))} can take over"
        return None

    def _fail(self, error: str) -> None:
        self.state, self.error, self._awaited = "failed", error, set()
        log.warning("network=%s not taken error=%r", self._wanted.name, error)
        for member in self._crew.present():
            member.tell(Cancel())

    def _commit(self, facts: NetworkFacts) -> None:
        self.state, self.model = "done", self._wanted
        told = self.model.model_dump_json().encode()
        self._networks.append(told)
        config = self._config.model_copy(update={"model": self.model})
        self._crew.networks_are(config.model_dump_json().encode(), tuple(self._networks))
        self._dispatch.network_is(facts)
        log.info("network=%r from now on", facts.name)
        # sinks must know the network before its first frame comes to them
        for member in sorted(self._crew.present(), key=lambda member: "inference" in member.plan.stages):
            member.tell(Commit(len(self._networks) - 1, told))

"""The worker processes of a run: started, replaced, ended. A Member per worker, whichever process plays it now."""

import logging
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from streamseg.runtime import control
from streamseg.runtime.exhausted import let_go_first
from streamseg.runtime.messages import Begin, Order, Report, Route, decode_report, encode
from streamseg.runtime.placement import WorkerPlan

log = logging.getLogger(__name__)

SUPERVISOR = "supervisor"
"""The name by which workers ring the supervisor."""


@dataclass(slots=True, eq=False)
class Member:
    """A worker by its name: the process that plays it now, how it gets on, and when its predecessors died.

    bells: where it can be rung; empty until it is ready. works: one that hosts no stage is ready.
    """

    plan: WorkerPlan
    process: subprocess.Popen[bytes]
    line: socket.socket
    incarnation: int
    started_s: float
    bells: str = ""
    works: bool = False
    died_s: deque[float] = field(default_factory=deque)

    @property
    def name(self) -> str:
        """Its name, the same for all incarnations."""
        return self.plan.name

    @property
    def ready(self) -> bool:
        """Whether it can do what it is there for."""
        return bool(self.bells) or self.works

    def tell(self, order: Order, fds: Sequence[int] = ()) -> None:
        """Send an order; one that cannot be sent is told again to a successor, as far as it matters."""
        # of one that was buried the line is closed
        if self.line.fileno() < 0 or not control.send(self.line, encode(order), fds):
            log.debug("worker=%s gone before=%s", self.name, type(order).__name__)


class Crew:
    """Starts and replaces workers.

    Args:
        folder: for the bells, of mode 0700, ours.
        begin: the first order, to be filled in for each worker.
        bells: where the supervisor can be rung.
    """

    def __init__(self, folder: Path, begin: Begin, bells: str):
        self.members: dict[str, Member] = {}
        self.gone: set[str] = set()
        """Workers that were given up, by name."""
        self._folder, self._begin, self._bells_here = folder, begin, bells

    def networks_are(self, config: bytes, networks: tuple[bytes, ...]) -> None:
        """Workers to come begin with this configuration; see Begin."""
        self._begin = msgspec.structs.replace(self._begin, config=config, networks=networks)

    def present(self) -> list[Member]:
        """Those that were not given up."""
        return [member for member in self.members.values() if member.name not in self.gone]

    def start(self, plan: WorkerPlan) -> Member:
        """Start a worker, in place of the one of that name that has ended."""
        before = self.members.get(plan.name)
        incarnation = before.incarnation + 1 if before else 1
        ours, theirs = control.control_pair()
        with theirs:
            process = subprocess.Popen(  # noqa: S603  # this interpreter, and a name of our own
                # -P: nothing in the folder where streamseg is used can stand in for a module
                [sys.executable, "-P", "-m", "streamseg.runtime.worker", plan.name, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        let_go_first(process.pid)
        died_s = before.died_s if before else deque()
        member = Member(plan, process, ours, incarnation, time.monotonic(), died_s=died_s)
        self.members[plan.name] = member
        member.tell(msgspec.structs.replace(self._begin, **self._first_words(plan, incarnation)))
        member.tell(Route(SUPERVISOR, self._bells_here))
        for other in self.members.values():
            if other is not member and other.bells:
                member.tell(Route(other.name, other.bells))
        return member

    def is_ready(self, member: Member, bells: str) -> None:
        """A worker can be rung at this endpoint: tell all others."""
        member.bells = bells
        for other in self.present():
            if other is not member:
                other.tell(Route(member.name, bells))

    def bury(self, member: Member) -> int:
        """Make sure that a worker is dead, and leave nothing of it; gives its exit status (negative: the signal)."""
        member.process.kill()
        status = member.process.wait()
        member.line.close()
        self._bells(member.name, member.incarnation).unlink(missing_ok=True)
        member.bells, member.works = "", False
        return status

    def deaths(self, member: Member, within_s: float) -> int:
        """Note that a worker has died; how often it did of late, this time included."""
        now_s = time.monotonic()
        member.died_s.append(now_s)
        while member.died_s[0] < now_s - within_s:
            member.died_s.popleft()
        return len(member.died_s)

    def dismiss(self, patience_s: float) -> None:
        """End all workers: their lines end; who does not go by himself is killed."""
        for member in self.members.values():
            member.line.close()
        deadline_s = time.monotonic() + patience_s
        for member in self.members.values():
            try:
                member.process.wait(max(0.0, deadline_s - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.warning("worker=%s killed: it did not end by itself", member.name)
            self.bury(member)

    def _first_words(self, plan: WorkerPlan, incarnation: int) -> dict[str, object]:
        bells = f"ipc://{self._bells(plan.name, incarnation)}"
        return {"worker": plan.name, "stages": plan.stages, "bells": bells, "device": plan.device or ""}

    def _bells(self, name: str, incarnation: int) -> Path:
        return self._folder / f"{name}.{incarnation}"


def hear(member: Member) -> list[Report] | None:
    """What a worker reports, without waiting; None when its line has ended, or it says what no worker says."""
    reports: list[Report] = []
    try:
        while (received := control.receive(member.line, wait=False)) is not None:
            control.close_all(received[1])
            reports.append(decode_report(received[0]))
        return reports or None
    except BlockingIOError:
        return reports
    except (msgspec.MsgspecError, ValueError) as error:
        log.warning("worker=%s killed: it sent no report: %s", member.name, error)
        return None

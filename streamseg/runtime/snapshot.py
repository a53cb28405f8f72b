"""A run at one moment, in plain values, for those who watch it from outside."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import msgspec

from streamseg.accounts import BOUNDS_S
from streamseg.broadcast.push_status import PushStatus
from streamseg.capture.redact import redact
from streamseg.runtime.briefing import NetworkFacts
from streamseg.runtime.crew import Crew
from streamseg.runtime.stream_run import StreamRun
from streamseg.summary import accounts_of


def of_run(
    runs: Iterable[StreamRun],
    crew: Crew,
    network: NetworkFacts | None,
    *,
    pushes: Iterable[PushStatus] = (),
    version: str,
) -> dict[str, Any]:
    """All of it; no credentials in it."""
    return {
        "version": version,
        "network": {"name": network.name, "labels": list(network.labels)} if network else None,
        "streams": [of_stream(run) for run in runs],
        "workers": [
            {
                "name": member.name,
                "stages": list(member.plan.stages),
                "pid": member.process.pid,
                "restarts": member.incarnation - 1,
                "state": "gone" if member.name in crew.gone else "ready" if member.ready else "starting",
            }
            for member in crew.members.values()
        ],
        "pushes": [msgspec.to_builtins(push) for push in pushes],
        "latency_bounds_s": list(BOUNDS_S),
    }


def of_stream(run: StreamRun) -> dict[str, Any]:
    """One stream: what it is, how it gets on, what it has done, and what waits where."""
    totals, source = run.account.totals(), run.source
    return {
        "name": run.name,
        "source": redact(run.stream.source),
        "live": run.live,
        "state": "paused" if run.paused and run.state == "running" else run.state,
        "error": run.error,
        "source_state": source.state,
        "source_reason": source.reason,
        "reconnects": source.reconnects,
        "size": list(run.info.size_hw[::-1]) if run.info else None,
        "classes": run.config.classes_of(run.stream),
        "score": run.config.score_of(run.stream),
        "zones": [zone.model_dump(mode="json") for zone in run.stream.zones],
        "lines": [line.model_dump(mode="json") for line in run.stream.lines],
        "seconds": round(totals.seconds, 3),
        **accounts_of(totals),
        "latency": {stage: asdict(histogram) for stage, histogram in run.account.histograms().items()},
        "shed": run.shed.name.lower(),
        "slots": run.slots,
        "waiting": run.waiting(),
    }

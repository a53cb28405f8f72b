"""What can be asked of a run while it lasts: looked at, and its streams added, removed, paused, changed.

Each call is a method here; the web worker names it in an Ask, and what it gives, or why it is refused, is the Answer.
"""

import json
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from streamseg.capture import expand, redact
from streamseg.capture.listing import is_glob
from streamseg.capture.redact import is_url
from streamseg.config import StreamConfig
from streamseg.config_edit import save_places
from streamseg.config_file import parse
from streamseg.errors import ConfigError, StreamsegError, told
from streamseg.runtime import snapshot
from streamseg.runtime.admission import Admission
from streamseg.runtime.broadcast_desk import BroadcastDesk
from streamseg.runtime.crew import Crew
from streamseg.runtime.dispatch import Dispatch
from streamseg.runtime.messages import Answer, Ask
from streamseg.runtime.stream_run import StreamRun
from streamseg.runtime.swap import NetworkSwap

log = logging.getLogger(__name__)

_CHANGEABLE = ("classes", "score", "zones", "lines")

CheckStreams = Callable[[Sequence[StreamConfig], Sequence[str] | None], None]


class Refusal(Exception):
    """A call that cannot be followed; status: of HTTP."""

    def __init__(self, status: int, reason: str):
        super().__init__(reason)
        self.status = status


class Controls:
    """Answers Asks, in the supervisor's one thread.

    Args:
        dispatch: the streams.
        crew: the workers.
        swap: has another network take over.
        check: is told streams and the network's class names, None while it is being loaded; raises ConfigError where
            they do not fit.
        broadcast: knows how pushes get on.
        admission: what streams that are added may read.
        version: of streamseg.
        file: the YAML that the run was begun with; None: there is none.
    """

    def __init__(
        self,
        dispatch: Dispatch,
        crew: Crew,
        swap: NetworkSwap,
        broadcast: BroadcastDesk,
        *,
        check: CheckStreams,
        admission: Admission,
        version: str,
        file: Path | None = None,
    ):
        self._admission, self._file = admission, file
        self._dispatch, self._crew, self._check, self._version = dispatch, crew, check, version
        self._swap, self._broadcast = swap, broadcast
        self._calls: dict[str, Callable[[dict[str, Any]], object]] = {
            "snapshot": self._snapshot,
            "stream": lambda body: snapshot.of_stream(self._named(body)),
            "add": self._add,
            "remove": self._remove,
            "pause": lambda body: self._pause(body, on=True),
            "resume": lambda body: self._pause(body, on=False),
            "change": self._change,
            "save": self._save,
            "model": self._model,
        }

    def answer(self, ask: Ask) -> Answer:
        """Do what is asked, or say why not."""
        status, given = 200, None
        try:
            given = self._calls[ask.call](json.loads(ask.body))
        except Refusal as refusal:
            status, given = refusal.status, {"error": redact(str(refusal))}
        except (StreamsegError, ValueError) as error:
            status, given = 422, {"error": redact(told(error))}
        return Answer(ask.number, status, json.dumps(given).encode())

    def _snapshot(self, _: dict[str, Any]) -> object:
        dispatch = self._dispatch
        return snapshot.of_run(
            dispatch.roster.runs, self._crew, dispatch.network, pushes=self._broadcast.pushes, version=self._version
        )

    def _add(self, body: dict[str, Any]) -> object:
        asked = _stream(body)
        if not is_url(asked.source) and is_glob(asked.source):
            raise Refusal(422, f"source: {asked.source!r} may be many files; add them one by one")
        self._admission.check(asked.source)
        streams = expand([asked])
        if len(streams) != 1:
            raise Refusal(422, f"source: {len(streams)} files; add them one by one")
        if self._dispatch.draining:
            raise Refusal(409, "the run is ending")
        stream = self._unique(streams[0], given=body.get("name") is not None)
        self._check_one(stream)
        run = self._dispatch.roster.add(stream)
        run.controlled, run.hosts = True, self._admission.hosts
        log.info("stream=%s added", run.name)
        return snapshot.of_stream(run)

    def _check_one(self, stream: StreamConfig) -> None:
        network = self._dispatch.network
        self._check([stream], network.labels if network else None)

    def _unique(self, stream: StreamConfig, *, given: bool) -> StreamConfig:
        """With a name that no stream of this run ever had, for its folder holds what that one left."""
        had, name = self._dispatch.roster.had, stream.name or ""
        if not had(name):
            return stream
        if given:
            raise Refusal(409, f"name {name!r}: there is, or was, a stream of that name in this run; choose another")
        number = next(number for number in range(2, 1_000_000) if not had(f"{name}-{number}"))
        return stream.model_copy(update={"name": f"{name}-{number}"})

    def _remove(self, body: dict[str, Any]) -> object:
        run = self._named(body)
        self._dispatch.remove(run)
        log.info("stream=%s removed", run.name)
        return {"name": run.name, "state": "ending"}

    def _pause(self, body: dict[str, Any], *, on: bool) -> object:
        run = self._named(body)
        self._dispatch.pause(run, on=on)
        log.info("stream=%s %s", run.name, "paused" if on else "resumed")
        return snapshot.of_stream(run)

    def _change(self, body: dict[str, Any]) -> object:
        run = self._named(body)
        change = {key: value for key, value in body.items() if key != "name"}
        unknown = sorted(set(change) - set(_CHANGEABLE))
        if unknown or not change:
            raise Refusal(422, f"{', '.join(unknown) or 'nothing'}: can be changed are {', '.join(_CHANGEABLE)}")
        stream = _stream({**run.stream.model_dump(mode="json"), **change})
        self._check_one(stream)
        self._dispatch.change(run, stream)
        run.controlled = True
        log.info("stream=%s changed=%s", run.name, ",".join(change))
        return snapshot.of_stream(run)

    def _save(self, body: dict[str, Any]) -> object:
        """Write a stream's zones and lines back into the YAML."""
        run = self._named(body)
        if self._file is None:
            raise Refusal(409, "the run was begun without --config; there is no file to save to")
        try:
            save_places(self._file, run.stream)
        except ConfigError as error:
            raise Refusal(409, str(error)) from error
        log.info("stream=%s saved file=%s", run.name, self._file)
        return {"name": run.name, "file": str(self._file.absolute())}

    def _model(self, body: dict[str, Any]) -> object:
        """Begin to swap the network, where a name is given; how the last swap went."""
        name = body.get("name")
        if name is not None:
            if self._swap.state == "loading" or self._dispatch.network is None:
                raise Refusal(409, "a network is being loaded; ask again when it is there")
            document = {**self._swap.model.model_dump(mode="json"), "name": name}
            self._swap.begin(parse({"model": document}, "model").model)
        network = self._dispatch.network
        return {
            "name": self._swap.model.name,
            "network": network.name if network else None,
            "swap": self._swap.state,
            "error": self._swap.error,
        }

    def _named(self, body: dict[str, Any]) -> StreamRun:
        name = body.get("name")
        run = next((run for run in self._dispatch.roster.runs if run.name == name and not run.removed), None)
        if run is None:
            known = ", ".join(run.name for run in self._dispatch.roster.runs if not run.removed) or "none"
            raise Refusal(404, f"{name}: no such stream; there are: {known}")
        return run


def _stream(document: dict[str, Any]) -> StreamConfig:
    """A StreamConfig of what came; ConfigError names what is wrong with it."""
    return parse({"streams": [document]}, "stream").streams[0]

"""All outlets of a run: who gets the pictures of which stream."""

import logging
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from streamseg.broadcast.hls import HlsFolder
from streamseg.broadcast.outlet import Outlet
from streamseg.broadcast.pictures import EncodedPicture
from streamseg.broadcast.push import Push
from streamseg.broadcast.push_status import PushStatus
from streamseg.config_broadcast import BroadcastConfig

log = logging.getLogger(__name__)

_ENDED_MOST = 1000


class Outlets:
    """The pushes and HLS folders of all streams. Belongs to one thread.

    Args:
        out: the run's output folder.
        config: whether and how HLS is written, and whom pushes trust.
    """

    def __init__(self, out: Path, config: BroadcastConfig):
        self._out, self._hls, self._ca_file = out, config.hls, config.ca_file
        self._open: dict[str, list[Outlet]] = {}
        self._ending: list[Outlet] = []
        self._ended: dict[str, None] = {}

    @property
    def statuses(self) -> tuple[PushStatus, ...]:
        """How each push gets on."""
        every = (*self._ending, *(outlet for outlets in self._open.values() for outlet in outlets))
        return tuple(outlet.status for outlet in every if isinstance(outlet, Push))

    def serve(self, urls: Mapping[str, Iterable[str]]) -> None:
        """These streams there are now, with the URLs that each is pushed to; others are over."""
        for name in [name for name in self._open if name not in urls]:
            self.end(name)
        for name, wanted in urls.items():
            if name not in self._open and name not in self._ended:
                folders = [HlsFolder(self._out / name, self._hls)] if self._hls.enabled else []
                self._open[name] = [*folders, *(Push(name, url, self._ca_file) for url in dict.fromkeys(wanted))]

    def put(self, stream: str, picture: EncodedPicture) -> None:
        """A picture of a stream."""
        for outlet in self._open.get(stream, ()):
            outlet.put(picture)

    def end(self, stream: str) -> None:
        """A stream is over."""
        outlets = self._open.pop(stream, [])
        self._ended[stream] = None
        while len(self._ended) > _ENDED_MOST:
            del self._ended[next(iter(self._ended))]
        for outlet in outlets:
            outlet.end()
        self._ending = [outlet for outlet in self._ending if outlet.running] + outlets

    def close(self, patience_s: float) -> None:
        """All streams are over: finish what can be finished in time."""
        for name in list(self._open):
            self.end(name)
        deadline_s = time.monotonic() + patience_s
        for outlet in self._ending:
            outlet.join(max(0.0, deadline_s - time.monotonic()))

"""One stream of a job, whether it runs in a thread of this process or in processes of its own."""

from dataclasses import dataclass, field

from streamseg.accounts import Account
from streamseg.capture import is_live
from streamseg.capture.status import SourceStatus
from streamseg.config import Config, StreamConfig
from streamseg.records import StreamInfo

DRAINING = "draining: frames in flight are finished; a second signal ends the process at once"


@dataclass(slots=True, eq=False)
class JobStream:
    """What both ways of running a stream have in common.

    stream: named, as expand() leaves it. account: what came in, and what became of it.
    """

    stream: StreamConfig
    config: Config
    account: Account = field(default_factory=Account, kw_only=True)

    @property
    def name(self) -> str:
        """The stream's name, and its folder's."""
        assert self.stream.name, "expand() fills names"
        return self.stream.name

    @property
    def live(self) -> bool:
        """Whether it runs at once, whatever else runs."""
        return is_live(self.stream.source)

    @property
    def source(self) -> SourceStatus:
        """What its source is doing."""
        return SourceStatus()

    def frames_of(self, info: StreamInfo | None) -> int | None:
        """How many frames the stream will have, about; None where nobody can tell."""
        if info is None:
            return None
        frames = info.frames
        if frames is None and info.duration_s is not None and info.fps is not None:
            frames = round(info.duration_s * info.fps)
        known = [count for count in (frames, self.config.capture.max_frames) if count is not None]
        return min(known, default=None)

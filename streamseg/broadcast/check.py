"""What is wrong with where streams are to be shown, told before any of them begins."""

from collections.abc import Iterable

from streamseg.broadcast.shown import shown_url
from streamseg.config import Config, StreamConfig
from streamseg.errors import ConfigError


def check_broadcast(config: Config, streams: Iterable[StreamConfig]) -> None:
    """ConfigError if two streams are pushed to one URL, or one to somewhere in a run that encodes no video.

    Args:
        config: the whole configuration.
        streams: all of them, with their names.
    """
    pushed: dict[str, str | None] = {}
    for stream in streams:
        for url in dict.fromkeys(config.push_of(stream)):
            if not (config.video.enabled or config.is_broadcast):
                raise ConfigError(f"push of stream {stream.name}: this run encodes no video; begin it with --push URL")
            if url in pushed:
                shown, both = shown_url(url, stream.name), f"{pushed[url]} and {stream.name}"
                raise ConfigError(f"push {shown}: of both {both}; write {{stream}} where the name goes")
            pushed[url] = stream.name

"""Results out: a sink takes every extraction of one stream and makes something durable of it.

A new sink is a file beside these and a name in build_sinks.
"""

from streamseg.config import Config
from streamseg.sinks.cutouts import CutoutsSink
from streamseg.sinks.objects import ObjectsSink
from streamseg.sinks.outdir import prepare_output
from streamseg.sinks.video import VideoSink
from streamseg.stages import Sink

__all__ = ["build_sinks", "prepare_output"]


def build_sinks(config: Config, stream: str, *, version: str) -> list[Sink]:
    """The sinks that a configuration asks for, writing under <output.dir>/<stream>/; not opened yet.

    Args:
        config: the whole configuration.
        stream: the stream's name, safe as a folder name.
        version: of streamseg, for the records.
    """
    folder = config.output.dir / stream
    sinks: list[Sink] = []
    if config.cutouts.every != "none":
        sinks.append(CutoutsSink(config, folder, version))
    if config.video.enabled:
        sinks.append(VideoSink(config, folder))
    if config.objects.enabled:
        sinks.append(ObjectsSink(config, folder))
    return sinks

"""Results out: a sink takes every extraction of one stream and makes something durable of it.

A new sink is a file beside these and a name in build_sink.
"""

from pathlib import Path

from streamseg.config import Config, StreamConfig
from streamseg.errors import ConfigError
from streamseg.provenance import Provenance
from streamseg.sinks.outdir import prepare_output
from streamseg.sinks.privacy import hiding
from streamseg.sinks.secrets_env import check_delivery
from streamseg.sinks.video import PictureTap, VideoSink
from streamseg.stages import Sink

__all__ = ["build_sink", "build_sinks", "check_delivery", "prepare_output", "sink_kinds"]


def sink_kinds(config: Config) -> list[str]:
    """The names of the sinks that a configuration asks for."""
    wanted = {
        "cutouts": config.cutouts.every != "none",
        "clips": config.clips.enabled,
        "video": config.video.enabled or config.is_broadcast,
        "clean_plate": config.clean_plate.enabled,
        "objects": config.objects.enabled,
        "events": config.events.enabled,
        "index": config.is_indexed,
        "publish": config.publish.endpoint is not None,
        "mqtt": config.mqtt.host is not None,
        "webhook": config.webhook.url is not None,
    }
    return [kind for kind, asked in wanted.items() if asked]


def build_sinks(config: Config, stream: StreamConfig, *, version: str, model_sha256: str | None = None) -> list[Sink]:
    """All of them for one stream; see build_sink."""
    kinds = sink_kinds(config)
    return [build_sink(kind, config, stream, version=version, model_sha256=model_sha256) for kind in kinds]


def build_sink(
    kind: str,
    config: Config,
    stream: StreamConfig,
    *,
    version: str,
    model_sha256: str | None = None,
    tap: PictureTap | None = None,
) -> Sink:
    """One sink, writing under <output.dir>/<name of the stream>/; not opened yet.

    Args:
        kind: its name, one of sink_kinds().
        config: the whole configuration.
        stream: with the name that expand() gave it, safe as a folder name.
        version: of streamseg, for the records.
        model_sha256: of the network's weights, for the records; None where no file holds them.
        tap: of the sink video: takes every encoded picture, too.
    """
    assert stream.name, "expand() fills names"
    folder = config.output.dir / stream.name
    if kind == "video":
        return hiding(VideoSink(config, folder, tap), config, stream)
    provenance = Provenance.of(config, stream, version, model_sha256)
    return hiding(_sink(kind, config, stream, folder, provenance), config, stream)


def _sink(kind: str, config: Config, stream: StreamConfig, folder: Path, provenance: Provenance) -> Sink:
    """Each kind is imported when it is used: a successor must be at work in a second or two."""
    match kind:
        case "cutouts":
            from streamseg.sinks.cutouts import CutoutsSink

            return CutoutsSink(config, folder, provenance)
        case "clips":
            from streamseg.sinks.clips import ClipsSink

            return ClipsSink(config, folder, provenance)
        case "clean_plate":
            from streamseg.sinks.clean_plate import CleanPlateSink

            return CleanPlateSink(config, folder)
        case "objects":
            from streamseg.sinks.objects import ObjectsSink

            return ObjectsSink(config, folder)
        case "events":
            from streamseg.sinks.events import EventsSink

            return EventsSink(config, stream, folder)
        case "index":
            from streamseg.sinks.index import IndexSink

            return IndexSink(config, stream, folder)
        case "publish":
            from streamseg.sinks.publish import PublishSink

            return PublishSink(config, stream)
        case "mqtt":
            from streamseg.sinks.mqtt import mqtt_sink

            return mqtt_sink(config, stream)
        case "webhook":
            from streamseg.sinks.webhook import webhook_sink

            return webhook_sink(config, stream, provenance.version)
    raise ConfigError(f"sink {kind!r}: unknown; known are {', '.join(sink_kinds(Config()))}")

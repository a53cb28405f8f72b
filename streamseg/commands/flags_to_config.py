"""Flags over YAML: what was typed replaces the key it stands for, and passes the same checks."""

from collections.abc import Sequence
from typing import Any

from streamseg.config import Config, StreamConfig
from streamseg.config_file import parse
from streamseg.errors import ConfigError

_KEYS = {
    "start": ("capture", "start"),
    "end": ("capture", "end"),
    "max_frames": ("capture", "max_frames"),
    "rtsp_transport": ("capture", "rtsp_transport"),
    "model": ("model", "name"),
    "device": ("model", "device"),
    "runner": ("model", "runner"),
    "precision": ("model", "precision"),
    "classes": ("model", "classes"),
    "score": ("model", "score"),
    "detect_every": ("model", "detect_every"),
    "cutouts": ("cutouts", "every"),
    "privacy": ("video", "privacy"),
    "privacy_classes": ("video", "privacy_classes"),
    "publish": ("publish", "endpoint"),
    "webhook": ("webhook", "url"),
    "out": ("output", "dir"),
    "max_latency": ("runtime", "max_latency_ms"),
    "host": ("web", "host"),
    "port": ("web", "port"),
}
_SWITCHES = {
    "realtime": ("capture", "pace", "realtime"),
    "as_fast_as_possible": ("capture", "pace", "fast"),
    "no_wait": ("capture", "wait", False),
    "no_video": ("video", "enabled", False),
    "clips": ("clips", "enabled", True),
    "index": ("index", "enabled", True),
    "clean_plate": ("clean_plate", "enabled", True),
    "overwrite": ("output", "overwrite", True),
    "resume": ("output", "resume", True),
    "serve": ("web", "enabled", True),
    "hold": ("web", "hold", True),
    "single_process": ("runtime", "single_process", True),
}


def merge(config: Config, flags: dict[str, Any]) -> Config:
    """The configuration with every flag that was given laid over it; for all streams, those with a value of their own.

    Args:
        config: what the YAML says, or the defaults.
        flags: by the flag's name; None and False mean not given.

    Raises:
        ConfigError: naming every flag whose value is out of range, one a line.
    """
    document = config.model_dump()
    for stream in document["streams"]:
        stream.update({key: None for key in ("classes", "score", "push") if flags.get(key) is not None})
    problems = []
    for flag, change in _changes(flags):
        try:
            parse(change, f"--{flag.replace('_', '-')}")
        except ConfigError as error:
            problems.append(str(error))
        for section, value in change.items():
            document[section] = _laid_over(document[section], value)
    if problems:
        raise ConfigError("\n".join(problems))
    return parse(document, "command line")


def replace_streams(config: Config, streams: Sequence[StreamConfig]) -> Config:
    """The configuration with these streams and no others; ConfigError where two have the same name."""
    document = {**config.model_dump(), "streams": [stream.model_dump() for stream in streams]}
    return parse(document, "command line")


def _laid_over(before: Any, change: Any) -> Any:
    """What a key is after a change; of a section only the keys that the change names are others."""
    if not isinstance(change, dict):
        return change
    return {**before, **{key: _laid_over(before.get(key), value) for key, value in change.items()}}


def _changes(flags: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Each given flag with the piece of a configuration file that it stands for."""
    valued = [(f, {section: {key: flags[f]}}) for f, (section, key) in _KEYS.items() if flags.get(f) is not None]
    switched = [(f, {section: {key: value}}) for f, (section, key, value) in _SWITCHES.items() if flags.get(f)]
    jobs = [("jobs", {"jobs": flags["jobs"]})] if flags.get("jobs") is not None else []
    drawn = [("draw", {"video": _drawn(flags["draw"])})] if flags.get("draw") is not None else []
    broker = [("mqtt", {"mqtt": flags["mqtt"]})] if flags.get("mqtt") is not None else []
    pushed = [("push", {"broadcast": {"push": flags["push"]}})] if flags.get("push") is not None else []
    hls = [("hls", {"broadcast": {"hls": {"enabled": True}}})] if flags.get("hls") else []
    return [*valued, *switched, *jobs, *drawn, *broker, *pushed, *hls]


def _drawn(names: Sequence[str]) -> dict[str, Any]:
    """What the annotated video shows; how long trails are is said elsewhere."""
    shown = {name: name in names for name in ("masks", "outlines", "labels")}
    return shown if "trails" in names else {**shown, "trail_s": 0.0}

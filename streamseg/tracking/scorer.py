"""A user's own say in what a good shot is: `best_shot.scorer: package.module:function`; see docs/best-shot.md."""

import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from streamseg.errors import ConfigError
from streamseg.geometry import U8, cover
from streamseg.pixels import crop_rgb
from streamseg.records import Frame, Track


@dataclass(frozen=True, slots=True)
class Candidate:
    """A picture of an object that may become its best shot: what a scorer is given.

    frame and track as the tracker has them (see records); terms: the built-in ones by name, each 0..1;
    confirmed_s: seconds of media time since the track was confirmed.
    """

    frame: Frame
    track: Track
    terms: Mapping[str, float]
    confirmed_s: float

    @property
    def rgb(self) -> U8:
        """The pixels that the track's box covers: uint8 [h, w, 3]."""
        return crop_rgb(self.frame, cover(self.track.box, self.frame.size_hw))

    @property
    def mask(self) -> U8:
        """How surely each of them is the object's: uint8 [h, w]."""
        assert self.track.mask is not None, "only tracks that are seen are judged"
        return self.track.mask.on(cover(self.track.box, self.frame.size_hw))


class Scorer:
    """A user's function, imported by name; each call is checked.

    Args:
        path: "package.module:function" or "package.module.function".

    Raises:
        ConfigError: it cannot be imported, or cannot be called with one Candidate; on a call: it raised, or gave
            anything but a number from 0 to 1.
    """

    def __init__(self, path: str):
        self._told = f"best_shot.scorer {path!r}"
        self._function = self._load(path)

    def __call__(self, candidate: Candidate) -> float:
        where = f"for track {candidate.track.id} in frame {candidate.frame.seq}"
        try:
            value = self._function(candidate)
        except Exception as error:
            raise ConfigError(f"{self._told}: raised {type(error).__name__}: {error} {where}") from error
        if not isinstance(value, int | float | np.integer | np.floating) or not 0 <= float(value) <= 1:
            raise ConfigError(f"{self._told}: gave {value!r} {where}; a number from 0 to 1 is needed")
        return float(value)

    def _load(self, path: str) -> Callable[[Candidate], Any]:
        module_name, _, name = path.replace(":", ".").rpartition(".")
        try:
            module = importlib.import_module(module_name)
        except ModuleNotFoundError as error:
            raise ConfigError(
                f"{self._told}: no module named {error.name!r}; it must be installed, or its folder in PYTHONPATH"
            ) from error
        except Exception as error:
            raise ConfigError(f"{self._told}: its import raised {type(error).__name__}: {error}") from error
        function = getattr(module, name, None)
        if function is None:
            raise ConfigError(f"{self._told}: module {module_name} has no {name!r}")
        if not callable(function):
            raise ConfigError(f"{self._told}: is a {type(function).__name__}; a function is needed")
        try:
            inspect.signature(function).bind(None)
        except TypeError:
            raise ConfigError(f"{self._told}: cannot be called with one argument, the candidate") from None
        except ValueError:  # a built-in that does not tell
            pass
        return function

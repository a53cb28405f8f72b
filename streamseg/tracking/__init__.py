"""Stage 4: instances to objects with identity; what is due is cut out."""

from streamseg.tracking.scorer import Candidate
from streamseg.tracking.state import TrackerState, TrackMemory
from streamseg.tracking.tracker import ObjectTracker

__all__ = ["Candidate", "ObjectTracker", "TrackMemory", "TrackerState"]

"""The index: every track that was followed, with its best shots, in a database that can be searched."""

from streamseg.index.store import Index, index_url

__all__ = ["Index", "index_url"]

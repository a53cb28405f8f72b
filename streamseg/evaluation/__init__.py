"""How well a network sees: stills by average precision, clips by outlines (masks beside them) or identities (boxes)."""

"""The grid of the network's outputs, for those who build it, train it and read it; free of torch."""

STRIDES = (8, 16)
"""Strides of the heads, small objects first."""
MASK_STRIDE = 2
"""Stride of the prototypes."""
SEMANTIC_STRIDE = 4
"""Stride of the class regions, which only training reads."""
MOTION_STRIDE = 4
"""Stride of the map of what moves, which the network is given beside the view."""
APPEARANCE_STRIDE = 4
"""Stride of the map of appearance, that of the masks by which decode.py chooses objects."""

"""One thread for NumPy's matrix products, where NumPy is not loaded yet.

OpenBLAS' threads wait for work by spinning. On matrices as small as ours they gain nothing, and cost the other stages
their cores: half as much CPU time again for a frame on a machine with two. Whoever sets the variable has the last word.
"""

import os

THREADS = os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
"""How many there are; settled when this module is imported, which is before anything here imports NumPy."""

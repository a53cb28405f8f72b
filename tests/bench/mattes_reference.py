"""Run by mattes.py with the Python of a virtual environment that holds pymatting: closed-form alpha and its colours.

python mattes_reference.py FOLDER reads every NAME.npz in it (rgb uint8 [H, W, 3], trimap float64 [H, W]: 0, 0.5, 1)
and writes NAME.out.npy (float32 [H, W, 4]: colours 0..255 and alpha 0..1). Levin et al. 2008, "A Closed-Form Solution
to Natural Image Matting"; Germer et al. 2020, "Fast Multi-Level Foreground Estimation".
"""

import sys
import warnings
from pathlib import Path

import numpy as np


def main() -> None:
    """All of a folder."""
    from pymatting import estimate_alpha_cf, estimate_foreground_ml

    warnings.simplefilter("ignore")
    for path in sorted(Path(sys.argv[1]).glob("*.npz")):
        with np.load(path) as data:
            rgb, trimap = data["rgb"] / 255.0, data["trimap"]
        alpha = estimate_alpha_cf(rgb, trimap)
        colours = estimate_foreground_ml(rgb, alpha)
        out = np.dstack([colours * 255, alpha]).astype(np.float32)
        np.save(path.with_suffix(".out.npy"), out)


if __name__ == "__main__":
    main()

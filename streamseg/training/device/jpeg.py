"""What JPEG costs, for many pictures at once: nothing is coded, but colours lose what quantisation takes from them.

Source: ITU-T T.81 (1992), sec. A.3 (transform, quantisation) and annex K.1 (tables), T.871 (2011), sec. 7 (YCbCr);
quality scales the tables and chroma has half the resolution, as in libjpeg.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from streamseg.training.device.chance import Chance

_LUMA_STEPS = """
16 11 10 16 24 40 51 61  12 12 14 19 26 58 60 55  14 13 16 24 40 57 69 56  14 17 22 29 51 87 80 62
18 22 37 56 68 109 103 77  24 35 55 64 81 104 113 92  49 64 78 87 103 121 120 101  72 92 95 98 112 100 103 99
"""
_CHROMA_STEPS = """
17 18 24 47 99 99 99 99  18 21 26 66 99 99 99 99  24 26 56 99 99 99 99 99  47 66 99 99 99 99 99 99
99 99 99 99 99 99 99 99  99 99 99 99 99 99 99 99  99 99 99 99 99 99 99 99  99 99 99 99 99 99 99 99
"""
_STEPS = np.array([_LUMA_STEPS.split(), _CHROMA_STEPS.split()], np.int64).reshape(2, 8, 8)
_TO_YCC = (0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312)
_TO_RGB = (1.0, 0.0, 1.402), (1.0, -0.344136, -0.714136), (1.0, 1.772, 0.0)


def compressed(rgb: Tensor, quality: np.ndarray[tuple[int], np.dtype[np.int64]], chance: Chance) -> Tensor:
    """float32 [n, 3, H, W] 0..255, sides multiples of 16, each picture at its own quality [n] of 1..100."""
    percent = np.where(quality < 50, 5000 // quality, 200 - 2 * quality)[:, None, None, None]
    steps = chance.put(np.clip((_STEPS * percent + 50) // 100, 1, 255).astype(np.float32))
    to_ycc, to_rgb = (chance.put(np.array(matrix, np.float32)) for matrix in (_TO_YCC, _TO_RGB))
    # 128 is taken from luma by the standard; it is never added to chroma here
    ycc = torch.einsum("ij,njyx->niyx", to_ycc, rgb)
    luma = _quantised(ycc[:, :1].round() - 128, steps[:, :1]) + 128
    chroma = _quantised(F.avg_pool2d(ycc[:, 1:], 2).round(), steps[:, 1:])
    chroma = F.interpolate(chroma, scale_factor=2, mode="bilinear", align_corners=False)
    return torch.einsum("ij,njyx->niyx", to_rgb, torch.cat([luma, chroma], 1)).round().clamp(0, 255)


def _quantised(planes: Tensor, steps: Tensor) -> Tensor:
    """Planes [n, c, H, W] whose 8x8 blocks' frequencies are multiples of steps [n, 1, 8, 8]."""
    wave = _cosines(planes.device)
    n, c, height, width = planes.shape
    blocks = planes.reshape(n, c, height // 8, 8, width // 8, 8)
    step = steps[:, :, None, :, None, :]
    kept = (torch.einsum("uy,ncaybx,vx->ncaubv", wave, blocks, wave) / step).round() * step
    return torch.einsum("uy,ncaubv,vx->ncaybx", wave, kept, wave).reshape(planes.shape)


def _cosines(device: torch.device) -> Tensor:
    """The transform of 8 samples, [frequency, sample]."""
    place = torch.arange(8, device=device)
    wave = torch.cos((2 * place + 1) * place[:, None] * (math.pi / 16)) / 2
    wave[0] /= math.sqrt(2)
    return wave

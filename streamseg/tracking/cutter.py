"""One object out of one frame: native-resolution crop, alpha, the object's own colours."""

import cv2

from streamseg.config import CutoutsConfig
from streamseg.geometry import cover
from streamseg.pixels import crop_rgb
from streamseg.records import Cutout, Frame, Track
from streamseg.tracking.decontaminate import decontaminate
from streamseg.tracking.matte import band_px, guided_matte, mask_matte, without_specks


class Cutter:
    """Lifts objects out of frames as the config says: how much room around them, which matte."""

    def __init__(self, config: CutoutsConfig):
        self._margin = config.margin
        self._guided = config.matte == "guided"

    def cut(self, frame: Frame, track: Track) -> Cutout | None:
        """Cut a track out of the frame that shows it; None where its box holds no pixel of the frame.

        Where alpha is 255 the colours are the frame's own; where it is soft, the object's as far as they can be told.
        """
        crop = cover(track.box, frame.size_hw, self._margin, even=True)
        if track.mask is None or crop[2] <= crop[0] or crop[3] <= crop[1]:
            return None
        rgb = crop_rgb(frame, crop)
        whole = without_specks(track.mask)
        if self._guided:
            matte = guided_matte(rgb, whole, crop)
            rgb = decontaminate(rgb, matte, band_px(whole))
        else:
            matte = mask_matte(whole, crop)
        rgba = cv2.cvtColor(rgb, cv2.COLOR_RGB2RGBA)
        rgba[:, :, 3] = matte.alpha
        return Cutout(track, rgba, (crop[0], crop[1]))

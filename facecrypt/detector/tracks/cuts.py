"""Where one scene ends and the next begins."""

import numpy as np

from facecrypt.detector.tracks.flow import load_cv2

__all__ = ["CutFinder"]

_SIDE = 32
# Mean difference of luma, 0 to 255, and how many times that of the frames before it must be.
_DIFFERENCE, _TIMES = 18.0, 3.0


class CutFinder:
    """Compares each frame with the one before it.

    Examples
    --------
    >>> finder = CutFinder()
    >>> black, white = (np.full((90, 160), luma, np.uint8) for luma in (0, 255))
    >>> [finder.add(frame) for frame in (black, black, white, white)]
    [False, False, True, False]
    """

    def __init__(self) -> None:
        self._before: np.ndarray | None = None
        self._usual = 0.0

    def add(self, luma: np.ndarray) -> bool:
        """Whether a scene begins with this frame; the first frame begins none."""
        cv2 = load_cv2()
        small = cv2.resize(luma, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
        if self._before is None:
            self._before = small
            return False
        difference = float(np.abs(small - self._before).mean())
        self._before = small
        cut = difference > max(_DIFFERENCE, _TIMES * self._usual)
        if not cut:
            self._usual += (difference - self._usual) / 4
        return cut

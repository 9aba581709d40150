"""Where one scene ends and the next begins."""

import numpy as np

from facecrypt.detector.tracks.flow import load_cv2

__all__ = ["CutFinder"]

_SIDE = 64
# Mean difference of luma, of 255, below which nothing has happened: noise correlates with nothing.
_DIFFERENCE = 8.0
# The peak of the phase correlation: pans, zooms and shakes leave more than .7, cuts less than .2.
_PEAK = 0.35


class CutFinder:
    """Compares each frame with the one before it, wherever the camera has moved to.

    Examples
    --------
    >>> finder = CutFinder()
    >>> one, other = np.random.default_rng(1).integers(0, 256, (2, 90, 160), np.uint8)
    >>> [finder.add(frame) for frame in (one, one, other, np.roll(other, 30, axis=1))]
    [False, False, True, False]
    """

    def __init__(self) -> None:
        self._before: np.ndarray | None = None
        self._window = load_cv2().createHanningWindow((_SIDE, _SIDE), load_cv2().CV_32F)

    def add(self, luma: np.ndarray) -> bool:
        """Whether a scene begins with this frame; the first frame begins none."""
        cv2 = load_cv2()
        small = cv2.resize(luma, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
        before, self._before = self._before, small
        if before is None or float(np.abs(small - before).mean()) < _DIFFERENCE:
            return False
        _, peak = cv2.phaseCorrelate(before, small, self._window)
        return bool(peak < _PEAK)

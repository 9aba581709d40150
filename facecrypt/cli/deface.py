"""Options of deface 1.5.0, for those who come from it: as ours, or with what to say instead."""

import argparse
from pathlib import Path
from typing import Any

from facecrypt.detector.presets import DEFAULT
from facecrypt.jobs.inputs import PICTURE_SUFFIXES

__all__ = ["add_options", "boxes_file"]

_DEVICES = {"CPUExecutionProvider": "cpu", "CUDAExecutionProvider": "cuda"}
_NO_FILTER = "faces are encrypted, and neither blurred nor replaced; leave it out"
_FILLED = "faces are encrypted, and filled in what is shown of a video: --fill solid or mosaic"
_CELLS = "faces are encrypted; in a video, --fill mosaic makes at most 6 cells of a face"
_DRAW = "to see what is found, with scores, run 'facecrypt detect IN', with --draw DIR for pictures"
_REFUSED = {
    ("-s", "--scale"): "the detector makes its own smaller pictures; for more speed say "
    "--min-face PIXELS, such as 40, the side of the smallest face to look for",
    ("--preview",): _DRAW,
    ("--draw-scores",): _DRAW,
    ("--replacewith",): _FILLED,
    ("--replaceimg",): _NO_FILTER,
    ("--mosaicsize",): _CELLS,
    ("--ffmpeg-config",): "say --codec, --crf and --speed",
}


class _Refused(argparse.Action):
    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        parser.error(f"{option_string} is an option of deface: {self.const}")


def add_options(sub: argparse.ArgumentParser) -> None:
    """Accept the options that mean the same, and refuse the rest by name."""
    group = sub.add_argument_group("as in deface")
    same: dict[str, Any] = {"default": argparse.SUPPRESS}  # of the option it stands for
    group.add_argument(
        "-t",
        "--thresh",
        dest="threshold",
        type=_score,
        metavar="T",
        **same,
        help="score that a face needs, as --threshold .6,.7,T",
    )
    group.add_argument(
        "--mask-scale",
        dest="grow",
        type=_mask_scale,
        metavar="M",
        **same,
        help="how large a box becomes, as --grow M-1",
    )
    group.add_argument(
        "--execution-provider",
        "--ep",
        dest="device",
        type=_provider,
        metavar="EP",
        **same,
        help="where the networks run, as --device",
    )
    group.add_argument(
        "--backend", choices=("auto", "onnxrt"), help="accepted; it is onnxruntime in any case"
    )
    group.add_argument(
        "--keep-audio", action="store_true", help="accepted; sound is kept unless you say --mute"
    )
    for names, instead in _REFUSED.items():
        group.add_argument(
            *names, action=_Refused, nargs="?", const=instead, help=argparse.SUPPRESS
        )


def boxes_file(text: str) -> str:
    """The file of ``--boxes FILE``, unless it looks as if deface's ``--boxes`` was meant."""
    path = Path(text)
    if not text or path.suffix.lower() in PICTURE_SUFFIXES or path.is_dir():
        raise argparse.ArgumentTypeError(
            "expected a file of boxes as 'detect --json' prints them; rectangles, which is what "
            "--boxes is for deface, are --shape box, the default"
        )
    return text


def _score(text: str) -> tuple[float, ...]:
    value = _number(text, "0.7")
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"expected a number between 0 and 1, received {text}")
    return (*DEFAULT.thresholds[:2], value)


def _mask_scale(text: str) -> float:
    value = _number(text, "1.3")
    if not 1 <= value <= 100:
        raise argparse.ArgumentTypeError(
            f"expected a number from 1 to 100, such as 1.3; received {text!r}"
        )
    # deface moves each side by this share of the box, so the box becomes 2M-1 times as wide.
    return value - 1


def _number(text: str, example: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected a number, such as {example}; received {text!r}"
        ) from None


def _provider(text: str) -> str:
    if text not in _DEVICES:
        raise argparse.ArgumentTypeError(
            f"expected {' or '.join(_DEVICES)}, received {text}; others are not supported"
        )
    return _DEVICES[text]

"""What the command line accepts: every command, its options and their help."""

import argparse
from collections.abc import Callable, Mapping
from math import inf, nan
from pathlib import Path
from typing import NoReturn

from facecrypt import arguments_deface, arguments_learn, arguments_train
from facecrypt._version import __version__
from facecrypt.arrays import ARRAY_SUFFIXES
from facecrypt.container import CIPHERS
from facecrypt.inputs import PICTURE_SUFFIXES

__all__ = ["parser"]

EPILOG = "Exit codes: 0 done, 1 an input failed, 2 usage, 3 wrong key or tampered, 130 interrupted."


class _Parser(argparse.ArgumentParser):
    def __init__(self, **settings):
        # An abbreviation that works today is ambiguous once another option comes.
        super().__init__(**settings, epilog=EPILOG, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """Say it as all errors are said, and leave with 2."""
        self.exit(2, f"facecrypt: error: {message}\nfacecrypt: hint: see '{self.prog} --help'\n")


def parser(commands: Mapping[str, Callable]) -> argparse.ArgumentParser:
    """The parser; ``run`` of what it returns is the function of the command that was given."""
    root = _Parser(
        prog="facecrypt",
        description="Find faces in pictures, encrypt exactly those pixels, and give them back.",
    )
    root.add_argument("--version", action="version", version=f"facecrypt {__version__}")
    subs = root.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, run in commands.items():
        help_text, fill = _COMMANDS[name]
        sub = subs.add_parser(name, help=help_text, description=help_text)
        sub.set_defaults(run=run)
        for leaf in fill(sub) or (sub,):
            leaf.add_argument("-q", "--quiet", action="store_true", help="errors only")
    return root


def _keygen(sub) -> None:
    sub.add_argument("-o", "--output", metavar="FILE", help="key file (default key.txt)")
    sub.add_argument("--pq", action="store_true", help="ML-KEM-768 + X25519, post-quantum")
    sub.add_argument("--symmetric", action="store_true", help="one key that seals and opens")
    _force(sub)


def _encrypt(sub) -> None:
    _inputs(sub)
    sub.add_argument("-r", "--recipient", action="append", default=[], metavar="PUBLIC_KEY")
    sub.add_argument("-R", "--recipients-file", action="append", default=[], metavar="FILE")
    _shared_keys(sub)
    sub.add_argument("--cipher", choices=CIPHERS, default=CIPHERS[0], help="(default %(default)s)")
    sub.add_argument(
        "--grow", type=_margin, default=0.2, help="margin a side (default %(default)s)"
    )
    sub.add_argument("--shape", choices=("box", "ellipse"), default="box")
    sub.add_argument(
        "--boxes",
        nargs="?",
        const="",  # deface's --boxes has no value; its type says so
        type=arguments_deface.boxes_file,
        metavar="FILE",
        help="boxes as 'detect --json' prints them",
    )
    sub.add_argument("--whole", action="store_true", help="encrypt whole pictures")
    sub.add_argument("--sidecar", action="store_true", help="header in NAME.fcrypt.json beside")
    sub.add_argument(
        "-m", "--keep-metadata", action="store_true", help="keep EXIF, thumbnails never"
    )
    _detection(sub)
    _batch(sub)
    _engine(sub)
    arguments_deface.fill(sub)


def _decrypt(sub) -> None:
    _inputs(sub)
    _identity(sub)
    sub.add_argument("--region", type=int, action="append", metavar="N", help="only these faces")
    sub.add_argument("--allow-edited", action="store_true", help="though surroundings changed")
    _batch(sub)


def _inspect(sub) -> None:
    sub.add_argument("input", metavar="IN")
    sub.add_argument("--json", action="store_true")
    sub.add_argument(
        "--guess", action="store_true", help="of any picture: does it look encrypted, and where"
    )


def _verify(sub) -> None:
    sub.add_argument("inputs", nargs="+", metavar="IN")
    _identity(sub)


def _detect(sub) -> None:
    sub.add_argument("inputs", nargs="+", metavar="IN")
    sub.add_argument("--json", action="store_true", help="for --boxes")
    sub.add_argument(
        "--draw", type=_folder, metavar="DIR", help="write pictures with the boxes drawn in"
    )
    _detection(sub)
    _force(sub)


def _region_key(sub) -> None:
    sub.add_argument("input", metavar="IN")
    sub.add_argument("--region", type=int, required=True, metavar="N")
    sub.add_argument("-o", "--output", metavar="FILE", help="(default: standard output)")
    _identity(sub)
    _force(sub)


def _scheme(sub) -> list[argparse.ArgumentParser]:
    """``scheme NAME ACTION``; the actions have parsers of their own."""
    sub.add_argument("name", nargs="?", metavar="NAME", help="as 'facecrypt scheme list' names it")
    actions = sub.add_subparsers(dest="action", metavar="ACTION", prog="facecrypt scheme NAME")
    keygen = actions.add_parser("keygen", help="make a key")
    keygen.add_argument("-o", "--output", required=True, metavar="KEY", help="key file, .npz")
    shape = keygen.add_mutually_exclusive_group(required=True)
    shape.add_argument("--like", metavar="FILE", help="for pictures such as this one, or array")
    shape.add_argument("--size", type=_size, metavar="HxWxC", help="for pictures of this size")
    keygen.add_argument(
        "--set",
        type=_setting,
        action="append",
        default=[],
        metavar="OPTION=VALUE",
        help="of the scheme, such as block=8",
    )
    _force(keygen)
    encrypt = actions.add_parser("encrypt", help="encrypt pictures and arrays")
    encrypt.add_argument("--boxes", metavar="FILE", help="fiie: as 'detect --json' prints them")
    decrypt = actions.add_parser("decrypt", help="give them back")
    for action in encrypt, decrypt:
        _inputs(action)
        action.add_argument("--key", required=True, metavar="KEY", help="as keygen writes it")
        _batch(action)
    return [keygen, encrypt, decrypt, actions.add_parser("list", help="what there is")]


def _attack(sub) -> None:
    sub.add_argument("name", metavar="SCHEME")
    sub.add_argument("input", metavar="IN")
    sub.add_argument(
        "-o", "--output", required=True, metavar="FILE", help="plain, cipher and what was recovered"
    )
    sub.add_argument("--seed", type=int, metavar="N", help="of the key (default: a fresh one)")
    _force(sub)


def _analyze(sub) -> None:
    sub.add_argument("inputs", nargs="+", metavar="IN", help="pictures, folders or patterns")
    sub.add_argument("--scheme", metavar="NAME", help="(default: what 'encrypt' does)")
    sub.add_argument("--key", metavar="KEY", help="of the scheme (default: a random one for each)")
    sub.add_argument("-o", "--output", default="report.html", metavar="FILE", help="(%(default)s)")
    sub.add_argument("--boxes", metavar="FILE", help="measure there: as 'detect --json' prints")
    _detection(sub)
    _force(sub)


def _force(sub) -> None:
    sub.add_argument("-f", "--force", action="store_true", help="replace existing outputs")


def _inputs(sub) -> None:
    sub.add_argument("inputs", nargs="+", metavar="IN", help="pictures, folders or patterns")
    sub.add_argument(
        "-o", "--output", required=True, type=_folder, metavar="DIR", help="output folder"
    )


def _shared_keys(sub) -> None:
    sub.add_argument("-k", "--key", action="append", default=[], metavar="KEYFILE")
    sub.add_argument(
        "-p", "--passphrase", action="store_true", help="ask, or take $FACECRYPT_PASSPHRASE"
    )


def _identity(sub) -> None:
    sub.add_argument("-i", "--identity", action="append", default=[], metavar="KEYFILE")
    _shared_keys(sub)
    sub.add_argument(
        "--allow-costly", action="store_true", help="with -p: spend up to a minute and 1 GiB"
    )


def _detection(sub) -> None:
    sub.add_argument("--preset", choices=("fast", "recall"), help="speed, or fewer missed faces")
    sub.add_argument("--min-face", type=int, metavar="PIXELS", help="(default 20)")
    sub.add_argument("--threshold", type=_thresholds, metavar="P,R,O", help="(default .6,.7,.7)")
    sub.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")


def _batch(sub) -> None:
    sub.add_argument("-j", "--jobs", type=int, metavar="N", help="threads (default: one a core)")
    _force(sub)


def _engine(sub) -> None:
    many = sub.add_argument_group("many machines")
    many.add_argument("--engine", choices=("local", "ray"), default="local")
    many.add_argument("--address", metavar="HOST:PORT", help="ray: of the cluster")
    many.add_argument(
        "--actors", type=int, metavar="N", help="ray: workers (default: all there is)"
    )
    many.add_argument("--num-gpus", type=float, metavar="X", help="ray: GPUs a worker (default 0)")


def _folder(text: str) -> Path:
    path = Path(text)
    if path.suffix.lower() in PICTURE_SUFFIXES | ARRAY_SUFFIXES and not path.is_dir():
        raise argparse.ArgumentTypeError(
            f"expected a folder, received {text}, a file; pictures are written into the folder as "
            "PNG, which keeps every pixel"
        )
    return path


def _size(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split("x"))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected height x width x channels, such as 32x32x3; received {text!r}"
        ) from None


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(
            f"expected an option and its value, such as block=8; received {text!r}"
        )
    return name, value


def _thresholds(text: str) -> tuple[float, ...]:
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        values = ()
    if len(values) not in (1, 3):
        raise argparse.ArgumentTypeError(
            f"expected one number or three, such as .6,.7,.7; received {text!r}"
        )
    return values * 3 if len(values) == 1 else values


def _margin(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = nan
    if not 0 <= value < inf:
        raise argparse.ArgumentTypeError(
            f"expected a number of at least 0, such as 0.2; received {text!r}"
        )
    return value


_COMMANDS = {
    "keygen": ("make a key pair and print its public key", _keygen),
    "encrypt": ("encrypt the faces of pictures", _encrypt),
    "decrypt": ("give the faces back", _decrypt),
    "inspect": ("show what a sealed picture says without a key", _inspect),
    "verify": ("check that sealed pictures open and are unchanged", _verify),
    "detect": ("find faces and print where they are", _detect),
    "region-key": ("export the key of one face", _region_key),
    "scheme": ("research: encrypt pictures and arrays by a published scheme", _scheme),
    "attack": ("research: show on a picture how a scheme falls", _attack),
    "analyze": ("measure a cipher on pictures and write a report", _analyze),
    "train-mtcnn": ("train the detector on annotated faces", arguments_train.fill),
    "learn": ("research: train networks on ciphers, test and compare them", arguments_learn.learn),
    "doctor": ("say what is installed and works, and what to do about the rest", lambda sub: None),
}

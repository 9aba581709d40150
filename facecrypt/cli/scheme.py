"""The command ``scheme``: keys, encryption and decryption by a published scheme, for research."""

import inspect
import os
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from facecrypt import schemes
from facecrypt.cli.batches import report
from facecrypt.cli.options import add_batch, add_force, add_inputs, file
from facecrypt.cli.pages import add_examples
from facecrypt.cli.terminal import (
    DONE,
    count,
    progress_bar,
    say,
    tell_written,
)
from facecrypt.jobs.boxes import load_boxes
from facecrypt.jobs.schemes import decrypt_files, encrypt_files
from facecrypt.jobs.summary import Summary
from facecrypt.media import read_image
from facecrypt.media.npy import images_name, is_array_file, read_arrays
from facecrypt.schemes import Scheme
from facecrypt.schemes.draws import MASTER_SIZE
from facecrypt.schemes.registry import broken

__all__ = ["add_options", "run"]


def add_options(sub: ArgumentParser) -> list[ArgumentParser]:
    """``scheme NAME ACTION``; the actions have parsers of their own."""
    sub.add_argument("name", nargs="?", metavar="NAME", help="as 'facecrypt scheme list' names it")
    actions = sub.add_subparsers(dest="action", metavar="ACTION", prog="facecrypt scheme NAME")
    keygen = actions.add_parser("keygen", help="make a key")
    keygen.add_argument(
        "-o", "--output", required=True, type=file, metavar="KEY", help="key file, .npz"
    )
    shape = keygen.add_mutually_exclusive_group(required=True)
    shape.add_argument("--like", metavar="FILE", help="for pictures such as this one, or array")
    shape.add_argument("--size", type=_size, metavar="HxWxC", help="for pictures of this size")
    keygen.add_argument(
        "--set",
        type=_setting,
        action="append",
        default=[],
        metavar="OPTION=VALUE",
        help="an option of the scheme, such as block=8; may be given again",
    )
    add_force(keygen)
    add_examples(keygen, "facecrypt scheme le keygen -o le.npz --like photo.png --set block=8")
    encrypt = actions.add_parser("encrypt", help="encrypt pictures and arrays")
    encrypt.add_argument(
        "--boxes",
        metavar="FILE",
        help="for fiie: encrypt the boxes of this file, as 'detect --json' prints it",
    )
    decrypt = actions.add_parser("decrypt", help="give them back")
    for action in encrypt, decrypt:
        add_inputs(action)
        action.add_argument(
            "--key", required=True, metavar="KEY", help="key file, as keygen writes it"
        )
        add_batch(action)
    add_examples(encrypt, "facecrypt scheme le encrypt photo.png -o ciphers --key photo.npz")
    add_examples(decrypt, "facecrypt scheme le decrypt cipher.png -o opened --key photo.npz")
    listed = actions.add_parser("list", help="what there is")
    for page in listed, sub:
        add_examples(page, "facecrypt scheme list")
    return [keygen, encrypt, decrypt, listed]


def _size(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split("x"))
    except ValueError:
        raise ArgumentTypeError(
            f"expected height x width x channels, such as 32x32x3; received {text!r}"
        ) from None


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise ArgumentTypeError(
            f"expected an option and its value, such as block=8; received {text!r}"
        )
    return name, value


def run(args: Namespace) -> int:
    """``facecrypt scheme [NAME] [ACTION]``: make keys, encrypt and decrypt, or list the schemes."""
    if args.action in (None, "list"):
        return _list()
    if args.name is None:
        raise ValueError(
            f"say which: 'facecrypt scheme NAME {args.action}'; there are "
            f"{', '.join(schemes.names())}"
        )
    chosen = schemes.get(args.name)
    if args.action == "keygen":
        return _keygen(chosen, args)
    key = chosen.key_type.load(args.key)
    work: Callable[..., Summary] = decrypt_files
    if args.action == "encrypt":
        work = partial(encrypt_files, boxes=load_boxes(args.boxes) if args.boxes else None)
        if not args.quiet:
            say(
                "warning",
                f"scheme {chosen.name} is for experiments, not for secrecy; "
                "'facecrypt encrypt' protects pictures",
            )
    with progress_bar(quiet=args.quiet) as bar:
        summary = work(
            args.inputs,
            args.output,
            chosen,
            key,
            workers=args.jobs,
            progress=bar,
            overwrite=args.force,
        )
    return report(summary, f"{args.action}ed", [], quiet=args.quiet)


def _list() -> int:
    print(f"{'scheme':<16}  {'falls to':<17}  what it is")
    for name in schemes.names():
        chosen = schemes.get(name)
        pictures = chosen.chosen_pictures
        falls = "no attack here" if pictures is None else count(pictures, "chosen picture")
        print(f"{name:<16}  {falls:<17}  {_what(chosen)}")
    for reason in broken():
        say("warning", reason)
    return DONE


def _what(chosen: Scheme) -> str:
    """A scheme in a few words."""
    # Each of our modules begins with the names of its schemes, a colon, and what they are.
    module = inspect.getdoc(sys.modules[type(chosen).__module__]) or ""
    names, _, what = module.partition(": ")
    if chosen.name not in names:
        what = inspect.getdoc(type(chosen)) or ""
    return " ".join(what.split("\n\n")[0].split())


def _keygen(chosen: Scheme, args: Namespace) -> int:
    shape = args.size or _shape_of(Path(args.like))
    options = _options(chosen, dict(args.set))
    key = chosen.derive_key(shape, os.urandom(MASTER_SIZE), **options)
    key.save(args.output, overwrite=args.force)
    if not args.quiet:
        tell_written(args.output)
    return DONE


def _shape_of(path: Path) -> tuple[int, ...]:
    if not is_array_file(path):
        return read_image(path).pixels.shape
    arrays = read_arrays(path)
    return arrays[images_name(arrays)].shape


def _options(chosen: Scheme, settings: Mapping[str, str]) -> dict[str, Any]:
    """``--set`` as the scheme's keyword arguments, of the types of their defaults."""
    defaults = chosen.options()
    for name in settings:
        if name not in defaults:
            has = f"it has {', '.join(defaults)}" if defaults else "it has none"
            raise ValueError(f"scheme {chosen.name!r} has no option {name!r}; {has}")
    return {name: _typed(name, text, defaults[name]) for name, text in settings.items()}


def _typed(name: str, text: str, default: Any) -> Any:
    if isinstance(default, str):
        return text
    try:
        if isinstance(default, bool):
            return {"true": True, "false": False}[text.lower()]
        if isinstance(default, tuple):
            return tuple(int(part) for part in text.split(","))
        return int(text)
    except (ValueError, KeyError):
        kind = {bool: "true or false", tuple: "integers such as 4,4"}
        raise ValueError(
            f"option {name} must be {kind.get(type(default), 'an integer')}, received {text!r}"
        ) from None

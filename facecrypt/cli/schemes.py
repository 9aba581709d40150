"""The research commands: ``scheme``, ``attack`` and ``analyze``.

The command line imports this when one of them runs, for it imports all the schemes and attacks.
"""

import inspect
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facecrypt import schemes
from facecrypt.cli import given
from facecrypt.cli.terminal import (
    DONE,
    FAILED,
    count,
    exit_code,
    progress_bar,
    report,
    say,
    say_errors,
)
from facecrypt.errors import MediaError, UnknownSchemeError
from facecrypt.files import atomic_write
from facecrypt.jobs.boxes import load_boxes
from facecrypt.jobs.inputs import find_pictures
from facecrypt.jobs.schemes import decrypt_files, encrypt_files, options_for
from facecrypt.jobs.sealing import forget_frames, regions_of
from facecrypt.jobs.summary import Summary
from facecrypt.media import encode_image, read_image
from facecrypt.media.npy import images_name, is_array_file, read_arrays
from facecrypt.regions import Region
from facecrypt.schemes import Key, Scheme
from facecrypt.schemes.draws import MASTER_SIZE

__all__ = ["CHOSEN_PICTURES", "analyze", "attack", "scheme"]

CHOSEN_PICTURES: Mapping[str, int] = {
    "block-shuffle": 1,
    "cat-map": 1,
    "chaos-blocks": 2,
    "combined-cat-map": 1,
    "ele": 2,
    "etc": 1,
    "fiie": 1,
    "le": 1,
    "logistic-pixel": 2,
    "pbe": 1,
}
"""How many chosen pictures show a key that is used again (``docs/attacks.md``)."""

_GAP = 8  # pixels of white between the pictures of an attack


def scheme(args: Namespace) -> int:
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
    run: Callable[..., Summary] = decrypt_files
    if args.action == "encrypt":
        run = partial(encrypt_files, boxes=load_boxes(args.boxes) if args.boxes else None)
        if not args.quiet:
            say(
                "warning",
                f"scheme {chosen.name} is for experiments, not for secrecy; "
                "'facecrypt encrypt' protects pictures",
            )
    with progress_bar(quiet=args.quiet) as bar:
        summary = run(
            args.inputs,
            args.output,
            chosen,
            key,
            workers=args.jobs,
            progress=bar,
            overwrite=args.force,
        )
    return report(summary, f"{args.action}ed", [], quiet=args.quiet)


def attack(args: Namespace) -> int:
    """``facecrypt attack SCHEME IN``: plain, cipher and what an attacker recovered, in a row."""
    from facecrypt.attacks import demonstrate

    picture = read_image(args.input)
    try:
        shown = demonstrate(args.name, picture.pixels, np.random.default_rng(args.seed))
    except UnknownSchemeError:
        raise
    except (TypeError, ValueError) as error:
        raise MediaError(f"{args.input}: {error}") from error
    gap = np.full((len(shown.plain), _GAP, *shown.plain.shape[2:]), 255, np.uint8)
    row = np.hstack([shown.plain, gap, shown.cipher, gap, shown.recovered])
    data = encode_image(Path(args.output).suffix, row, icc=picture.icc)
    atomic_write(args.output, data, overwrite=args.force)
    print(shown.text)
    return DONE


def analyze(args: Namespace) -> int:
    """``facecrypt analyze IN``: a report on what 'encrypt' or a scheme does to pictures."""
    from facecrypt.analysis import analyze_files

    if args.key and not args.scheme:
        raise ValueError("--key is that of a scheme: name it, --scheme NAME")
    if Path(args.output).exists() and not args.force:
        raise MediaError(f"{args.output}: already exists; --force replaces it")
    found, _ = find_pictures(args.inputs)
    if not found:
        raise MediaError("no pictures were found")
    boxes = load_boxes(args.boxes) if args.boxes else None
    regions = None if boxes is None else lambda path: regions_of(path, found[path], boxes)
    errors: list[tuple[object, Exception]] = []

    def failed(path: object, error: Exception) -> None:
        forget_frames(error)
        errors.append((path, error))

    try:
        analyze_files(
            found,
            args.output,
            **_cipher(args),
            regions=regions,
            detector=None if args.scheme or regions else given.detector(args),
            overwrite=args.force,
            on_error=failed,
        )
    except ValueError:
        # Of no case at all: then each picture has its error, and there is no report.
        if not errors:
            raise
        say_errors(errors)
        return FAILED
    say_errors(errors)
    if not args.quiet:
        measured = count(len(found) - len(errors), "picture")
        print(f"facecrypt: wrote {args.output} on {measured}", file=sys.stderr)
    return exit_code([error for _, error in errors])


class _Whole:
    """Adapter for callers that pass whole pictures and a key, and no options."""

    def __init__(self, scheme: Scheme):
        self._scheme = scheme

    def _options(self, images: NDArray[Any]) -> dict[str, Any]:
        return options_for(self._scheme, [Region(0, 0, images.shape[1], images.shape[0])])

    def encrypt(self, images: NDArray[Any], key: Key) -> NDArray[Any]:
        return self._scheme.encrypt(images, key, **self._options(images))

    def decrypt(self, images: NDArray[Any], key: Key) -> NDArray[Any]:
        options = self._options(images)
        options.pop("pad", None)
        return self._scheme.decrypt(images, key, **options)


def _cipher(args: Namespace) -> dict[str, Any]:
    """What to measure: a scheme and its key, or nothing for what 'encrypt' does."""
    if not args.scheme:
        return {}
    chosen = schemes.get(args.scheme)
    if args.key:
        return {"scheme": _Whole(chosen), "key": chosen.key_type.load(args.key)}
    rng = np.random.default_rng()
    return {"scheme": _Whole(chosen), "key": lambda shape: chosen.random_key(shape, rng)}


def _list() -> int:
    print(f"{'scheme':<16}  {'falls to':<17}  what it is")
    for name in schemes.names():
        # Each module begins with the names of its schemes, a colon, and what they are.
        text = inspect.getdoc(sys.modules[type(schemes.get(name)).__module__]) or ""
        what = " ".join(text.split("\n\n")[0].partition(": ")[2].split())
        chosen = CHOSEN_PICTURES.get(name)
        falls = "no attack here" if chosen is None else count(chosen, "chosen picture")
        print(f"{name:<16}  {falls:<17}  {what}")
    return DONE


def _keygen(chosen: Scheme, args: Namespace) -> int:
    shape = args.size or _shape_of(Path(args.like))
    options = _options(chosen, dict(args.set))
    key = chosen.derive_key(shape, os.urandom(MASTER_SIZE), **options)
    key.save(args.output, overwrite=args.force)
    if not args.quiet:
        print(f"wrote {args.output}", file=sys.stderr)
    return DONE


def _shape_of(path: Path) -> tuple[int, ...]:
    if not is_array_file(path):
        return read_image(path).pixels.shape
    arrays = read_arrays(path)
    return arrays[images_name(arrays)].shape


def _options(chosen: Scheme, settings: Mapping[str, str]) -> dict[str, Any]:
    """``--set`` as the scheme's keyword arguments, of the types of their defaults."""
    defaults = _defaults(chosen)
    for name in settings:
        if name not in defaults:
            has = f"it has {', '.join(defaults)}" if defaults else "it has none"
            raise ValueError(f"scheme {chosen.name!r} has no option {name!r}; {has}")
    return {name: _typed(name, text, defaults[name]) for name, text in settings.items()}


def _defaults(chosen: Scheme) -> dict[str, Any]:
    parameters = inspect.signature(chosen.draw).parameters.values()
    found = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        # chaos-cnn hands these on to its first stage.
        found |= _defaults(schemes.get("chaos-blocks"))
    return found


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

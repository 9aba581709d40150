"""The command line: parse, call, print, exit code.

Data goes to standard output, all else to standard error. Exit codes: 0 done,
1 an input failed (the others are done), 2 usage, 3 wrong key or tampered,
130 interrupted.
"""

import io
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from facecrypt import cli_inspect, given
from facecrypt.api import Verified, inspect, region_key, verify
from facecrypt.arguments import parser
from facecrypt.batch import decrypt_files, encrypt_files, forget_frames
from facecrypt.boxes import dump_boxes
from facecrypt.detector import MTCNN
from facecrypt.doctor import examine
from facecrypt.draw import draw_regions
from facecrypt.errors import FacecryptError, KeyFormatError, MediaError, UnknownSchemeError
from facecrypt.files import atomic_write
from facecrypt.inputs import find_inputs, find_pictures, make_folder
from facecrypt.keys import Identity, SecretKey
from facecrypt.media import encode_image, read_image
from facecrypt.terminal import (
    DONE,
    FAILED,
    INTERRUPTED,
    USAGE,
    count,
    exit_code,
    plain_warnings,
    progress_bar,
    report,
    say,
    say_errors,
)

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    args = parser(_COMMANDS).parse_args(argv)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # File names are bytes; those that are no text must not end a run half way.
        sys.stdout.reconfigure(errors="surrogateescape")
    try:
        with plain_warnings():
            code = args.run(args)
        sys.stdout.flush()  # while a closed pipe can still be caught
        return code
    except KeyboardInterrupt:
        say("error", "interrupted")
        say("hint", "outputs written so far are whole; run it again to do the rest")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of a pipe went away; nothing is left to say to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (KeyFormatError, UnknownSchemeError) as error:
        say_errors([(None, error)])
        return USAGE
    except (FacecryptError, OSError) as error:
        say_errors([(None, error)])
        return exit_code([error])
    except (ValueError, TypeError) as error:
        say_errors([(None, error)])
        return USAGE


def _keygen(args) -> int:
    if args.symmetric:
        if args.pq:
            raise ValueError("--pq is for key pairs; a symmetric key needs no such thing")
        SecretKey.generate().save(args.output or "facecrypt.key", overwrite=args.force)
        if not args.quiet:
            print(f"wrote {args.output or 'facecrypt.key'}; keep it secret", file=sys.stderr)
        return DONE
    identity = Identity.generate(pq=args.pq)
    path = args.output or "key.txt"
    identity.save(path, overwrite=args.force)
    if not args.quiet:
        print(f"wrote {path}; keep it secret. Its public key, to encrypt with:", file=sys.stderr)
    print(identity.recipient)
    return DONE


def _encrypt(args) -> int:
    recipients = given.recipients(args)
    regions = given.regions(args)
    encrypt, options = _engine(args, detect=regions is None)
    with progress_bar(quiet=args.quiet) as bar:
        summary = encrypt(
            args.inputs,
            args.output,
            recipients,
            progress=bar,
            regions=regions,
            cipher=args.cipher,
            grow=args.grow,
            shape=args.shape,
            keep_metadata=args.keep_metadata,
            overwrite=args.force,
            **options,
        )
    details = [count(summary.regions, "face" if regions is None else "region")]
    if summary.bare:
        details.append(f"none in {count(summary.bare, 'picture')}")
    return report(summary, "encrypted", details, quiet=args.quiet)


def _engine(args, *, detect: bool) -> tuple[Callable, dict[str, Any]]:
    """What encrypts many files, and the options that it alone takes."""
    remote = {"address": args.address, "actors": args.actors, "num_gpus": args.num_gpus}
    if args.engine == "local":
        for name, value in remote.items():
            if value is not None:
                raise ValueError(f"--{name.replace('_', '-')} is for --engine ray")
        detector = given.detector(args) if detect else None
        return encrypt_files, {"workers": args.jobs, "sidecar": args.sidecar, "detector": detector}
    if args.jobs is not None:
        raise ValueError("--jobs is for threads of one machine; with --engine ray say --actors")
    if args.sidecar:
        raise ValueError(
            "--engine ray writes no sidecars: of two files, a lost machine could leave one"
        )
    from facecrypt.integrations.ray import encrypt_files as encrypt_on_cluster

    gpus = remote["num_gpus"] = args.num_gpus or 0
    settings = given.detector_settings(args)
    if gpus and args.device == "auto":
        # A worker that holds a card must not fall back to the processor unseen.
        settings["device"] = "cuda"
    return encrypt_on_cluster, {**remote, "detector": partial(MTCNN, **settings)}


def _decrypt(args) -> int:
    identities = given.identities(args)
    with progress_bar(quiet=args.quiet) as bar:
        summary = decrypt_files(
            args.inputs,
            args.output,
            identities,
            workers=args.jobs,
            progress=bar,
            regions=args.region,
            allow_edited=args.allow_edited,
            overwrite=args.force,
        )
    edited = [result for result in summary.results if result.edited]
    for result in edited:
        say("warning", f"{result.source}: opened, but the pixels around the faces were edited")
    details = [f"{len(edited)} edited"] if edited else []
    return report(summary, "decrypted", details, quiet=args.quiet)


def _verify(args) -> int:
    identities = given.identities(args)
    errors = []
    for path in _some(find_pictures(args.inputs)[0]):
        try:
            checked = verify(path, identities)
        except Exception as error:
            forget_frames(error)
            errors.append((path, error))
        else:
            if not args.quiet:
                print(f"{path}: {_state(checked)}")
    say_errors(errors)
    return exit_code([error for _, error in errors])


def _state(checked: Verified) -> str:
    if checked.whole:
        return "intact"
    rest = f"{_numbered(checked.unchecked)} and the header" if checked.unchecked else "the header"
    verb = "were" if checked.unchecked else "was"
    return f"{_numbered(checked.regions)} intact; {rest} {verb} not checked"


def _numbered(regions: Sequence[int]) -> str:
    """``region 3``, ``regions 0, 2``."""
    return f"region{'' if len(regions) == 1 else 's'} {', '.join(map(str, regions))}"


def _detect(args) -> int:
    detector = given.detector(args)
    found, errors = {}, []
    for item in _some(_pictures(args)):
        try:
            picture = read_image(item.source)
            faces = detector.detect(picture.pixels)
            if item.drawing:
                _draw(item.drawing, picture.pixels, faces, args.force)
        except Exception as error:
            forget_frames(error)
            errors.append((item.source, error))
            continue
        found[item.name] = faces
        if not args.json:
            print(f"{item.source}: {count(len(faces), 'face')}")
            for face in faces:
                print(f"  {' '.join(map(str, face.box))}  score {face.score:.3f}")
    if args.json:
        print(dump_boxes(found))
    say_errors(errors)
    return exit_code([error for _, error in errors])


class _Picture(NamedTuple):
    source: Path
    name: str
    drawing: Path | None


def _pictures(args) -> Iterator[_Picture]:
    """What to look at, its name in the JSON, and where to draw."""
    if args.draw:
        inputs, _ = find_inputs(args.inputs, args.draw)
        for item in inputs:
            yield _Picture(item.source, item.relative.as_posix(), item.output)
        return
    found, _ = find_pictures(args.inputs)
    times = Counter(found.values())
    for source, relative in found.items():
        # Of two folders with a file of one name, only the paths as given tell them apart.
        name = relative.as_posix() if times[relative] == 1 else str(source)
        yield _Picture(source, name, None)


def _some(pictures) -> list:
    pictures = list(pictures)
    if not pictures:
        raise MediaError("no pictures were found")
    return pictures


def _draw(path: Path, pixels, faces, overwrite: bool) -> None:
    make_folder(path.parent)
    atomic_write(path, encode_image(".png", draw_regions(pixels, faces)), overwrite=overwrite)


def _region_key(args) -> int:
    key = region_key(inspect(args.input), given.identities(args), args.region)
    if args.output:
        key.save(args.output, overwrite=args.force)
        if not args.quiet:
            opens = f"it opens region {args.region} and no other"
            print(f"wrote {args.output}; {opens}", file=sys.stderr)
    else:
        print(key)
    return DONE


def _doctor(args) -> int:
    findings = examine()
    for finding in findings:
        mark = "ok  " if finding.ok else "FAIL" if finding.needed else "none"
        print(f"{mark}  {finding.what}: {finding.detail}")
        if finding.remedy:
            print(f"      {finding.remedy}")
    return DONE if all(finding.ok or not finding.needed for finding in findings) else FAILED


def _later(module: str, name: str) -> Callable:
    """A command whose module is imported when it runs: the others start without."""

    def run(args) -> int:
        return getattr(import_module(f"facecrypt.{module}"), name)(args)

    return run


_COMMANDS = {
    "keygen": _keygen,
    "encrypt": _encrypt,
    "decrypt": _decrypt,
    "inspect": cli_inspect.inspect,
    "verify": _verify,
    "detect": _detect,
    "region-key": _region_key,
    "doctor": _doctor,
    "scheme": _later("cli_schemes", "scheme"),
    "attack": _later("cli_schemes", "attack"),
    "analyze": _later("cli_schemes", "analyze"),
    "learn": _later("cli_learn", "learn"),
    "train-mtcnn": _later("cli_train", "train_mtcnn"),
}

if __name__ == "__main__":
    sys.exit(main())

"""The command line: parse, call, print, exit code.

Data goes to standard output, all else to standard error. Exit codes: 0 done,
1 an input failed (the others are done), 2 usage, 3 wrong key or tampered,
130 interrupted.
"""

import getpass
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from facecrypt.arguments import parser
from facecrypt.errors import (
    AuthenticationError,
    ContainerError,
    FacecryptError,
    MediaError,
    NotSealedError,
)

__all__ = ["main"]

DONE, FAILED, USAGE, DENIED, INTERRUPTED = 0, 1, 2, 3, 130
# A box that covers every picture a header can describe; it is clipped to each.
_WHOLE = 1 << 20


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    args = parser(_COMMANDS).parse_args(argv)
    try:
        return args.run(args)
    except KeyboardInterrupt:
        _error("interrupted", "outputs written so far are whole; run it again to do the rest")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of a pipe went away; nothing is left to say to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (FacecryptError, OSError) as error:
        _error(str(error), _hint(error))
        return _code([error])
    except (ValueError, TypeError) as error:
        _error(str(error))
        return USAGE


def _keygen(args) -> int:
    from facecrypt.keys import Identity, SecretKey

    if args.symmetric:
        if args.pq:
            raise ValueError("--pq is for key pairs; a symmetric key needs no such thing")
        SecretKey.generate().save(args.output or "facecrypt.key", overwrite=args.force)
        print(f"wrote {args.output or 'facecrypt.key'}; keep it secret", file=sys.stderr)
        return DONE
    identity = Identity.generate(pq=args.pq)
    path = args.output or "key.txt"
    identity.save(path, overwrite=args.force)
    print(f"wrote {path}; keep it secret. Its public key, to encrypt with:", file=sys.stderr)
    print(identity.recipient)
    return DONE


def _encrypt(args) -> int:
    from facecrypt.batch import encrypt_files

    recipients = _recipients(args)
    regions = _given_regions(args)
    detector = None if regions is not None else _detector(args)
    with _Bar(args) as bar:
        summary = encrypt_files(
            args.inputs,
            args.output,
            recipients,
            workers=args.jobs,
            progress=bar,
            regions=regions,
            detector=detector,
            cipher=args.cipher,
            grow=args.grow,
            shape=args.shape,
            sidecar=args.sidecar,
            keep_metadata=args.keep_metadata,
            overwrite=args.force,
        )
    faces = "regions" if regions is not None else "faces"
    return _report(args, summary, "encrypted", f"{summary.regions} {faces}")


def _decrypt(args) -> int:
    from facecrypt.batch import decrypt_files

    identities = _identities(args)
    with _Bar(args) as bar:
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
        _error(f"{result.source}: opened, but the pixels around the faces were edited")
    return _report(args, summary, "decrypted", f"{len(edited)} edited" if edited else "")


def _inspect(args) -> int:
    from facecrypt.api import inspect

    header = inspect(args.input)
    if args.json:
        print(header.to_bytes().decode())
        return DONE
    print(f"facecrypt format 1, written by {header.software}")
    print(f"picture   {'x'.join(map(str, header.shape))} {header.dtype}")
    print(f"cipher    {header.cipher}")
    for stanza in header.stanzas:
        print(f"opens to  {stanza['type']} {stanza.get('id', '')}".rstrip())
    for index, region in enumerate(header.regions):
        score = "" if region.score is None else f"  score {region.score:.3f}"
        print(f"region {index}  {region.shape} {' '.join(map(str, region.box))}{score}")
    if not header.regions:
        print("regions   none")
    return DONE


def _verify(args) -> int:
    from facecrypt.api import verify

    identities = _identities(args)
    errors = []
    for path in args.inputs:
        try:
            verify(path, identities)
        except (FacecryptError, OSError) as error:
            _error(f"{path}: {error}")
            errors.append(error)
        else:
            if not args.quiet:
                print(f"{path}: intact")
    return _code(errors)


def _detect(args) -> int:
    from facecrypt.draw import draw_regions
    from facecrypt.files import atomic_write
    from facecrypt.inputs import find_inputs
    from facecrypt.media import encode_image, read_image

    detector = _detector(args)
    inputs, _ = find_inputs(args.inputs, Path(args.draw or os.devnull))
    found, errors = {}, []
    for item in inputs:
        try:
            picture = read_image(item.source)
            faces = detector.detect(picture.pixels)
            if args.draw:
                item.output.parent.mkdir(parents=True, exist_ok=True)
                data = encode_image(".png", draw_regions(picture.pixels, faces))
                atomic_write(item.output, data, overwrite=args.force)
        except (FacecryptError, OSError, ValueError) as error:
            _error(str(error))
            errors.append(error)
            continue
        found[item.relative.as_posix()] = [_face(face) for face in faces]
        if not args.json:
            print(f"{item.source}: {len(faces)} face{'' if len(faces) == 1 else 's'}")
            for face in faces:
                print(f"  {' '.join(map(str, face.box))}  score {face.score:.3f}")
    if args.json:
        print(json.dumps(found, indent=1))
    return _code(errors)


def _region_key(args) -> int:
    from facecrypt.api import inspect, region_key

    key = region_key(inspect(args.input), _identities(args), args.region)
    if args.output:
        key.save(args.output, overwrite=args.force)
        print(f"wrote {args.output}; it opens region {args.region} and no other", file=sys.stderr)
    else:
        print(key)
    return DONE


def _doctor(args) -> int:
    from facecrypt.doctor import examine

    findings = examine()
    for finding in findings:
        print(f"{'ok  ' if finding.ok else 'FAIL'}  {finding.what}: {finding.detail}")
        if finding.remedy:
            print(f"      {finding.remedy}")
    return DONE if all(finding.ok or not finding.needed for finding in findings) else FAILED


def _face(face) -> dict:
    return {
        "box": list(face.box),
        "score": round(face.score, 4),
        "landmarks": [[round(x, 1), round(y, 1)] for x, y in face.landmarks],
    }


def _passphrase(confirm: bool):
    from facecrypt.keys import Passphrase

    given = os.environ.get("FACECRYPT_PASSPHRASE")
    if given is None:
        given = getpass.getpass("Passphrase: ")
        if confirm and getpass.getpass("Once more: ") != given:
            raise ValueError("the two passphrases differ")
    return Passphrase(given)


def _recipients(args) -> list:
    from facecrypt.keys import Recipient, SecretKey, load_recipients

    recipients = [Recipient.parse(text) for text in args.recipient]
    for path in args.recipients_file:
        recipients += load_recipients(path)
    recipients += [SecretKey.load(path) for path in args.key]
    if args.passphrase:
        recipients.append(_passphrase(confirm=True))
    if not recipients:
        raise ValueError("say who may decrypt: -r PUBLIC_KEY, -R FILE, -k KEYFILE or -p")
    return recipients


def _identities(args) -> list:
    from facecrypt.keys import SecretKey, load_identity

    identities = [load_identity(path) for path in args.identity]
    identities += [SecretKey.load(path) for path in args.key]
    if args.passphrase:
        identities.append(_passphrase(confirm=False))
    if not identities:
        raise ValueError("say what to decrypt with: -i KEYFILE, -k KEYFILE or -p")
    return identities


def _detector(args):
    from facecrypt.detector import MTCNN

    settings = {"device": args.device}
    if args.preset is not None:
        settings["preset"] = args.preset
    if args.min_face is not None:
        settings["min_face_size"] = args.min_face
    if args.threshold is not None:
        settings["thresholds"] = args.threshold
    return MTCNN(**settings)


def _given_regions(args):
    from facecrypt.regions import Region

    if args.whole and args.boxes:
        raise ValueError("--whole and --boxes exclude each other")
    if args.whole:
        return [Region(0, 0, _WHOLE, _WHOLE)]
    if not args.boxes:
        return None
    with Path(args.boxes).open(encoding="utf-8") as file:
        try:
            listed = json.load(file)
            return {
                name: [
                    Region(*(box["box"] if isinstance(box, dict) else box), shape=args.shape).grow(
                        args.grow
                    )
                    for box in boxes
                ]
                for name, boxes in listed.items()
            }
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ValueError(
                f"{args.boxes}: expected what 'facecrypt detect --json' prints, "
                f'{{"picture": [[x0, y0, x1, y1], …], …}}: {error}'
            ) from None


class _Bar:
    """A progress bar on standard error, where that is a terminal."""

    def __init__(self, args):
        self._quiet = args.quiet
        self._bar = None

    def __enter__(self):
        from tqdm import tqdm

        self._bar = tqdm(
            unit=" pictures", file=sys.stderr, disable=self._quiet or not sys.stderr.isatty()
        )
        return self

    def __exit__(self, *_):
        self._bar.close()

    def __call__(self, result, total: int) -> None:
        self._bar.total = total
        self._bar.update()


def _report(args, summary, verb: str, detail: str) -> int:
    for result in summary.failed:
        text = str(result.error) or type(result.error).__name__
        where = str(result.source)
        _error(text if where in text else f"{where}: {text}", _hint(result.error))
    if not args.quiet:
        parts = [f"{summary.done} {verb}"]
        parts += [detail] if detail else []
        parts += [f"{summary.skipped} there already"] if summary.skipped else []
        parts += [f"{len(summary.failed)} failed"] if summary.failed else []
        if summary.ignored:
            kinds = ", ".join(f"{n} {suffix}" for suffix, n in sorted(summary.ignored.items()))
            parts.append(f"ignored: {kinds}")
        rate = f"{summary.seconds:.1f} s, {summary.images_per_second:.1f} images/s"
        print(f"facecrypt: {'; '.join(parts)} ({rate})", file=sys.stderr)
    return _code([result.error for result in summary.failed])


def _code(errors: Sequence[Exception]) -> int:
    if not errors:
        return DONE
    tampered = [
        isinstance(error, (AuthenticationError, ContainerError))
        and not isinstance(error, NotSealedError)
        for error in errors
    ]
    return DENIED if all(tampered) else FAILED


def _hint(error: Exception) -> str | None:
    if isinstance(error, AuthenticationError) and "allow_edited" in str(error):
        return "--allow-edited opens the faces all the same"
    if isinstance(error, AuthenticationError):
        return "'facecrypt inspect' shows for which keys it was encrypted"
    if isinstance(error, MediaError) and "already exists" in str(error):
        return "--force replaces it"
    return None


def _error(text: str, hint: str | None = None) -> None:
    print(f"facecrypt: error: {text}", file=sys.stderr)
    if hint:
        print(f"facecrypt: hint: {hint}", file=sys.stderr)


_COMMANDS = {
    "keygen": _keygen,
    "encrypt": _encrypt,
    "decrypt": _decrypt,
    "inspect": _inspect,
    "verify": _verify,
    "detect": _detect,
    "region-key": _region_key,
    "doctor": _doctor,
}

if __name__ == "__main__":
    sys.exit(main())

"""The command ``learn``: train on ciphers, test, and compare with what was published.

The command line imports this when it runs, and this imports torch no earlier.
"""

import json
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facecrypt.cli.terminal import DONE, exit_code, say, say_errors
from facecrypt.errors import BackendUnavailableError, FacecryptError, MediaError
from facecrypt.files import atomic_write

if TYPE_CHECKING:
    import torch

    from facecrypt.learning.data import Pictures
    from facecrypt.learning.encrypted import Encryption
    from facecrypt.learning.settings import Settings

__all__ = ["learn"]


def learn(args: Namespace) -> int:
    """``facecrypt learn ACTION``."""
    try:
        import torch  # noqa: F401
    except ImportError as error:
        raise BackendUnavailableError(
            "learning needs torch: pip install 'facecrypt[learn]'"
        ) from error
    return {"train": _train, "eval": _eval, "table": _table}[args.action](args)


def _train(args: Namespace) -> int:
    from facecrypt.learning.data import load
    from facecrypt.learning.encrypted import PLAIN

    names = list(dict.fromkeys(args.scheme))
    if args.key and len([name for name in names if name != PLAIN]) != 1:
        raise ValueError("--key is that of one scheme: name just one, beside 'plain'")
    settings = [_settings(args, name) for name in names]
    device = _device(args)
    whole = load(args.data, side=args.side, seed=args.seed)
    pictures = whole.subset(args.train_size, args.test_size, args.seed)
    encryptions = [_encryption(args, name, pictures) for name in names]
    if names != [PLAIN] and not args.quiet:
        say("warning", "one key for all pictures is for experiments, not for secrecy")
    errors = []
    for encryption, one in zip(encryptions, settings, strict=True):
        try:
            _run(args, pictures, encryption, one, device)
        except (FacecryptError, OSError, ValueError) as error:
            errors.append((encryption.name, error))
        except KeyboardInterrupt:
            say("hint", "--resume continues after the last epoch that was finished")
            raise
    say_errors(errors)
    return exit_code([error for _, error in errors])


def _settings(args: Namespace, scheme: str) -> "Settings":
    from facecrypt.learning.choices import network_for_scheme, rate_for_network
    from facecrypt.learning.settings import Settings

    network = args.network or network_for_scheme(scheme)
    return Settings(
        network,
        args.size,
        args.epochs,
        args.batch,
        rate_for_network(network) if args.lr is None else args.lr,
        args.schedule,
        args.augment,
        args.seed,
    )


def _encryption(args: Namespace, name: str, pictures: "Pictures") -> "Encryption":
    from facecrypt.learning.encrypted import PLAIN, Encryption

    if args.key and name != PLAIN:
        return Encryption.from_file(name, args.key)
    return Encryption.from_seed(name, pictures.train.shape, args.seed)


def _run(
    args: Namespace,
    pictures: "Pictures",
    encryption: "Encryption",
    settings: "Settings",
    device: "torch.device",
) -> None:
    from tqdm import tqdm

    from facecrypt.learning.runs import train
    from facecrypt.learning.settings import Epoch

    name = encryption.name

    def on_epoch(number: int, epoch: Epoch) -> None:
        if not args.quiet:
            # Above the bar, which a plain print would write into.
            tqdm.write(
                f"{name}: epoch {number} of {settings.epochs}, loss {epoch.loss:.3f}, "
                f"accuracy {epoch.train_accuracy:.1%} in training, "
                f"{epoch.test_accuracy:.1%} in testing ({epoch.seconds:.1f} s)",
                file=sys.stderr,
            )

    with _bar(name, quiet=args.quiet) as on_progress:
        record = train(
            Path(args.output) / name,
            pictures,
            encryption,
            settings,
            source={"path": str(Path(args.data).resolve()), "side": args.side},
            device=device,
            resume=args.resume,
            progress=on_progress,
            on_epoch=on_epoch,
        )
    print(f"{name}: {record.epochs[-1].test_accuracy:.1%} of {len(pictures.test)} test pictures")


@contextmanager
def _bar(name: str, *, quiet: bool) -> Iterator[Callable[[int, int, float], None]]:
    """Shows how far an epoch is, where standard error is a terminal."""
    from tqdm import tqdm

    hidden = quiet or not sys.stderr.isatty()
    with tqdm(unit=" steps", desc=name, file=sys.stderr, disable=hidden, leave=False) as bar:

        def on_progress(step: int, steps: int, loss: float) -> None:
            if step <= bar.n:  # another epoch
                bar.reset(steps)
            bar.total = steps
            bar.set_postfix(loss=f"{loss:.3f}", refresh=False)
            bar.update(step - bar.n)

        yield on_progress


def _eval(args: Namespace) -> int:
    from facecrypt.learning.evaluate import evaluate
    from facecrypt.learning.table import run_folders

    device = _device(args)
    found: dict[str, Any] = {}
    errors = []
    for folder in (folder for path in args.runs for folder in run_folders(path)):
        try:
            result = found[str(folder)] = evaluate(folder, device=device, data=args.data)
        except (FacecryptError, OSError, ValueError) as error:
            errors.append((folder, error))
            continue
        if not args.json:
            _show(folder, result)
    if args.json:
        print(json.dumps(found))
    say_errors(errors)
    return exit_code([error for _, error in errors])


def _show(folder: Path, result: dict[str, Any]) -> None:
    print(f"{folder}: {result['accuracy']:.1%} right after {result['epochs']} epochs")
    if result["plain"] is not None:
        print(f"  on plain pictures      {result['plain']:.1%}")
    if result["wrong_key"] is not None:
        print(f"  under a wrong key      {result['wrong_key']:.1%}")
    classes, rows = result["classes"], result["confusion"]
    width = max(len(name) for name in classes)
    digits = max(4, *(len(str(count)) + 1 for row in rows for count in row))
    print("  true class, and how often each was predicted, in the same order")
    for name, row in zip(classes, rows, strict=True):
        print(f"  {name:<{width}} {''.join(f'{count:>{digits}}' for count in row)}")


def _table(args: Namespace) -> int:
    from facecrypt.learning.runs import load_record
    from facecrypt.learning.table import run_folders, table

    if args.output and Path(args.output).exists() and not args.force:
        raise MediaError(f"{args.output}: already exists; --force replaces it")
    text = table([load_record(folder) for folder in run_folders(args.runs)])
    if args.output:
        atomic_write(args.output, text.encode(), overwrite=args.force)
    else:
        print(text, end="")
    return DONE


def _device(args: Namespace) -> "torch.device":
    import torch

    from facecrypt.learning.machine import choose_device

    if args.threads is not None:
        if args.threads < 1:
            raise ValueError(f"--threads must be at least 1, received {args.threads}")
        torch.set_num_threads(args.threads)
    return choose_device(args.device)

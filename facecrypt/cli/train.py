"""The command ``train-mtcnn``: samples, training, ONNX files, evaluation."""

import json
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from math import isfinite

from facecrypt.cli.terminal import DONE, count
from facecrypt.errors import BackendUnavailableError

__all__ = ["train_mtcnn"]


def train_mtcnn(args: Namespace) -> int:
    """``facecrypt train-mtcnn ACTION``."""
    return _ACTIONS[args.action](args)


def _prepare(args: Namespace) -> int:
    from facecrypt.training.prepare import prepare

    with _bar("pictures", args.quiet) as on_progress:
        made = prepare(
            args.annotations,
            args.images,
            args.output,
            size=args.size,
            models=args.models,
            landmarks=args.landmarks,
            seed=args.seed,
            jobs=args.jobs,
            jpeg=args.jpeg,
            progress=on_progress,
        )
    if not args.quiet:
        kinds = [f"{number} {kind}" for kind, number in zip(made._fields, made, strict=True)][1:]
        pictures = count(made.pictures, "picture")
        print(f"facecrypt: {', '.join(kinds)} samples of {pictures}", file=sys.stderr)
    return DONE


def _train(args: Namespace) -> int:
    _need_torch("training")
    from facecrypt.training.fit import train

    def on_epoch(epoch, total: int) -> None:
        losses = f"face {epoch.face:.4f}, box {epoch.box:.4f}, landmarks {epoch.landmarks:.4f}"
        # Epochs are few and long: lines that stay tell more than a bar.
        print(
            f"facecrypt: epoch {epoch.epoch} of {total}: loss {epoch.total:.4f} ({losses}), "
            f"{epoch.seconds:.1f} s",
            file=sys.stderr,
        )

    train(
        args.samples,
        args.net,
        args.output,
        epochs=args.epochs,
        batch=args.batch,
        lr=args.lr,
        seed=args.seed,
        device=args.device,
        resume=args.resume,
        threads=args.threads,
        progress=None if args.quiet else on_epoch,
    )
    return DONE


def _export(args: Namespace) -> int:
    _need_torch("exporting")
    from facecrypt.training.export import export

    export(args.pnet, args.rnet, args.onet, args.output)
    return DONE


def _eval(args: Namespace) -> int:
    from facecrypt.training.evaluate import evaluate

    with _bar("pictures", args.quiet) as on_progress:
        found = evaluate(args.models, args.annotations, args.images, progress=on_progress)
    figures = found._asdict()
    if args.json:
        # JSON has no NaN, which a figure is where there is nothing to divide by.
        print(json.dumps({k: v if isfinite(v) else None for k, v in figures.items()}))
    else:
        for name, value in figures.items():
            shown = f"{value:.4f}" if isinstance(value, float) else value
            print(f"{name.replace('_', ' '):<18} {shown}")
    return DONE


def _need_torch(purpose: str) -> None:
    if find_spec("torch") is None:
        raise BackendUnavailableError(f"{purpose} needs torch: pip install 'facecrypt[learn]'")


@contextmanager
def _bar(unit: str, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    from tqdm import tqdm

    off = quiet or not sys.stderr.isatty()
    with tqdm(unit=f" {unit}", file=sys.stderr, disable=off) as bar:

        def on_progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield on_progress


_ACTIONS = {"prepare": _prepare, "train": _train, "export": _export, "eval": _eval}

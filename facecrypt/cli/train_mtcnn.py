"""The command ``train-mtcnn``: samples, training, ONNX files, evaluation."""

import json
from argparse import ArgumentParser, Namespace
from importlib.util import find_spec
from math import isfinite
from typing import Any

from facecrypt.cli.options import add_device, add_json, whole
from facecrypt.cli.pages import add_examples
from facecrypt.cli.terminal import DONE, count, step_bar, tell
from facecrypt.errors import BackendUnavailableError

__all__ = ["add_options", "run"]

_NETS = ("pnet", "rnet", "onet")


def add_options(sub: ArgumentParser) -> list[ArgumentParser]:
    """Add the actions; returns their parsers."""
    actions = sub.add_subparsers(dest="action", metavar="ACTION", required=True)
    add_examples(sub, "facecrypt train-mtcnn eval --annotations faces.txt --images photos")
    return [_add_prepare(actions), _add_train(actions), _add_export(actions), _add_eval(actions)]


def _add_prepare(actions: Any) -> ArgumentParser:
    sub = actions.add_parser("prepare", help="cut samples out of annotated pictures")
    add_examples(
        sub,
        "facecrypt train-mtcnn prepare --annotations faces.txt --images photos --size 12 -o set12",
    )
    _add_annotated(sub)
    sub.add_argument(
        "-o", "--output", required=True, metavar="DIR", help="folder of the training set"
    )
    sub.add_argument(
        "--size",
        type=int,
        required=True,
        choices=(12, 24, 48),
        help="side of the samples: for P-Net, R-Net, O-Net",
    )
    sub.add_argument(
        "--models",
        metavar="DIR",
        help="for 24 and 48: folder of the networks before, pnet.onnx and rnet.onnx "
        "(default: the shipped)",
    )
    sub.add_argument("--landmarks", metavar="FILE", help="for 48: path, box and five points a line")
    _add_seed(sub)
    sub.add_argument(
        "-j", "--jobs", type=whole(1), metavar="N", help="threads (default: one a core)"
    )
    sub.add_argument("--jpeg", action="store_true", help="write every crop as a file, too")
    return sub


def _add_train(actions: Any) -> ArgumentParser:
    sub = actions.add_parser("train", help="train one network; needs torch: [learn]")
    add_examples(sub, "facecrypt train-mtcnn train set12 --net pnet -o run-p --epochs 1")
    sub.add_argument("samples", metavar="DIR", help="training set, as 'prepare' writes it")
    sub.add_argument("--net", choices=_NETS, required=True, help="the network to train")
    sub.add_argument("-o", "--output", required=True, metavar="RUN", help="folder of the run")
    sub.add_argument(
        "--epochs",
        type=whole(),
        default=30,
        metavar="N",
        help="rounds through the samples (default %(default)s)",
    )
    sub.add_argument(
        "--batch",
        type=whole(),
        default=384,
        metavar="N",
        help="samples a step (default %(default)s)",
    )
    sub.add_argument(
        "--lr", type=float, default=1e-3, metavar="RATE", help="learning rate (default %(default)s)"
    )
    _add_seed(sub)
    add_device(sub)
    sub.add_argument("--resume", action="store_true", help="go on with the run in RUN")
    sub.add_argument(
        "--threads", type=whole(), metavar="N", help="threads of torch (default: its own choice)"
    )
    return sub


def _add_export(actions: Any) -> ArgumentParser:
    sub = actions.add_parser("export", help="write ONNX files for --models; needs torch: [learn]")
    add_examples(sub, "facecrypt train-mtcnn export run-p -o models")
    sub.add_argument("pnet", metavar="RUN_P", help="run of the P-Net")
    sub.add_argument("rnet", metavar="RUN_R", nargs="?", help="run of the R-Net, if there is one")
    sub.add_argument("onet", metavar="RUN_O", nargs="?", help="run of the O-Net, if there is one")
    sub.add_argument("-o", "--output", required=True, metavar="DIR", help="folder of the models")
    return sub


def _add_eval(actions: Any) -> ArgumentParser:
    sub = actions.add_parser("eval", help="recall and precision on annotated pictures")
    add_examples(sub, "facecrypt train-mtcnn eval --annotations faces.txt --images photos")
    sub.add_argument(
        "--models", metavar="DIR", help="folder of three ONNX files (default: the shipped)"
    )
    _add_annotated(sub)
    add_json(sub, "the figures")
    return sub


def _add_annotated(sub: ArgumentParser) -> None:
    sub.add_argument(
        "--annotations",
        required=True,
        metavar="FILE",
        help="where the faces are: wider_face_train_bbx_gt.txt, or 'path x1 y1 x2 y2 ...' a line",
    )
    sub.add_argument(
        "--images", required=True, metavar="DIR", help="the folder its paths are relative to"
    )


def _add_seed(sub: ArgumentParser) -> None:
    sub.add_argument(
        "--seed",
        type=whole(),
        default=0,
        metavar="N",
        help="of what is drawn by chance (default %(default)s)",
    )


def run(args: Namespace) -> int:
    """``facecrypt train-mtcnn ACTION``."""
    return _ACTIONS[args.action](args)


def _prepare(args: Namespace) -> int:
    from facecrypt.training.prepare import prepare

    with step_bar("pictures", quiet=args.quiet) as on_progress:
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
        tell(f"{', '.join(kinds)} samples of {pictures}")
    return DONE


def _train(args: Namespace) -> int:
    _need_torch("training")
    from facecrypt.training.fit import Epoch, train

    def on_epoch(epoch: Epoch, total: int) -> None:
        losses = f"face {epoch.face:.4f}, box {epoch.box:.4f}, landmarks {epoch.landmarks:.4f}"
        # Epochs are few and long: lines that stay tell more than a bar.
        tell(
            f"epoch {epoch.epoch} of {total}: loss {epoch.total:.4f} ({losses}), "
            f"{epoch.seconds:.1f} s"
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

    with step_bar("pictures", quiet=args.quiet) as on_progress:
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


_ACTIONS = {"prepare": _prepare, "train": _train, "export": _export, "eval": _eval}

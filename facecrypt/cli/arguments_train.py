"""What ``facecrypt train-mtcnn`` accepts."""

import argparse

__all__ = ["fill"]

_NETS = ("pnet", "rnet", "onet")


def fill(sub: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    """Add the actions; returns their parsers."""
    actions = sub.add_subparsers(dest="action", metavar="ACTION", required=True)
    return [_prepare(actions), _train(actions), _export(actions), _eval(actions)]


def _prepare(actions) -> argparse.ArgumentParser:
    sub = actions.add_parser("prepare", help="cut samples out of annotated pictures")
    _annotated(sub)
    sub.add_argument("-o", "--output", required=True, metavar="DIR", help="training set")
    sub.add_argument(
        "--size", type=int, required=True, choices=(12, 24, 48), help="P-Net, R-Net, O-Net"
    )
    sub.add_argument(
        "--models",
        metavar="DIR",
        help="24, 48: with the networks before, pnet.onnx and rnet.onnx (default: the shipped)",
    )
    sub.add_argument("--landmarks", metavar="FILE", help="48: path, box and five points a line")
    _seed(sub)
    sub.add_argument("-j", "--jobs", type=int, metavar="N", help="threads (default: one a core)")
    sub.add_argument("--jpeg", action="store_true", help="write every crop as a file, too")
    return sub


def _train(actions) -> argparse.ArgumentParser:
    sub = actions.add_parser("train", help="train one network; needs torch: [learn]")
    sub.add_argument("samples", metavar="DIR", help="training set, as 'prepare' writes it")
    sub.add_argument("--net", choices=_NETS, required=True)
    sub.add_argument("-o", "--output", required=True, metavar="RUN", help="folder of the run")
    sub.add_argument("--epochs", type=int, default=30, metavar="N", help="(default %(default)s)")
    sub.add_argument(
        "--batch", type=int, default=384, metavar="N", help="samples a step (default %(default)s)"
    )
    sub.add_argument(
        "--lr", type=float, default=1e-3, metavar="RATE", help="learning rate (default %(default)s)"
    )
    _seed(sub)
    sub.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    sub.add_argument("--resume", action="store_true", help="go on with the run in RUN")
    sub.add_argument("--threads", type=int, metavar="N", help="of torch (default: its own choice)")
    return sub


def _export(actions) -> argparse.ArgumentParser:
    sub = actions.add_parser("export", help="write ONNX files for --models; needs torch: [learn]")
    sub.add_argument("pnet", metavar="RUN_P", help="run of the P-Net")
    sub.add_argument("rnet", metavar="RUN_R", nargs="?", help="run of the R-Net, if there is one")
    sub.add_argument("onet", metavar="RUN_O", nargs="?", help="run of the O-Net, if there is one")
    sub.add_argument("-o", "--output", required=True, metavar="DIR", help="folder of the models")
    return sub


def _eval(actions) -> argparse.ArgumentParser:
    sub = actions.add_parser("eval", help="recall and precision on annotated pictures")
    sub.add_argument("--models", metavar="DIR", help="three ONNX files (default: the shipped)")
    _annotated(sub)
    sub.add_argument("--json", action="store_true")
    return sub


def _annotated(sub) -> None:
    sub.add_argument(
        "--annotations",
        required=True,
        metavar="FILE",
        help="wider_face_train_bbx_gt.txt, or 'path x1 y1 x2 y2 ...' a line",
    )
    sub.add_argument("--images", required=True, metavar="DIR", help="its paths are relative to it")


def _seed(sub) -> None:
    sub.add_argument("--seed", type=int, default=0, metavar="N", help="(default %(default)s)")

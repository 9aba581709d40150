"""What ``facecrypt learn`` accepts."""

import argparse

__all__ = ["learn"]


def learn(sub: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    """Give the command its actions; returns their parsers."""
    actions = sub.add_subparsers(dest="action", metavar="ACTION", required=True)
    train = actions.add_parser("train", help="train networks on the ciphers of schemes")
    _train(train)
    evaluate = actions.add_parser("eval", help="test trained networks")
    evaluate.add_argument("runs", nargs="+", metavar="RUN", help="folders of runs")
    evaluate.add_argument("--data", metavar="PATH", help="(default: where it was for training)")
    evaluate.add_argument("--json", action="store_true")
    _machine(evaluate)
    table = actions.add_parser("table", help="accuracies beside the published ones, as Markdown")
    table.add_argument("runs", metavar="RUNS", help="folder of runs")
    table.add_argument("-o", "--output", metavar="FILE", help="(default: standard output)")
    table.add_argument("-f", "--force", action="store_true", help="replace an existing file")
    return [train, evaluate, table]


def _train(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--data", required=True, metavar="PATH", help="CIFAR, folders of pictures, or JPEG in .npz"
    )
    sub.add_argument(
        "--scheme",
        required=True,
        nargs="+",
        action="extend",
        metavar="NAME",
        help="'plain', or as 'facecrypt scheme list' names it; several run one after another",
    )
    sub.add_argument(
        "-o", "--output", required=True, metavar="DIR", help="each run goes into DIR/SCHEME"
    )
    sub.add_argument("--resume", action="store_true", help="continue runs that were begun there")
    sub.add_argument(
        "--network",
        metavar="NAME",
        help="resnet18, pyramidnet, tanaka or ele-adaptnet (default: that of the scheme's paper)",
    )
    sub.add_argument("--size", choices=("full", "tiny"), default="full", help="(%(default)s)")
    sub.add_argument("--epochs", type=int, default=60, metavar="N", help="(default %(default)s)")
    sub.add_argument("--batch", type=int, default=128, metavar="N", help="(default %(default)s)")
    sub.add_argument("--lr", type=float, metavar="X", help="(default 0.1, of tanaka 0.03)")
    sub.add_argument("--schedule", choices=("cosine", "step"), default="cosine", help="of the rate")
    sub.add_argument(
        "--augment",
        choices=("before", "after", "none"),
        default="before",
        help="crops and mirror images before or after encryption (default %(default)s)",
    )
    sub.add_argument("--train-size", type=int, metavar="N", help="of the pictures (default: all)")
    sub.add_argument("--test-size", type=int, metavar="N", help="of the pictures (default: all)")
    sub.add_argument("--side", type=int, default=32, metavar="PIXELS", help="of those of folders")
    sub.add_argument("--seed", type=int, default=0, metavar="N", help="(default %(default)s)")
    sub.add_argument(
        "--key", metavar="KEY", help="as 'scheme keygen' writes it (default: one from the seed)"
    )
    _machine(sub)


def _machine(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    sub.add_argument("--threads", type=int, metavar="N", help="(default: one a core)")

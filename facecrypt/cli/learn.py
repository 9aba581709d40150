"""The command ``learn``: train on ciphers, test, and compare with what was published.

Torch is imported when it runs, and no earlier.
"""

import json
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facecrypt.cli.escapes import shown
from facecrypt.cli.options import add_device, add_json, file, whole
from facecrypt.cli.pages import add_examples
from facecrypt.cli.terminal import DONE, exit_code, say, say_errors, step_bar
from facecrypt.errors import BackendUnavailableError, FacecryptError
from facecrypt.files import already_exists, atomic_write

if TYPE_CHECKING:
    import torch

    from facecrypt.learning.data import Pictures
    from facecrypt.learning.encrypted import Encryption
    from facecrypt.learning.settings import Settings

__all__ = ["add_options", "run"]


def add_options(sub: ArgumentParser) -> list[ArgumentParser]:
    """Give the command its actions; returns their parsers."""
    actions = sub.add_subparsers(dest="action", metavar="ACTION", required=True)
    train = actions.add_parser("train", help="train networks on the ciphers of schemes")
    _add_train(train)
    evaluate = actions.add_parser("eval", help="test trained networks")
    evaluate.add_argument("runs", nargs="+", metavar="RUN", help="folders of runs")
    evaluate.add_argument(
        "--data", metavar="PATH", help="pictures to test on (default: where training had them)"
    )
    add_json(evaluate, "what was measured")
    _add_machine(evaluate)
    add_examples(evaluate, "facecrypt learn eval runs/plain")
    table = actions.add_parser("table", help="accuracies beside the published ones, as Markdown")
    table.add_argument("runs", metavar="RUNS", help="folder of runs")
    table.add_argument(
        "-o", "--output", type=file, metavar="FILE", help="the table (default: standard output)"
    )
    table.add_argument(
        "--plot", type=file, metavar="FILE", help="a chart of them as PNG; needs facecrypt[report]"
    )
    table.add_argument("-f", "--force", action="store_true", help="replace existing files")
    for page in table, sub:
        add_examples(page, "facecrypt learn table runs")
    return [train, evaluate, table]


def _add_train(sub: ArgumentParser) -> None:
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
        "--augment",
        choices=("before", "after", "none"),
        default="before",
        help="crops and mirror images before or after encryption (default %(default)s)",
    )
    sub.add_argument(
        "--train-size", type=whole(), metavar="N", help="pictures to train on (default: all)"
    )
    sub.add_argument(
        "--test-size", type=whole(), metavar="N", help="pictures to test on (default: all)"
    )
    sub.add_argument(
        "--side",
        type=whole(),
        default=32,
        metavar="PIXELS",
        help="to which pictures of folders are scaled (default %(default)s)",
    )
    sub.add_argument(
        "--seed",
        type=whole(),
        default=0,
        metavar="N",
        help="of keys, weights and order (default %(default)s)",
    )
    sub.add_argument(
        "--key", metavar="KEY", help="as 'scheme keygen' writes it (default: one from the seed)"
    )
    _add_network(sub)
    _add_machine(sub)
    add_examples(
        sub,
        "facecrypt learn train --data classes --scheme plain le -o runs --size tiny --epochs 1",
    )


def _add_network(sub: ArgumentParser) -> None:
    sub.add_argument(
        "--network",
        metavar="NAME",
        help="resnet18, pyramidnet, tanaka, ele-adaptnet, fast, fast-tanaka, fast-ele-adaptnet, "
        "fast-pixelwise or fast-nibbles (default: that of the scheme's paper)",
    )
    sub.add_argument(
        "--size",
        choices=("full", "tiny"),
        default="full",
        help="of the network; tiny is for trying out (default %(default)s)",
    )
    sub.add_argument(
        "--epochs",
        type=whole(),
        metavar="N",
        help="rounds through the pictures (default 60, of fast ones 24)",
    )
    sub.add_argument(
        "--batch",
        type=whole(),
        metavar="N",
        help="pictures a step (default 128)",
    )
    sub.add_argument(
        "--lr",
        type=float,
        metavar="X",
        help="highest learning rate (default 0.1, of tanaka 0.03, of fast ones 0.25)",
    )
    sub.add_argument(
        "--schedule",
        choices=("cosine", "step", "one-cycle"),
        help="how the learning rate changes (default cosine, of fast ones one-cycle)",
    )
    sub.add_argument(
        "--smoothing",
        type=float,
        metavar="X",
        help="share of each label spread over all classes (default 0, of fast ones 0.2)",
    )


def _add_machine(sub: ArgumentParser) -> None:
    add_device(sub)
    sub.add_argument(
        "--threads", type=whole(), metavar="N", help="threads of torch (default: one a core)"
    )


def run(args: Namespace) -> int:
    """``facecrypt learn ACTION``."""
    try:
        import torch  # noqa: F401
    except ImportError as error:
        raise BackendUnavailableError(
            "learning needs torch: pip install 'facecrypt[learn]'"
        ) from error
    from facecrypt.torch_runs import use_threads

    threads = getattr(args, "threads", None)
    if threads is not None and threads < 1:
        raise ValueError(f"--threads must be at least 1, received {threads}")
    with use_threads(threads):
        return {"train": _train, "eval": _eval, "table": _table}[args.action](args)


def _train(args: Namespace) -> int:
    from facecrypt.learning.data import load
    from facecrypt.learning.encrypted import PLAIN
    from facecrypt.torch_runs import choose_device

    names = list(dict.fromkeys(args.scheme))
    if args.key and len([name for name in names if name != PLAIN]) != 1:
        raise ValueError("--key is that of one scheme: name just one, beside 'plain'")
    settings = [_settings(args, name) for name in names]
    device = choose_device(args.device)
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
    from facecrypt.learning.choices import network_for_scheme, recipe_for_network
    from facecrypt.learning.settings import Settings

    network = args.network or network_for_scheme(scheme)
    recipe = recipe_for_network(network)._asdict()
    asked = {name: getattr(args, name) for name in recipe if getattr(args, name) is not None}
    return Settings(
        network, size=args.size, augment=args.augment, seed=args.seed, **(recipe | asked)
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

    with step_bar("steps", quiet=args.quiet, name=name, leave=False) as on_progress:
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


def _eval(args: Namespace) -> int:
    from facecrypt.learning.evaluate import evaluate
    from facecrypt.learning.table import run_folders
    from facecrypt.torch_runs import choose_device

    device = choose_device(args.device)
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
    print(f"{shown(folder)}: {result['accuracy']:.1%} right after {result['epochs']} epochs")
    print(f"  with mirror images     {result['mirrored']:.1%}")
    if result["plain"] is not None:
        print(f"  on plain pictures      {result['plain']:.1%}")
    if result["wrong_key"] is not None:
        print(f"  under a wrong key      {result['wrong_key']:.1%}")
    classes, rows = list(map(shown, result["classes"])), result["confusion"]
    width = max(len(name) for name in classes)
    digits = max(4, *(len(str(count)) + 1 for row in rows for count in row))
    print("  true class, and how often each was predicted, in the same order")
    for name, row in zip(classes, rows, strict=True):
        print(f"  {name:<{width}} {''.join(f'{count:>{digits}}' for count in row)}")


def _table(args: Namespace) -> int:
    from facecrypt.learning.runs import load_record
    from facecrypt.learning.table import run_folders, table

    if args.output and args.plot and Path(args.output).resolve() == Path(args.plot).resolve():
        raise ValueError(f"{args.plot}: is the file of the table; name another for the chart")
    for path in (args.output, args.plot):
        if path and Path(path).exists() and not args.force:
            raise already_exists(path)
    records = [load_record(folder) for folder in run_folders(args.runs)]
    text = table(records)
    if args.plot:
        from facecrypt.learning.chart import chart

        atomic_write(args.plot, chart(records), overwrite=args.force)
    if args.output:
        atomic_write(args.output, text.encode(), overwrite=args.force)
    else:
        print(text, end="")
    return DONE

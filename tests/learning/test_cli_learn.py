"""The command ``learn``: a round trip on a data set of its own, what it refuses, the table."""

import json
import re
import shlex
import sys

import cv2
import numpy as np
import pytest
from support.coloured import CLASSES, corners
from support.command_line import command

from facecrypt import schemes
from facecrypt.learning.published import FALLS_TO, data_set, figures

CIFAR10 = ["airplane", "automobile", "bird", "cat", "deer"]
CIFAR10 += ["dog", "frog", "horse", "ship", "truck"]


def test_without_torch_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch", None)
    result = command("learn", "table", tmp_path)
    assert result.code == 1
    assert result.err == ["facecrypt: error: learning needs torch: pip install 'facecrypt[learn]'"]


def test_help_needs_no_torch(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    shown = command("learn", "train", "--help")
    assert shown.code == 0
    assert "--augment {before,after,none}" in shown.out
    assert command("learn").code == 2


# ---- what is published -----------------------------------------------------------------------


def test_published_figures_are_those_of_the_papers():
    def percent(scheme, data="CIFAR-10"):
        return {one.source: one.percent for one in figures(data, scheme)}

    # Tanaka (2018), table I
    tanaka = {
        "plain": (88.4, 59.1),
        "combined-cat-map": (46.8, 20.9),
        "block-shuffle": (87.2, 60.2),
        "le": (86.3, 56.8),
    }
    for scheme, (ten, hundred) in tanaka.items():
        assert percent(scheme)["T"] == ten
        assert percent(scheme, "CIFAR-100")["T"] == hundred
    # Madono et al. (2020): without adaptation network, with that of LE, with that of ELE
    madono = {
        "plain": ((96.70, 83.59), (95.64, 79.13), (85.32, 60.36)),
        "le": ((94.94, 78.25), (94.49, 75.48), (87.28, 71.30)),
        "ele": ((67.10, 43.05), (48.39, 7.19), (83.06, 62.97)),
        "etc": ((85.94, 61.90), (80.16, 44.83), (89.09, 71.91)),
    }
    for scheme, rows in madono.items():
        for source, (ten, hundred) in zip(("M", "M-LE", "M-ELE"), rows, strict=True):
            assert percent(scheme)[source] == ten
            assert percent(scheme, "CIFAR-100")[source] == hundred
    assert figures("CIFAR-10", "chaos-blocks") == figures(None, "le") == ()


def test_data_sets_are_known_by_their_classes():
    assert data_set(CIFAR10) == "CIFAR-10"
    assert data_set(CIFAR10[::-1]) is None
    assert data_set(["aquarium_fish", *map(str, range(99))]) == "CIFAR-100"


def test_attacks_agree_with_the_list_of_schemes():
    for name, falls in FALLS_TO.items():
        assert falls.chosen == schemes.get(name).chosen_pictures
    assert set(FALLS_TO) <= set(schemes.names())


# ---- the commands ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch", reason="needs facecrypt[learn]")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """The pictures of corners() as JPEG streams in a file."""
    pictures = corners(train=96, test=40)
    arrays = {"classes": np.array(CLASSES)}
    for part in "train", "test":
        found = [
            np.frombuffer(cv2.imencode(".jpg", image[..., ::-1])[1], np.uint8)
            for image in getattr(pictures, part)
        ]
        arrays[f"{part}_jpeg"] = np.concatenate(found)
        arrays[f"{part}_offset"] = np.cumsum([0] + [one.size for one in found])
        arrays[f"{part}_label"] = getattr(pictures, f"{part}_labels").astype(np.uint8)
    path = tmp_path_factory.mktemp("data") / "corners.npz"
    np.savez(path, **arrays)
    return path


def learn(*args):
    return command("learn", *args)


def train(data, output, *more, scheme=("plain", "pbe")):
    quick = shlex.split("--network resnet18 --size tiny --epochs 2 --batch 32 --lr .05 --threads 1")
    return learn("train", "--data", data, "--scheme", *scheme, "-o", output, *quick, *more)


@pytest.fixture(scope="module")
def runs(torch, data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    result = train(data, folder, "--train-size", "64")
    assert result.code == 0
    return folder, result


def test_train_says_how_it_goes(runs):
    folder, result = runs
    assert re.fullmatch(
        r"plain: \d+\.\d% of 40 test pictures\npbe: \d+\.\d% of 40 test pictures\n", result.out
    )
    assert result.err[0] == (
        "facecrypt: warning: one key for all pictures is for experiments, not for secrecy"
    )
    for line, (name, number) in zip(
        result.err[1:], [("plain", 1), ("plain", 2), ("pbe", 1), ("pbe", 2)], strict=True
    ):
        assert re.fullmatch(
            rf"{name}: epoch {number} of 2, loss \d+\.\d+, accuracy \d+\.\d% in training, "
            r"\d+\.\d% in testing \(\d+\.\d s\)",
            line,
        )
    assert {path.name for path in (folder / "pbe").iterdir()} >= {
        "run.json",
        "key.npz",
        "checkpoint.pt",
    }
    key = schemes.PbeKey.load(folder / "pbe" / "key.npz")
    assert key == schemes.get("pbe").random_key((8, 8, 3), np.random.default_rng(0))


def test_train_again(runs, data):
    folder, _ = runs
    again = train(data, folder, "--train-size", "64")
    assert again.code == 1
    assert "holds a run; --resume continues it" in again.err[1]
    done = train(data, folder, "--train-size", "64", "--resume", "-q")
    assert (done.code, done.err) == (0, [])
    other = train(data, folder, "--train-size", "60", "--resume", "-q")
    assert other.code == 1
    assert "the run there has pictures" in other.err[0]


def test_eval_and_table(runs):
    folder, _ = runs
    shown = learn("eval", folder, "--threads", "1")
    assert shown.code == 0
    lines = shown.out.splitlines()
    log = json.loads((folder / "pbe" / "run.json").read_text())
    accuracy = f"{log['epochs'][-1]['test_accuracy']:.1%}"
    assert f"{folder / 'pbe'}: {accuracy} right after 2 epochs" in lines
    assert sum("with mirror images" in line for line in lines) == 2
    assert sum("under a wrong key" in line for line in lines) == 1
    assert sum("on plain pictures" in line for line in lines) == 2
    rows = [line for line in lines if line.startswith("  top left ")]
    assert sum(int(number) for number in rows[0].split()[2:]) == 10
    values = json.loads(learn("eval", folder / "pbe", "--json").out)
    assert values[str(folder / "pbe")]["accuracy"] == log["epochs"][-1]["test_accuracy"]
    table = learn("table", folder).out
    assert table.startswith("### corners\n\n| scheme | network | this run, % |")
    assert f"| pbe | resnet18, **tiny** | {accuracy[:-1]} | " in table
    assert "| 0 | 2 | **subset**: 64 + 40 | - |" in table


def test_a_table_in_a_file(runs, tmp_path):
    folder, _ = runs
    path = tmp_path / "table.md"
    assert learn("table", folder, "-o", path).code == 0
    assert path.read_text() == learn("table", folder).out
    refused = learn("table", folder, "-o", path)
    assert (refused.code, refused.err[1]) == (1, "facecrypt: hint: --force replaces it")
    assert learn("table", folder, "-o", path, "--force").code == 0


def test_a_key_of_ones_own(torch, data, tmp_path):
    key = schemes.get("le").random_key((8, 8, 3), np.random.default_rng(9), block=2)
    key.save(tmp_path / "key.npz")
    more = ("--key", tmp_path / "key.npz", "--epochs", "1", "-q")
    result = train(data, tmp_path / "runs", *more, scheme=["le"])
    assert result.code == 0
    assert schemes.LeKey.load(tmp_path / "runs" / "le" / "key.npz") == key
    two = train(data, tmp_path / "runs", *more, scheme=["le", "pbe"])
    assert (two.code, two.err) == (
        2,
        ["facecrypt: error: --key is that of one scheme: name just one, beside 'plain'"],
    )


@pytest.mark.parametrize(
    ("more", "code", "message"),
    [
        (("--scheme", "aes"), 2, "no scheme 'aes'; there are block-shuffle"),
        (("--train-size", "1000"), 2, "a subset has 1 to 96 pictures, received 1000"),
        (("--threads", "0"), 2, "--threads must be at least 1, received 0"),
        (("--epochs", "0"), 2, "epochs must be positive, received 0"),
        (("--network", "vgg"), 1, "no network 'vgg'; there are resnet18"),
        (("--lr", "1e30"), 1, "the loss became"),
        (("--augment", "after", "--scheme", "le"), 1, "ciphers of 'le' cannot be augmented"),
        (("--data", "missing"), 1, "missing: no such folder"),
    ],
)
@pytest.mark.usefixtures("torch")
def test_refusals(data, tmp_path, more, code, message):
    result = train(data, tmp_path / "runs", *more, "-q", scheme=["pbe"])
    assert result.code == code
    assert any(message in line for line in result.err), result.err


def test_one_run_that_fails_does_not_stop_the_others(torch, data, tmp_path):
    more = ("--augment", "after", "--epochs", "1", "-q")
    result = train(data, tmp_path, *more, scheme=["le", "pbe"])
    assert result.code == 1
    assert result.out.startswith("pbe: ")
    assert "the ciphers of 'le' cannot be augmented" in result.err[0]


def test_interrupted_and_continued(torch, data, tmp_path, monkeypatch):
    from facecrypt.learning.fit import Trainer

    epoch = Trainer.epoch

    def once(trainer, *args):
        if trainer.done:
            raise KeyboardInterrupt
        return epoch(trainer, *args)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "epoch", once)
        stopped = train(data, tmp_path, "-q", scheme=["pbe"])
    assert stopped.code == 130
    assert stopped.err[0] == (
        "facecrypt: hint: --resume continues after the last epoch that was finished"
    )
    assert len(json.loads((tmp_path / "pbe" / "run.json").read_text())["epochs"]) == 1
    going = train(data, tmp_path, "--resume", scheme=["pbe"])
    assert going.code == 0
    assert [line[:18] for line in going.err[1:]] == ["pbe: epoch 2 of 2,"]


def test_no_runs(torch, tmp_path):
    for action in "eval", "table":
        assert "holds no run" in learn(action, tmp_path).err[0]


# ---- the table, from logs written by hand ----------------------------------------------------


def log(folder, scheme, *, seed=0, accuracy=0.5, plain=None, done=2, **changes):
    """What a run leaves, as docs/learning.md shows it."""
    settings = {"network": "resnet18", "size": "full", "epochs": 2, "batch": 128, "lr": 0.1}
    settings |= {"schedule": "cosine", "augment": "before", "seed": seed}
    data = {"path": "x", "side": 32, "name": "CIFAR-10", "classes": CIFAR10, "fingerprint": "f"}
    data |= {"train": 50000, "test": 10000, "whole": [50000, 10000]}
    epoch = {"loss": 1.0, "train_accuracy": 0.1, "seconds": 1.0}
    record = {"format": "facecrypt learning run 1", "scheme": scheme, "key": None}
    record |= {"settings": settings | changes.pop("settings", {})}
    record |= {"data": data | changes.pop("data", {})}
    record |= {"hardware": "An abacus", "software": "facecrypt 0"} | changes
    record["epochs"] = [
        {"epoch": n, "test_accuracy": accuracy if n == done else 0.0, **epoch}
        for n in range(1, done + 1)
    ]
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps(record))
    if plain is not None:
        found = {"epochs": 2, "accuracy": accuracy, "plain": plain, "wrong_key": 0.101}
        (folder / "evaluation.json").write_text(json.dumps(found))


def rows_of(table):
    lines = [line for line in table.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[1:]]


def test_the_table_of_full_runs(torch, tmp_path):
    log(tmp_path / "b", "le", seed=1, accuracy=0.80, plain=0.10)
    log(tmp_path / "c", "le", seed=0, accuracy=0.82, plain=0.12)
    log(tmp_path / "a", "pbe", accuracy=0.915)
    log(tmp_path / "d", "plain", accuracy=0.9512)
    log(tmp_path / "e", "ele", done=1, accuracy=0.3)
    table = learn("table", tmp_path).out
    whole = "all: 50,000 + 10,000"
    rows = {row[0]: row[2:7] for row in rows_of(table)}
    assert rows == {
        "plain": ["95.1", "-", "-", "0", "2"],
        "le": ["81.0 ± 1.4", "11.0 ± 1.4", "10.1 ± 0.0", "0, 1", "2"],
        "ele": ["30.0", "-", "-", "0", "1 of 2, **unfinished**"],
        "pbe": ["91.5", "-", "-", "0", "2"],
    }
    assert list(rows) == ["plain", "le", "ele", "pbe"]
    assert all(row[1] == "resnet18" and row[7] == whole for row in rows_of(table))
    assert [row[8] for row in rows_of(table)] == [
        "88.4 (T); 96.7 (M); 95.64 (M-LE); 85.32 (M-ELE); 95.5 (K)",
        "86.3 (T); 94.94 (M); 94.49 (M-LE); 87.28 (M-ELE)",
        "67.1 (M); 48.39 (M-LE); 83.06 (M-ELE)",
        "91.33 (K)",
    ]
    for text in (
        "guessing: 10.0 %",
        "Settings: batch 128, rate 0.1, cosine schedule, augmentation before encryption.",
        "Hardware: An abacus.",
        "**T** Tanaka",
        "**M** Madono",
        "**One key encrypted all pictures of a run",
        "it is why they are not secret",
        "(the median of its runs): `le` 1 or 1; `ele` 2 or 32; `pbe` 1 or 2.",
    ):
        assert text in table
    for text in "subset", "tiny", "**A**":
        assert text not in table


def test_evaluations_of_an_earlier_epoch_do_not_count(torch, tmp_path):
    log(tmp_path / "a", "le", done=1, plain=0.1)
    assert rows_of(learn("table", tmp_path).out)[0][3:5] == ["-", "-"]


def test_the_table_marks_what_is_small(torch, tmp_path):
    few = {"train": 10000, "test": 2000}
    log(tmp_path / "a", "logistic-pixel", data=few, settings={"size": "tiny"})
    table = learn("table", tmp_path).out
    (row,) = rows_of(table)
    assert row[1] == "resnet18, **tiny**"
    assert row[7:] == ["**subset**: 10,000 + 2,000", "plain - 2 (A)"]
    assert "Rows marked so are of tiny networks and a subset of the pictures" in table
    assert "not with the published figures" in table


def test_runs_on_other_data_have_tables_of_their_own(torch, tmp_path):
    log(tmp_path / "a", "pbe")
    log(tmp_path / "b", "pbe", data={"name": "mine", "classes": ["a", "b"]})
    table = learn("table", tmp_path).out
    assert re.findall("^### (.+)$", table, re.M) == ["CIFAR-10", "mine"]
    assert table.count("**One key encrypted all pictures of a run") == 2
    assert rows_of(table)[-1][8] == "-"
    assert "guessing: 50.0 %" in table


# ---- the chart -------------------------------------------------------------------------------


def blue(path):
    """Pixels in the colour of the first network."""
    return int((cv2.imread(str(path)) == (0xB4, 0x77, 0x1F)).all(2).sum())


def test_bars_are_as_long_as_the_accuracies(torch, tmp_path):
    pytest.importorskip("matplotlib")
    for name, accuracies in {"long": [0.9], "short": [0.3], "mean": [0.2, 0.4]}.items():
        for seed, accuracy in enumerate(accuracies):
            log(tmp_path / name / str(seed), "fiie", seed=seed, accuracy=accuracy)
        learn("table", tmp_path / name, "--plot", tmp_path / f"{name}.png")
    sizes = {name: blue(tmp_path / f"{name}.png") for name in ("long", "short", "mean")}
    # The square of the legend and the figure in the bar are the same in all.
    assert sizes["short"] == sizes["mean"]
    assert 2.5 < sizes["long"] / sizes["short"] < 3.1


def test_what_cannot_be_charted(torch, tmp_path, monkeypatch):
    log(tmp_path / "runs" / "a", "pbe")
    taken = tmp_path / "taken.png"
    taken.write_bytes(b"mine")
    refused = learn("table", tmp_path / "runs", "--plot", taken)
    assert refused.err[0].endswith("taken.png: already exists")
    assert taken.read_bytes() == b"mine"
    assert not refused.out
    log(tmp_path / "runs" / "b", "pbe", data={"name": "mine", "classes": ["a", "b"]})
    several = learn("table", tmp_path / "runs", "-o", tmp_path / "t", "--plot", tmp_path / "new")
    assert several.code == 2
    assert "these runs are of CIFAR-10, mine" in several.err[0]
    same = learn("table", tmp_path / "runs", "-o", tmp_path / "t", "--plot", tmp_path / "t")
    assert "name another for the chart" in same.err[0]
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    missing = learn("table", tmp_path / "runs" / "a", "--plot", tmp_path / "new")
    assert "pip install 'facecrypt[report]'" in missing.err[0]
    assert not (tmp_path / "new").exists()
    assert not (tmp_path / "t").exists()

"""Help: every option and command is explained, and what it shows runs."""

import argparse
import json
import shutil
from importlib.util import find_spec

import pytest
from PIL import Image
from support.clips import write_clip
from support.command_line import ASTRONAUT, command

from facecrypt.cli.parser import COMMANDS, parser


def pages(root=None, words=()):
    """Every page with the words that lead to it."""
    if root is None:
        root = parser(COMMANDS)
    yield words, root
    for action in root._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, page in action.choices.items():
                if name != "help":
                    yield from pages(page, (*words, name))


PAGES = dict(pages())


def examples(page) -> list[str]:
    shown = page.format_help().split("\nexample")[1]
    return [line[2:] for line in shown.splitlines() if line.startswith("  facecrypt ")]


def test_there_are_pages_for_all_commands_and_actions():
    assert len(PAGES) == 1 + 17 + 4 + 3 + 4  # of scheme, learn and train-mtcnn


@pytest.mark.parametrize("words", PAGES, ids=" ".join)
def test_every_option_has_a_help_text(words):
    for action in PAGES[words]._actions:
        if isinstance(action, argparse._SubParsersAction):
            assert all(choice.help for choice in action._choices_actions)
            continue
        text = action.help or ""
        assert text == argparse.SUPPRESS or len(text) > 5, action
        assert not text.startswith("("), action


@pytest.fixture
def place(tmp_path, monkeypatch):
    """What examples speak of."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FACECRYPT_KEY_PASSPHRASE", "correct horse")
    for folder in "photos", "classes/one", "classes/two":
        (tmp_path / folder).mkdir(parents=True)
    picture = Image.open(ASTRONAUT).crop((100, 0, 356, 256))
    picture.save("photo.png")
    picture.save("photos/photo.png")
    for number in range(8):
        for side, name in enumerate(("one", "two")):
            small = picture.crop((side * 32, number * 8, side * 32 + 32, number * 8 + 32))
            small.save(f"classes/{name}/{number}.png")
    write_clip(tmp_path / "clip.mp4", 4)
    (tmp_path / "faces.txt").write_text("photo.png 80 60 170 170\n")
    shell("facecrypt keygen -o key.txt > key.pub")
    assert command("encrypt", "photos", "-R", "key.pub", "-o", "sealed", "-q").code == 0
    return tmp_path


def shell(line):
    """Run a line as a shell would; a > may end it."""
    call, _, output = line.partition(" > ")
    done = command(*call.split()[1:])
    assert done.code == 0, (line, done.err)
    if output:
        with open(output, "w") as file:  # noqa: PTH123
            file.write(done.out)
    return done


PREPARED = {  # what an example needs that an earlier step makes
    "rewrap": ["facecrypt keygen -o new.txt > new.pub"],
    "scheme encrypt": ["facecrypt scheme le keygen -o photo.npz --like photo.png"],
    "scheme decrypt": [
        "facecrypt scheme le keygen -o photo.npz --like photo.png",
        "facecrypt scheme le encrypt photo.png -o ciphers --key photo.npz",
    ],
    "learn eval": "learn train",
    "learn table": "learn train",
    "learn": "learn train",
    "train-mtcnn train": "train-mtcnn prepare",
    "train-mtcnn export": "train-mtcnn train",
}


def prepare(page):
    steps = PREPARED.get(page, [])
    if isinstance(steps, str):
        prepare(steps)
        steps = examples(PAGES[tuple(steps.split())])
    for step in steps:
        shell(step)


@pytest.mark.parametrize("words", PAGES, ids=" ".join)
def test_every_page_has_an_example_that_runs(place, words):
    page = " ".join(words)
    shown = examples(PAGES[words])
    assert shown
    torch = page.startswith("learn") or page in ("train-mtcnn train", "train-mtcnn export")
    if torch and find_spec("torch") is None:
        pytest.skip("needs torch")
    prepare(page)
    if page == "scheme decrypt":
        shutil.move("ciphers/photo.png", "cipher.png")
    if page in ("", "keygen"):
        (place / "key.txt").unlink()
    if page in ("", "encrypt"):
        shutil.rmtree("sealed")
    for line in shown:
        if "--preset" in line:
            shutil.rmtree("sealed")
        shell(line)


def test_usage_says_that_a_key_is_needed():
    for name, keys in (
        ("encrypt", "-o DIR (-r PUBLIC_KEY | -R FILE | -k KEYFILE | -p)"),
        ("decrypt", "-o DIR (-i KEYFILE | -k KEYFILE | -p)"),
        ("verify", "(-i KEYFILE | -k KEYFILE | -p)"),
        ("region-key", "--region N (-i KEYFILE | -k KEYFILE | -p)"),
    ):
        assert keys in PAGES[(name,)].format_help().splitlines()[0]


@pytest.mark.parametrize("words", PAGES, ids=" ".join)
def test_the_command_help(words):
    done = command("help", *words)
    assert done.code == 0
    assert done.out == command(*words, "--help").out
    assert done.out.startswith(f"usage: facecrypt {words[0] if words else '[-h]'}")


def test_help_of_what_is_not_there():
    done = command("help", "encypt")
    assert done.code == 2
    assert "did you mean 'encrypt'?" in done.err[0]
    assert "help" in command("--help").out.split("commands:")[1]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("encypt", "encrypt"), ("dectypt", "decrypt"), ("detekt", "detect"), ("key-gen", "keygen")],
)
def test_did_you_mean(typed, meant):
    done = command(typed, "a.png")
    assert done.code == 2
    assert done.err == [
        f"facecrypt: error: there is no command '{typed}'; did you mean '{meant}'?",
        "facecrypt: hint: see 'facecrypt --help'",
    ]


def test_an_example_with_json_is_json(place):
    assert json.loads(shell("facecrypt inspect sealed --json").out)["source"] == "sealed/photo.png"

"""What the command line accepts: which commands there are, and the module of each."""

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from importlib import import_module
from typing import Any, NoReturn, Protocol, cast

from facecrypt._version import __version__
from facecrypt.cli.escapes import shown
from facecrypt.cli.pages import add_examples

__all__ = ["COMMANDS", "Command", "parse", "parser"]


class Command(Protocol):
    """A module that is a command: its options and what it does."""

    def add_options(self, sub: ArgumentParser) -> list[ArgumentParser] | None:
        """Add them; where they are those of actions, returns the parsers of these."""

    def run(self, args: Namespace) -> int:
        """Do it; returns the exit code."""


COMMANDS = {
    "keygen": ("facecrypt.cli.keygen", "make a key pair and print its public key"),
    "keys": ("facecrypt.cli.kinds", "say what kind of key a file or text is, and where it goes"),
    "encrypt": ("facecrypt.cli.encrypt", "encrypt the faces of pictures and videos"),
    "decrypt": ("facecrypt.cli.decrypt", "give the faces back"),
    "inspect": ("facecrypt.cli.inspect", "show what a sealed file says without a key"),
    "verify": ("facecrypt.cli.verify", "check that sealed files open and are unchanged"),
    "rewrap": ("facecrypt.cli.rewrap", "change who may open sealed files"),
    "forget": ("facecrypt.cli.forget", "erase faces from sealed files for good"),
    "detect": ("facecrypt.cli.detect", "find faces and print where they are"),
    "opener": ("facecrypt.cli.opener", "write the page that opens sealed files in a browser"),
    "region-key": ("facecrypt.cli.region_key", "export the key of one face"),
    "doctor": (
        "facecrypt.cli.doctor",
        "say what is installed and works, and what to do about the rest",
    ),
    "scheme": (
        "facecrypt.cli.scheme",
        "research: encrypt pictures and arrays by a published scheme",
    ),
    "attack": ("facecrypt.cli.attack", "research: show on a picture how a scheme falls"),
    "analyze": ("facecrypt.cli.analyze", "measure a cipher on pictures and write a report"),
    "learn": (
        "facecrypt.cli.learn",
        "research: train networks on ciphers, test and compare them",
    ),
    "train-mtcnn": ("facecrypt.cli.train_mtcnn", "train the detector on annotated faces"),
}
"""Name, module and help. A new command is a module and a line here."""


class _Parser(ArgumentParser):
    def __init__(self, **settings: Any) -> None:
        # An abbreviation that works today is ambiguous once another option comes.
        super().__init__(**settings, allow_abbrev=False)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """What nobody knows is an error of the command, whose help says what there is."""
        known, unknown = super().parse_known_args(args, namespace)
        # A command that was not loaded has no `run`, and knows no word of its own.
        if unknown and self.get_default("run") is not None:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return known, unknown

    def _print_message(self, message: str, file: Any = None) -> None:
        # argparse would pass over a disk that is full, and end as if the page were there.
        if message:
            (file or sys.stderr).write(message)

    def error(self, message: str) -> NoReturn:
        """Say it as all errors are said, and leave with 2."""
        hint = f"see '{self.prog} --help'"
        self.exit(2, f"facecrypt: error: {shown(message)}\nfacecrypt: hint: {hint}\n")


def parse(words: Sequence[str]) -> Namespace:
    """What a command line says; ``run`` of it is the function of the command.

    Leaves with 2 where it is none, after a word on which command may have been meant.
    """
    if words[:1] == ["help"]:
        words = [*words[1:], "--help"]
    root = parser(words[:1])
    # An empty path is the folder one is in: all of it would be sealed, or erased from.
    if any(not word or (word.startswith("--") and word.endswith("=")) for word in words):
        root.error("an argument is empty, as of a shell variable that is not set; name what it is")
    for word in _options(words):
        if os.path.lexists(word):
            root.error(
                f"{word} is a file here, and reads as an option; say ./{word} for the file, or go "
                "to another folder for the option"
            )
    name = words[0] if words else "-"
    if not name.startswith("-") and name not in COMMANDS:
        meant = get_close_matches(name, COMMANDS, 1)
        if meant:
            root.error(f"there is no command '{name}'; did you mean '{meant[0]}'?")
    return root.parse_args(words)


def _options(words: Sequence[str]) -> Iterator[str]:
    """Words that are read as options; a pattern of the shell may have made them of file names."""
    for word in words:
        if word == "--":
            return
        if len(word) > 1 and word.startswith("-"):
            yield word


def parser(loaded: Iterable[str] = COMMANDS) -> ArgumentParser:
    """The parser; ``run`` of what it returns is the function of the command that was given.

    Parameters
    ----------
    loaded : iterable of str
        Commands whose module is imported for its options. The others are named in the help
        only: a command starts without what the others need.
    """
    root = _Parser(
        prog="facecrypt",
        description="Find faces in pictures and videos, encrypt exactly those, and give them back.",
    )
    add_examples(
        root,
        "facecrypt keygen -o key.txt > key.pub",
        "facecrypt encrypt photos -o sealed -R key.pub",
        "facecrypt decrypt sealed -o restored -i key.txt",
    )
    root.add_argument("--version", action="version", version=f"facecrypt {__version__}")
    subs = root.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, (module, help_text) in COMMANDS.items():
        sub = subs.add_parser(name, help=help_text, description=help_text)
        if name in loaded:
            _fill(sub, cast(Command, import_module(module)))
    subs.add_parser("help", help="show the help of a command: 'facecrypt help encrypt'")
    return root


def _fill(sub: ArgumentParser, command: Command) -> None:
    sub.set_defaults(run=command.run)
    for leaf in command.add_options(sub) or (sub,):
        leaf.set_defaults(run=command.run)
        leaf.add_argument(
            "-q", "--quiet", action="store_true", help="say errors only; JSON, keys and tables stay"
        )

"""The fenced blocks of a Markdown page: what they are, and how they are run.

A block is run by its language: ``python``, ``sh``, or ``console``, where ``$`` begins a command and
what it prints may follow. Comments right before a fence say the rest::

    <!-- not run: needs a GPU -->     one of REASONS; the block is left out
    <!-- needs: torch -->             one of LIBRARIES; the block is skipped where it is missing
    <!-- output -->                   this ``text`` is what the block before prints; ``...`` is
                                      anything
    <!-- command 1 -->                of the README: CI runs it
"""

import contextlib
import doctest
import io
import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from PIL import Image

from support.clips import write_clip
from support.places import ROOT

RUN = {"python", "sh", "console"}
SHOWN = {"text", "json", "yaml", "toml"}
REASONS = {
    "installs software",
    "needs a GPU",
    "needs a cluster",
    "needs a data set",
    "needs another program",
    "takes long",
}
SECONDS = 60
LIBRARIES = {
    "albumentations",
    "datasets",
    "deepface",
    "facenet_pytorch",
    "matplotlib",
    "ray",
    "torch",
    "torchvision",
}

_FENCE = re.compile(r"^ *(?P<ticks>```+)(?P<language>[^`]*)$")
_COMMENT = re.compile(r"^ *<!-- (?P<word>not run|needs|output|command)(:? (?P<what>.*?))? -->$")
_INSTALLS = re.compile(r"\b(pip|apt|apt-get|brew|conda|dnf|uv) install\b")


@dataclass(frozen=True)
class Block:
    """One fenced block; `word` and `what` are the comment before it, or empty."""

    page: Path
    line: int
    language: str
    code: str
    word: str
    what: str

    @property
    def runs(self) -> bool:
        return self.language in RUN and self.word in ("", "needs") and not self.fault

    @property
    def installs(self) -> bool:
        return self.word != "command" and bool(_INSTALLS.search(self.code))

    @property
    def missing(self) -> list[str]:
        """Libraries it needs that are not here."""
        wanted = self.what.split(", ") if self.word == "needs" else []
        return [name for name in wanted if not find_spec(name)]

    @property
    def fault(self) -> str:
        """What is wrong with how it is marked, or nothing."""
        shown, what = self.language in SHOWN, self.what.split(", ")
        rules = (
            (self.language not in RUN | SHOWN, f"its language is none of {sorted(RUN | SHOWN)}"),
            (shown and re.match(r" *([$%#]|>>>) ", self.code), "commands are console, and run"),
            (self.word != "not run" and self.installs, "not run: installs software"),
            (shown and self.word not in ("", "output"), "only what is run can have that comment"),
            (not shown and self.word == "output", "output is of the language text"),
            (
                self.word == "not run" and self.what not in REASONS,
                f"no reason of {sorted(REASONS)}",
            ),
            (self.word == "needs" and not set(what) <= LIBRARIES, f"not of {sorted(LIBRARIES)}"),
        )
        return next((text for broken, text in rules if broken), "")

    def __str__(self) -> str:
        return f"{os.path.relpath(self.page, ROOT)}:{self.line}"


def blocks(page: Path) -> list[Block]:
    """All fenced blocks of a page, in order."""
    lines = page.read_text(encoding="utf-8").splitlines()
    found, number, before = [], 0, ""
    while number < len(lines):
        fence = _FENCE.match(lines[number])
        if fence is None:
            before = lines[number] or before
            number += 1
            continue
        first = number + 1
        number = first
        while lines[number].strip() != fence["ticks"]:
            number += 1
        code = textwrap.dedent("\n".join(lines[first:number]))
        comment = _COMMENT.match(before)
        word, what = (comment["word"], comment["what"] or "") if comment else ("", "")
        language = fence["language"].strip()
        found.append(Block(page, first, language, code, word, what))
        number, before = number + 1, ""
    return found


@dataclass
class Reader:
    """Someone who goes through a page from its top, in a folder of his own."""

    blocks: list[Block]
    folder: Path
    names: dict = field(default_factory=dict)
    done: set[Block] = field(default_factory=set)

    def __post_init__(self) -> None:
        """What pages may take for given: the examples, and pictures of the reader's own."""
        shutil.copytree(ROOT / "examples", self.folder / "examples")
        astronaut = self.folder / "examples/astronaut.png"
        (self.folder / "photos/2025").mkdir(parents=True)
        for name in ("photo.png", "photos/party.png", "photos/2025/beach.png"):
            shutil.copy(astronaut, self.folder / name)
        with Image.open(astronaut) as image:
            image.save(self.folder / "photo.jpg", quality=95)
        write_clip(self.folder / "clip.mp4", 24)

    def read(self, until: Block) -> None:
        """Run what was not yet run, up to and with this block."""
        for block, after in zip(self.blocks, [*self.blocks[1:], None], strict=True):
            if block.runs and not block.missing and block not in self.done:
                self.done.add(block)
                printed = self.run(block)
                if after is not None and after.word == "output":
                    check(block, after.code, printed)
            if block == until:
                return

    def run(self, block: Block) -> str:
        if block.language == "python":
            # So that a traceback has the lines of the page.
            code = compile("\n" * block.line + block.code, str(block.page), "exec")
            with contextlib.chdir(self.folder), contextlib.redirect_stdout(io.StringIO()) as out:
                exec(code, self.names)
            return out.getvalue()
        if block.language == "sh":
            return self.shell(block, block.code)
        for command, shown in commands(block.code):
            printed = self.shell(block, command)
            if shown:
                check(block, shown, printed)
        return ""

    def shell(self, block: Block, command: str) -> str:
        scripts = Path(sys.executable).parent
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=self.folder,
            env=os.environ | {"PATH": f"{scripts}:{os.environ['PATH']}", "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        assert done.returncode == 0, (
            f"{block}: exit code {done.returncode} of\n{command}\n{done.stdout}"
        )
        return done.stdout


def commands(code: str) -> Iterator[tuple[str, str]]:
    """Commands of a console block, each with what is shown of its output."""
    for part in re.split(r"^\$ ", code, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        yield command, shown.strip()


def check(block: Block, shown: str, printed: str) -> None:
    same = doctest.OutputChecker().check_output(
        shown.strip() + "\n", printed.strip() + "\n", doctest.ELLIPSIS
    )
    assert same, f"{block} shows\n{shown}\n\nand prints\n{printed}"

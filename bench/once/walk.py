"""How many files one picture passes, and how often the work goes from one to another.

    python -m bench.once.walk [encrypt | decrypt | verify]

Runs the command on the shipped picture in this process with ``sys.setprofile``. Counts the files
of facecrypt that run, the distinct crossings from file to file, and how often the source is opened.
Fewer files and crossings are fewer pages to read for whoever follows a picture.
"""

import sys
import tempfile
import threading
from pathlib import Path
from types import FrameType
from typing import Any

import facecrypt
from bench.harness import ROOT
from facecrypt import Identity
from facecrypt.cli import main

PICTURE = ROOT / "examples" / "astronaut.png"
HERE = str(Path(facecrypt.__file__).parent)


class Walk:
    """Files entered and crossings, seen by a profile function."""

    def __init__(self) -> None:
        self.files: set[str] = set()
        self.crossings: set[tuple[str, str]] = set()

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        if event != "call" or not (callee := _file(frame)):
            return
        self.files.add(callee)
        above = frame.f_back
        while above is not None and not _file(above):
            above = above.f_back
        if above is not None and (caller := _file(above)) != callee:
            self.crossings.add((caller, callee))


def _file(frame: FrameType) -> str:
    name = frame.f_code.co_filename
    # What a module does when it is imported is no stop of the picture.
    inside = name.startswith(HERE) and frame.f_code.co_name != "<module>"
    return name[len(HERE) + 1 :] if inside else ""


def _room(file: str) -> str:
    return file.partition("/")[0]


def run(command: str, folder: Path) -> None:
    """Walk one command and print what was passed."""
    key = Identity.generate()
    key.save(folder / "key.txt")
    (folder / "key.pub").write_text(str(key.recipient))
    picture = folder / "astronaut.png"
    picture.write_bytes(PICTURE.read_bytes())
    encrypt = ["encrypt", str(picture), "-o", str(folder / "sealed"), "-R", str(folder / "key.pub")]
    sealed = folder / "sealed" / "astronaut.png"
    commands = {
        "encrypt": (encrypt, picture),
        "decrypt": (
            ["decrypt", str(sealed), "-o", str(folder / "back"), "-i", str(folder / "key.txt")],
            sealed,
        ),
        "verify": (["verify", str(sealed), "-i", str(folder / "key.txt")], sealed),
    }
    arguments, source = commands[command]
    if command != "encrypt":
        assert main([*encrypt, "-q"]) == 0
    opened: list[object] = []
    sys.addaudithook(
        lambda event, values: (
            opened.append(values) if event == "open" and str(values[0]) == str(source) else None
        )
    )
    walk = Walk()
    threading.setprofile(walk)
    sys.setprofile(walk)
    code = main([*arguments, "-q", *(["-j", "1"] if command != "verify" else [])])
    sys.setprofile(None)
    threading.setprofile(None)
    assert code == 0
    rooms = {_room(file) for file in walk.files}
    between = {(_room(a), _room(b)) for a, b in walk.crossings if _room(a) != _room(b)}
    print(
        f"{command}: {len(walk.files)} files, {len(walk.crossings)} crossings; {len(rooms)} rooms, "
        f"{len(between)} crossings between them; source opened {len(opened)} times"
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as where:
        run(sys.argv[1] if len(sys.argv) > 1 else "encrypt", Path(where))

"""Names that some file systems take for one: what such a file system answers is set here."""

import os
import unicodedata
from pathlib import Path

import cv2
import numpy as np
import pytest

from facecrypt.errors import MediaError
from facecrypt.jobs import outputs
from facecrypt.jobs.inputs import find_inputs

ACCENTED = "caf\u00e9"
APART = unicodedata.normalize("NFD", ACCENTED)


def joins(*, case: bool, form: bool):
    """What asks whether a name exists, on a file system that compares in this way."""

    def fold(name: str) -> str:
        name = unicodedata.normalize("NFC", name) if form else name
        return name.casefold() if case else name

    def lexists(path) -> bool:
        path = Path(path)
        return any(fold(name) == fold(path.name) for name in os.listdir(path.parent))

    return lexists


@pytest.fixture
def folder(tmp_path):
    def make(*names):
        (tmp_path / "in").mkdir()
        for name in names:
            (tmp_path / "in" / name).parent.mkdir(exist_ok=True)
            (tmp_path / "in" / name).write_bytes(b"")
        return tmp_path / "in"

    return make


def names(folder, out) -> dict[str, str]:
    inputs, _ = find_inputs(folder, out)
    return {item.relative.as_posix(): item.output.relative_to(out).as_posix() for item in inputs}


def test_where_names_are_told_apart_each_is_its_own(folder, tmp_path):
    assert names(folder("a.jpg", "a.png", "A.JPG"), tmp_path / "out") == {
        "A.JPG": "A.png",
        "a.jpg": "a.jpg.png",
        "a.png": "a.png.png",
    }
    assert os.listdir(tmp_path) == ["in"]


@pytest.mark.parametrize(
    ("joined", "pair"),
    [
        (joins(case=True, form=False), ("a.png", "A.png")),
        (joins(case=True, form=False), ("sub/a.png", "SUB/a.png")),
        (joins(case=False, form=True), (f"{ACCENTED}.png", f"{APART}.png")),
        (joins(case=True, form=True), (f"{ACCENTED}.png", f"{APART.upper()}.png")),
    ],
)
def test_names_that_would_be_one_file_are_refused(folder, tmp_path, monkeypatch, joined, pair):
    given = folder(*pair)
    monkeypatch.setattr(outputs.os.path, "lexists", joined)
    with pytest.raises(ValueError, match=r"would both become .* does not tell apart") as caught:
        find_inputs(given, tmp_path / "out")
    assert all(str(given / name) in str(caught.value) for name in pair)
    assert os.listdir(tmp_path) == ["in"]


def test_only_what_is_joined_is_refused(folder, tmp_path, monkeypatch):
    given = folder(f"{ACCENTED}.png", f"{APART}.png", "a.png", "b.png")
    monkeypatch.setattr(outputs.os.path, "lexists", joins(case=True, form=False))
    assert len(set(names(given, tmp_path / "out").values())) == 4


def test_short_names_that_would_be_one_become_full_ones(folder, tmp_path, monkeypatch):
    given = folder("a.jpg", "A.png")
    monkeypatch.setattr(outputs.os.path, "lexists", joins(case=True, form=False))
    assert names(given, tmp_path / "out") == {"A.png": "A.png.png", "a.jpg": "a.jpg.png"}


def test_an_output_never_replaces_an_input_of_another_spelling(folder, tmp_path, monkeypatch):
    given = folder("a.PNG")
    # The input under the name that its output would have there, as such a system shows it.
    (given / "a.png").hardlink_to(given / "a.PNG")
    with pytest.raises(ValueError, match="would replace the input"):
        find_inputs([given / "a.PNG"], given)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.png").write_bytes(b"")
    find_inputs([given / "a.PNG"], tmp_path / "out")


def test_another_file_of_another_spelling_is_no_input(folder):
    given = folder("a.PNG", "a.png")
    outputs.refuse_replacing({given / "a.PNG": given / "a.png"})
    with pytest.raises(ValueError, match="would replace the input"):
        outputs.refuse_replacing({given / "a.PNG": given / "a.PNG"})


def test_suffixes_are_spelled_as_they_came(folder):
    given = folder()
    for name, kind in {"A.JPG": ".jpg", "b.Png": ".png", "C.BMP": ".bmp"}.items():
        encoded = cv2.imencode(kind, np.zeros((16, 16, 3), np.uint8))[1]
        (given / name).write_bytes(encoded.tobytes())
    found, _ = find_inputs([given], given / "out")
    names = {item.source.name: item.output.name for item in found}
    assert names == {"A.JPG": "A.JPG", "b.Png": "b.Png", "C.BMP": "C.png"}


@pytest.mark.parametrize("case", [True, False])
def test_other_names_are_the_same_where_the_file_system_says_so(tmp_path, monkeypatch, case):
    monkeypatch.setattr(outputs.os.path, "lexists", joins(case=case, form=False))
    planned = {tmp_path / "in" / name: tmp_path / name for name in ("A.webp", "a.webp")}
    others = outputs.OtherNames(planned, tmp_path)
    others.take(tmp_path / "A.png", tmp_path / "in" / "A.webp")
    if case:
        with pytest.raises(MediaError, match=r"a\.png: is the output of .*A\.webp, too"):
            others.take(tmp_path / "a.png", tmp_path / "in" / "a.webp")
    else:
        others.take(tmp_path / "a.png", tmp_path / "in" / "a.webp")

"""Lists of annotated faces. The lines are those that the paper's figures show."""

import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facecrypt.errors import MediaError
from facecrypt.training.wider import (
    Counts,
    convert_annotations,
    read_annotations,
    read_landmarks,
    read_wider,
)

WIDER = """\
0--Parade/0_Parade_marchingband_1_849.jpg
1
449 330 122 149 0 0 0 0 0 0 \n\
0--Parade/0_Parade_Parade_0_904.jpg
1
361 98 263 339 0 0 0 0 0 0 \n\
0--Parade/0_Parade_marchingband_1_799.jpg
3
78 221 7 8 2 0 0 0 0 0 \n\
78 238 14 17 2 0 0 0 0 0 \n\
113 212 11 15 2 0 0 1 0 0 \n\
"""
SHORT = """\
0--Parade/0_Parade_marchingband_1_849.jpg 449 330 571 479
0--Parade/0_Parade_Parade_0_904.jpg 361 98 624 437
0--Parade/0_Parade_marchingband_1_799.jpg 78 221 85 229 78 238 92 255 113 212 124 227
"""
ZEROS = "0 0 0 0 0 0 0 0 0 0\n"


@pytest.fixture
def wider(tmp_path):
    path = tmp_path / "wider_face_train_bbx_gt.txt"
    path.write_text(WIDER)
    return path


def converted(text: str, folder: Path) -> tuple[str, Counts]:
    (folder / "gt.txt").write_text(text)
    counts = convert_annotations(folder / "gt.txt", folder / "anno_train.txt", overwrite=True)
    return (folder / "anno_train.txt").read_text(), counts


def test_the_lines_of_the_paper(wider, tmp_path):
    assert converted(WIDER, tmp_path) == (SHORT, Counts(3, 0, 5, 0))


def test_both_lists_read_alike_but_for_what_one_does_not_say(wider, tmp_path):
    short = tmp_path / "anno_train.txt"
    short.write_text(SHORT)
    long, brief = list(read_annotations(wider)), list(read_annotations(short))
    assert [item.path for item in long] == [item.path for item in brief]
    assert all((a.boxes == b.boxes).all() for a, b in zip(long, brief, strict=True))
    assert long[2].invalid.tolist() == [False, False, True]
    assert not any(item.invalid.any() for item in brief)
    assert long[0].boxes.dtype == np.int32
    assert long[0].boxes.shape == (1, 4)


@pytest.mark.parametrize("row", [ZEROS, ""], ids=["with a row of zeros", "without"])
@pytest.mark.parametrize("last", [True, False])
def test_pictures_without_faces(row, last, tmp_path):
    rest = "" if last else "b.jpg\n1\n1 2 3 4 0 0 0 0 0 0\n"
    text, counts = converted(f"a.jpg\n0\n{row}{rest}", tmp_path)
    assert text == "a.jpg\n" + ("" if last else "b.jpg 1 2 4 6\n")
    assert counts == Counts(1 if last else 2, 1, 0 if last else 1, 0)
    assert [len(item.boxes) for item in read_annotations(tmp_path / "anno_train.txt")] == (
        [0] if last else [0, 1]
    )


def test_a_row_of_zeros_that_was_counted_is_a_face_without_size(tmp_path):
    text, counts = converted(f"a.jpg\n2\n{ZEROS}5 6 0 8 0 0 0 0 0 0\nb.jpg\n0\n{ZEROS}", tmp_path)
    assert text == "a.jpg\nb.jpg\n"
    assert counts == Counts(2, 2, 0, 2)


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("a.jpg\n1\n1 2 3 4\n", 3, "ten whole numbers"),
        ("a.jpg\n1\n1 2 3 4 0 0 0 0 0 x\n", 3, "ten whole numbers"),
        ("a.jpg\n1\n1.5 2 3 4 0 0 0 0 0 0\n", 3, "ten whole numbers"),
        ("a.jpg\n1\n1 2 -3 4 0 0 0 0 0 0\n", 3, "at least 0"),
        ("a.jpg\n1\n999995 2 10 4 0 0 0 0 0 0\n", 3, "at most 1000000"),
        ("a.jpg\n1\n99999999999999999999 2 3 4 0 0 0 0 0 0\n", 3, "ten whole numbers"),
        ("a.jpg\n-1\n", 2, "the number of its faces"),
        ("a.jpg\nb.jpg\n", 2, "the number of its faces"),
        ("a.jpg\n", 1, "the number of its faces"),
        ("a.jpg\n2\n1 2 3 4 0 0 0 0 0 0\n", 1, "the file ends before"),
        ("a.jpg\n1\n1 2 3 4 0 0 0 0 0 0\n5 6 7 8 0 0 0 0 0 0\n", 4, "path of a picture"),
        (f"a.jpg\n1\n1 2 3 4 0 0 0 0 0 0\n{ZEROS}", 4, "path of a picture"),
        (f"a.jpg\n0\n{ZEROS}{ZEROS}", 4, "path of a picture"),
        ("my holiday.jpg\n0\n", 1, "without blanks"),
    ],
)
def test_malformed_lines_are_named(text, line, expected, tmp_path):
    with pytest.raises(ValueError, match=rf"gt\.txt, line {line}: .*{expected}"):
        converted(text, tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["gt.txt"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a.jpg 1 2 3", "multiple of four"),
        ("a.jpg 449 330 122 149", "not x y w h"),
        ("a.jpg 1 2 3 four", "multiple of four"),
    ],
)
def test_malformed_short_lines_are_named(line, expected, tmp_path):
    (tmp_path / "a.txt").write_text(f"b.jpg 1 2 3 4\n{line}\n")
    with pytest.raises(ValueError, match=rf"a\.txt, line 2: .*{expected}"):
        list(read_annotations(tmp_path / "a.txt"))


def test_what_is_there_stays(wider, tmp_path):
    (tmp_path / "out.txt").write_text("mine")
    with pytest.raises(MediaError, match="already exists"):
        convert_annotations(wider, tmp_path / "out.txt")
    assert (tmp_path / "out.txt").read_text() == "mine"
    with pytest.raises(MediaError, match="no such file"):
        convert_annotations(tmp_path / "absent.txt", tmp_path / "new.txt")
    assert not (tmp_path / "new.txt").exists()


def test_line_ends_a_mark_and_names_that_are_no_text(tmp_path):
    data = b"\xef\xbb\xbfp\xe9.jpg\r\n1\r\n1 2 3 4 0 0 0 0 0 0\r\n"
    (tmp_path / "gt.txt").write_bytes(data)
    convert_annotations(tmp_path / "gt.txt", tmp_path / "short.txt")
    assert (tmp_path / "short.txt").read_bytes() == b"p\xe9.jpg 1 2 4 6\n"


# A path that is a whole number would be taken for a count.
paths = st.from_regex(r"[a-z-]{1,8}/[A-Za-z0-9_]{1,8}\.jpg", fullmatch=True)
rows = st.tuples(
    st.integers(-50, 2000), st.integers(-50, 2000), st.integers(0, 900), st.integers(0, 900)
)
pictures = st.lists(st.tuples(paths, st.lists(rows, max_size=5), st.booleans()), max_size=6)


@given(pictures)
def test_any_list_is_converted(listed):
    source, expected = "", ""
    for path, faces, zeros in listed:
        source += f"{path}\n{len(faces)}\n"
        source += "".join(f"{x} {y} {w} {h} 1 0 0 0 2 1\n" for x, y, w, h in faces)
        source += ZEROS if zeros and not faces else ""
        boxes = [f" {x} {y} {x + w} {y + h}" for x, y, w, h in faces if w and h]
        expected += path + "".join(boxes) + "\n"
    with tempfile.TemporaryDirectory() as name:
        text, counts = converted(source, Path(name))
        assert text == expected
        again = list(read_annotations(Path(name) / "anno_train.txt"))
        first = list(read_wider(Path(name) / "gt.txt"))
    assert [item.boxes.tolist() for item in again] == [item.boxes.tolist() for item in first]
    assert counts.pictures == len(listed)
    assert counts.faces + counts.skipped == sum(len(faces) for _, faces, _ in listed)


def test_landmarks(tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("a.jpg 10 20 50 70 20 35 40.5 35 30 45 22 58 38 58\n\n")
    (face,) = read_landmarks(path)
    assert face.path == "a.jpg"
    assert face.box.tolist() == [10, 20, 50, 70]
    assert face.points.tolist() == [[20, 35], [40.5, 35], [30, 45], [22, 58], [38, 58]]
    assert face.points.dtype == np.float32


@pytest.mark.parametrize(
    "line",
    [
        "a.jpg 10 20 50 70 20 35 40 35 30 45 22 58 38",
        "a.jpg 50 20 10 70 20 35 40 35 30 45 22 58 38 58",
        "a.jpg 10 20 50 70 20 35 nan 35 30 45 22 58 38 58",
        "a.jpg",
    ],
)
def test_malformed_landmarks_are_named(line, tmp_path):
    (tmp_path / "list.txt").write_text(f"{line}\n")
    with pytest.raises(ValueError, match=r"list\.txt, line 1: expected"):
        read_landmarks(tmp_path / "list.txt")

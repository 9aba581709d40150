from pathlib import Path

import pytest

from facecrypt.errors import MediaError
from facecrypt.jobs.inputs import find_inputs


@pytest.fixture
def tree(tmp_path):
    for name in ("in/a.jpg", "in/sub/b.PNG", "in/sub/c.webp", "in/notes.txt", "in/.hidden/d.jpg"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return tmp_path


def pairs(paths, tree, out="out"):
    inputs, ignored = find_inputs(paths, tree / out)
    found = {
        item.source.relative_to(tree).as_posix(): item.output.relative_to(tree).as_posix()
        for item in inputs
    }
    return found, dict(ignored)


def test_a_folder_keeps_its_tree(tree):
    assert pairs(tree / "in", tree) == (
        {
            "in/a.jpg": "out/a.png",
            "in/sub/b.PNG": "out/sub/b.png",
            "in/sub/c.webp": "out/sub/c.png",
        },
        {".txt": 1},
    )


def test_files_and_patterns(tree):
    assert pairs([tree / "in" / "a.jpg", str(tree / "in" / "*" / "*.webp")], tree) == (
        {"in/a.jpg": "out/a.png", "in/sub/c.webp": "out/c.png"},
        {},
    )


def test_an_input_named_twice_is_one_input(tree):
    found, _ = pairs([tree / "in", tree / "in" / "a.jpg"], tree)
    assert len(found) == 3


def test_two_pictures_of_one_stem_get_their_full_names(tree):
    (tree / "in" / "a.png").write_bytes(b"")
    found, _ = pairs(tree / "in", tree)
    assert found["in/a.jpg"] == "out/a.jpg.png" and found["in/a.png"] == "out/a.png.png"


def test_two_inputs_for_one_output_are_refused(tree):
    (tree / "other").mkdir()
    (tree / "other" / "a.jpg").write_bytes(b"")
    with pytest.raises(ValueError, match="would both become"):
        find_inputs([tree / "in", tree / "other"], tree / "out")


def test_an_output_never_replaces_an_input(tree):
    (tree / "in" / "e.png").write_bytes(b"")
    with pytest.raises(ValueError, match="would replace the input"):
        find_inputs([tree / "in" / "e.png"], tree / "in")
    with pytest.raises(ValueError, match="input and output folder at once"):
        find_inputs([tree / "in"], tree / "in")


def test_the_output_folder_is_not_read(tree):
    (tree / "in" / "out").mkdir()
    (tree / "in" / "out" / "a.png").write_bytes(b"")
    found, _ = pairs(tree / "in", tree, out="in/out")
    assert sorted(found) == ["in/a.jpg", "in/sub/b.PNG", "in/sub/c.webp"]


def test_what_is_not_there_is_named():
    with pytest.raises(MediaError, match=r"nowhere\.jpg: no such file"):
        find_inputs(Path("nowhere.jpg"), Path("out"))

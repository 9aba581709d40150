import errno
import os
import struct
from pathlib import Path

import pytest

from facecrypt.errors import MediaError
from facecrypt.jobs.inputs import find_inputs, find_pictures, prepare


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
            "in/sub/b.PNG": "out/sub/b.PNG",
            "in/sub/c.webp": "out/sub/c.png",
        },
        {".txt": 1},
    )


def test_files_and_patterns(tree):
    assert pairs([tree / "in" / "a.jpg", str(tree / "in" / "*" / "*.webp")], tree) == (
        {"in/a.jpg": "out/a.png", "in/sub/c.webp": "out/sub/c.png"},
        {},
    )


def test_an_input_named_twice_is_one_input(tree):
    found, _ = pairs([tree / "in", tree / "in" / "a.jpg"], tree)
    assert len(found) == 3


def test_an_empty_path_is_not_the_folder_one_is_in(tree, monkeypatch):
    monkeypatch.chdir(tree / "in")
    with pytest.raises(
        ValueError, match=r"a path is empty; name a file or folder, '\.' for the one"
    ):
        find_inputs("", tree / "out")
    assert find_inputs(".", tree / "out")[0]


def test_two_pictures_of_one_stem_get_their_full_names(tree):
    (tree / "in" / "a.png").write_bytes(b"")
    found, _ = pairs(tree / "in", tree)
    assert found["in/a.jpg"] == "out/a.jpg.png"
    assert found["in/a.png"] == "out/a.png.png"


def test_two_inputs_for_one_output_are_refused(tree):
    (tree / "other" / "in").mkdir(parents=True)
    (tree / "other" / "in" / "a.jpg").write_bytes(b"")
    with pytest.raises(ValueError, match=r"in.a\.jpg and .*other.in.a\.jpg would both become"):
        find_inputs([tree / "in", tree / "other" / "in"], tree / "out")
    with pytest.raises(ValueError, match=r"would both become .*[/\\]out[/\\]a\.png; give"):
        find_inputs([tree / "in" / "a.jpg", tree / "other" / "in" / "a.jpg"], tree / "out")


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


@pytest.fixture
def years(tmp_path):
    """Two folders with a picture of one name."""
    for year in ("2025", "2026"):
        (tmp_path / "photos" / year).mkdir(parents=True)
        (tmp_path / "photos" / year / "IMG_1.jpg").write_bytes(b"")
    return tmp_path


BOTH = {
    "photos/2025/IMG_1.jpg": "out/2025/IMG_1.png",
    "photos/2026/IMG_1.jpg": "out/2026/IMG_1.png",
}


@pytest.mark.parametrize("pattern", ["photos/**/*.jpg", "photos/*/IMG_1.jpg", "photos/*"])
def test_a_pattern_keeps_the_tree_below_its_fixed_part(years, pattern):
    assert pairs(str(years / pattern), years)[0] == BOTH


def test_the_fixed_part_of_a_pattern_may_be_the_working_folder(years, monkeypatch):
    monkeypatch.chdir(years / "photos")
    inputs, _ = find_inputs("*/*.jpg", Path("../out"))
    outputs = [item.output.as_posix() for item in inputs]
    assert outputs == ["../out/2025/IMG_1.png", "../out/2026/IMG_1.png"]


def test_an_output_of_a_pattern_does_not_climb_out(years):
    (years / "photos" / "2025" / "deep").mkdir()
    pattern = str(years / "photos" / "2025" / "*" / ".." / ".." / "2026" / "*.jpg")
    [item], _ = find_inputs(pattern, years / "out")
    assert item.output == years / "out" / "2026" / "IMG_1.png"


def test_folders_given_together_keep_their_names(years):
    (years / "photos" / "top.jpg").write_bytes(b"")
    given = sorted((years / "photos").iterdir())
    assert pairs(given, years)[0] == {**BOTH, "photos/top.jpg": "out/top.png"}
    assert pairs(given[0], years)[0] == {"photos/2025/IMG_1.jpg": "out/IMG_1.png"}


def test_a_folder_without_a_name_of_its_own_gets_its_real_one(years, monkeypatch):
    monkeypatch.chdir(years / "photos" / "2025")
    inputs, _ = find_inputs([".", "../2026"], years / "out")
    outputs = [item.output.relative_to(years).as_posix() for item in inputs]
    assert outputs == ["out/2025/IMG_1.png", "out/2026/IMG_1.png"]


@pytest.mark.parametrize("target", ["gone.jpg", "b.jpg"], ids=["dangling", "loop"])
def test_a_link_to_nowhere_is_one_input_that_fails(tree, target):
    (tree / "in" / "b.jpg").symlink_to(target)
    by_shell = [tree / "in" / "a.jpg", tree / "in" / "b.jpg"]
    for given in (by_shell, str(tree / "in" / "*.jpg")):
        inputs, _ = find_inputs(given, tree / "out")
        assert [item.source.name for item in inputs] == ["a.jpg", "b.jpg"]
        prepare(inputs[0])
        with pytest.raises(MediaError, match=r"b\.jpg: ") as caught:
            prepare(inputs[1])
        assert caught.value.errno in (errno.ENOENT, errno.ELOOP)
    inputs, _ = find_inputs(tree / "in", tree / "out")
    assert [item.source.name for item in inputs] == ["a.jpg", "b.jpg", "b.PNG", "c.webp"]


# The first bytes of formats, from their specifications, and of texts that begin alike.
PICTURES = {
    "jpeg": b"\xff\xd8\xff\xe0\0\x10JFIF\0",
    "png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "gif": b"GIF89a\1\0\1\0",
    "pgm": b"P5\n# made by hand\n4 4\n255\n",
    "bmp": b"BM" + struct.pack("<IIII", 70, 0, 54, 40),
    "heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
    "jxl": b"\0\0\0\x0cJXL \r\n\x87\n",
    "cr3": b"\0\0\0\x18ftypcrx \0\0\0\1crx isom",
    "raf": b"FUJIFILMCCD-RAW 0201",
    "nef": b"MM\0*\0\0\0\x08",
    "psd": b"8BPS\0\1",
}
OTHERS = {
    "text": b"BMW 3 series, 1999: a list of parts and what they cost",
    "plan": b"P1 is what we do first, P2 what comes after it\n",
    "film": b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41",
    "empty": b"",
}


def test_a_folder_is_read_by_content(tmp_path):
    (tmp_path / "in").mkdir()
    for name, content in (PICTURES | OTHERS).items():
        (tmp_path / "in" / f"{name}.bin").write_bytes(content)
        (tmp_path / "in" / name).write_bytes(content)
    found, ignored = find_pictures(tmp_path / "in")
    assert sorted(path.name for path in found) == sorted(
        [*PICTURES, *(f"{n}.bin" for n in PICTURES)]
    )
    assert dict(ignored) == {".bin": 4, "text": 1, "plan": 1, "film": 1, "empty": 1}


SUFFIXES = [
    ".jfif",
    ".pjpeg",
    ".pjp",
    ".jif",
    ".jpf",
    ".j2k",
    ".gif",
    ".ppm",
    ".pgm",
    ".pbm",
    ".pnm",
    ".HEIC",
    ".heif",
    ".jxl",
    ".psd",
    ".tga",
]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_pictures_by_name_are_inputs_even_if_empty(tmp_path, suffix):
    (tmp_path / f"x{suffix}").write_bytes(b"")
    found, ignored = find_pictures(tmp_path)
    assert (list(found), dict(ignored)) == ([tmp_path / f"x{suffix}"], {})


def test_who_asks_for_some_suffixes_gets_no_others(tmp_path):
    for name in ("a.png", "b.jpg", "c"):
        (tmp_path / name).write_bytes(PICTURES["png"])
    found, ignored = find_pictures(tmp_path, suffixes={".png"})
    assert (list(found), dict(ignored)) == ([tmp_path / "a.png"], {".jpg": 1, "c": 1})


def test_pipes_in_a_folder_are_not_opened(tmp_path):
    os.mkfifo(tmp_path / "x.jpg")
    os.mkfifo(tmp_path / "x")
    assert find_pictures(tmp_path) == ({}, {".jpg": 1, "x": 1})


def test_links_to_folders_are_named_and_not_followed(tree):
    (tree / "in" / "album").symlink_to(tree / "in" / "sub")
    (tree / "in" / "again").symlink_to(tree / "in")
    (tree / "in" / ".secret").symlink_to(tree / "in" / "sub")
    found, ignored = find_pictures(tree / "in")
    assert len(found) == 3
    assert ignored == {".txt": 1, f"{tree}/in/album/": 1, f"{tree}/in/again/": 1}


@pytest.mark.parametrize("name", ["n" * 251 + ".jpg", "n" * 255, "\u5199" * 83 + ".jpg"])
def test_long_names_are_inputs(tree, name):
    (tree / "in" / name).write_bytes(PICTURES["jpeg"])
    inputs, _ = find_inputs(tree / "in", tree / "out")
    item = next(item for item in inputs if item.source.name == name)
    if name.endswith(".jpg"):
        prepare(item)
    else:  # as long as a name can be, and .png comes behind it
        with pytest.raises(MediaError, match="the name is too long; choose a shorter one"):
            prepare(item)


def test_what_is_too_long_to_be_there_is_named():
    with pytest.raises(MediaError, match="nnn: the name is too long"):
        find_inputs("n" * 300, Path("out"))


def test_outputs_stay_in_their_folder(tree):
    (tree / "elsewhere").mkdir()
    (tree / "out").mkdir()
    (tree / "out" / "sub").symlink_to(tree / "elsewhere")
    inputs, _ = find_inputs(tree / "in", tree / "out")
    prepare(inputs[0])
    for item in inputs[1:]:
        with pytest.raises(MediaError, match=r"out.sub: is a link, and results stay"):
            prepare(item)
    # The folder that was named may be a link: it is what was asked for.
    inputs, _ = find_inputs(tree / "in" / "sub", tree / "out" / "sub")
    prepare(inputs[0])


@pytest.mark.parametrize("linked", [False, True])
def test_a_pipe_in_place_of_an_output_is_refused(tree, linked):
    (tree / "out").mkdir()
    os.mkfifo(tree / "pipe")
    if linked:
        (tree / "out" / "a.png").symlink_to(tree / "pipe")
    else:
        os.mkfifo(tree / "out" / "a.png")
    inputs, _ = find_inputs(tree / "in" / "a.jpg", tree / "out")
    with pytest.raises(MediaError, match=r"a\.png: is a pipe, a socket or a device"):
        prepare(inputs[0])


def test_a_pattern_that_goes_deep_follows_no_links_to_folders(years):
    (years / "photos" / "again").symlink_to(years / "photos")
    found, ignored = pairs(str(years / "photos" / "**" / "*.jpg"), years)
    assert (found, ignored) == (BOTH, {f"{years}/photos/again/": 1})
    found, ignored = pairs(str(years / "photos" / "again" / "2025" / "*.jpg"), years)
    assert (list(found.values()), ignored) == (["out/IMG_1.png"], {})

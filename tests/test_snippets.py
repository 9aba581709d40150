"""The reader of pages finds what is wrong with them: each kind of fault, once."""

import subprocess

import pytest
from support.snippets import Reader, blocks


def page(folder, *lines):
    path = folder / "page.md"
    path.write_text("\n".join(lines))
    return blocks(path)


def fence(language, *code, before=""):
    return before, f"```{language}", *code, "```"


def read(folder, *lines):
    """Read a page to its end."""
    found = page(folder, *lines)
    assert not [block.fault for block in found if block.fault]
    Reader(found, folder / "reader").read(until=found[-1])


def test_blocks_of_a_page_run_in_order_in_one_folder_with_one_set_of_names(tmp_path):
    read(
        tmp_path,
        *fence("python", "import os", "open('a', 'w').close()", "names = os.listdir('photos')"),
        *fence("sh", "test -f a && test -f photo.jpg && mv a b"),
        *fence("python", "print(sorted(names), os.path.exists('b'))"),
        *fence("text", "['2025', 'party.png'] ...", before="<!-- output -->"),
        *fence("console", "$ ls examples", "astronaut.png", "$ echo 0.1", "0..."),
        *fence("sh", "false", before="<!-- not run: needs a cluster -->"),
    )


@pytest.mark.parametrize(
    ("lines", "error", "message"),
    [
        (fence("python", "", "1 / 0"), ZeroDivisionError, "division"),
        (fence("sh", "facecrypt inspect photo.png", "true"), AssertionError, "exit code 1"),
        (fence("sh", "false | cat"), AssertionError, "exit code 1"),
        (fence("sh", "echo $unset"), AssertionError, "unset"),
        (fence("console", "$ false"), AssertionError, "exit code 1"),
        (fence("console", "$ echo a", "b"), AssertionError, "shows\nb\n\nand prints\na"),
        (
            (*fence("python", "print(1)"), *fence("text", "2", before="<!-- output -->")),
            AssertionError,
            "shows\n2\n\nand prints\n1",
        ),
    ],
)
def test_what_does_not_work_is_found(tmp_path, lines, error, message):
    with pytest.raises(error, match=message.replace("\n", r"\n")):
        read(tmp_path, *lines)


def test_what_does_not_end_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr("support.snippets.SECONDS", 0.1)
    with pytest.raises(subprocess.TimeoutExpired):
        read(tmp_path, *fence("sh", "sleep 9"))


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        (fence("", "x"), "its language is none of"),
        (fence("bash", "ls"), "its language is none of"),
        (fence("text", "$ ls"), "commands are console"),
        (fence("text", ">>> 1"), "commands are console"),
        (fence("sh", "ls", before="<!-- not run: no time -->"), "no reason of"),
        (fence("python", "1", before="<!-- needs: tensorflow -->"), "not of"),
        (fence("text", "x", before="<!-- not run: takes long -->"), "only what is run"),
        (fence("sh", "ls", before="<!-- output -->"), "output is of the language text"),
        (fence("sh", "pip install x"), "not run: installs software"),
    ],
)
def test_what_is_wrongly_marked_is_found_and_not_run(tmp_path, lines, fault):
    (block,) = page(tmp_path, *lines)
    assert block.fault.startswith(fault)
    assert not block.runs


def test_a_missing_library_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("support.snippets.find_spec", lambda name: None)
    (block,) = page(tmp_path, *fence("python", "x", before="<!-- needs: torch, ray -->"))
    assert block.missing == ["torch", "ray"]

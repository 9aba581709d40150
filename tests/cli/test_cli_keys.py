"""Keys as users give them: files that editors and shells wrote, and keys in the wrong place."""

import os
import subprocess
import sys

import pytest
from support.command_line import command


def sealing(*options):
    return command("encrypt", "a.png", "-o", "new", "--whole", *options)


def opening(*options):
    return command("decrypt", "sealed", "-o", "back", *options)


# What is given; the error; the hint.
MISPLACED = [
    (("-r", "key.pub"), "-r takes a public key itself, and key.pub is a file", None),
    (("-r", "k"), "-r takes a public key itself, and k is a file", None),
    (("-R", "key.txt"), "key.txt, line 2: expected a public key", "private key opens pictures"),
    (("-R", "k"), "k, line 1: expected a public key", "with -k"),
    (("-k", "key.txt"), "key.txt: expected a symmetric key", "give its file with -i"),
    (("-k", "key.pub"), "key.pub: expected a symmetric key", "with -r, a file of them with -R"),
    (("-i", "k"), "k: expected a private key", "the file of a symmetric key with -k"),
    (("-i", "key.pub"), "key.pub: expected a private key", "the private key with -i"),
    (("-k", "face"), "face: expected a symmetric key", "a region key opens a face"),
    (("-R", "face"), "face, line 1: expected a public key", "a region key opens a face"),
]


@pytest.mark.parametrize(("options", "error", "hint"), MISPLACED, ids=str)
def test_a_key_in_the_wrong_place(job, options, error, hint):
    command("region-key", "sealed/a.png", "--region", "0", "-k", "k", "-o", "face")
    done = opening(*options) if options[0] == "-i" else sealing(*options)
    assert done.code == 2
    assert done.err[0].startswith(f"facecrypt: error: {error}")
    assert len(done.err) == 1 + (hint is not None)
    assert hint is None or hint in done.err[1]


@pytest.mark.parametrize("kind", ["private", "symmetric", "region"])
def test_a_private_key_as_text_where_a_public_one_belongs(job, kind):
    command("region-key", "sealed/a.png", "--region", "0", "-k", "k", "-o", "face")
    file = {"private": "key.txt", "symmetric": "k", "region": "face"}[kind]
    secret = (job / file).read_text().split()[-1]
    done = sealing("-r", secret)
    assert done.code == 2
    assert f"received a {kind} key" in done.err[0]
    assert secret[-30:] not in "".join(done.err)


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b""])
def test_the_mark_of_windows_editors_is_accepted(job, mark):
    for name in "key.txt", "key.pub", "k":
        (job / name).write_bytes(mark + (job / name).read_bytes().replace(b"\n", b"\r\n"))
    assert sealing("-R", "key.pub", "-k", "k").code == 0
    assert opening("-i", "key.txt").code == 0
    assert command("verify", "new", "-k", "k").code == 0


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-16-le"])
def test_what_powershell_writes(job, encoding):
    for name in "key.txt", "key.pub", "k":
        mark = "" if encoding == "utf-16" else "\ufeff"
        text = (mark + (job / name).read_text()).encode(encoding)
        (job / f"16{name}").write_bytes(text)
    for done in sealing("-R", "16key.pub"), sealing("-k", "16k"), opening("-i", "16key.txt"):
        assert done.code == 2
        assert "in UTF-16, as PowerShell's > writes; save it as UTF-8" in done.err[0]
        assert "16k" in done.err[0].split(": ")[2]


@pytest.mark.parametrize("content", [b"", b"\n", b" \r\n"])
def test_an_empty_file(job, content):
    (job / "empty").write_bytes(content)
    for done in sealing("-R", "empty"), sealing("-k", "empty"), opening("-i", "empty"):
        assert done.code == 2
        assert done.err[0] == "facecrypt: error: empty: the file is empty; expected a key"
    assert len(sealing("-k", "empty").err) == len(opening("-i", "empty").err) == 1


def test_a_comment_after_a_public_key(job):
    public = (job / "key.pub").read_text().strip()
    (job / "team").write_text(f"{public} alice@example.org\n{public}\t# the same\n")
    assert sealing("-R", "team").code == 0
    (job / "team").write_text(f"{public} {public}\n")
    done = sealing("-R", "team")
    assert done.code == 2
    assert done.err == [
        "facecrypt: error: team, line 1: expected one public key a line, received several"
    ]
    done = sealing("-r", f"{public} alice@example.org")
    assert done.code == 2
    assert "a public key is one word; leave out what follows it" in done.err[0]


@pytest.mark.parametrize(
    "text",
    [
        b"correct horse battery staple 12\n",
        b"0123456789abcdef0123456789abcdef",
        "pässwörter sind keine schlüss".encode(),
    ],
)
def test_thirty_two_bytes_of_text_are_no_key(job, text):
    assert len(text) == 32
    (job / "words").write_bytes(text)
    done = sealing("-k", "words")
    assert done.code == 2
    assert done.err[0] == "facecrypt: error: words: 32 bytes of text are no key"
    assert "-p takes a passphrase" in done.err[1]
    assert "keygen --symmetric" in done.err[1]


def test_thirty_two_random_bytes_are_a_key(job):
    (job / "raw").write_bytes(bytes(range(100, 132)))
    os.chmod("raw", 0o600)  # noqa: PTH101
    assert sealing("-k", "raw").code == 0
    assert command("verify", "new", "-k", "raw", "-q").code == 0


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o777])
def test_a_key_that_others_can_read(job, mode):
    for name in "key.txt", "k":
        os.chmod(name, mode)  # noqa: PTH101
    warning = "others can read this key; chmod 600 it"
    for done, name in ((opening("-i", "key.txt"), "key.txt"), (sealing("-k", "k"), "k")):
        assert done.code == 0
        assert done.err[0].startswith(f"facecrypt: warning: {name}: {warning}")
    assert command("verify", "sealed", "-k", "k", "-q").err == []
    for name in "key.txt", "k":
        os.chmod(name, 0o600)  # noqa: PTH101
    assert not [line for line in command("verify", "sealed", "-k", "k").err if warning in line]


def test_a_public_key_may_be_read_by_all(job):
    os.chmod("key.pub", 0o644)  # noqa: PTH101
    assert len(sealing("-R", "key.pub").err) == 1


@pytest.mark.parametrize("given", ["key.txt", "-o key.txt", "-o other.txt"])
def test_keygen_into_its_own_standard_output(job, given):
    target = given.split()[-1]
    (job / target).unlink()
    words = given.split() if given.startswith("-o") else []
    with open(target, "wb") as file:  # noqa: PTH123
        done = subprocess.run(
            [sys.executable, "-m", "facecrypt.cli", "keygen", *words],
            stdout=file,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 2
    assert f"leave out '> {target}'".encode() in done.stderr
    assert b"--force" not in done.stderr
    assert (job / target).read_bytes() == b""


@pytest.mark.parametrize("rest", [[], ["--symmetric"], ["--pq"]])
def test_keygen_never_advises_to_replace_a_key(job, rest):
    done = command("keygen", "-o", "key.txt", *rest)
    assert done.code == 1
    assert "force" not in " ".join(done.err).lower()
    assert len(done.err) == 2


@pytest.mark.parametrize(
    "line",
    [
        "keygen -o -",
        "keygen --symmetric -o -",
        "encrypt a.png -o - -k k",
        "decrypt sealed -o - -k k",
        "detect a.png --draw -",
        "region-key sealed/a.png --region 0 -k k -o -",
        "attack le a.png -o -",
        "analyze a.png -o -",
        "scheme le keygen --like a.png -o -",
        "scheme le encrypt a.png --key k -o -",
        "learn table runs -o -",
    ],
)
def test_a_dash_is_no_output(job, line):
    before = sorted(os.listdir())
    done = command(*line.split())
    assert done.code == 2
    assert "takes no -, which elsewhere means standard output" in done.err[0]
    assert "./-" in done.err[0]
    assert sorted(os.listdir()) == before


@pytest.mark.parametrize(
    "line",
    [
        "decrypt sealed -o out -i -",
        "decrypt sealed -o out -k -",
        "encrypt a.png -o out -R -",
        "rewrap sealed -k k --new-key -",
    ],
)
def test_a_dash_is_no_key_file(job, line):
    done = command(*line.split())
    assert (done.code, done.err[0]) == (
        2,
        "facecrypt: error: keys are read from files; for standard input say /dev/stdin, not -",
    )


def test_a_file_that_reads_as_an_option_is_none(job):
    """A pattern of the shell, `decrypt *`, gives its name as it is."""
    for name in "-f", "--force", "-k":
        (job / name).write_bytes((job / "a.png").read_bytes())
        done = command("encrypt", name, "a.png", "-o", "out", "--key=k", "--whole")
        assert done.code == 2
        assert f"{name} is a file here, and reads as an option; say ./{name} for" in done.err[0]
        assert not (job / "out").exists()
        done = command("encrypt", f"./{name}", "-o", "o", "--key=k", "--whole")
        assert done.code == 0
        done = command("encrypt", "-o", "p", "--key=k", "--whole", "--", name)
        assert done.code == 0
        (job / name).unlink()


def test_a_folder_named_dash_can_be_meant(job):
    assert command("encrypt", "a.png", "-o", "./-", "-k", "k", "--whole").code == 0
    assert os.listdir("./-") == ["a.png"]


@pytest.mark.parametrize("options", [[], ["--pq"], ["--passphrase"]])
def test_keygen_repeated_with_its_public_key_redirected(job, monkeypatch, options):
    """The shell empties the file of the public key before keygen refuses to make another."""
    monkeypatch.setenv("FACECRYPT_KEY_PASSPHRASE", "two words")
    public = command("keygen", "-o", "mine.txt", *options).out.strip()
    again = command("keygen", "-o", "mine.txt", *options)
    (job / "mine.pub").write_text(again.out)
    assert (again.code, again.out) == (1, "")
    assert "Its public key is in its first line" in again.err[1]
    assert (job / "mine.txt").read_text().splitlines()[0].endswith(f": {public}")
    done = sealing("-R", "mine.pub")
    assert done.code == 2
    assert "'facecrypt keys key.txt' shows it" in done.err[1]
    if options != ["--passphrase"]:
        assert f"public key  {public}" in command("keys", "mine.txt").out


def test_keygen_beside_a_file_that_names_no_public_key(job):
    assert "first line" not in command("keygen", "-o", "k").err[1]
    assert "first line" not in command("keygen", "-o", "garbage").err[1]

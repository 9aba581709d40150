"""``rewrap`` as people call it: they add and drop keys, and do not lock themselves out."""

import json
import shutil

import pytest
from support.command_line import command, files


def opens(*options, what=("sealed",)):
    return command("verify", *what, *options, "-q").code


def test_somebody_joins(job):
    done = command("rewrap", "sealed", "beside", "-k", "k", "--keep", "-R", "other.pub")
    assert done.code == 0
    assert done.err[0].startswith("facecrypt: 2 rewrapped (")
    for options in ("-k", "k"), ("-i", "key.txt"), ("-i", "other.txt"):
        assert opens(*options, what=("sealed", "beside")) == 0
    done = command("rewrap", "sealed", "beside", "-k", "k", "--keep", "-R", "other.pub", "--json")
    assert [json.loads(line)["status"] for line in done.out.splitlines()] == [
        "as asked already"
    ] * 2
    assert done.err[0].startswith("facecrypt: 0 rewrapped; 2 as asked already (")


@pytest.mark.filterwarnings("default")
def test_somebody_leaves(job):
    shown = command("inspect", "sealed/a.png").out
    (line,) = (line for line in shown.splitlines() if "hpke" in line)
    done = command("rewrap", "sealed", "-k", "k", "--drop", line.split()[-1])
    assert (done.code, opens("-i", "key.txt"), opens("-k", "k")) == (0, 3, 0)
    done = command("rewrap", "sealed", "-k", "k", "--drop", "0123456789abcdef")
    assert done.code == 0
    assert done.err == [
        "facecrypt: warning: no file was open to 0123456789abcdef, who was to be dropped",
        done.err[1],
    ]


def test_a_new_passphrase(job, monkeypatch):
    monkeypatch.setenv("FACECRYPT_PASSPHRASE", "correct horse")
    monkeypatch.setenv("FACECRYPT_NEW_PASSPHRASE", "battery staple")
    words = ["rewrap", "phrase", "-p", "--drop", "argon2id", "--new-passphrase"]
    assert command(*words).code == 0
    assert opens("-p", what=["phrase"]) == 3
    monkeypatch.setenv("FACECRYPT_PASSPHRASE", "battery staple")
    assert opens("-p", what=["phrase"]) == 0
    assert command("rewrap", "phrase", "-p", "--keep", "--new-key", "k").code == 0
    assert opens("-k", "k", what=["phrase"]) == 0


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("-k k -R other.pub", "none of the keys that open the files now would open them"),
        ("-i key.txt --new-key other.key -R other.pub", "none of the keys that open"),
        ("-k k", "expected recipients to add or some to drop"),
        ("-k k --keep", "expected recipients to add or some to drop"),
        ("-k k --drop key.pub", "--drop takes an id or a public key itself, and key.pub is a file"),
        ("-k k --drop alice", "expected an id of 16 hexadecimal digits as inspect shows it"),
        ("-R other.pub --keep", "say what to decrypt with"),
        ("-k k --keep --drop 0123456789abcdef -R other.pub", "not allowed with argument"),
    ],
)
def test_what_is_refused(job, words, error):
    command("keygen", "--symmetric", "-o", "other.key")
    before = files(job)
    done = command("rewrap", "sealed", *words.split())
    assert done.code == 2
    assert error in done.err[0]
    assert files(job) == before


@pytest.mark.parametrize("words", ["-k k -R other.pub --hand-over", "-k k -R all.pub"])
def test_who_may_be_replaced(job, words):
    (job / "all.pub").write_text((job / "other.pub").read_text() + (job / "key.pub").read_text())
    done = command("rewrap", "sealed", *words.replace("-k k -R all", "-i key.txt -R all").split())
    assert (done.code, opens("-i", "other.txt"), opens("-k", "k")) == (0, 0, 3)


def test_wrong_key_and_plain_files(job):
    assert command("rewrap", "sealed", "-i", "other.txt", "--keep", "-R", "other.pub").code == 3
    shutil.copy("a.png", "sealed/plain.png")
    done = command("rewrap", "sealed", "-k", "k", "--keep", "-R", "other.pub")
    assert done.code == 1
    assert "plain.png: holds no facecrypt header" in done.err[0]
    assert "1 rewrapped; 1 failed" in done.err[1]


def test_into_a_folder(job):
    before = files(job / "beside")
    words = ["rewrap", "beside", "-o", "new", "-k", "k", "--keep", "-R", "other.pub"]
    assert command(*words).code == 0
    assert files(job / "beside") == before
    assert opens("-i", "other.txt", what=["new"]) == 0
    assert "1 as asked already" in command(*words).err[0]
    assert (
        command("rewrap", "beside", "-o", "beside", "-k", "k", "--keep", "-R", "other.pub").code
        == 2
    )


def test_ids_in_capitals(job):
    shown = command("inspect", "sealed/a.png").out
    (line,) = (line for line in shown.splitlines() if "hpke" in line)
    done = command("rewrap", "sealed", "-k", "k", "--drop", line.split()[-1].upper())
    assert (done.code, opens("-i", "key.txt"), opens("-k", "k")) == (0, 3, 0)

"""``keygen --passphrase`` and ``keys``: keys at rest, and what a key is."""

import getpass
import json
import os

import pytest
from support.command_line import command


@pytest.fixture
def locked(job, monkeypatch):
    monkeypatch.setenv("FACECRYPT_KEY_PASSPHRASE", "correct horse")
    public = command("keygen", "--passphrase", "-o", "locked.txt").out
    (job / "locked.pub").write_text(public)
    assert command("keygen", "-p", "--symmetric", "-o", "locked.key").code == 0
    seal = ("encrypt", "a.png", "-R", "locked.pub", "-k", "locked.key", "--whole", "-o", "mine")
    assert command(*seal).code == 0
    return job


def test_a_locked_key_opens(locked):
    for options in ("-i", "locked.txt"), ("-k", "locked.key"):
        done = command("verify", "mine", *options)
        assert (done.code, done.err) == (0, ["facecrypt: 1 intact"])


def test_another_passphrase(locked, monkeypatch):
    monkeypatch.setenv("FACECRYPT_KEY_PASSPHRASE", "wrong")
    for options in ("-i", "locked.txt"), ("-k", "locked.key"):
        done = command("verify", "mine", *options)
        assert done.code == 3
        assert done.err[0].endswith(
            ": the passphrase does not unlock this key, or the key was changed"
        )


def test_the_passphrase_is_asked_for(locked, monkeypatch):
    monkeypatch.delenv("FACECRYPT_KEY_PASSPHRASE")
    asked, answers = [], []

    def answer(prompt):
        asked.append(prompt)
        return answers.pop(0)

    monkeypatch.setattr(getpass, "getpass", answer)
    answers[:] = ["correct horse"]
    assert command("verify", "mine", "-i", "locked.txt").code == 0
    answers[:] = ["a", "b"]
    done = command("keygen", "-p", "-o", "new.txt")
    assert (done.code, done.err[0]) == (2, "facecrypt: error: the two passphrases differ")
    assert not os.path.exists("new.txt")  # noqa: PTH110
    answers[:] = ["new", "new"]
    done = command("keygen", "-p", "-o", "new.txt")
    assert done.code == 0
    assert "keep it and its passphrase: it opens nothing without" in done.err[0]
    answers[:] = [""] * 2
    assert "the passphrase is empty" in command("keygen", "-p", "-o", "empty.txt").err[0]
    assert asked == [
        "Passphrase of locked.txt: ",
        *["Passphrase for the key file: ", "Once more: "] * 3,
    ]
    command("verify", "sealed", "-i", "key.txt")
    assert len(asked) == 7


def test_keys_says_what_they_are(locked):
    command("region-key", "sealed/a.png", "--region", "0", "-k", "k", "-o", "face")
    command("scheme", "le", "keygen", "--like", "a.png", "-o", "le.npz")
    names = "key.txt key.pub k face locked.txt le.npz".split()  # noqa: SIM905
    done = command("keys", *names, "--json")
    assert done.code == 0
    told = [json.loads(line) for line in done.out.splitlines()]
    assert [(one["source"], one["kind"], one["option"].split(" ")[0]) for one in told] == [
        ("key.txt", "private key", "-i"),
        ("key.pub", "public key", "-r"),
        ("k", "symmetric key", "-k"),
        ("face", "region key", "-i"),
        ("locked.txt", "locked key", "-i"),
        ("le.npz", "scheme key", "'facecrypt"),
    ]
    public = (locked / "key.pub").read_text().strip()
    assert told[0]["public key"] == public
    shown = command("keys", *names).out
    for name in "key.txt", "k", "face", "locked.txt":
        secret = (locked / name).read_text().split()[-1]
        assert secret[30:] not in shown + done.out
    assert "  given with  -i FILE\n" in shown
    assert f"  public key  {public}\n" in shown
    assert command("keys", public, "-q").out == ""


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("sealed/a.png", "sealed/a.png: a sealed picture and no key: 'facecrypt inspect' shows it"),
        ("a.png", "a.png: no key: it is not text"),
        ("garbage", "garbage: no key: it is not text"),
        ("key.tx", "the text: neither a file nor a key"),
        ("age1abc", "the text: a public key of age; facecrypt takes none such, 'facecrypt keygen'"),
    ],
)
def test_what_is_no_key(job, given, said):
    done = command("keys", given)
    assert done.code == 1
    assert done.out.startswith(said)
    assert done.err == []


def test_files_that_cannot_be_read(job):
    done = command("keys", "sealed", "k")
    assert done.code == 1
    assert done.err == ["facecrypt: error: sealed: is a folder; name a file"]
    assert done.out.startswith("k: a symmetric key")


def test_a_secret_on_the_command_line(job):
    secret = (job / "key.txt").read_text().split()[-1]
    done = command("keys", secret)
    assert done.code == 0
    assert done.err == [
        "facecrypt: warning: a secret on the command line is seen by others, and kept in history"
    ]
    assert secret[30:] not in done.out
    done = command("keys", secret[:-1])
    assert done.code == 1
    assert secret[30:-1] not in done.out + "".join(done.err)


def test_keys_of_a_team(job):
    team = (job / "key.pub").read_text() + (job / "other.pub").read_text()
    (job / "team").write_text(f"# us\n{team}")
    lines = command("keys", "team").out.splitlines()
    assert [line for line in lines if line.startswith("team")] == [
        f"team, key {number}: a public key (X25519): it encrypts" for number in (1, 2)
    ]


@pytest.mark.parametrize("kind", ["comment", "two", "both", "alone"])
def test_keys_and_the_options_agree(job, kind):
    """A file that `keys` calls good for -i is one that -i takes, and no other."""
    secret, other = ((job / name).read_text() for name in ("key.txt", "k"))
    text = {
        "comment": f"{secret.strip()} # mine\n",
        "two": secret + other,
        "both": secret + (job / "other.pub").read_text(),
        "alone": secret,
    }[kind]
    (job / "mine").write_text(text)
    os.chmod("mine", 0o600)  # noqa: PTH101
    wanted = {"alone": (0, 0)}.get(kind, (1, 2))
    told, used = command("keys", "mine"), command("verify", "sealed", "-i", "mine")
    assert (told.code, used.code) == wanted
    assert ("given with  -i FILE" in told.out) == (kind == "alone")


@pytest.mark.parametrize("name", ["key.txt", "k", "locked.txt"])
def test_keys_warns_of_a_file_that_others_can_read(locked, name):
    os.chmod(name, 0o640)  # noqa: PTH101
    done = command("keys", name, "key.pub")
    assert done.code == 0
    assert len(done.err) == 1
    assert done.err[0].startswith(
        f"facecrypt: warning: {name}: others can read this key; chmod 600"
    )
    assert command("keys", name, "-q").err == []
    os.chmod(name, 0o600)  # noqa: PTH101
    assert command("keys", name, "key.pub").err == []

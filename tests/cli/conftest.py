"""Pictures, keys, and what can be wrong with them."""

import os
import shutil

import pytest
from PIL import Image
from support.command_line import command


@pytest.fixture(scope="module")
def material(tmp_path_factory, photo):
    """Plain and sealed pictures, keys, and broken ones."""
    here = tmp_path_factory.mktemp("material")
    Image.fromarray(photo).save(here / "a.png")
    plain = (here / "a.png").read_bytes()
    for name in "key", "other":
        public = command("keygen", "-o", here / f"{name}.txt").out
        (here / f"{name}.pub").write_text(public)
    assert command("keygen", "--symmetric", "-o", here / "k").code == 0
    (here / "a.json").write_text('{"a.png": [[8, 6, 40, 44]]}')
    seal = ("encrypt", here / "a.png", "-R", here / "key.pub", "-k", here / "k")
    seal = (*seal, "--boxes", here / "a.json", "-o")
    assert command(*seal, here / "sealed").code == 0
    assert command(*seal, here / "beside", "--sidecar").code == 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FACECRYPT_PASSPHRASE", "correct horse")
        done = command("encrypt", here / "a.png", "-p", "--whole", "-o", here / "phrase")
        assert done.code == 0
    (here / "taken").mkdir()
    (here / "taken" / "a.png").write_bytes(b"somebody's file")
    (here / "broken.png").write_bytes(plain[: len(plain) // 2])
    (here / "cut.png").write_bytes((here / "sealed" / "a.png").read_bytes()[:-20])
    (here / "garbage").write_bytes(b"\xff\x00 not a key")
    (here / "x.jpg").mkdir()
    return here


@pytest.fixture
def job(tmp_path, monkeypatch, material):
    """A copy of the material, as the working folder."""
    monkeypatch.chdir(shutil.copytree(material, tmp_path / "job"))
    monkeypatch.delenv("FACECRYPT_PASSPHRASE", raising=False)
    os.mkfifo("pipe.jpg")
    return tmp_path / "job"

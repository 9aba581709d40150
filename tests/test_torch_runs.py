"""Checkpoints of whatever is trained: damaged ones are refused in one way."""

import zipfile

import pytest

torch = pytest.importorskip("torch", reason="needs facecrypt[learn]")

from facecrypt.errors import MediaError, ModelError  # noqa: E402
from facecrypt.torch_runs import choose_device, load, save, use_threads  # noqa: E402

CPU = torch.device("cpu")


def rewritten(path, old, new):
    """The checkpoint with other bytes in its pickle and with sound checksums."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    (name,) = (name for name in members if name.endswith("/data.pkl"))
    assert old in members[name]
    members[name] = members[name].replace(old, new, 1)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def test_what_was_saved_comes_back(tmp_path):
    values = {"weights": torch.arange(3.0), "log": [{"epoch": 1}]}
    save(tmp_path, values, "log.json", "[1]")
    found = load(tmp_path / "checkpoint.pt", CPU)
    assert torch.equal(found.pop("weights"), torch.tensor([0.0, 1, 2]))
    assert found == {"log": [{"epoch": 1}]}
    assert (tmp_path / "log.json").read_text() == "[1]"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint.pt", "log.json"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"here is text", b"here is tex\xff"),
        (b"storage", b"st\x00rage"),
        (b"FloatStorage", b"FloatStorag3"),
        (b"}", b"e"),
    ],
)
def test_a_damaged_pickle(tmp_path, old, new):
    save(tmp_path, {"text": "here is text", "weights": torch.arange(3.0)}, "log.json", "")
    path = tmp_path / "checkpoint.pt"
    rewritten(path, old, new)
    with pytest.raises(ModelError, match=r"checkpoint\.pt is damaged or no checkpoint"):
        load(path, CPU)


@pytest.mark.parametrize("share", [0, 0.3, 0.9, 0.999])
def test_a_part_of_a_checkpoint(tmp_path, share):
    save(tmp_path, {"weights": torch.arange(3000.0)}, "log.json", "")
    path = tmp_path / "checkpoint.pt"
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(ModelError, match="damaged"):
        load(path, CPU)


def test_no_checkpoint(tmp_path):
    with pytest.raises(MediaError, match=r"checkpoint\.pt: no such file or folder"):
        load(tmp_path / "checkpoint.pt", CPU)
    torch.save([1], tmp_path / "list.pt")
    with pytest.raises(ModelError, match=r"list\.pt is no checkpoint of a training run"):
        load(tmp_path / "list.pt", CPU)


def test_devices_and_threads_that_are_none():
    with pytest.raises(ValueError, match="device must be auto, cpu or cuda, received 'tpu'"):
        choose_device("tpu")
    before = torch.get_num_threads()
    for count, error in ((0, ValueError), (1.5, TypeError)):
        with pytest.raises(error, match="threads must be"), use_threads(count):
            pass
    assert torch.get_num_threads() == before

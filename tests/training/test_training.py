"""Networks, losses, batches and runs; the samples are drawn, so that they can be checked."""

import json
import math
import pickle

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs facecrypt[learn]")

from support.drawn_samples import write_samples  # noqa: E402

from facecrypt.errors import BackendUnavailableError, MediaError, ModelError  # noqa: E402
from facecrypt.training import checkpoints  # noqa: E402
from facecrypt.training.batches import (  # noqa: E402
    batches,
    mirrored_box,
    mirrored_landmarks,
    shares,
    steps,
)
from facecrypt.training.fit import train  # noqa: E402
from facecrypt.training.layout import open_samples  # noqa: E402
from facecrypt.training.losses import WEIGHTS, Targets, losses  # noqa: E402
from facecrypt.training.networks import Outputs, network  # noqa: E402

COUNTS = {"positive": 40, "part": 30, "negative": 90}


def outputs(logit, box=None, landmarks=None):
    n = len(logit)
    return Outputs(
        torch.tensor(logit, dtype=torch.float32).reshape(n, 1).requires_grad_(),
        torch.tensor(box or [[0.0] * 4] * n).requires_grad_(),
        None if landmarks is None else torch.tensor(landmarks).requires_grad_(),
    )


def targets(label, box=None, landmarks=None):
    n = len(label)
    return Targets(
        torch.tensor(label),
        torch.tensor(box or [[0.0] * 4] * n),
        torch.tensor(landmarks or [[0.0] * 10] * n),
    )


# The published networks have 6,632, 100,178 and 389,040 weights; one logit instead of two classes
# saves the weights of one output: 32, 128 and 256, and a bias.


@pytest.mark.parametrize(
    ("name", "published", "features"),
    [("pnet", 6632, 32), ("rnet", 100178, 128), ("onet", 389040, 256)],
)
def test_networks_have_the_published_weights(name, published, features):
    count = sum(value.numel() for value in network(name).parameters())
    assert count == published - features - 1


@pytest.mark.parametrize(("height", "width"), [(12, 12), (13, 12), (14, 17), (40, 31)])
def test_p_net_gives_a_map(height, width):
    said = network("pnet")(torch.zeros(2, 3, height, width))
    cells = ((height - 1) // 2 - 4, (width - 1) // 2 - 4)
    assert said.logit.shape == (2, 1, *cells)
    assert said.box.shape == (2, 4, *cells)


def test_unknown_network():
    with pytest.raises(ValueError, match="pnet, rnet, onet, received 'qnet'"):
        network("qnet")


# Losses, by hand.


def test_loss_of_a_face_is_cross_entropy():
    # Odds of 3 to 1: -ln 3/4 where it is a face, -ln 1/4 where it is none; of 2, the worst 1.
    found = losses(outputs([math.log(3), math.log(3)]), targets([1, 0]))
    assert round(0.7 * 2) == 1
    assert found.face.item() == pytest.approx(math.log(4), abs=1e-6)
    assert found.box.item() == 0
    assert found.landmarks.item() == 0


def test_the_hardest_seven_of_ten_teach():
    # Sure of none (-4), to sure of a face (5): the easiest three are those well judged, rows 9, 8
    # (faces) and 0 (none); a part, row 10, is not judged at all.
    logit = [-4.0, -3, -2, -1, 0, 1, 2, 3, 4, 5, 9]
    label = [0, 0, 0, 1, 1, 0, 0, 0, 1, 1, -1]
    said = outputs(logit)
    face = losses(said, targets(label)).face
    wrong = [math.log1p(math.exp(-z if y else z)) for z, y in zip(logit, label, strict=True)]
    assert face.item() == pytest.approx(sum(wrong[1:8]) / 7, abs=1e-6)
    face.backward()
    assert (said.logit.grad[:, 0] != 0).nonzero().flatten().tolist() == [1, 2, 3, 4, 5, 6, 7]


def test_boxes_teach_by_faces_and_parts_landmarks_by_their_own():
    box = [[1.0, 0, 0, 0], [0, 2, 0, 0], [0, 0, 3, 0], [0, 0, 0, 4]]
    landmarks = [[0.5] * 10] * 4
    said = outputs([0.0] * 4, box, landmarks)
    found = losses(said, targets([1, 0, -1, -2]))
    assert found.box.item() == pytest.approx((1 + 9) / 2)
    assert found.landmarks.item() == pytest.approx(10 * 0.25)
    # 2 of 2 x 0.7 rounds to 1 judged sample; ln 2 either way.
    assert found.total(WEIGHTS["onet"]).item() == pytest.approx(math.log(2) + 5 / 2 + 2.5)
    assert found.total(WEIGHTS["rnet"]).item() == pytest.approx(math.log(2) + 5 / 2 + 1.25)
    sum(found).backward()
    assert said.box.grad.any(dim=1).tolist() == [True, False, True, False]
    assert said.landmarks.grad.any(dim=1).tolist() == [False, False, False, True]


# Batches.


def test_mirrored_offsets_by_hand():
    # A face from 0.1 to 0.8 of the width lies, mirrored, from 0.2 to 0.9.
    offsets = np.float32([[0.1, 0.3, -0.2, 0.4]])
    np.testing.assert_allclose(mirrored_box(offsets), [[0.2, 0.3, -0.1, 0.4]], atol=1e-7)
    np.testing.assert_array_equal(mirrored_box(mirrored_box(offsets)), offsets)


def test_mirrored_landmarks_by_hand():
    # Left eye, right eye, nose, left and right corner of the mouth.
    given = np.float32([[0.2, 0.3, 0.7, 0.35, 0.45, 0.5, 0.25, 0.8, 0.6, 0.85]])
    wanted = [[0.3, 0.35, 0.8, 0.3, 0.55, 0.5, 0.4, 0.85, 0.75, 0.8]]
    np.testing.assert_allclose(mirrored_landmarks(given), wanted, atol=1e-6)


def test_batches_are_three_to_one_to_one(tmp_path):
    samples = open_samples(write_samples(tmp_path, 12, COUNTS), 12)
    assert shares(samples, 64) == {"negative": 40, "positive": 12, "part": 12}
    assert steps(samples, 64) == 3
    first = next(batches(samples, 64, seed=0, epoch=0))
    label, count = np.unique(first.targets.label, return_counts=True)
    assert dict(zip(label.tolist(), count.tolist(), strict=True)) == {-1: 12, 0: 40, 1: 12}
    assert first.pixels.shape == (64, 3, 12, 12)
    assert first.pixels.dtype == torch.float32
    assert first.pixels.min() >= 0
    assert first.pixels.max() <= 255


def test_landmarks_are_for_o_net(tmp_path):
    counts = COUNTS | {"landmark": 20}
    for size, landmarks in {24: 0, 48: 2}.items():
        samples = open_samples(write_samples(tmp_path / str(size), size, counts), size)
        assert shares(samples, 12).get("landmark", 0) == landmarks
        assert sum(shares(samples, 13).values()) == 13


def test_what_cannot_be_drawn_is_refused(tmp_path):
    samples = open_samples(write_samples(tmp_path / "a", 12, {"negative": 3, "part": 3}), 12)
    with pytest.raises(ValueError, match="none of size 12"):
        shares(samples, 64)
    samples = open_samples(write_samples(tmp_path / "b", 12, COUNTS), 12)
    with pytest.raises(ValueError, match="at least 5, received 4"):
        shares(samples, 4)


def test_every_sample_comes_before_one_comes_twice(tmp_path):
    write_samples(tmp_path, 12, {"positive": 7, "part": 7, "negative": 21})
    marks = np.arange(7, dtype=np.float32)[:, None].repeat(4, axis=1)
    np.save(tmp_path / "12" / "positive_offsets.npy", marks)
    seen = [
        batch.targets.box[batch.targets.label == 1, 1].tolist()
        for batch in batches(open_samples(tmp_path, 12), 5, seed=3, epoch=0)
    ]
    assert sorted(value for batch in seen for value in batch) == list(range(7))


def test_batches_follow_from_seed_and_epoch(tmp_path):
    samples = open_samples(write_samples(tmp_path, 12, COUNTS), 12)

    def first(seed, epoch):
        return next(batches(samples, 32, seed=seed, epoch=epoch)).pixels

    assert torch.equal(first(1, 2), first(1, 2))
    assert not torch.equal(first(1, 2), first(1, 3))
    assert not torch.equal(first(1, 2), first(2, 2))


def test_mirrored_or_not_the_targets_are_where_the_face_is(tmp_path):
    """The square is drawn to whole pixels of 48, so its edges are known to half a pixel."""
    counts = {"positive": 20, "part": 20, "negative": 60, "landmark": 20}
    write_samples(tmp_path, 48, counts)
    checked = 0
    for batch in batches(open_samples(tmp_path, 48), 60, seed=0, epoch=0):
        boxed = batch.targets.label.abs() == 1
        for pixels, box in zip(batch.pixels[boxed], batch.targets.box[boxed], strict=True):
            gray = pixels.mean(dim=0)
            light = gray > (gray.min() + gray.max()) / 2
            columns, rows = light.any(dim=0).nonzero(), light.any(dim=1).nonzero()
            edges = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
            wanted = (48 * (box + torch.tensor([0, 0, 1, 1]))).clip(0, 48)
            assert torch.cat(edges).float() == pytest.approx(wanted, abs=0.51)
            checked += 1
    assert checked == 40


# Runs.


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    folder = tmp_path_factory.mktemp("samples")
    for size in (12, 24, 48):
        write_samples(folder, size, COUNTS | {"landmark": 30})
    return folder


@pytest.mark.parametrize(("net", "epochs"), [("pnet", 30), ("rnet", 8), ("onet", 5)])
def test_losses_fall(samples, tmp_path, net, epochs):
    seen = []
    train(
        samples, net, tmp_path, epochs=epochs, batch=20, lr=3e-3, device="cpu", threads=1,
        progress=lambda entry, epochs: seen.append((entry, epochs)),
    )  # fmt: skip
    log = json.loads((tmp_path / "log.json").read_text())
    assert [entry["epoch"] for entry in log] == list(range(1, epochs + 1))
    assert [entry._asdict() for entry, _ in seen] == log
    assert seen[0][1] == epochs
    for part in ("face", "box", "landmarks") if net == "onet" else ("face", "box"):
        assert log[-1][part] < 0.6 * log[0][part], part
    assert log[0]["landmarks"] == 0 or net == "onet"


def test_a_run_that_was_stopped_goes_on_as_if_it_never_had(samples, tmp_path):
    def stop(entry, epochs):
        if entry.epoch == 2:
            raise KeyboardInterrupt

    args = {"epochs": 4, "batch": 50, "device": "cpu", "seed": 5, "threads": 1}
    whole = checkpoints.load(train(samples, "rnet", tmp_path / "whole", **args), "rnet")
    with pytest.raises(KeyboardInterrupt):
        train(samples, "rnet", tmp_path / "parts", progress=stop, **args)
    assert len(checkpoints.load(tmp_path / "parts", "rnet").log) == 2
    torch.manual_seed(99)
    parts = checkpoints.load(
        train(samples, "rnet", tmp_path / "parts", resume=True, **args), "rnet"
    )
    for name, value in whole.model.items():
        assert torch.equal(value, parts.model[name]), name
    assert [entry["total"] for entry in whole.log] == [entry["total"] for entry in parts.log]


def test_a_seed_is_a_run(samples, tmp_path):
    args = {"epochs": 1, "batch": 50, "device": "cpu", "threads": 1}
    runs = []
    for name, seed in {"a": 3, "again": 3, "other": 4}.items():
        torch.manual_seed(len(name))
        path = train(samples, "pnet", tmp_path / name, seed=seed, **args)
        runs.append(checkpoints.load(path, "pnet").model["conv1.weight"])
    assert torch.equal(runs[0], runs[1])
    assert not torch.equal(runs[0], runs[2])


def test_runs_are_not_mixed(samples, tmp_path):
    args = {"epochs": 1, "batch": 50, "device": "cpu", "threads": 1}
    path = train(samples, "pnet", tmp_path, **args)
    before = path.read_bytes()
    with pytest.raises(MediaError, match="already exists; resume=True"):
        train(samples, "pnet", tmp_path, **args)
    with pytest.raises(ValueError, match="was begun with"):
        train(samples, "pnet", tmp_path, resume=True, **(args | {"lr": 0.1}))
    with pytest.raises(ModelError, match="must be of rnet, and is of pnet"):
        train(samples, "rnet", tmp_path, resume=True, **args)
    with pytest.raises(MediaError, match="no such file"):
        train(samples, "pnet", tmp_path / "nothing", resume=True, **args)
    assert path.read_bytes() == before
    train(samples, "pnet", tmp_path, resume=True, **args)


def test_a_loss_that_is_no_number_ends_the_run(samples, tmp_path):
    with pytest.raises(ModelError, match="smaller lr"):
        train(samples, "pnet", tmp_path, epochs=9, batch=50, lr=1e25, device="cpu", threads=1)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"net": "qnet"}, ValueError, "net must be one of pnet, rnet, onet, received 'qnet'"),
        ({"epochs": 0}, ValueError, "epochs must be at least 1, received 0"),
        ({"batch": 2.5}, TypeError, "batch must be an int, received float"),
        ({"seed": -1}, ValueError, "seed must be at least 0"),
        ({"threads": 0}, ValueError, "threads must be at least 1"),
        ({"lr": math.nan}, ValueError, "lr must be a positive number, received nan"),
        ({"device": "tpu"}, ValueError, "device must be auto, cpu or cuda, received 'tpu'"),
    ],
)
def test_bad_settings(samples, tmp_path, change, error, message):
    args = {"net": "pnet", "out": tmp_path / "run", "device": "cpu"} | change
    with pytest.raises(error, match=message):
        train(samples, **args)
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA works here")
def test_no_cuda(samples, tmp_path):
    with pytest.raises(BackendUnavailableError, match="torch finds no NVIDIA card"):
        train(samples, "pnet", tmp_path, device="cuda")


def test_threads_are_put_back(samples, tmp_path):
    before = torch.get_num_threads()
    train(samples, "pnet", tmp_path, epochs=1, threads=before + 1, device="cpu")
    assert torch.get_num_threads() == before


class Evil:
    def __reduce__(self):
        return print, ("executed",)


def test_checkpoints_are_not_executed(tmp_path, capsys):
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(b"not a checkpoint")
    with pytest.raises(ModelError, match="damaged"):
        checkpoints.load(path, "pnet")
    torch.save({"model": Evil()}, path)
    with pytest.raises(ModelError, match="damaged or no checkpoint"):
        checkpoints.load(tmp_path, "pnet")
    path.write_bytes(pickle.dumps(Evil()))
    with pytest.raises(ModelError, match="damaged or no checkpoint"):
        checkpoints.load(tmp_path, "pnet")
    torch.save({"model": {}}, path)
    with pytest.raises(ModelError, match="no checkpoint"):
        checkpoints.load(path, "pnet")
    torch.save([], path)
    with pytest.raises(ModelError, match="no checkpoint"):
        checkpoints.load(path, "pnet")
    assert capsys.readouterr().out == ""


def test_a_checkpoint_is_what_it_always_was(samples, tmp_path):
    """Runs that were begun with an earlier version go on."""
    train(samples, "pnet", tmp_path, epochs=1, batch=50, lr=0.01, seed=2, device="cpu", threads=1)
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert set(state) == {"settings", "log", "model", "optimizer"}
    assert state["settings"] == {
        "net": "pnet", "epochs": 1, "batch": 50, "lr": 0.01, "seed": 2,
        "samples": {kind: COUNTS[kind] for kind in ("negative", "positive", "part")},
    }  # fmt: skip
    assert set(state["log"][0]) == {
        "epoch", "total", "face", "box", "landmarks", "lr", "seconds"
    }  # fmt: skip


@pytest.mark.parametrize("name", ["settings", "log", "model", "optimizer"])
@pytest.mark.parametrize("value", [None, "pnet", 7])
def test_a_checkpoint_with_members_of_other_kinds(tmp_path, name, value):
    state = {"settings": {"net": "pnet"}, "log": [], "model": {}, "optimizer": {}}
    torch.save(state | {name: value}, tmp_path / "checkpoint.pt")
    with pytest.raises(ModelError, match=r"checkpoint\.pt is no checkpoint of a training run"):
        checkpoints.load(tmp_path, "pnet")


@pytest.mark.parametrize(
    "change", [{"model": {}}, {"optimizer": {}}, {"optimizer": {"state": {}, "param_groups": [7]}}]
)
def test_a_checkpoint_with_another_state(samples, tmp_path, change):
    args = {"batch": 50, "device": "cpu", "threads": 1, "epochs": 1}
    path = train(samples, "pnet", tmp_path, **args)
    torch.save(torch.load(path, weights_only=True) | change, path)
    with pytest.raises(ModelError, match=r"checkpoint\.pt is damaged"):
        train(samples, "pnet", tmp_path, resume=True, **args)

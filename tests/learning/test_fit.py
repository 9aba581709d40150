"""Training: it learns, it continues to the last bit, and it says what stops it."""

import json
import pickle

import numpy as np
import pytest
from support.coloured import CLASSES, corners

torch = pytest.importorskip("torch", reason="needs facecrypt[learn]")

from facecrypt.errors import (  # noqa: E402
    BackendUnavailableError,
    FacecryptError,
    MediaError,
)
from facecrypt.learning.encrypted import Encryption  # noqa: E402
from facecrypt.learning.evaluate import confusion, evaluate  # noqa: E402
from facecrypt.learning.fit import Trainer, load_weights, predict  # noqa: E402
from facecrypt.learning.networks import build  # noqa: E402
from facecrypt.learning.runs import (  # noqa: E402
    Record,
    load_encryption,
    load_record,
    load_state,
    train,
)
from facecrypt.learning.settings import Settings  # noqa: E402
from facecrypt.torch_runs import choose_device  # noqa: E402

CPU = torch.device("cpu")
PICTURES = corners()
SOURCE = {"path": "corners", "side": 8}
QUICK = {"network": "resnet18", "size": "tiny", "batch": 32, "lr": 0.05, "augment": "none"}


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def run(folder, scheme="pbe", *, pictures=PICTURES, seed=5, **changes):
    how = {name: changes.pop(name) for name in ("resume", "on_epoch") if name in changes}
    return train(
        folder,
        pictures,
        Encryption.from_seed(scheme, pictures.train.shape, seed),
        Settings(**({"epochs": 2} | QUICK | changes)),
        source=SOURCE,
        device=CPU,
        **how,
    )


# ---- settings --------------------------------------------------------------------------------


def test_rates():
    cosine = Settings("resnet18", lr=0.4)
    assert [cosine.rate(done) for done in (0, 0.5, 1)] == pytest.approx([0.4, 0.2, 0])
    assert cosine.rate(1 / 3) == pytest.approx(0.3)
    step = Settings("resnet18", lr=0.4, schedule="step")
    done = (0, 0.49, 0.5, 0.74, 0.75, 1)
    assert [step.rate(one) for one in done] == pytest.approx([0.4, 0.4, 0.04, 0.04, 0.004, 0.004])
    cycle = Settings("resnet18", lr=0.4, schedule="one-cycle")
    assert [cycle.rate(one) for one in (0, 0.1, 0.2, 0.6, 1)] == pytest.approx(
        [0, 0.2, 0.4, 0.2, 0]
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epochs": 0}, "epochs must be positive, received 0"),
        ({"batch": -1}, "batch must be positive"),
        ({"lr": float("nan")}, "lr must be positive, received nan"),
        ({"schedule": "linear"}, "schedule must be one of cosine, step, one-cycle, received"),
        ({"smoothing": 1}, "smoothing must be from 0 to below 1, received 1"),
        ({"augment": "both"}, "augment must be one of before, after, none, received 'both'"),
        ({"seed": -1}, "seed must not be negative"),
    ],
)
def test_settings_that_cannot_be(changes, message):
    with pytest.raises(ValueError, match=message):
        Settings("resnet18", **changes)


def test_what_does_not_fit(tmp_path):
    with pytest.raises(ValueError, match="no network 'vgg'"):
        run(tmp_path / "a", network="vgg")
    with pytest.raises(ValueError, match="ciphers of 'le' cannot be augmented"):
        run(tmp_path / "b", "le", augment="after")
    wide = corners(side=16)
    wide = type(wide)("wide", *_narrow(wide), wide.classes)
    with pytest.raises(ValueError, match="networks take square pictures, received 8 x 16"):
        run(tmp_path / "c", "pbe", pictures=wide)
    assert not (tmp_path / "a" / "checkpoint.pt").exists()


def _narrow(pictures):
    return (
        pictures.train[:, :8],
        pictures.train_labels,
        pictures.test[:, :8],
        pictures.test_labels,
    )


# ---- learning --------------------------------------------------------------------------------


@pytest.fixture
def evaluated():
    """Evaluates runs on the pictures they were trained with."""
    return lambda folder: evaluate(folder, device=CPU, data=PICTURES)


@pytest.mark.parametrize("scheme", ["pbe", "le"])
def test_it_learns_from_ciphers_and_the_evaluation_agrees(tmp_path, evaluated, scheme):
    record = run(tmp_path, scheme, epochs=6)
    assert record.epochs[-1].test_accuracy > 0.9
    assert record.epochs[-1].loss < 0.3 < record.epochs[0].loss
    found = evaluated(tmp_path)
    assert found["accuracy"] == record.epochs[-1].test_accuracy
    assert np.trace(found["confusion"]) == round(80 * found["accuracy"])
    assert np.sum(found["confusion"], axis=1).tolist() == [20] * 4
    assert (found["epochs"], found["classes"]) == (6, list(CLASSES))
    # The class is a corner: of two, the picture and its mirror image speak for either.
    assert 0.25 < found["mirrored"] < 0.8
    if scheme == "pbe":
        # Chance is 25 %; plain, or under another key, half of what was bright is dark.
        assert found["plain"] < 0.8
        assert found["wrong_key"] < 0.8
    assert load_record(tmp_path).evaluation == found


def test_evaluation_without_a_key(tmp_path, evaluated):
    run(tmp_path, "plain", epochs=1)
    assert not (tmp_path / "key.npz").exists()
    found = evaluated(tmp_path)
    assert (found["plain"], found["wrong_key"]) == (found["accuracy"], None)


def test_evaluation_of_other_pictures(tmp_path, monkeypatch):
    run(tmp_path, epochs=1)
    monkeypatch.setattr("facecrypt.learning.evaluate.load", lambda *_, **__: corners(seed=1))
    with pytest.raises(ValueError, match=r"elsewhere: not the pictures of the run.*\(--data\)"):
        evaluate(tmp_path, device=CPU, data="elsewhere")
    with pytest.raises(ValueError, match="not the pictures of the run"):
        evaluate(tmp_path, device=CPU, data=corners(seed=1))


def test_confusion_by_hand():
    labels, predicted = np.array([0, 0, 1, 2, 2, 2]), np.array([0, 2, 1, 2, 1, 2])
    assert confusion(labels, predicted, 3).tolist() == [[1, 0, 1], [0, 1, 0], [0, 1, 2]]


@pytest.mark.parametrize("augment", ["before", "after", "none"])
def test_every_way_to_augment_runs_and_ciphers_are_made_once(tmp_path, augment):
    run(tmp_path, epochs=1, augment=augment)
    made = list((tmp_path / "ciphers").glob("*")) if (tmp_path / "ciphers").exists() else []
    assert len(made) == (0 if augment == "before" else 1)
    for path in made:
        before = path.stat().st_ino, path.stat().st_mtime_ns
        (tmp_path / "checkpoint.pt").unlink()
        run(tmp_path, epochs=1, augment=augment)
        assert (path.stat().st_ino, path.stat().st_mtime_ns) == before


def test_each_picture_is_seen_once_an_epoch_and_the_network_sees_ciphers(tmp_path):
    seen = []

    class Watching(Encryption):
        def __call__(self, images):
            cipher = super().__call__(images)
            if isinstance(images, torch.Tensor):
                seen.append(cipher.numpy())
            return cipher

    encryption = Watching.from_seed("le", PICTURES.train.shape, 1)
    settings = Settings(**(QUICK | {"augment": "before", "batch": 48}), epochs=1)
    trainer = Trainer(PICTURES, encryption, settings, device=CPU, ciphers=tmp_path)
    shown = []
    trainer.model.register_forward_pre_hook(lambda _, args: shown.append(args[0]))
    steps = []
    trainer.epoch(lambda step, count, loss: steps.append((step, count)))
    assert [len(batch) for batch in seen] == [40] * 4  # 160 in ceil(160 / 48) equal parts
    assert steps == [(4, 4)]
    for batch, scaled in zip(seen, shown, strict=False):
        back = scaled.permute(0, 2, 3, 1).numpy() * 64 + 127.5
        assert (back.round() == batch).all()
    # Eight pixels a side that move by up to four: most are still in the picture.
    plain = encryption.scheme.decrypt(np.concatenate(seen), encryption.key)
    assert 100 < (plain.reshape(160, -1) > 0).any(1).sum() <= 160


def test_the_callers_generator_is_left_alone(tmp_path):
    torch.manual_seed(1)
    wanted = torch.rand(3)
    torch.manual_seed(1)
    run(tmp_path, epochs=1)
    assert torch.equal(torch.rand(3), wanted)


# ---- stopping and continuing -----------------------------------------------------------------


def stop(number, epoch):
    raise KeyboardInterrupt


def equal(a, b):
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(equal(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(equal, a, b))
    return a == b


# tanaka draws random numbers in training (dropout), the others only for order and augmentation.
@pytest.mark.parametrize("network", ["resnet18", "tanaka"])
def test_a_stopped_run_continues_to_the_same_weights(tmp_path, network):
    how = {"network": network, "epochs": 3, "augment": "before", "lr": 0.01}
    whole = run(tmp_path / "whole", "le", **how)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / "parts", "le", resume=True, on_epoch=stop, **how)
    assert len(load_record(tmp_path / "parts").epochs) == 2
    parts = run(tmp_path / "parts", "le", resume=True, **how)
    one, other = (load_state(tmp_path / name, CPU)[0] for name in ("whole", "parts"))
    assert one["done"] == 3
    assert equal(one, other)
    assert [e[:3] for e in whole.epochs] == [e[:3] for e in parts.epochs]
    different, _ = load_state_of_another_seed(tmp_path / "seed", how)
    assert not equal(one["model"], different["model"])


def load_state_of_another_seed(folder, how):
    train(
        folder,
        PICTURES,
        Encryption.from_seed("le", PICTURES.train.shape, 5),
        Settings(**(QUICK | how), seed=1),
        source=SOURCE,
        device=CPU,
    )
    return load_state(folder, CPU)


def test_a_finished_run_is_left_alone(tmp_path):
    run(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    record = run(tmp_path, resume=True, on_epoch=stop)
    assert record.finished
    assert before == {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}


def test_a_run_is_not_replaced(tmp_path):
    run(tmp_path)
    with pytest.raises(MediaError, match="holds a run; --resume continues it"):
        run(tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scheme": "le"}, "the run there has scheme pbe, not le"),
        ({"seed": 6}, "the run there has key "),
        ({"pictures": corners(seed=1)}, "the run there has pictures "),
        ({"epochs": 3}, "the run there has epochs 2, not 3"),
        ({"lr": 0.01}, "the run there has lr 0.05, not 0.01"),
    ],
)
def test_another_run_cannot_be_continued(tmp_path, changes, message):
    run(tmp_path)
    with pytest.raises(ValueError, match=message):
        run(tmp_path, resume=True, **changes)


def test_a_loss_that_is_no_number_ends_the_run(tmp_path):
    with pytest.raises(FacecryptError, match=r"the loss became (nan|inf) in epoch 1.* Try a lower"):
        run(tmp_path, lr=1e30)
    assert not (tmp_path / "checkpoint.pt").exists()


class Touch:
    def __reduce__(self):
        return open, ("picked", "w")


@pytest.mark.parametrize("data", [b"", b"nonsense", pickle.dumps({"state": Touch()}, 2)])
def test_a_damaged_or_hostile_checkpoint(tmp_path, monkeypatch, data):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "checkpoint.pt").write_bytes(data)
    with pytest.raises(MediaError, match=r"checkpoint\.pt: not a checkpoint, or damaged"):
        run(tmp_path, resume=True)
    assert not (tmp_path / "picked").exists()


def test_a_checkpoint_is_what_it_always_was(tmp_path):
    """Runs that were begun with an earlier version go on."""
    run(tmp_path, epochs=1)
    values = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert set(values) == {"state", "record"}
    assert set(values["state"]) == {"done", "model", "optimiser"}
    assert values["record"] == (tmp_path / "run.json").read_text()


@pytest.mark.parametrize(
    "change",
    [
        {"state": None},
        {"state": ["done", "model", "optimiser"]},
        {"state": {"done": 1}},
        {"record": 7},
        {"record": "no JSON"},
        {"record": "{}"},
    ],
)
def test_a_checkpoint_with_other_members(tmp_path, change):
    run(tmp_path, epochs=1)
    path = tmp_path / "checkpoint.pt"
    torch.save(torch.load(path, weights_only=True) | change, path)
    with pytest.raises(MediaError, match=r"checkpoint\.pt: not a checkpoint, or damaged"):
        run(tmp_path, epochs=1, resume=True)


def test_weights_of_another_version_of_a_network():
    """Torch says in as many lines as there are weights what differs."""
    narrow, wide = (build("resnet18", classes=10, size=size) for size in ("tiny", "full"))
    with pytest.raises(ValueError, match="weights that do not fit this network: size") as refused:
        load_weights(narrow, wide.state_dict())
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("change", [{"model": None}, {"optimiser": {}}, {"done": None}])
def test_a_state_of_nothing(tmp_path, change):
    encryption = Encryption.from_seed("pbe", PICTURES.train.shape, 0)
    settings = Settings("resnet18", "tiny", 1)
    trainer = Trainer(PICTURES, encryption, settings, device=CPU, ciphers=tmp_path)
    with pytest.raises(ValueError, match="the state of another network"):
        trainer.restore(trainer.state() | change)


def test_a_state_of_another_network(tmp_path):
    encryption = Encryption.from_seed("pbe", PICTURES.train.shape, 0)
    one, other = (
        Trainer(PICTURES, encryption, Settings(network, "tiny", 1), device=CPU, ciphers=tmp_path)
        for network in ("resnet18", "tanaka")
    )
    with pytest.raises(ValueError, match="the state of another network"):
        one.restore(other.state())


# ---- what lies in the folder -----------------------------------------------------------------


def test_the_log_of_a_run(tmp_path):
    record = run(tmp_path, "le")
    log = json.loads((tmp_path / "run.json").read_text())
    assert log["format"] == "facecrypt learning run 1"
    assert log["scheme"] == "le"
    assert [entry["epoch"] for entry in log["epochs"]] == [1, 2]
    assert set(log["epochs"][0]) == {
        "epoch",
        "loss",
        "train_accuracy",
        "test_accuracy",
        "seconds",
    }
    assert log["settings"] == {
        **QUICK,
        "epochs": 2,
        "schedule": "cosine",
        "smoothing": 0.0,
        "seed": 0,
    }
    assert log["data"]["path"] == "corners"
    assert (log["data"]["train"], log["data"]["whole"]) == (160, [160, 80])
    assert log["hardware"].endswith(", 1 thread")
    assert load_record(tmp_path) == record
    assert load_encryption(tmp_path, "le").key_id == log["key"]
    assert (tmp_path / "key.npz").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "facecrypt learning run 1"}'])
def test_a_damaged_log(tmp_path, text):
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(MediaError, match=r"run\.json: not the log of a run, or damaged"):
        load_record(tmp_path)
    with pytest.raises(ValueError, match=r"."):
        Record.from_json(text)


def test_a_log_that_does_not_say_what_the_data_were(tmp_path):
    run(tmp_path, epochs=1)
    log = json.loads((tmp_path / "run.json").read_text())
    del log["data"]["name"]
    (tmp_path / "run.json").write_text(json.dumps(log))
    with pytest.raises(MediaError, match="data without name"):
        load_record(tmp_path)


def test_no_run(tmp_path):
    with pytest.raises(MediaError, match="holds no run; 'facecrypt learn train' makes them"):
        load_record(tmp_path)


def test_devices():
    assert choose_device("cpu") == CPU
    if torch.cuda.is_available():
        assert choose_device("auto").type == "cuda"
    else:
        assert choose_device("auto") == CPU
        with pytest.raises(BackendUnavailableError, match="torch finds no NVIDIA card"):
            choose_device("cuda")


def test_on_a_card(tmp_path):
    if not torch.cuda.is_available():
        pytest.skip("needs an NVIDIA card")
    record = train(
        tmp_path,
        PICTURES,
        Encryption.from_seed("pbe", PICTURES.train.shape, 0),
        Settings(**QUICK, epochs=8),
        source=SOURCE,
        device=choose_device("cuda"),
    )
    assert record.epochs[-1].test_accuracy > 0.9


def test_prediction_of_more_pictures_than_a_batch():
    model = torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
    images = np.zeros((1100, 4, 4, 3), np.uint8)
    brightest = np.arange(1100) % 3
    images[np.arange(1100), :, :, brightest] = 200
    assert (predict(model, images, CPU) == brightest).all()

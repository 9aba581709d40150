"""A run on the disk: its settings and log, its key, and the checkpoint to continue from.

==================  =============================================================
``run.json``        settings, data, hardware and one entry for each epoch
``key.npz``         the key, not for ``plain``; readable by its owner only
``checkpoint.pt``   weights, optimiser, and what is in ``run.json``
``evaluation.json`` what :mod:`facecrypt.learning.evaluate` found
==================  =============================================================

Every file is whole or absent, and replaced in one step.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from facecrypt import torch_runs
from facecrypt._version import __version__
from facecrypt.errors import MediaError, ModelError
from facecrypt.files import PathLike, read_small, remove
from facecrypt.jobs.inputs import make_folder
from facecrypt.learning.data import Pictures
from facecrypt.learning.encrypted import PLAIN, Encryption
from facecrypt.learning.fit import Progress, Trainer
from facecrypt.learning.settings import Epoch, Settings
from facecrypt.torch_runs import CHECKPOINT, hardware

__all__ = [
    "EVALUATION",
    "RECORD",
    "Record",
    "load_encryption",
    "load_record",
    "load_state",
    "train",
]

RECORD, KEY, EVALUATION = "run.json", "key.npz", "evaluation.json"
CIPHERS = "ciphers"
# What Trainer.state gives.
_STATE = {"done", "model", "optimiser"}
_FORMAT = "facecrypt learning run 1"
_LIMIT = 1 << 24
_DATA = {"path", "side", "name", "classes", "fingerprint", "train", "test", "whole"}


@dataclass
class Record:
    """What ``run.json`` says.

    Parameters
    ----------
    scheme : str
    settings : Settings
    data : dict
        ``path`` and ``side`` to load it again, ``name``, ``classes``, ``fingerprint``; ``train``
        and ``test``, how many pictures of each, and ``whole``, how many there would be.
    key : str or None
        Identity of the key.
    hardware, software : str
    epochs : list of Epoch
    evaluation : dict or None
        As of :func:`facecrypt.learning.evaluate.evaluate`; in a file of its own.
    """

    scheme: str
    settings: Settings
    data: dict[str, Any]
    key: str | None
    hardware: str
    software: str = f"facecrypt {__version__}, torch {torch.__version__}"
    epochs: list[Epoch] = field(default_factory=list)
    evaluation: dict[str, Any] | None = None

    @property
    def finished(self) -> bool:
        """Whether all its epochs are done."""
        return len(self.epochs) >= self.settings.epochs

    @property
    def subset(self) -> bool:
        """Whether it was not trained and tested on all pictures that there are."""
        return [self.data["train"], self.data["test"]] != self.data["whole"]

    def to_json(self) -> str:
        """The text of the file."""
        values = asdict(self)
        values.pop("evaluation")
        epochs = [{"epoch": n, **e._asdict()} for n, e in enumerate(self.epochs, 1)]
        return json.dumps({"format": _FORMAT, **values, "epochs": epochs}, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> "Record":
        """Read what :meth:`to_json` wrote; ValueError for anything else."""
        values = json.loads(text)
        if not isinstance(values, dict) or values.pop("format", None) != _FORMAT:
            raise ValueError(f"it is no {_FORMAT!r}")
        try:
            if missing := _DATA - set(values["data"]):
                raise KeyError(f"data without {sorted(missing)[0]}")
            values["settings"] = Settings(**values["settings"])
            for entry in values["epochs"]:
                entry.pop("epoch")
            values["epochs"] = [Epoch(**entry) for entry in values["epochs"]]
            return cls(**values)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"a field is missing, wrong or unknown: {error}") from error


def train(
    folder: PathLike,
    pictures: Pictures,
    encryption: Encryption,
    settings: Settings,
    *,
    source: Mapping[str, Any],
    device: torch.device,
    resume: bool = False,
    progress: Progress | None = None,
    on_epoch: Callable[[int, Epoch], None] | None = None,
) -> Record:
    """Train until all epochs are done, with a checkpoint after each.

    Parameters
    ----------
    folder : path
        Of the run; made if need be.
    pictures : Pictures
    encryption : Encryption
    settings : Settings
    source : mapping
        ``path`` and ``side`` to load the pictures again, with the seed of the settings.
    device : torch.device
    resume : bool
        Continue the run in the folder, if one was begun there; a finished one is left alone.
    progress, on_epoch : callable, optional
        Called while an epoch runs, and with its number when it is done.

    Returns
    -------
    Record

    Raises
    ------
    MediaError
        The folder holds a run, and `resume` is not set; or a file cannot be read or written.
    ValueError
        The run in the folder has other settings, pictures or another key.
    FacecryptError
        The loss is no longer a number; the last checkpoint stays.
    """
    folder = Path(folder)
    data = _data(pictures, source)
    record = Record(encryption.name, settings, data, encryption.key_id, hardware(device))
    earlier = None
    if (folder / CHECKPOINT).exists():
        if not resume:
            raise MediaError(f"{folder}: holds a run; --resume continues it, or name another")
        earlier, before = load_state(folder, device)
        record.epochs = _continued(folder, before, record)
        if record.finished:
            return record
    _prepare(folder, encryption)
    trainer = Trainer(pictures, encryption, settings, device=device, ciphers=folder / CIPHERS)
    if earlier is not None:
        trainer.restore(earlier)
    while not record.finished:
        epoch = trainer.epoch(progress)
        record.epochs.append(epoch)
        _save(folder, trainer, record)
        if on_epoch is not None:
            on_epoch(trainer.done, epoch)
    return record


def load_record(folder: PathLike) -> Record:
    """What a run is, and what was found of it.

    Raises
    ------
    MediaError
        No run is there, or its file is damaged.
    """
    folder = Path(folder)
    path = folder / RECORD
    if not path.exists():
        raise MediaError(f"{folder}: holds no run; 'facecrypt learn train' makes them")
    try:
        record = Record.from_json(read_small(path, _LIMIT))
        if (folder / EVALUATION).exists():
            record.evaluation = json.loads(read_small(folder / EVALUATION, _LIMIT))
    except ValueError as error:
        raise MediaError(f"{path}: not the log of a run, or damaged: {error}") from error
    return record


def load_encryption(folder: PathLike, scheme: str) -> Encryption:
    """The scheme of a run and its key; errors as of :meth:`facecrypt.schemes.Key.load`."""
    if scheme == PLAIN:
        return Encryption(PLAIN, None)
    return Encryption.from_file(scheme, Path(folder) / KEY)


def load_state(folder: PathLike, device: torch.device) -> tuple[dict[str, Any], Record]:
    """The checkpoint of a run; nothing in it is executed.

    Returns
    -------
    dict
        For :meth:`Trainer.restore`.
    Record
        Of the run at that time.

    Raises
    ------
    MediaError
        It is missing or damaged.
    """
    path = Path(folder) / CHECKPOINT
    try:
        values = torch_runs.load(path, device)
        state, text = values["state"], values["record"]
        if not isinstance(state, dict) or set(state) != _STATE:
            raise TypeError(f"its state is no dict of {', '.join(sorted(_STATE))}")
        return state, Record.from_json(text)
    except (ModelError, KeyError, TypeError, ValueError) as error:
        raise MediaError(
            f"{path}: not a checkpoint, or damaged; remove the folder and train again"
        ) from error


def _prepare(folder: Path, encryption: Encryption) -> None:
    make_folder(folder)
    remove(folder / EVALUATION)  # of an epoch that is not the last any more
    if encryption.key is not None:
        encryption.key.save(folder / KEY, overwrite=True)


def _save(folder: Path, trainer: Trainer, record: Record) -> None:
    text = record.to_json()
    torch_runs.save(folder, {"state": trainer.state(), "record": text}, RECORD, text)


def _continued(folder: Path, earlier: Record, now: Record) -> list[Epoch]:
    """The epochs of the earlier run, if it is the same run."""
    before, after = (
        {
            "scheme": one.scheme,
            "key": one.key,
            "pictures": one.data["fingerprint"],
            **asdict(one.settings),
        }
        for one in (earlier, now)
    )
    for name, value in before.items():
        if after[name] != value:
            raise ValueError(
                f"{folder}: the run there has {name} {value}, not {after[name]}; continue it as it "
                "was begun, or name another folder"
            )
    return earlier.epochs


def _data(pictures: Pictures, source: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **source,
        "name": pictures.name,
        "classes": list(pictures.classes),
        "train": len(pictures.train),
        "test": len(pictures.test),
        "whole": list(pictures.whole or ()),
        "fingerprint": pictures.fingerprint,
    }

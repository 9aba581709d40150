"""What a trained network knows: accuracy, confusion, and what it makes of other pictures."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from facecrypt.files import PathLike, atomic_write
from facecrypt.learning.data import Pictures, load
from facecrypt.learning.encrypted import Encryption
from facecrypt.learning.fit import answers, load_weights, network_for, predict
from facecrypt.learning.runs import (
    EVALUATION,
    Record,
    load_encryption,
    load_record,
    load_state,
)

__all__ = ["confusion", "evaluate"]


def confusion(
    labels: NDArray[np.int64], predicted: NDArray[np.int64], classes: int
) -> NDArray[np.int64]:
    """How often each class was taken for each.

    Returns
    -------
    (classes, classes) int64 array
        Row: true class; column: predicted.

    Examples
    --------
    >>> confusion(np.array([0, 0, 1]), np.array([0, 1, 1]), 2).tolist()
    [[1, 1], [0, 1]]
    """
    counts = np.bincount(labels * classes + predicted, minlength=classes**2)
    return counts.reshape(classes, classes)


def evaluate(
    folder: PathLike,
    *,
    device: torch.device,
    data: PathLike | Pictures | None = None,
) -> dict[str, Any]:
    """Test a run, write what comes out into its folder, and return it.

    Parameters
    ----------
    folder : path
        Of a run.
    device : torch.device
    data : path or Pictures, optional
        Where the data set is now, by default where it was when the run was made; or the pictures
        of the run.

    Returns
    -------
    dict
        ``accuracy`` on the ciphers of the test pictures; ``plain``, on these pictures as they are;
        ``wrong_key``, on their ciphers under another key, None without a key; ``mirrored``, by the
        sum of the logits for a picture and for its mirror image, each encrypted: shares of 1.
        ``confusion``, a list of rows as of :func:`confusion`, and their ``classes``. ``epochs``,
        done so far.

    Raises
    ------
    MediaError
        There is no run, or no data set where it was.
    ValueError
        The data set is another one, or the network has changed since.
    """
    record = load_record(folder)
    pictures = _pictures(record, data)
    state, _ = load_state(folder, device)
    encryption = load_encryption(folder, record.scheme)
    result = {"epochs": int(state["done"])}
    result |= _scores(record, pictures, encryption, state["model"], device)
    text = json.dumps(result) + "\n"
    atomic_write(Path(folder) / EVALUATION, text.encode(), overwrite=True)
    return result


def _scores(
    record: Record,
    pictures: Pictures,
    encryption: Encryption,
    weights: dict[str, Any],
    device: torch.device,
) -> dict[str, Any]:
    plain, labels, count = pictures.test, pictures.test_labels, len(pictures.classes)
    cipher = encryption(plain)
    model = network_for(record.settings, cipher.shape, count, encryption.block)
    load_weights(model.to(device), weights)

    def score(images: NDArray[np.uint8]) -> float:
        return float((predict(model, images, device) == labels).mean())

    wrong = None
    if encryption.key is not None:
        wrong = score(encryption.under_another_key(plain.shape, record.settings.seed + 1)(plain))
    straight = answers(model, cipher, device)
    both = straight + answers(model, encryption(np.ascontiguousarray(plain[:, :, ::-1])), device)
    found = straight.argmax(1)
    return {
        "accuracy": float((found == labels).mean()),
        "mirrored": float((both.argmax(1) == labels).mean()),
        "plain": score(plain) if cipher.shape == plain.shape else None,
        "wrong_key": wrong,
        "classes": list(pictures.classes),
        "confusion": confusion(labels, found, count).tolist(),
    }


def _pictures(record: Record, data: PathLike | Pictures | None) -> Pictures:
    about = record.data
    if isinstance(data, Pictures):
        path, pictures = data.name, data
    else:
        path = about["path"] if data is None else data
        whole = load(path, side=about["side"], seed=record.settings.seed)
        pictures = whole.subset(about["train"], about["test"], record.settings.seed)
    if pictures.fingerprint != about["fingerprint"]:
        raise ValueError(
            f"{path}: not the pictures of the run, which were of {about['name']!r}; say where they "
            "are (--data)"
        )
    return pictures

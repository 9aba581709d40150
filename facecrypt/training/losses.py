"""The losses of MTCNN: face or none, box, landmarks, and the mining of hard examples.

Zhang et al. 2016, equations 1 to 4 and the paragraph on online hard sample mining. A sample's
label says what it teaches: 1 a face, its box too; 0 no face; -1 part of a face, only its box;
-2 landmarks only.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from facecrypt.training.networks import Outputs

__all__ = ["WEIGHTS", "Losses", "Targets", "losses"]

# Of face, box and landmarks. P- and R-Net have no landmarks to weigh.
WEIGHTS = {"pnet": (1.0, 0.5, 0.5), "rnet": (1.0, 0.5, 0.5), "onet": (1.0, 0.5, 1.0)}
# The share of samples, the worst ones, that teach face or none.
HARD = 0.7


class Targets(NamedTuple):
    """What the samples of a batch teach.

    Attributes
    ----------
    label : (N,) int64 tensor
        1, 0, -1 or -2.
    box : (N, 4) float32 tensor
        Read where the label is 1 or -1.
    landmarks : (N, 10) float32 tensor
        Read where the label is -2.
    """

    label: Tensor
    box: Tensor
    landmarks: Tensor


class Losses(NamedTuple):
    """The three losses of a batch, each a scalar; 0 where no sample teaches it."""

    face: Tensor
    box: Tensor
    landmarks: Tensor

    def total(self, weights: tuple[float, float, float]) -> Tensor:
        return sum((w * part for w, part in zip(weights, self, strict=True)), torch.zeros(()))


def losses(outputs: Outputs, targets: Targets) -> Losses:
    """Compare what a network says with what is so.

    Parameters
    ----------
    outputs : Outputs
        Of N samples, one cell each.
    targets : Targets
        Of the same.

    Returns
    -------
    Losses
        face: mean cross-entropy of the worst 70 % of the samples labelled 1 or 0 (the others
        have no gradient); box and landmarks: mean squared Euclidean distance.

    Examples
    --------
    >>> found = Outputs(torch.zeros(2, 1), torch.tensor([[0.0, 0, 0, 0], [3, 0, 4, 0]]))
    >>> so = Targets(torch.tensor([0, -1]), torch.zeros(2, 4), torch.zeros(2, 10))
    >>> [round(float(part), 4) for part in losses(found, so)]
    [0.6931, 25.0, 0.0]
    """
    label = targets.label
    judged, boxed, marked = label >= 0, label.abs() == 1, label == -2
    nothing = outputs.logit.new_zeros(())
    return Losses(
        _hardest(outputs.logit.reshape(-1)[judged], label[judged]) if judged.any() else nothing,
        _distance(outputs.box.reshape(-1, 4)[boxed], targets.box[boxed])
        if boxed.any()
        else nothing,
        _distance(outputs.landmarks[marked], targets.landmarks[marked])
        if outputs.landmarks is not None and marked.any()
        else nothing,
    )


def _hardest(logit: Tensor, label: Tensor) -> Tensor:
    """Of two classes, the softmax depends on the difference: the log odds."""
    each = functional.binary_cross_entropy_with_logits(
        logit, label.to(logit.dtype), reduction="none"
    )
    return each.topk(max(1, round(HARD * len(each)))).values.mean()


def _distance(found: Tensor, wanted: Tensor) -> Tensor:
    return (found - wanted).square().sum(dim=1).mean()

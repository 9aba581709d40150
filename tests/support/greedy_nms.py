"""Suppression as torchvision does it, for facenet-pytorch where torchvision is not to be had.

Also read by tools/freeze_mtcnn.py.
"""

import numpy as np


def batched_nms(boxes, scores, groups, threshold):
    """torchvision's rule: greedy, stable, within a group, no + 1, kept up to the threshold."""
    import torch

    boxes, groups = boxes.numpy(), groups.numpy()
    sides = boxes[:, 2:] - boxes[:, :2]
    areas = sides[:, 0] * sides[:, 1]
    order = np.argsort(-scores.numpy(), kind="stable")
    keep = []
    while len(order):
        best, order = order[0], order[1:]
        keep.append(best)
        low = np.maximum(boxes[best, :2], boxes[order, :2])
        high = np.minimum(boxes[best, 2:], boxes[order, 2:])
        both = np.maximum(high - low, 0)
        both = both[:, 0] * both[:, 1]
        apart = groups[order] != groups[best]
        order = order[apart | (both / (areas[best] + areas[order] - both) <= threshold)]
    return torch.tensor(np.array(keep, np.int64))

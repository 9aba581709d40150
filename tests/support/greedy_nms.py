"""Suppression, box by box and plainly: what csrc/suppress.cpp is compared with.

Also read by tools/freeze_mtcnn.py, for facenet-pytorch where torchvision is not to be had.
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


def of_union(boxes, scores, threshold):
    """As OpenCV does it: 1 minus a distance in float32, of equal scores the first."""
    corners = boxes.astype(np.float64)
    areas = (corners[:, 2:] - corners[:, :2]).prod(axis=1)
    order = np.argsort(-scores, kind="stable")
    keep = []
    while len(order):
        best, order = order[0], order[1:]
        keep.append(int(best))
        both = _intersections(corners, best, order, 0).prod(axis=1)
        distance = (1 - both / (areas[best] + areas[order] - both)).astype(np.float32)
        order = order[1 - distance <= np.float32(threshold)]
    return keep


def of_smaller(boxes, scores, threshold):
    """As facenet-pytorch does it: edges inclusive, in float32, of equal scores the last."""
    areas = (boxes[:, 2:] - boxes[:, :2] + 1).prod(axis=1)
    order = np.argsort(scores, kind="stable")[::-1]
    keep = []
    while len(order):
        best, order = order[0], order[1:]
        keep.append(int(best))
        both = _intersections(boxes, best, order, 1).prod(axis=1)
        order = order[both / np.minimum(areas[best], areas[order]) <= np.float32(threshold)]
    return keep


def _intersections(boxes, best, others, extra):
    low = np.maximum(boxes[best, :2], boxes[others, :2])
    high = np.minimum(boxes[best, 2:], boxes[others, 2:])
    return np.maximum(high - low + boxes.dtype.type(extra), 0)

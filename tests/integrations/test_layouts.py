import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facecrypt.integrations._layouts import PART, channels_last, like

torch = pytest.importorskip("torch", reason="needs PyTorch")

SIDES = st.integers(1, 70)


@settings(deadline=None)
@given(
    shape=st.tuples(st.sampled_from([1, 3, 4]), SIDES, SIDES),
    count=st.none() | st.integers(0, 40),
    step=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    last=st.booleans(),
)
def test_channels_move_to_the_end_and_back(shape, count, step, last):
    whole = shape if count is None else (count, *shape)
    planes = np.random.default_rng(1).integers(0, 256, whole, np.uint8)
    tensor = torch.from_numpy(planes)
    if last:
        tensor = tensor.movedim(-3, -1).contiguous().movedim(-1, -3)
    tensor, planes = (each[..., :: step[0], :: step[1]] for each in (tensor, planes))
    pixels = channels_last(tensor)
    assert isinstance(pixels, np.ndarray)
    np.testing.assert_array_equal(pixels, np.moveaxis(planes, -3, -1))
    back = like(np.ascontiguousarray(pixels), tensor)
    assert back.is_contiguous()
    assert type(back) is torch.Tensor
    np.testing.assert_array_equal(back.numpy(), planes)


@pytest.mark.parametrize("shape", [(3, 300, 310), (5, 3, 300, 310), (300, 3, 32, 32)])
def test_parts_of_large_batches(shape):
    planes = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    assert planes.size > PART
    pixels = channels_last(torch.from_numpy(planes))
    np.testing.assert_array_equal(pixels, np.moveaxis(planes, -3, -1))
    np.testing.assert_array_equal(like(pixels, torch.from_numpy(planes)).numpy(), planes)

import hashlib
import json
import pickle
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.mtcnn_pictures import astronaut, composites, shared_pictures

import facecrypt
from facecrypt import _native
from facecrypt.detector import MTCNN, PRESETS, cascade, networks
from facecrypt.errors import BackendUnavailableError, ModelError

VECTORS = Path(__file__).parents[1] / "vectors"
MODELS = Path(facecrypt.__file__).parent / "models"
FROZEN = json.loads((VECTORS / "mtcnn_faces.json").read_text())
NETS = np.load(VECTORS / "mtcnn_nets.npz")
PICTURES = {"astronaut": astronaut()} | composites() | shared_pictures()


@pytest.fixture(scope="module")
def detector():
    return MTCNN(device="cpu")


def iou(a, b):
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    both = np.maximum(high - low, 0).prod(axis=2)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (a, b)]
    return both / (areas[0][:, None] + areas[1][None] - both)


# The networks against torch, in float64 (tools/freeze_mtcnn.py).


@pytest.mark.parametrize("name", ["pnet", "rnet", "onet"])
def test_networks_equal_torch(name):
    session = pytest.importorskip("onnxruntime").InferenceSession(
        MODELS / f"{name}.onnx", providers=["CPUExecutionProvider"]
    )
    pixels = NETS[f"{name}_pixels"].transpose(0, 3, 1, 2).astype(np.float32)
    logit, box, *landmarks = session.run(None, {"pixels": pixels})
    score = 1 / (1 + np.exp(-logit[:, 0].astype(np.float64)))
    np.testing.assert_allclose(score, NETS[f"{name}_score"], rtol=0, atol=1e-5)
    np.testing.assert_allclose(box, NETS[f"{name}_box"], rtol=0, atol=1e-5)
    if name == "onet":
        landmarks = landmarks[0].reshape(-1, 5, 2)
        np.testing.assert_allclose(landmarks, NETS["onet_landmarks"], rtol=0, atol=1e-5)


def test_models_are_those_the_readme_names():
    readme = (MODELS / "README.md").read_text()
    for name in ("pnet", "rnet", "onet"):
        digest = hashlib.sha256((MODELS / f"{name}.onnx").read_bytes()).hexdigest()
        assert f"| {name}.onnx | {digest} |" in readme


# The cascade against facenet-pytorch 2.6.0.


@pytest.mark.parametrize("setting", FROZEN["settings"])
@pytest.mark.parametrize("name", FROZEN["pictures"])
def test_faces_equal_facenet_pytorch(name, setting):
    if name not in PICTURES:
        pytest.skip("lies in ../shared, which is absent")
    image, frozen = PICTURES[name], FROZEN["pictures"][name]
    if hashlib.sha256(image.tobytes()).hexdigest() != frozen["sha256"]:
        assert name.endswith(".jpg"), "the pictures changed: freeze the results again"
        pytest.skip("this JPEG decoder gives other pixels")
    size, thresholds, factor = FROZEN["settings"][setting]
    detector = MTCNN(min_face_size=size, thresholds=thresholds, factor=factor, device="cpu")
    faces, expected = detector.detect_raw(image), frozen[setting]
    assert len(faces.boxes) == len(expected)
    overlap = iou(np.array([face["box"] for face in expected]), faces.boxes)
    match = overlap.argmax(axis=1)
    assert sorted(match) == list(range(len(expected)))
    assert overlap.max(axis=1).min() >= 0.9999
    scores = [face["score"] for face in expected]
    np.testing.assert_allclose(faces.scores[match], scores, rtol=0, atol=1e-4)
    landmarks = [face["landmarks"] for face in expected]
    np.testing.assert_allclose(faces.landmarks[match], landmarks, rtol=0, atol=0.05)


def test_presets_are_the_frozen_settings():
    size, thresholds, factor = FROZEN["settings"]["fast"]
    assert PRESETS["fast"] == (size, tuple(thresholds), factor)
    size, thresholds, factor = FROZEN["settings"]["default"]
    assert PRESETS["recall"] == (size, tuple(thresholds), factor)


# The pieces of the cascade, on numbers worked out by hand.


def test_area_mean_takes_whole_pixels():
    image = np.array([0, 3, 6, 30, 60], np.uint8)[None, :, None].repeat(3, axis=2)
    sampler = cascade.AreaSampler(image)
    # Five pixels on three: [0, 2), [1, 4), [3, 5).
    expected = np.array([1.5, 13, 45], np.float32)
    np.testing.assert_array_equal(sampler.rows((1, 3), 0, 1)[0, 1, 0], expected)
    whole = np.array([[0, 0, 5, 1]], np.int32)
    np.testing.assert_array_equal(sampler.crops(whole, 3)[0, 2, 2], expected)
    # Enlarged, one pixel covers several: [1, 4) on six.
    part = sampler.crops(np.array([[1, 0, 4, 1]], np.int32), 6)[0, 0, 0]
    np.testing.assert_array_equal(part, [3, 3, 6, 6, 30, 30])


def plain_means(image, box, size):
    """Loops over the definition of torch's adaptive average pooling."""
    x0, y0, x1, y1 = box
    part = image[y0:y1, x0:x1].astype(np.int64)
    means = np.empty((3, size[0], size[1]), np.float32)
    for i in range(size[0]):
        top, bottom = i * len(part) // size[0], -(-(i + 1) * len(part) // size[0])
        for j in range(size[1]):
            left, right = j * (x1 - x0) // size[1], -(-(j + 1) * (x1 - x0) // size[1])
            window = part[top:bottom, left:right].reshape(-1, 3)
            means[:, i, j] = np.float32(window.sum(0)) / np.float32(len(window))
    return means


@given(st.data())
@settings(max_examples=60)
def test_area_means_of_boxes(data):
    height, width = data.draw(st.tuples(st.integers(1, 60), st.integers(1, 60)))
    image = np.random.default_rng(height * 61 + width).integers(
        0, 256, (height, width, 3), np.uint8
    )
    edges = [
        sorted(data.draw(st.lists(st.integers(0, n), min_size=2, max_size=2, unique=True)))
        for n in (width, height, width, height)
    ]
    boxes = [[x[0], y[0], x[1], y[1]] for x, y in (edges[:2], edges[2:])]
    size = data.draw(st.integers(1, 30))
    crops = cascade.AreaSampler(image).crops(np.array(boxes, np.int32), size)
    for crop, box in zip(crops, boxes, strict=True):
        assert np.array_equal(crop, plain_means(image, box, (size, size)))
    rows = cascade.AreaSampler(image).rows((size, 7), size // 3, size)
    assert np.array_equal(
        rows[0], plain_means(image, (0, 0, width, height), (size, 7))[:, size // 3 :]
    )


@pytest.mark.parametrize("height", [255, 256, 257, 511, 513, 1500])
def test_area_mean_of_a_tall_white_window(height):
    """Where sums of 16 bits end: 257 rows of 255."""
    image = np.full((height, 3, 3), 255, np.uint8)
    assert (cascade.AreaSampler(image).rows((2, 2), 0, 2) == 255).all()


@pytest.mark.parametrize(
    ("change", "error", "what"),
    [
        ({"boxes": np.array([[0, 0, 9, 8]], np.int32)}, ValueError, "box 0 must be"),
        ({"boxes": np.array([[3, 0, 3, 8]], np.int32)}, ValueError, "box 0 must be"),
        ({"boxes": np.array([[0, -1, 3, 8]], np.int32)}, ValueError, "box 0 must be"),
        ({"boxes": np.array([[0, 0, 3, 8]])}, TypeError, "int32"),
        ({"boxes": np.zeros((2, 4), np.int32)}, ValueError, r"shape \(1, 4\)"),
        ({"image": np.zeros((8, 8, 4), np.uint8)}, ValueError, "height, width, 3"),
        ({"image": np.zeros((8, 8, 3), np.uint8)[:, ::2]}, ValueError, "C-contiguous"),
        ({"out": np.zeros((1, 4, 4), np.float32)}, ValueError, "rows, across"),
        ({"first": 1}, ValueError, "4 rows from 1"),
        ({"down": 0}, ValueError, "at least 1"),
    ],
)
def test_area_means_checks_what_it_is_given(change, error, what):
    good = {
        "image": np.zeros((8, 8, 3), np.uint8),
        "boxes": np.array([[0, 0, 8, 8]], np.int32),
        "out": np.zeros((1, 3, 4, 4), np.float32),
        "down": 4,
        "first": 0,
    }
    image, boxes, out, down, first = (good | change).values()
    with pytest.raises(error, match=what):
        _native.area_means(image, boxes, out, down=down, first=first)


def test_area_means_refuse_boxes_within_out():
    """They are checked first, and would lead anywhere once they are overwritten."""
    memory = np.zeros(16, np.float32)
    boxes = memory[12:].view(np.int32).reshape(1, 4)
    boxes[:] = 0, 0, 8, 8
    image, out = np.full((8, 8, 3), 9, np.uint8), memory[1:13].reshape(1, 3, 2, 2)
    with pytest.raises(ValueError, match="out overlaps boxes; pass another array"):
        _native.area_means(image, boxes, out, down=2, first=0)
    out = memory[:12].reshape(1, 3, 2, 2)
    _native.area_means(image, boxes, out, down=2, first=0)
    assert (out == 9).all()
    shared = np.zeros((8, 8, 3), np.uint8)
    out = shared.reshape(-1)[144:].view(np.float32).reshape(1, 3, 2, 2)
    with pytest.raises(ValueError, match="out overlaps image"):
        _native.area_means(shared, boxes, out, down=2, first=0)


def test_area_mean_beyond_32_bit_sums():
    sampler = cascade.AreaSampler(np.full((4200, 4100, 3), 255, np.uint8))
    corner = np.array([[4000, 4100, 4100, 4200]], np.int32)
    assert (sampler.crops(corner, 24) == 255).all()
    assert (sampler.rows((2520, 2460), 2400, 2520) == 255).all()


@given(st.integers(12, 900), st.integers(12, 3000))
@settings(max_examples=50, deadline=None)
def test_strips_cover_every_cell_once(height, width):
    # The rows of cells of the whole level, from the shapes of its layers.
    rows = -(-(height - 2) // 2) - 4
    total = 0
    for strip in cascade.strips(height, width):
        assert strip.start == 2 * strip.cell == 2 * total
        total += -(-(strip.stop - strip.start - 2) // 2) - 4
    assert total == rows
    assert strip.stop == height


def test_strips_do_not_change_the_result(detector, monkeypatch):
    whole = detector.detect_raw(PICTURES["crowd"])
    monkeypatch.setattr(cascade, "STRIP_PIXELS", 1)
    cut = detector.detect_raw(PICTURES["crowd"])
    np.testing.assert_allclose(cut.boxes, whole.boxes, rtol=0, atol=1e-2)


def test_suppression():
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 5], [0, 0, 10, 4], [20, 20, 30, 30]], np.float32)
    scores = np.array([0.9, 0.8, 0.7, 0.9], np.float32)
    # Half of the first is exactly the threshold and stays; of the second, 0.8 is too much.
    assert cascade.suppress(boxes, scores, 0.5).tolist() == [0, 3, 1]


def test_suppression_of_nested_boxes():
    # Edges count. Of the first's 10 x 10 pixels 80 lie in the second, 70 in the third; of
    # the last's 25 all lie in the first and third, 15 in the second.
    boxes = np.array([[0, 0, 9, 9], [2, 0, 11, 9], [-3, 0, 6, 9], [0, 5, 4, 9]], np.float32)
    scores = np.array([0.9, 0.8, 0.7, 0.6], np.float32)
    assert cascade.suppress_nested(boxes, scores, 0.7).tolist() == [0, 2]
    assert cascade.suppress_nested(boxes, scores[::-1], 0.7).tolist() == [3, 1]


def test_pyramid_of_the_paper():
    assert cascade.pyramid(100, 40, 20, 0.5) == [0.6, 0.3]
    assert cascade.pyramid(19, 300, 20, 0.709) == []


# The public class.


def test_regions_of_the_sample_picture(detector):
    (face,) = detector.detect(astronaut())
    # facenet-pytorch: 181.05, 62.16, 267.75, 172.05.
    assert face.box == (181, 62, 268, 173)
    assert face.shape == "box"
    assert face.score == pytest.approx(0.999998, abs=1e-5)
    landmarks = [(205.0, 101.7), (246.8, 103.7), (224.7, 129.0), (201.7, 139.2), (245.3, 141.9)]
    np.testing.assert_allclose(face.landmarks, landmarks, atol=0.06)


def test_regions_lie_inside_and_are_sorted(detector):
    for name in ("crowd", "edges"):
        image = PICTURES[name]
        regions = detector.detect(image)
        assert all(region.clip(*image.shape[:2]) == region for region in regions)
        scores = [region.score for region in regions]
        assert scores == sorted(scores, reverse=True)


def test_every_kind_of_picture_gives_the_same_faces(detector):
    image = PICTURES["edges"]
    expected = detector.detect(image)
    assert len(expected) == 2
    alpha = np.random.default_rng(1).integers(0, 256, (*image.shape[:2], 1), dtype=np.uint8)
    assert detector.detect(np.concatenate([image, alpha], axis=2)) == expected
    low = np.random.default_rng(2).integers(0, 256, image.shape, dtype=np.uint16)
    assert detector.detect((image.astype(np.uint16) << 8) | low) == expected
    assert detector.detect(((image.astype(np.uint16) << 8) | low).astype(">u2")) == expected
    assert detector.detect(image[::-1, ::-1].copy()[::-1, ::-1]) == expected
    frozen = image.copy()
    frozen.flags.writeable = False
    assert detector.detect(frozen) == expected


def test_gray(detector):
    gray = astronaut()[:, :, 1].copy()
    expected = detector.detect(np.stack([gray] * 3, axis=2))
    assert len(expected) == 1
    assert detector.detect(gray) == detector.detect(gray[:, :, None]) == expected


@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 400), (400, 1), (15, 15, 3), (19, 300, 3), (300, 19, 4), (11, 11)]
)
def test_pictures_too_small_for_a_face(detector, shape):
    image = np.random.default_rng(3).integers(0, 256, shape, dtype=np.uint8)
    assert detector.detect(image) == []
    boxes, scores, landmarks = detector.detect_raw(image)
    assert boxes.shape == (0, 4)
    assert scores.shape == (0,)
    assert landmarks.shape == (0, 5, 2)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("side", range(1, 40, 2))
def test_small_noise(preset, side):
    image = np.random.default_rng(side).integers(0, 256, (side, side + 3, 3), dtype=np.uint8)
    for region in MTCNN(preset=preset, device="cpu").detect(image):
        assert region.clip(side, side + 3) == region


@pytest.mark.parametrize("shape", [(0, 10), (10, 0, 3), (0, 0, 3)])
def test_empty_pictures_are_refused(detector, shape):
    with pytest.raises(ValueError, match="at least one pixel"):
        detector.detect(np.zeros(shape, np.uint8))


def test_other_arrays_are_refused(detector):
    with pytest.raises(TypeError, match=r"received float32; scale it to 0\.\.255"):
        detector.detect(np.zeros((30, 30, 3), np.float32))
    with pytest.raises(TypeError, match="received bool"):
        detector.detect(np.zeros((30, 30), bool))
    with pytest.raises(TypeError, match="received list"):
        detector.detect([[1, 2], [3, 4]])
    for shape in [(30,), (2, 30, 30, 3), (30, 30, 2), (30, 30, 5), (30, 30, 0)]:
        with pytest.raises(ValueError, match="received shape"):
            detector.detect(np.zeros(shape, np.uint8))


def test_batch_equals_single(detector):
    images = [PICTURES["crowd"], np.zeros((1, 1), np.uint8), PICTURES["edges"], astronaut()]
    images = images * 2
    assert detector.detect_batch(images) == [detector.detect(image) for image in images]
    assert detector.detect_batch([]) == []
    assert detector.detect_batch(iter(images[1:3])) == [[], detector.detect(images[2])]
    with pytest.raises(ValueError, match="at least one pixel"):
        detector.detect_batch([astronaut(), np.zeros((0, 3), np.uint8)])
    with pytest.raises(ValueError, match="images must be many, received one array of shape"):
        detector.detect_batch(astronaut())
    assert detector.detect_batch(np.stack([astronaut()] * 2)) == [detector.detect(astronaut())] * 2


def test_threads_share_an_instance(detector):
    images = [PICTURES["crowd"], PICTURES["edges"], astronaut()] * 4
    expected = [detector.detect(image) for image in images]
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(detector.detect, images)) == expected


def test_pickle(tmp_path):
    for name in ("pnet", "rnet", "onet"):
        shutil.copy(MODELS / f"{name}.onnx", tmp_path)
    detector = MTCNN(min_face_size=40, factor=0.6, device="cpu", models=tmp_path)
    copy = pickle.loads(pickle.dumps(detector))
    assert repr(copy) == repr(detector)
    assert copy.settings == (40, (0.6, 0.7, 0.7), 0.6)
    assert copy.detect(astronaut()) == detector.detect(astronaut())


# Arguments and installations.


def test_presets():
    assert MTCNN(preset="fast", device="cpu").settings == (20, (0.7, 0.7, 0.7), 0.6)
    same = MTCNN(preset="fast", factor=0.6, device="cpu")
    assert same.settings == PRESETS["fast"]
    with pytest.raises(ValueError, match=r"fixes factor at 0\.6, received 0\.5"):
        MTCNN(preset="fast", factor=0.5)
    with pytest.raises(ValueError, match="one of fast, recall"):
        MTCNN(preset="slow")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"min_face_size": 0}, "at least 6"),
        ({"min_face_size": float("nan")}, "at least 6"),
        ({"thresholds": (0.6, 0.7)}, "three numbers"),
        ({"thresholds": (0.6, 0.7, 1.0)}, "three numbers"),
        ({"factor": 1.0}, "factor"),
        ({"factor": 0}, "factor"),
        ({"device": "tpu"}, "auto, cpu, cuda"),
    ],
)
def test_bad_parameters(arguments, message):
    with pytest.raises(ValueError, match=message):
        MTCNN(**arguments)


def test_parameters_of_the_wrong_type():
    with pytest.raises(TypeError, match="min_face_size must be a number, received '20'"):
        MTCNN(min_face_size="20")
    with pytest.raises(TypeError, match=r"thresholds must be three numbers .* received 0.6"):
        MTCNN(thresholds=0.6)
    with pytest.raises(TypeError, match="factor must be a number, received None"):
        MTCNN(factor=None)
    with pytest.raises(ValueError, match=r"thresholds must be three numbers .* received 'abc'"):
        MTCNN(thresholds="abc")


def test_cuda_is_not_replaced_in_silence():
    detector, refusal = None, ""
    try:
        detector = MTCNN(device="cuda")
    except BackendUnavailableError as error:
        refusal = str(error)
    if detector is None:
        assert "facecrypt[gpu]" in refusal
        assert MTCNN().device == "cpu"
    else:
        assert detector.device == MTCNN().device == "cuda"
        assert detector._stages.networks.onet.get_providers()[0] == "CUDAExecutionProvider"


def test_onnxruntime_falls_back_to_no_other_device():
    """By default it reopens a session that fails on a card on the processor, and prints."""
    opened = networks.load(None, "cpu")
    assert not any(model._session._enable_fallback for model in opened[:3])


def test_without_onnxruntime(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(BackendUnavailableError, match=r"facecrypt\[cpu\]"):
        MTCNN()


def test_models_missing_damaged_or_swapped(tmp_path):
    for name in ("pnet", "rnet", "onet"):
        shutil.copy(MODELS / f"{name}.onnx", tmp_path)
    MTCNN(models=str(tmp_path), device="cpu")
    weights = (tmp_path / "onet.onnx").read_bytes()
    (tmp_path / "onet.onnx").write_bytes(weights[:-1000])
    with pytest.raises(ModelError, match=r"onet\.onnx is damaged"):
        MTCNN(models=tmp_path, device="cpu")
    shutil.copy(MODELS / "rnet.onnx", tmp_path / "onet.onnx")
    with pytest.raises(ModelError, match="must take 'pixels' and give logit, box, landmarks"):
        MTCNN(models=tmp_path, device="cpu")
    (tmp_path / "onet.onnx").unlink()
    with pytest.raises(ModelError, match=r"cannot read the model .*onet\.onnx"):
        MTCNN(models=tmp_path, device="cpu")


def copies(folder: Path, **files: bytes) -> Path:
    """The networks of the package, some of them others."""
    for name in ("pnet", "rnet", "onet"):
        data = files.get(name, (MODELS / f"{name}.onnx").read_bytes())
        (folder / f"{name}.onnx").write_bytes(data)
    return folder


@pytest.mark.parametrize("name", ["pnet", "rnet", "onet"])
@pytest.mark.parametrize(
    ("place", "value"), [(0, np.nan), (0, np.inf), (2, np.nan), (2, 1e30), (2, -np.inf)]
)
def test_networks_that_give_no_numbers(tmp_path, name, place, value):
    """A log odds that is NaN is above no threshold, and a huge box in no picture: no face."""
    data = bytearray((MODELS / f"{name}.onnx").read_bytes())
    # The last tensor: a field of bytes, "J" and their number, after its name.
    start = data.index(b"heads.biasJ") + 12 + 4 * place
    data[start : start + 4] = np.float32(value).tobytes()
    folder = copies(tmp_path, **{name: bytes(data)})
    with pytest.raises(ModelError, match=rf"{name}\.onnx gives NaN, infinity or numbers beyond"):
        MTCNN(models=folder, device="cpu")


def test_networks_in_each_others_place(tmp_path):
    pnet, rnet = ((MODELS / f"{name}.onnx").read_bytes() for name in ("pnet", "rnet"))
    with pytest.raises(ModelError, match=r"pnet\.onnx does not run: "):
        MTCNN(models=copies(tmp_path, pnet=rnet, rnet=pnet), device="cpu")
    onet = (MODELS / "onet.onnx").read_bytes()
    with pytest.raises(ModelError, match=r"rnet\.onnx does not run: "):
        MTCNN(models=copies(tmp_path, rnet=onet), device="cpu")


def test_outputs_in_each_others_place(tmp_path):
    data = (MODELS / "rnet.onnx").read_bytes()
    # What the node gives, as fields 2 of it.
    swapped = data.replace(b"\x12\x05logit\x12\x03box", b"\x12\x03box\x12\x05logit")
    assert swapped != data
    with pytest.raises(ModelError, match=r"rnet\.onnx must give logit of shape \(1, 1\) for 24 x"):
        MTCNN(models=copies(tmp_path, rnet=swapped), device="cpu")


# Several threads at one picture.


@pytest.mark.parametrize("preset", [None, "fast"])
def test_threads_change_no_face(preset):
    picture = np.tile(np.concatenate([PICTURES["crowd"], PICTURES["crowd"][:, ::-1]]), (3, 3, 1))
    assert picture.shape[0] * picture.shape[1] > 1 << 20
    one, three = (MTCNN(preset=preset, device="cpu", threads=number) for number in (1, 3))
    for mine, theirs in zip(one.detect_raw(picture), three.detect_raw(picture), strict=True):
        assert len(mine) > 9
        np.testing.assert_array_equal(mine, theirs)
    assert one.fingerprint == three.fingerprint


def test_threads_are_used_for_large_pictures_alone(monkeypatch):
    made = []

    class Pool(ThreadPoolExecutor):
        def __init__(self, number):
            made.append(number)
            super().__init__(number)

    monkeypatch.setattr("facecrypt.detector.stages.ThreadPoolExecutor", Pool)
    detector = MTCNN(device="cpu", threads=2)
    detector.detect(PICTURES["astronaut"])
    assert made == []
    detector.detect(np.tile(PICTURES["astronaut"], (2, 2, 1)))
    assert set(made) == {2}


@pytest.mark.parametrize("threads", [0, -1, 1.5, True, None])
def test_numbers_of_threads_that_are_none(threads):
    with pytest.raises(ValueError, match="threads must be a whole number of at least 1, received"):
        MTCNN(threads=threads)

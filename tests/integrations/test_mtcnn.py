import json
import os

import cv2
import numpy as np
import pytest
from support.mtcnn_pictures import astronaut, composites
from support.places import ROOT

import facecrypt
from facecrypt.errors import MediaError
from facecrypt.integrations.mtcnn import MTCNN, load_image

PICTURES = {"astronaut": astronaut()} | composites()
FACE = PICTURES["astronaut"]
CROWD = PICTURES["crowd"]
BLANK = np.zeros((60, 80, 3), np.uint8)
FILE = ROOT / "examples" / "astronaut.png"


@pytest.fixture(scope="module")
def detector():
    return MTCNN()


def test_a_face(detector):
    (face,) = detector.detect_faces(FACE)
    assert list(face) == ["box", "confidence", "keypoints"]
    x, y, width, height = face["box"]
    assert (x < 206, x + width > 248, y < 103, y + height > 142) == (True,) * 4
    # By eye in the picture, left being the observer's left.
    seen = {
        "nose": (225, 127),
        "mouth_right": (245, 142),
        "right_eye": (248, 104),
        "left_eye": (206, 103),
        "mouth_left": (203, 140),
    }
    assert list(face["keypoints"]) == list(seen)
    for name, point in face["keypoints"].items():
        np.testing.assert_allclose(point, seen[name], rtol=0, atol=5)
    assert json.loads(json.dumps(face)) == face
    (corners,) = detector.detect_faces(FACE, box_format="xyxy")
    assert corners["box"] == pytest.approx([x, y, x + width, y + height], abs=1)
    assert detector.predict(FACE) == [face]


def test_kinds_of_pictures(detector):
    want = detector.detect_faces(FACE)
    data = FILE.read_bytes()
    for image in (str(FILE), FILE, data, load_image(data), FACE.astype(np.float32)):
        assert detector.detect_faces(image) == want
    assert load_image(str(FILE)).dtype == np.uint8
    with pytest.raises(MediaError, match="absent"):
        detector.detect_faces("absent.png")
    with pytest.raises(TypeError, match="received dict"):
        detector.detect_faces({})


@pytest.mark.parametrize("shape", [(9, 7), (9, 7, 4)])
def test_load_image_gives_rgb(tmp_path, shape):
    pixels = np.arange(np.prod(shape), dtype=np.uint16).reshape(shape) * 256
    cv2.imwrite(str(tmp_path / "a.png"), pixels)
    loaded = load_image(tmp_path / "a.png")
    gray = pixels[:, :, None] if pixels.ndim == 2 else pixels[:, :, 2::-1]
    np.testing.assert_array_equal(loaded, np.broadcast_to(gray >> 8, (9, 7, 3)))


def test_lists_of_pictures(detector):
    faces = detector.detect_faces([BLANK, FACE, CROWD])
    assert [len(part) for part in faces] == [0, 1, 7]
    assert faces[1] == detector.detect_faces(FACE)
    assert detector.detect_faces([FACE]) == [faces[1]]
    assert detector.detect_faces(BLANK) == []
    assert detector.detect_faces([BLANK[:5, :3]]) == [[]]


def test_arrays(detector):
    rows = detector.detect_faces([BLANK, FACE, CROWD], output_type="numpy")
    assert (rows.shape, rows.dtype) == ((8, 16), np.float64)
    assert rows[:, 0].tolist() == [1] + [2] * 7
    # facecrypt counts a box's first pixel as 1.
    box = facecrypt.MTCNN(device="cpu").detect_raw(FACE).boxes[0]
    corners = [box[0] - 1, box[1] - 1, box[2], box[3]]
    (again,) = detector.detect_faces(FACE, box_format="xyxy", output_type="numpy")
    np.testing.assert_allclose(again[1:5], corners, rtol=0, atol=1e-3)
    (face,) = detector.detect_faces(FACE)
    assert np.rint(rows[0, 1:5]).tolist() == face["box"]
    assert rows[0, 5] == face["confidence"]
    points = np.rint(rows[0, 6:]).reshape(2, 5).T.tolist()
    names = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")
    assert dict(zip(names, points, strict=True)) == face["keypoints"]
    assert detector.detect_faces(BLANK, output_type="numpy").shape == (0, 16)


def test_faces_at_the_edge(detector):
    part = np.ascontiguousarray(FACE[80:, 215:])
    options = {"box_format": "xyxy", "output_type": "numpy", "threshold_onet": 0.3}
    (free,) = detector.detect_faces(part, fit_to_image=False, **options)
    assert free[2] < 0
    (fitted,) = detector.detect_faces(part, **options)
    assert fitted[2] == 0
    np.testing.assert_array_equal(fitted[3:], free[3:])
    (raw,) = detector.detect_faces(part, postprocess=False, **options)
    np.testing.assert_array_equal(raw, free)
    (all_in,) = detector.detect_faces(part, limit_boundaries_landmarks=True, **options)
    np.testing.assert_array_equal(all_in[6:], free[6:].clip(0))


def test_settings_of_a_call(detector):
    assert len(detector.detect_faces(CROWD, min_face_size=200)) < 7
    assert len(detector.detect_faces(CROWD)) == 7
    with pytest.raises(TypeError, match="received nms_rnet"):
        detector.detect_faces(CROWD, nms_rnet=0.5)
    for options in ({"box_format": "yxyx"}, {"output_type": "list"}, {"scale_factor": 2}):
        with pytest.raises(ValueError, match="received"):
            detector.detect_faces(CROWD, **options)


def test_without_landmarks():
    detector = MTCNN(stages="face_detection_only")
    (face,) = detector.detect_faces(FACE)
    assert list(face) == ["box", "confidence"]
    assert detector.detect_faces(FACE, output_type="numpy").shape == (1, 6)
    for arguments in ({"stages": "all"}, {"device": "TPU:0"}):
        with pytest.raises(ValueError, match="received"):
            MTCNN(**arguments)


# Against mtcnn itself.


@pytest.fixture(scope="module")
def peer():
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    pytest.importorskip("tensorflow", reason="pip install mtcnn==1.0.0 tensorflow-cpu to compare")
    return pytest.importorskip("mtcnn", reason="pip install mtcnn==1.0.0 to compare").MTCNN()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", PICTURES)
def test_close_to_mtcnn(peer, detector, name):
    ours, theirs = (model.detect_faces(PICTURES[name]) for model in (detector, peer))
    # Of "edges" mtcnn makes three faces, one of them of a face's half.
    assert len(ours) == len(theirs) - (name == "edges")
    for face in ours:
        x, y, width, _ = face["box"]
        other = min(theirs, key=lambda face: abs(face["box"][0] - x) + abs(face["box"][1] - y))
        assert {key: type(face[key]) for key in face} == {
            key: float if key == "confidence" else type(other[key]) for key in other
        }
        np.testing.assert_allclose(face["box"], other["box"], rtol=0, atol=0.25 * width + 1)
        for key, point in face["keypoints"].items():
            want = other["keypoints"][key]
            np.testing.assert_allclose(point, want, rtol=0, atol=0.2 * width + 1)


@pytest.mark.filterwarnings("ignore")
def test_rows_have_the_form_of_mtcnn(peer, detector):
    for options in ({}, {"box_format": "xyxy"}):
        for image, count in ((FACE, 1), (BLANK, 0), ([FACE, FACE[:, ::-1]], 2)):
            ours, theirs = (
                model.detect_faces(image, output_type="numpy", **options)
                for model in (detector, peer)
            )
            assert ours.shape == theirs.shape == (count, 16)
            assert ours.dtype == theirs.dtype
            np.testing.assert_allclose(ours[:, 6:], theirs[:, 6:], rtol=0, atol=5)
            np.testing.assert_allclose(ours[:, 1:5], theirs[:, 1:5], rtol=0, atol=9)

import math
from pathlib import Path

import cv2
import numpy as np
import pytest
from support.mtcnn_pictures import astronaut, composites

import facecrypt
from facecrypt.detector import MTCNN
from facecrypt.integrations.yunet import FaceDetectorYN

FACE = astronaut()[:, :, ::-1]
CROWD = composites()["crowd"][:, :, ::-1]


def test_a_face_where_opencv_documents_it():
    detector = FaceDetectorYN.create("", "", (320, 320))
    detector.setInputSize((512, 512))
    count, faces = detector.detect(FACE)
    assert count == 1
    assert (faces.shape, faces.dtype) == ((1, 15), np.float32)
    x, y, width, height, *points, score = faces[0]
    # By eye in the picture: the person's right eye is the one further left.
    seen = [(206, 103), (248, 104), (225, 127), (203, 140), (245, 142)]
    for found, want in zip(np.reshape(points, (5, 2)), seen, strict=True):
        assert math.dist(found, want) < 6
    assert (x < 206, x + width > 248, y < 103, y + height > 142, 0.99 < score <= 1) == (True,) * 5
    # The detector counts a box's first pixel as 1.
    box = MTCNN(device="cpu").detect_raw(FACE[:, :, ::-1]).boxes[0]
    np.testing.assert_allclose([x + 1, y + 1, x + width, y + height], box, rtol=0, atol=1e-3)


def test_opencv_aligns_faces_by_it():
    # FaceRecognizerSF puts the eyes of such a row on fixed places of a picture of 112 pixels;
    # the network that it wants it never runs here, and any will do.
    model = Path(facecrypt.__file__).parent / "models" / "guess.onnx"
    aligner = cv2.FaceRecognizerSF.create(str(model), "")
    turned = cv2.warpAffine(FACE, cv2.getRotationMatrix2D((225, 110), 15, 1), (512, 512))
    _, faces = FaceDetectorYN.create("", "", (512, 512)).detect(turned)
    aligned = aligner.alignCrop(turned, faces[0])
    _, (found,) = FaceDetectorYN.create("", "", (112, 112)).detect(aligned)
    for point, want in ((found[4:6], (38.3, 51.7)), (found[6:8], (73.5, 51.5))):
        assert math.dist(point, want) < 4


def test_the_sample_of_opencv_runs(tmp_path):
    cv2.imwrite(str(tmp_path / "crowd.png"), CROWD)
    image = cv2.imread(str(tmp_path / "crowd.png"))
    detector = FaceDetectorYN.create("yunet.onnx", "", (320, 320), 0.9, 0.3, 5000)
    detector.setInputSize((image.shape[1], image.shape[0]))
    faces = detector.detect(image)
    assert len(faces[1]) == 7
    drawn = image.copy()
    for face in faces[1]:
        coords = face[:-1].astype(np.int32)
        cv2.rectangle(
            drawn, (coords[0], coords[1]), (coords[0] + coords[2], coords[1] + coords[3]), 255, 2
        )
        cv2.circle(drawn, (coords[4], coords[5]), 2, (255, 0, 0), 2)
    assert (drawn != image).any()


def test_no_face_and_no_picture():
    detector = FaceDetectorYN.create("", "", (80, 60))
    assert detector.detect(np.zeros((60, 80, 3), np.uint8)) == (1, None)
    assert detector.detect(np.empty((0, 0, 3), np.uint8)) == (0, None)
    assert detector.detect(None) == (0, None)


def test_thresholds():
    height, width = CROWD.shape[:2]
    detector = FaceDetectorYN.create("", "", (width, height), score_threshold=0.05)
    _, faces = detector.detect(CROWD)
    assert (np.diff(faces[:, 14]) <= 0).all()
    assert faces[-1, 14] < faces[-2, 14]
    detector.setScoreThreshold(faces[-2:, 14].mean())
    np.testing.assert_array_equal(detector.detect(CROWD)[1], faces[:-1])
    detector.setTopK(2)
    np.testing.assert_array_equal(detector.detect(CROWD)[1], faces[:2])
    # As MTCNN, whose own threshold is 0.7.
    detector.setTopK(5000)
    detector.setScoreThreshold(0.7)
    detector.setNMSThreshold(1)
    assert len(detector.detect(CROWD)[1]) == len(MTCNN(device="cpu").detect(CROWD[:, :, ::-1]))


def test_settings_come_back():
    detector = FaceDetectorYN.create("", "", [320, 240], 0.5, 0.25, 7)
    opencv = ("getInputSize", "getScoreThreshold", "getNMSThreshold", "getTopK")
    assert [getattr(detector, name)() for name in opencv] == [(320, 240), 0.5, 0.25, 7]
    public = {name for name in dir(cv2.FaceDetectorYN) if not name.startswith("_")}
    assert public <= set(dir(FaceDetectorYN))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (((0, 3),), "input_size"),
        (((3, 3), 0.01), "score_threshold"),
        (((3, 3), 0.9, 2), "nms_threshold"),
        (((3, 3), 0.9, 0.3, 0), "top_k"),
        (((3, 3), 0.9, 0.3, 1, 5), "backend_id"),
    ],
)
def test_bad_settings(arguments, says):
    with pytest.raises(ValueError, match=says):
        FaceDetectorYN.create("", "", *arguments)


def test_bad_pictures():
    detector = FaceDetectorYN.create("", "", (80, 60))
    for shape in ((80, 60, 3), (60, 80), (60, 80, 4)):
        with pytest.raises(ValueError, match="setInputSize"):
            detector.detect(np.zeros(shape, np.uint8))
    with pytest.raises(TypeError, match="uint8"):
        detector.detect(np.zeros((60, 80, 3), np.float32))

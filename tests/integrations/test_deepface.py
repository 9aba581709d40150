import os

import numpy as np
import pytest
from support.mtcnn_pictures import astronaut, composites
from support.places import ROOT


@pytest.fixture(scope="module")
def deepface(tmp_path_factory):
    """DeepFace with facecrypt as a detector, its folder for weights in a temporary place."""
    os.environ["DEEPFACE_HOME"] = str(tmp_path_factory.mktemp("deepface"))
    # No TensorFlow is needed for faces alone.
    os.environ["DEEPFACE_BACKEND_ENGINE"] = "onnx"
    library = pytest.importorskip("deepface.DeepFace", reason="pip install deepface==0.0.103")
    from facecrypt.integrations.deepface import register

    register()
    return library


pytestmark = pytest.mark.filterwarnings("ignore")


def test_extract_faces(deepface):
    (face,) = deepface.extract_faces(
        img_path=str(ROOT / "examples" / "astronaut.png"), detector_backend="facecrypt"
    )
    area = face["facial_area"]
    # By eye in the picture; left is the person's left.
    seen = {
        "left_eye": (248, 104),
        "right_eye": (206, 103),
        "nose": (225, 127),
        "mouth_left": (245, 142),
        "mouth_right": (203, 140),
    }
    for name, point in seen.items():
        np.testing.assert_allclose(area[name], point, rtol=0, atol=5)
    assert face["confidence"] == 1
    assert face["face"].shape == (area["h"], area["w"], 3)


def test_arrays_and_misses(deepface):
    crowd = np.ascontiguousarray(composites()["crowd"][:, :, ::-1])
    faces = deepface.extract_faces(crowd, detector_backend="facecrypt", align=False)
    assert len(faces) == 7
    blank = np.zeros((60, 80, 3), np.uint8)
    with pytest.raises(ValueError, match="Face could not be detected"):
        deepface.extract_faces(blank, detector_backend="facecrypt")


def test_close_to_its_own_mtcnn(deepface):
    pytest.importorskip("tensorflow", reason="DeepFace's backend mtcnn needs TensorFlow")
    pytest.importorskip("mtcnn", reason="pip install mtcnn==1.0.0 to compare")
    picture = np.ascontiguousarray(astronaut()[:, :, ::-1])
    ours, theirs = (
        deepface.extract_faces(picture, detector_backend=name, align=False)[0]["facial_area"]
        for name in ("facecrypt", "mtcnn")
    )
    for key in ("x", "y", "w", "h", "left_eye", "right_eye"):
        np.testing.assert_allclose(ours[key], theirs[key], rtol=0, atol=9)


def test_a_version_without_the_table(deepface, monkeypatch):
    from deepface.modules import modeling

    from facecrypt.errors import BackendUnavailableError
    from facecrypt.integrations.deepface import register

    monkeypatch.delattr(modeling, "ANY")
    with pytest.raises(BackendUnavailableError, match=r"deepface==0\.0\.103"):
        register()

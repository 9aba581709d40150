import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.mtcnn_pictures import astronaut, composites, shared_pictures
from support.peers import facenet_pytorch

from facecrypt.errors import BackendUnavailableError, MediaError
from facecrypt.integrations.facenet_pytorch import MTCNN, extract_face

FROZEN = json.loads((Path(__file__).parent.parent / "vectors" / "mtcnn_faces.json").read_text())
PICTURES = {"astronaut": astronaut()} | composites() | shared_pictures()
FACE = PICTURES["astronaut"]
CROWD = PICTURES["crowd"]
BLANK = np.zeros((60, 80, 3), np.uint8)


@pytest.fixture(scope="module")
def detector():
    return MTCNN()


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch", reason="needs facecrypt[learn]")


# Detection, without torch.


@pytest.mark.parametrize("name", FROZEN["pictures"])
def test_faces_equal_the_frozen_ones_of_facenet_pytorch(name):
    if name not in PICTURES:
        pytest.skip("lies in ../shared, which is absent")
    frozen = FROZEN["pictures"][name]
    if hashlib.sha256(PICTURES[name].tobytes()).hexdigest() != frozen["sha256"]:
        pytest.skip("this JPEG decoder gives other pixels")
    found = MTCNN(select_largest=False).detect(PICTURES[name], landmarks=True)
    expected = [
        np.array([face[key] for face in frozen["default"]]) for key in ("box", "score", "landmarks")
    ]
    # Faces of the same score have no order.
    mine, theirs = (np.lexsort(boxes.T) for boxes in (found[0], expected[0]))
    for ours, want in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours[mine], want[theirs], rtol=0, atol=1e-2)
    assert (np.diff(found[1]) <= 0).all()


def test_one_picture(detector):
    boxes, probs, points = detector.detect(Image.fromarray(CROWD), landmarks=True)
    assert (boxes.shape, probs.shape, points.shape) == ((7, 4), (7,), (7, 5, 2))
    assert boxes.dtype == probs.dtype == points.dtype == np.float64
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    assert (np.diff(areas) <= 0).all()
    assert len(detector.detect(CROWD)) == 2


@pytest.mark.parametrize("picture", [BLANK, BLANK[:9, :7], BLANK[:1, :1], Image.new("L", (5, 300))])
def test_no_face(detector, picture):
    assert detector.detect(picture) == (None, [None])
    assert detector.detect(picture, landmarks=True) == (None, [None], None)
    assert detector(picture) is None
    assert detector(picture, return_prob=True) == (None, None)
    assert detector.extract(picture, np.empty((0, 4)), None) is None


def test_batches(detector):
    one = detector.detect(FACE, landmarks=True)
    equal = detector.detect([FACE, Image.fromarray(FACE)], landmarks=True)
    assert [part.shape for part in equal] == [(2, 1, 4), (2, 1), (2, 1, 5, 2)]
    stacked = detector.detect(np.stack([FACE, FACE]), landmarks=True)
    for pair, again, single in zip(equal, stacked, one, strict=True):
        np.testing.assert_array_equal(pair, np.stack([single, single]))
        np.testing.assert_array_equal(again, pair)
    for batch in ([FACE, CROWD, BLANK], (FACE, CROWD, BLANK)):
        mixed = detector.detect(batch, landmarks=True)
        assert [part.shape for part in mixed] == [(3,)] * 3
        assert [part.dtype for part in mixed] == [object] * 3
        assert [part[2] for part in mixed] == [None, [None], None]
        np.testing.assert_array_equal(mixed[0][0], one[0])
        assert mixed[0][1].shape == (7, 4)
    boxes, probs = detector.detect([BLANK, BLANK])
    assert boxes.tolist() == [None, None]
    assert probs.tolist() == [[None], [None]]
    assert [part.shape for part in detector.detect([])] == [(0,), (0,)]


@pytest.mark.parametrize("mode", ["L", "RGBA", "CMYK", "P", "LA"])
def test_pillow_modes(detector, mode):
    picture = Image.fromarray(FACE).convert(mode)
    boxes, _ = detector.detect(picture)
    np.testing.assert_array_equal(boxes, detector.detect(picture.convert("RGB"))[0])
    assert len(boxes) == 1


def test_kinds_of_arrays(detector):
    gray = FACE[:, :, 1]
    want = detector.detect(np.repeat(gray[:, :, None], 3, axis=2))[0]
    for array in (gray, gray[:, :, None], gray.astype(np.float32), gray.astype(np.int64)):
        np.testing.assert_array_equal(detector.detect(array)[0], want)
    np.testing.assert_array_equal(detector.detect(gray.astype(np.uint16) * 257)[0], want)


@pytest.mark.parametrize(
    ("picture", "error", "says"),
    [
        ("face.jpg", TypeError, "received str"),
        (FACE / 255, ValueError, "multiply them by 255"),
        (FACE.astype(int) - 1, ValueError, "received -1 to 254"),
        (np.where(FACE > 9, FACE, np.nan), ValueError, "received nan"),
        (FACE.astype(complex), TypeError, "complex128"),
        (FACE.transpose(2, 0, 1), ValueError, r"\(3, 512, 512\)"),
        (Image.new("I;16", (40, 40)), ValueError, "'I;16'"),
    ],
)
def test_other_pictures_are_refused(detector, picture, error, says):
    with pytest.raises(error, match=says):
        detector.detect(picture)


def test_attributes_count_when_changed():
    detector = MTCNN()
    detector.min_face_size = 40
    assert len(detector.detect(CROWD)[0]) == len(FROZEN["pictures"]["crowd"]["large"]) == 6
    with pytest.raises(ValueError, match="'tpu'"):
        detector.to("tpu")
    assert detector.to("cpu").eval() is detector


def test_detection_needs_no_torch():
    code = (
        "import sys, numpy as np\n"
        "from facecrypt.integrations.facenet_pytorch import MTCNN\n"
        "print(MTCNN().detect(np.zeros((64, 64, 3), np.uint8)), 'torch' in sys.modules)\n"
        "sys.modules['torch'] = None\n"
        "MTCNN().extract(np.zeros((9, 9, 3)), np.array([[1, 1, 5, 5]]), None)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.stdout == "(None, [None]) False\n"
    assert "BackendUnavailableError: crops of faces are torch tensors" in ran.stderr


# Selection, worked out by hand: areas 400, 2500, 100; distances 40, 25 sqrt 2, 0.

BOXES = np.array([[0, 40, 20, 60], [0, 0, 50, 50], [45, 45, 55, 55]], float)
PROBS = np.array([0.99, 0.8, 0.95])
POINTS = np.arange(30.0).reshape(3, 5, 2)


@pytest.mark.parametrize(
    ("method", "options", "best"),
    [
        ("largest", {}, 1),
        ("probability", {}, 0),
        ("largest_over_threshold", {}, 0),
        ("largest_over_threshold", {"threshold": 0.5}, 1),
        ("center_weighted_size", {}, 2),
        ("center_weighted_size", {"center_weight": 0.1}, 1),
    ],
)
def test_select_boxes(detector, method, options, best):
    picture = np.zeros((100, 100, 3), np.uint8)
    boxes, prob, points = detector.select_boxes(
        BOXES, PROBS, POINTS, picture, method=method, **options
    )
    np.testing.assert_array_equal(boxes, BOXES[[best]])
    np.testing.assert_array_equal(points, POINTS[[best]])
    assert prob == PROBS[best]


def test_select_boxes_of_batches(detector):
    both = [None, BOXES], [[None], PROBS], [None, POINTS]
    boxes, probs, points = detector.select_boxes(*both, [BLANK, BLANK], "largest")
    assert (boxes[0], probs[0][0], points[0]) == (None, None, None)
    np.testing.assert_array_equal(boxes[1], BOXES[[1]])
    none = detector.select_boxes(
        BOXES, PROBS, POINTS, BLANK, "largest_over_threshold", threshold=0.999
    )
    assert none == (None, None, None)
    with pytest.raises(ValueError, match="method must be one of largest"):
        detector.select_boxes(BOXES, PROBS, POINTS, BLANK, "best")


# Crops.


def test_crops_are_resampled_by_the_filter_of_their_kind(torch):
    # Margin 16 of 80: a quarter of the sides 39.8 and 40.7, half of it on each side.
    box = (10.9, 20.2, 50.7, 60.9)
    part = FACE[15:65, 5:55]
    picture = Image.fromarray(part).resize((80, 80), Image.Resampling.BILINEAR)
    face = extract_face(Image.fromarray(FACE), box, 80, 16)
    assert (face.shape, face.dtype, face.is_contiguous()) == ((3, 80, 80), torch.float32, True)
    np.testing.assert_array_equal(face.numpy().transpose(1, 2, 0), np.asarray(picture))
    # To 10 pixels OpenCV's area filter and torch's are the mean of 5 x 5.
    means = part.reshape(10, 5, 10, 5, 3).mean(axis=(1, 3))
    box = (5, 15, 55, 65)
    for kind, want in ((FACE, np.floor(means + 0.5)), (torch.tensor(FACE), np.floor(means))):
        face = extract_face(kind, box, 10).numpy().transpose(1, 2, 0)
        np.testing.assert_array_equal(face, want)
    gray = FACE[:, :, 1]
    for kind in (gray, gray[:, :, None], torch.tensor(gray), Image.fromarray(gray)):
        face = extract_face(kind, box, 50).numpy()
        np.testing.assert_array_equal(face, np.stack([part[:, :, 1]] * 3))


def test_boxes_are_cut_off_at_the_edge(torch):
    face = extract_face(Image.fromarray(FACE), (-30, -20, 40, 50), 40)
    want = Image.fromarray(FACE[:50, :40]).resize((40, 40), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(face.numpy().transpose(1, 2, 0), np.asarray(want))
    with pytest.raises(ValueError, match="pixels of the picture of 512x512"):
        extract_face(FACE, (600, 10, 650, 60))
    with pytest.raises(ValueError, match="margin must be"):
        extract_face(FACE, (10, 10, 50, 50), 40, 40)


def test_forward(torch, detector):
    face, prob = detector(Image.fromarray(FACE), return_prob=True)
    assert face.shape == (3, 160, 160)
    assert isinstance(prob, float)
    raw = MTCNN(post_process=False)(Image.fromarray(FACE))
    assert torch.equal(face, (raw - 127.5) / 128)
    faces, probs = MTCNN(keep_all=True, image_size=96)(CROWD, return_prob=True)
    assert faces.shape == (7, 3, 96, 96)
    assert probs.shape == (7,)
    batch, probs = detector([FACE, BLANK, CROWD], return_prob=True)
    assert torch.equal(batch[0], detector(FACE))
    assert batch[1] is None
    assert [prob[0] is None for prob in probs] == [False, True, False]


def test_saving(torch, tmp_path):
    detector = MTCNN(keep_all=True, image_size=64)
    raw = MTCNN(keep_all=True, image_size=64, post_process=False)(CROWD)
    for path in (tmp_path / "new" / "crowd.png", str(tmp_path / "text.png")):
        detector(CROWD, save_path=path)
        for i, face in enumerate(raw):
            name = Path(path).with_stem(f"{Path(path).stem}_{i + 1}") if i else path
            np.testing.assert_array_equal(
                np.asarray(Image.open(name)), face.numpy().transpose(1, 2, 0)
            )
    detector([FACE, BLANK], save_path=[tmp_path / "a.jpg", tmp_path / "b.jpg"])
    assert (tmp_path / "a.jpg").exists()
    assert not (tmp_path / "b.jpg").exists()
    with pytest.raises(ValueError, match="2 pictures, 2 entries and 1 paths"):
        detector([FACE, FACE], save_path=tmp_path / "a.png")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(MediaError, match=r"file"):
        detector(FACE, save_path=tmp_path / "file" / "a.png")


def test_tensors(torch, detector):
    boxes, _ = detector.detect(FACE)
    for tensor in (torch.tensor(FACE), torch.tensor(FACE).float(), torch.tensor(FACE).long()):
        np.testing.assert_array_equal(detector.detect(tensor)[0], boxes)
    np.testing.assert_array_equal(detector.detect(torch.tensor(FACE)[None])[0], boxes[None])
    with pytest.raises(ValueError, match="CUDA_VISIBLE_DEVICES"):
        MTCNN(device=torch.device("cuda:1"))
    MTCNN(device=torch.device("cpu"))


def test_cuda_is_not_replaced_in_silence():
    onnxruntime = pytest.importorskip("onnxruntime")
    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("onnxruntime has CUDA here")
    with pytest.raises(BackendUnavailableError):
        MTCNN(device="cuda:0")


# Against facenet-pytorch itself.


@pytest.fixture(scope="module")
def peer(torch):
    # Its thousands of small operations are no faster for more threads.
    torch.set_num_threads(1)
    return facenet_pytorch()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["astronaut", *composites()])
def test_equal_to_facenet_pytorch(peer, torch, name):
    settings = {"keep_all": True, "margin": 14, "image_size": 112}
    ours, theirs = MTCNN(**settings), peer.MTCNN(**settings)
    array = PICTURES[name]
    results = [model.detect(Image.fromarray(array), landmarks=True) for model in (ours, theirs)]
    for mine, other in zip(*results, strict=True):
        np.testing.assert_allclose(mine, other.astype(float), rtol=0, atol=1e-2)
    for kind in (Image.fromarray(array), array, torch.tensor(array)):
        crops = [model.extract(kind, results[0][0], None) for model in (ours, theirs)]
        assert torch.equal(*crops)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("method", ["largest", "probability", "center_weighted_size"])
def test_selection_equals_facenet_pytorch(peer, torch, method):
    picture = Image.fromarray(CROWD[:240, 240:])
    results = [
        model(selection_method=method)(picture, return_prob=True) for model in (MTCNN, peer.MTCNN)
    ]
    assert torch.equal(results[0][0], results[1][0])
    assert results[0][1] == pytest.approx(results[1][1], abs=1e-6)


@pytest.mark.filterwarnings("ignore")
def test_batches_equal_facenet_pytorch(peer, torch):
    pictures = [FACE, np.roll(FACE, 40, axis=1), FACE[:, ::-1].copy()]
    for given in ([Image.fromarray(array) for array in pictures], np.stack(pictures)):
        mine, other = (model().detect(given, landmarks=True) for model in (MTCNN, peer.MTCNN))
        for ours, theirs in zip(mine, other, strict=True):
            assert ours.shape == theirs.shape
            np.testing.assert_allclose(ours, theirs.astype(float), rtol=0, atol=1e-2)
    faces = [torch.stack(model()(given)) for model in (MTCNN, peer.MTCNN)]
    assert torch.equal(*faces)


@pytest.mark.filterwarnings("ignore")
def test_the_quick_start_feeds_their_network(peer, torch, tmp_path):
    resnet = peer.InceptionResnetV1(num_classes=10).eval()
    embeddings = []
    for library in (sys.modules["facecrypt.integrations.facenet_pytorch"], peer):
        mtcnn = library.MTCNN(image_size=160, margin=20)
        path = tmp_path / library.__name__ / "face.png"
        cropped = mtcnn(Image.fromarray(FACE), save_path=str(path))
        with torch.no_grad():
            embeddings.append(resnet(cropped.unsqueeze(0)))
    assert torch.equal(*embeddings)
    ours, theirs = (p.read_bytes() for p in sorted(tmp_path.glob("*/face.png")))
    assert ours == theirs

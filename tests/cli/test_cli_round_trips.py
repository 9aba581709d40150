"""Any options that seal a picture, and those that open it, give it back bit for bit."""

import json
import tempfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facecrypt.cli import main
from facecrypt.regions import Region


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Name -> options to seal for it, and options to open with it."""
    folder = tmp_path_factory.mktemp("keys")
    found = {"-p": (["-p"], ["-p"])}
    for kind in [], ["--pq"]:
        path = folder / f"key{''.join(kind)}.txt"
        assert main(["keygen", *kind, "-o", str(path)]) == 0
        public = path.read_text().split("public key: ")[1].split()[0]
        found[f"-r{kind}"] = (["-r", public], ["-i", str(path)])
    assert main(["keygen", "--symmetric", "-o", str(folder / "k")]) == 0
    found["-k"] = (["-k", str(folder / "k")],) * 2
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FACECRYPT_PASSPHRASE", "correct horse battery staple")
        yield found


def pictures():
    return st.tuples(
        st.sampled_from([(), (3,), (4,)]),
        st.sampled_from([np.uint8, np.uint16]),
        st.integers(1, 40),
        st.integers(1, 40),
        st.integers(0, 2**32),
    ).map(drawn)


def drawn(kind) -> np.ndarray:
    channels, dtype, height, width, seed = kind
    rng = np.random.default_rng(seed)
    return rng.integers(0, np.iinfo(dtype).max, (height, width, *channels), dtype, endpoint=True)


def boxes():
    edge = st.integers(-5, 45)
    return st.lists(
        st.tuples(edge, edge, st.integers(1, 40), st.integers(1, 40)).map(
            lambda box: [box[0], box[1], box[0] + box[2], box[1] + box[3]]
        ),
        max_size=4,
    )


SEAL = st.tuples(
    st.sampled_from([[], ["--sidecar"]]),
    st.sampled_from([[], ["--keep-metadata"]]),
    st.sampled_from([[], ["--shape", "ellipse"]]),
    st.sampled_from([[], ["--grow", "0"], ["--grow", "1.5"]]),
    st.sampled_from([[], ["--cipher", "aes-256-gcm"]]),
    st.sampled_from([[], ["--jobs", "1"], ["--jobs", "2"]]),
    st.sampled_from([[], ["--force"]]),
)
OPEN = st.tuples(
    st.sampled_from([[], ["--jobs", "1"], ["--jobs", "2"]]),
    st.sampled_from([[], ["--force"]]),
    st.sampled_from([[], ["--allow-edited"]]),
)


@settings(max_examples=25, deadline=None)
@given(
    images=st.lists(pictures(), min_size=1, max_size=3),
    given_boxes=st.none() | boxes(),
    recipients=st.lists(
        st.sampled_from(["-p", "-r[]", "-r['--pq']", "-k"]), min_size=1, max_size=3, unique=True
    ),
    options=st.tuples(SEAL, OPEN),
)
def test_round_trip(keys, images, given_boxes, recipients, options):
    with tempfile.TemporaryDirectory() as name:
        here = Path(name)
        (here / "in").mkdir()
        for number, image in enumerate(images):
            cv2.imwrite(str(here / "in" / f"{number}.png"), image)
        what = ["--whole"]
        if given_boxes is not None:
            listed = {
                f"{number}.png": [
                    box for box in given_boxes if Region(*box).clip(*image.shape[:2]) is not None
                ]
                for number, image in enumerate(images)
            }
            (here / "boxes.json").write_text(json.dumps(listed))
            what = ["--boxes", str(here / "boxes.json")]
        to = [option for one in recipients for option in keys[one][0]]
        how, back = ([option for some in part for option in some] for part in options)
        sealing = ["encrypt", str(here / "in"), "-o", str(here / "sealed"), *to, *what, *how]
        assert main(sealing) == 0
        opening = [*back, *keys[recipients[-1]][1]]
        assert main(["verify", str(here / "sealed"), *keys[recipients[0]][1]]) == 0
        assert main(["decrypt", str(here / "sealed"), "-o", str(here / "back"), *opening]) == 0
        for number, image in enumerate(images):
            back = cv2.imread(str(here / "back" / f"{number}.png"), cv2.IMREAD_UNCHANGED)
            assert back.dtype == image.dtype
            assert np.array_equal(back, image)
            if given_boxes is None and image.size > 16:
                sealed = cv2.imread(str(here / "sealed" / f"{number}.png"), cv2.IMREAD_UNCHANGED)
                assert (sealed != image).mean() > 0.5

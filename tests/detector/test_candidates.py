"""A picture full of faces costs no more than a bound: it is refused, not half searched."""

import numpy as np
import pytest
from PIL import Image
from support.mtcnn_pictures import astronaut

from facecrypt import SecretKey, TooManyFacesError, cli, encrypt_image
from facecrypt.detector import MTCNN, stages

# At the default settings the sample picture has 299 cells, 153 squares for R-Net, 9 for O-Net.
FOUND = {"pnet": 299, "rnet": 153, "onet": 9}


def bound(monkeypatch, **least):
    roomy = dict.fromkeys(FOUND, (10**6, 1))
    monkeypatch.setattr(stages, "MAX_CANDIDATES", roomy | {k: (n, 10**9) for k, n in least.items()})


@pytest.mark.parametrize("name", FOUND)
def test_each_stage_refuses_more_than_its_bound_and_takes_as_many(name, monkeypatch):
    detector, picture = MTCNN(device="cpu"), astronaut()
    bound(monkeypatch, **{name: FOUND[name]})
    assert len(detector.detect(picture)) == 1
    bound(monkeypatch, **{name: FOUND[name] - 1})
    with pytest.raises(TooManyFacesError, match=rf"512 x 512 pixels look like faces \({name}\)"):
        detector.detect(picture)


def test_a_picture_that_is_not_wholly_searched_is_not_encrypted(monkeypatch):
    bound(monkeypatch, onet=8)
    with pytest.raises(TooManyFacesError, match="faces would be missed; give regions="):
        encrypt_image(astronaut(), SecretKey(bytes(32)))


def test_in_a_batch_it_fails_alone(tmp_path, monkeypatch, capsys):
    bound(monkeypatch, onet=8)
    (tmp_path / "in").mkdir()
    Image.fromarray(astronaut()).save(tmp_path / "in" / "faces.png")
    Image.fromarray(np.zeros((40, 40, 3), np.uint8)).save(tmp_path / "in" / "none.png")
    key = tmp_path / "key"
    key.write_bytes(bytes(range(32)))
    arguments = ["encrypt", str(tmp_path / "in"), "-o", str(tmp_path / "out"), "-k", str(key)]
    assert cli.main(arguments) == 1
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["none.png"]
    said = capsys.readouterr().err
    assert "faces.png: 9 places or more of this picture" in said
    assert "hint: 'encrypt --whole'" in said
    assert cli.main([*arguments, "--whole", "--force"]) == 0
    assert (tmp_path / "out" / "faces.png").exists()


@pytest.mark.parametrize(
    ("name", "small", "large"),  # of any picture; of one of 2^28 pixels
    [("pnet", 1_048_576, 8_388_608), ("rnet", 131_072, 2_097_152), ("onet", 32_768, 262_144)],
)
def test_the_bounds_that_are_documented(name, small, large):
    for shape, most in (((100, 100), small), ((16_384, 16_384), large)):
        stages.check_candidates(name, most, shape)
        with pytest.raises(TooManyFacesError, match=f"at most {most:,} are looked at"):
            stages.check_candidates(name, most + 1, shape)

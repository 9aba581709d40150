import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image
from support.noise import adjacent_correlation, chi_square, entropy

from facecrypt import (
    AuthenticationError,
    Identity,
    KeyFormatError,
    Passphrase,
    Recipient,
    Region,
    RegionKey,
    Sealed,
    SecretKey,
    decrypt_image,
    encrypt_file,
    encrypt_image,
    region_key,
)
from facecrypt.sealing.header import CIPHERS

ALICE, BOB = Identity.generate(), Identity.generate(pq=True)
KEY = SecretKey.generate()
FACES = [Region(4, 4, 24, 30), Region(18, 10, 44, 40), Region(30, 2, 60, 44, shape="ellipse")]


def seal(image, regions=FACES, recipients=KEY, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return encrypt_image(image, recipients, regions=regions, **options)


def covered(image, regions):
    mask = np.zeros(image.shape[:2], bool)
    for region in regions:
        mask[region.y0 : region.y1, region.x0 : region.x1] |= region.mask()
    return mask


class FixedDetector:
    def __init__(self, *regions):
        self.regions = list(regions)

    def detect(self, image):
        return self.regions


@pytest.mark.parametrize("cipher", CIPHERS)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [None, 1, 3, 4])
def test_round_trip(photo, cipher, dtype, channels):
    image = photo[..., 0] if channels is None else np.resize(photo, (48, 64, channels))
    image = image.astype(dtype) * (1 if dtype == np.uint8 else 257)
    before = image.copy()
    sealed = seal(image, cipher=cipher)
    assert (image == before).all()
    assert sealed.image.dtype == image.dtype
    assert sealed.image.shape == image.shape
    mask = covered(image, FACES)
    assert (sealed.image[~mask] == image[~mask]).all()
    assert (decrypt_image(sealed, KEY) == image).all()


images = hnp.arrays(
    st.sampled_from([np.uint8, np.uint16]),
    st.tuples(st.integers(1, 24), st.integers(1, 24)).flatmap(
        lambda hw: st.sampled_from([hw, (*hw, 1), (*hw, 3), (*hw, 4)])
    ),
)
regions = st.lists(
    st.builds(
        lambda x, y, w, h, shape: Region(x, y, x + w, y + h, shape=shape),
        st.integers(-10, 23),
        st.integers(-10, 23),
        st.integers(1, 30),
        st.integers(1, 30),
        st.sampled_from(["box", "ellipse"]),
    ),
    max_size=5,
)


@settings(max_examples=500, deadline=None)
@given(images, regions, st.sampled_from(CIPHERS))
def test_any_picture_comes_back_bit_for_bit(image, boxes, cipher):
    height, width = image.shape[:2]
    # Those wholly outside are an error.
    boxes = [b for b in boxes if b.x0 < width and b.y0 < height and b.x1 > 0 and b.y1 > 0]
    sealed = seal(image, boxes, cipher=cipher)
    assert (decrypt_image(sealed, KEY) == image).all()
    assert not sealed.edited


def test_a_view_is_sealed_like_its_copy(photo):
    sealed = seal(photo[::2, ::-1], [Region(0, 0, 20, 20)])
    assert (decrypt_image(sealed, KEY) == photo[::2, ::-1]).all()
    big_endian = photo.astype(">u2")
    assert (decrypt_image(seal(big_endian), KEY) == photo).all()


@pytest.mark.parametrize("cipher", CIPHERS)
def test_the_sealed_pixels_look_like_noise(photo, cipher):
    image = np.tile(photo, (5, 5, 1))
    region = Region(10, 10, 210, 210)
    noise = seal(image, [region], cipher=cipher).image[10:210, 10:210]
    # 120,000 uniform bytes: entropy 7.9985, chi-square 255 +- 22.6 (1 in 10^6 is 378).
    assert entropy(noise) > 7.997
    assert chi_square(noise) < 378
    assert abs(adjacent_correlation(noise)) < 0.025
    assert adjacent_correlation(image[10:210, 10:210]) > 0.5


def test_the_oracles_of_noise_can_fail(photo):
    flat = np.tile(photo, (5, 5, 1))
    assert entropy(flat) < 7.997
    assert chi_square(flat) > 378


@pytest.mark.parametrize("cipher", CIPHERS)
def test_no_plain_pixel_survives_where_boxes_overlap(cipher):
    image = np.zeros((64, 64, 3), np.uint8)
    boxes = [Region(0, 0, 40, 40), Region(20, 20, 64, 64), Region(0, 0, 64, 64, shape="ellipse")]
    runs = np.stack([seal(image, boxes, cipher=cipher).image for _ in range(8)])
    # A sample that is 0 in all of 8 independent sealings: 12288 / 256**8 is never.
    assert (runs[:, covered(image, boxes)] != 0).any(axis=0).all()
    assert (runs[:, ~covered(image, boxes)] == 0).all()


def test_sealing_twice_gives_different_noise(photo):
    assert (seal(photo).image != seal(photo).image).any()


def test_equal_faces_of_one_picture_get_different_noise():
    image = np.zeros((20, 40, 3), np.uint8)
    sealed = seal(image, [Region(0, 0, 20, 20), Region(20, 0, 40, 20)])
    assert (sealed.image[:, :20] != sealed.image[:, 20:]).any()


def test_a_recipient_named_twice_is_one(photo):
    again = Recipient.parse(str(ALICE.recipient))
    sealed = seal(photo, recipients=[ALICE.recipient, KEY, again, KEY])
    assert [one["type"] for one in sealed.header.stanzas] == ["hpke-x25519", "secret-key"]


def test_every_recipient_opens_it_and_nobody_else(photo):
    phrase = Passphrase("correct horse")
    sealed = seal(photo, recipients=[ALICE.recipient, BOB.recipient, KEY, phrase])
    for identity in (ALICE, BOB, KEY, Passphrase("correct horse")):
        assert (decrypt_image(sealed, identity) == photo).all()
        assert (decrypt_image(sealed, [Identity.generate(), identity]) == photo).all()
    for identity in (
        Identity.generate(),
        Identity.generate(pq=True),
        SecretKey.generate(),
        Passphrase("battery staple"),
    ):
        with pytest.raises(AuthenticationError) as error:
            decrypt_image(sealed, identity)
        assert str(error.value) == (
            "the key does not open this picture, or the picture was changed after sealing"
        )


def test_a_region_key_opens_its_face_alone(photo):
    sealed = seal(photo)
    for index, region in enumerate(FACES):
        key = RegionKey.parse(str(region_key(sealed, KEY, index)))
        out = decrypt_image(sealed, key)
        mine = covered(photo, [region]) & ~covered(photo, FACES[:index])
        assert (out[mine] == photo[mine]).all()
        assert (out[~mine] == sealed.image[~mine]).all()
    every = [region_key(sealed, KEY, index) for index in range(3)]
    assert (decrypt_image(sealed, every) == photo).all()
    with pytest.raises(AuthenticationError):
        decrypt_image(sealed, every[0], regions=[1])
    with pytest.raises(AuthenticationError):
        decrypt_image(seal(photo), every[0])


def test_a_region_key_of_another_region_does_not_open(photo):
    sealed = seal(photo)
    key = region_key(sealed, KEY, 0)
    with pytest.raises(AuthenticationError):
        decrypt_image(sealed, replace(key, index=1))


def test_only_the_regions_asked_for_are_opened(photo):
    sealed = seal(photo)
    out = decrypt_image(sealed, KEY, regions=[1])
    mine = covered(photo, FACES[1:2]) & ~covered(photo, FACES[:1])
    assert (out[mine] == photo[mine]).all()
    assert (out[~mine] == sealed.image[~mine]).all()
    with pytest.raises(ValueError, match="no region 3; the picture has 3"):
        decrypt_image(sealed, KEY, regions=[3])
    with pytest.raises(ValueError, match="no region -1"):
        region_key(sealed, KEY, -1)


@pytest.mark.parametrize("cipher", CIPHERS)
def test_every_changed_sealed_pixel_is_refused(cipher):
    image = np.arange(8 * 8 * 3, dtype=np.uint8).reshape(8, 8, 3)
    sealed = seal(image, [Region(1, 1, 6, 6), Region(4, 4, 8, 8, shape="ellipse")], cipher=cipher)
    for place in np.ndindex(image.shape):
        for bit in range(8):
            changed = sealed.image.copy()
            changed[place] ^= 1 << bit
            with pytest.raises(AuthenticationError):
                decrypt_image(Sealed(changed, sealed.header), KEY)


@pytest.mark.parametrize("cipher", CIPHERS)
def test_every_changed_tag_and_mac_is_refused(photo, cipher):
    sealed = seal(photo[:12, :12], [Region(1, 1, 6, 6), Region(4, 4, 8, 8)], cipher=cipher)
    header = sealed.header

    def flip(data: bytes, bit: int) -> bytes:
        out = bytearray(data)
        out[bit // 8] ^= 1 << bit % 8
        return bytes(out)

    for bit in range(8 * header.tag_size):
        for tags in ((flip(header.tags[0], bit), header.tags[1]), (header.tags[0], b"")):
            with pytest.raises(AuthenticationError):
                decrypt_image(Sealed(sealed.image, replace(header, tags=tags)), KEY)
    for bit in range(256):
        bad = replace(header, mac=flip(header.mac, bit))
        with pytest.raises(AuthenticationError):
            decrypt_image(Sealed(sealed.image, bad), KEY)


def test_a_region_key_sees_a_changed_header(photo):
    sealed = seal(photo)
    key = region_key(sealed, KEY, 0)
    bad = replace(sealed.header, software="facecrypt 9.9.9")
    with pytest.raises(AuthenticationError):
        decrypt_image(Sealed(sealed.image, bad), replace(key, picture=bad.picture_id))


def test_edited_surroundings_are_refused_unless_allowed(photo):
    sealed = seal(photo)
    changed = sealed.image.copy()
    changed[0, 0, 0] ^= 1
    edited = Sealed(changed, sealed.header)
    assert edited.edited
    assert not sealed.edited
    with pytest.raises(AuthenticationError, match="the public pixels were edited"):
        decrypt_image(edited, KEY)
    out = decrypt_image(edited, KEY, allow_edited=True)
    mask = covered(photo, FACES)
    assert (out[mask] == photo[mask]).all()
    assert out[0, 0, 0] == photo[0, 0, 0] ^ 1


def test_what_is_painted_over_a_sealed_region_is_seen_without_its_key(photo):
    sealed = seal(photo)
    key = region_key(sealed, KEY, 1)
    x0, y0, x1, y1 = sealed.header.regions[0].box
    painted = sealed.image.copy()
    painted[y0:y1, x0:x1] = 200
    edited = Sealed(painted, sealed.header)
    assert edited.edited
    with pytest.raises(AuthenticationError, match="the public pixels were edited"):
        decrypt_image(edited, key)
    out = decrypt_image(edited, key, allow_edited=True)
    box = np.s_[10:40, 24:44]  # of region 1 alone
    assert (out[box] == photo[box]).all()


def test_no_faces_is_a_sealed_picture_too(photo):
    sealed = encrypt_image(photo, KEY, detector=FixedDetector())
    assert (sealed.image == photo).all()
    assert sealed.header.regions == ()
    assert (decrypt_image(sealed, KEY) == photo).all()
    with pytest.raises(AuthenticationError):
        decrypt_image(sealed, SecretKey.generate())
    changed = photo.copy()
    changed[3, 3] ^= 1
    with pytest.raises(AuthenticationError):
        decrypt_image(Sealed(changed, sealed.header), KEY)


@pytest.mark.parametrize(
    ("shape", "face", "wide"),
    [
        # Grown to 15, 5, 45, 35 and widened; the large ellipse covers the one it replaces.
        ("ellipse", (20, 10, 40, 30), Region(0, 0, 48, 48, shape="ellipse")),
        ("box", (20, 10, 40, 30), Region(0, 0, 48, 48)),
        # Grown to 6, -5, 26, 15: the border of the picture cuts the ellipse.
        ("ellipse", (9, -2, 23, 12), Region(0, 0, 32, 16)),
    ],
)
def test_detected_regions_grow_to_multiples_of_16_and_tell_their_place_alone(
    photo, shape, face, wide
):
    found = Region(*face, score=0.987654, landmarks=((1.0, 2.0),) * 5)
    header = encrypt_image(photo, KEY, detector=FixedDetector(found), grow=0.25, shape=shape).header
    assert header.regions == (wide,)
    for word in b"landmarks", b"score":
        assert word not in header.to_bytes()


def test_given_regions_are_clipped_and_not_grown(photo):
    header = seal(photo, [Region(50, 40, 99, 99), Region(-9, -9, 1, 1)]).header
    assert [region.box for region in header.regions] == [(50, 40, 64, 48), (0, 0, 1, 1)]


@pytest.mark.parametrize("box", [(64, 0, 70, 9), (0, 48, 9, 50), (-9, 0, 0, 9), (0, -9, 9, 0)])
def test_a_given_region_outside_the_picture_is_an_error(photo, box):
    with pytest.raises(ValueError, match="wholly outside") as error:
        seal(photo, [Region(0, 0, 9, 9), Region(*box)])
    assert str(error.value) == (
        f"region 1 {box} lies wholly outside the 64x48 picture; boxes are x0, y0, x1, y1 in pixels "
        "of the upright picture, its EXIF orientation applied"
    )


def test_a_detected_region_outside_the_picture_is_left_out(photo):
    outside, face = Region(64, 0, 70, 9), Region(20, 10, 40, 30)
    header = encrypt_image(photo, KEY, detector=FixedDetector(outside, face), grow=0).header
    assert header.regions == (Region(16, 0, 48, 32),)


def test_the_research_cipher_warns(photo):
    with pytest.warns(UserWarning, match="not a secure cipher") as said:
        encrypt_image(photo, KEY, regions=FACES, cipher="logistic")
    assert [warning.filename for warning in said] == [__file__]


@pytest.mark.parametrize(("name", "sidecar"), [("a.jpg", False), ("a.jpg", True), ("a.png", True)])
def test_the_research_cipher_warns_whatever_the_carrier(tmp_path, photo, name, sidecar):
    Image.fromarray(photo).save(tmp_path / name)
    with pytest.warns(UserWarning, match="not a secure cipher") as said:
        encrypt_file(
            tmp_path / name,
            tmp_path / f"sealed-{name}",
            KEY,
            regions=FACES,
            cipher="logistic",
            sidecar=sidecar,
        )
    assert len(said) == 1


@pytest.mark.parametrize(
    ("image", "error", "message"),
    [
        (np.zeros((4, 4), np.float32), TypeError, "received float32"),
        ([[0, 1], [2, 3]], TypeError, "received list"),
        (np.zeros((4, 4, 2), np.uint8), ValueError, r"received shape \(4, 4, 2\)"),
        (np.zeros((4,), np.uint8), ValueError, "received shape"),
        (np.zeros((0, 4, 3), np.uint8), ValueError, "not empty"),
    ],
)
def test_what_is_not_a_picture_is_refused(image, error, message):
    with pytest.raises(error, match=message):
        encrypt_image(image, KEY, regions=[])


def test_bad_arguments(photo):
    with pytest.raises(ValueError, match="cipher must be one of"):
        encrypt_image(photo, KEY, regions=[], cipher="rot13")
    with pytest.raises(KeyFormatError, match="expected a recipient, received none"):
        encrypt_image(photo, [], regions=[])
    with pytest.raises(TypeError, match=r"Recipient\.parse"):
        encrypt_image(photo, str(ALICE.recipient), regions=[])
    with pytest.raises(TypeError, match="expected a recipient, received Identity"):
        encrypt_image(photo, ALICE, regions=[])
    with pytest.raises(TypeError, match="expected an identity, received Recipient"):
        decrypt_image(seal(photo), ALICE.recipient)
    with pytest.raises(ValueError, match="grow"):
        encrypt_image(photo, KEY, detector=FixedDetector(FACES[0]), grow=-1)


def test_reference_and_native_kernels_make_the_same_picture(photo, monkeypatch):
    monkeypatch.setattr("os.urandom", lambda n: bytes(range(n)))
    one, two = (seal(photo, backend=name).image for name in ("reference", "native"))
    assert (one == two).all()

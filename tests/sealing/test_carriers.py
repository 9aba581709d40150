from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image
from support.sealed_files import sealed_png

from facecrypt import (
    AuthenticationError,
    ContainerError,
    MediaError,
    NotSealedError,
    Region,
    SecretKey,
    decrypt_file,
    decrypt_files,
    decrypt_image,
    encrypt_file,
    encrypt_files,
    encrypt_image,
    inspect,
    verify,
)
from facecrypt.media.png import encode_png, png_chunks
from facecrypt.sealing import carriers, finding
from facecrypt.sealing.carriers import Source
from facecrypt.sealing.carriers.carrier import SealedFile
from facecrypt.sealing.carriers.pixels import encode_pixels, open_picture, seal_picture
from facecrypt.sealing.in_memory import decode

KEY = SecretKey.generate()
FACE = [Region(8, 6, 40, 44)]


@pytest.fixture
def plain(tmp_path, photo):
    Image.fromarray(photo).save(tmp_path / "plain.png")
    return tmp_path / "plain.png"


@pytest.fixture
def sealed(tmp_path, plain):
    encrypt_file(plain, tmp_path / "sealed.png", KEY, regions=FACE)
    return tmp_path / "sealed.png"


def pixels(path) -> np.ndarray:
    return np.array(Image.open(path))


def test_files_round_trip(tmp_path, photo, sealed):
    decrypt_file(sealed, tmp_path / "back.png", KEY)
    assert (pixels(tmp_path / "back.png") == photo).all()
    assert (pixels(sealed)[6:44, 8:40] != photo[6:44, 8:40]).mean() > 0.98


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [None, 3, 4])
def test_every_kind_of_png_round_trips(tmp_path, photo, dtype, channels):
    image = photo[..., 0] if channels is None else np.resize(photo, (48, 64, channels))
    image = image.astype(dtype) * (1 if dtype == np.uint8 else 257)
    cv2.imwrite(str(tmp_path / "plain.png"), image)
    encrypt_file(tmp_path / "plain.png", tmp_path / "sealed.png", KEY, regions=FACE)
    decrypt_file(tmp_path / "sealed.png", tmp_path / "back.png", KEY)
    back = cv2.imread(str(tmp_path / "back.png"), cv2.IMREAD_UNCHANGED)
    assert back.dtype == dtype
    assert (back == image).all()


def test_one_pixel(tmp_path):
    Image.fromarray(np.full((1, 1, 3), 7, np.uint8)).save(tmp_path / "dot.png")
    encrypt_file(tmp_path / "dot.png", tmp_path / "sealed.png", KEY, regions=[Region(0, 0, 1, 1)])
    decrypt_file(tmp_path / "sealed.png", tmp_path / "back.png", KEY)
    assert (pixels(tmp_path / "back.png") == 7).all()


def test_the_header_is_a_private_unsafe_to_copy_chunk_before_the_pixels(sealed):
    kinds = [bytes(kind) for kind, _ in png_chunks(sealed.read_bytes())]
    assert kinds.index(b"fcRP") < kinds.index(b"IDAT")
    ancillary, private, _, unsafe = (bool(c & 0x20) for c in b"fcRP")
    assert ancillary
    assert private
    assert not unsafe


def test_an_editor_that_re_saves_drops_the_header_and_this_is_said(tmp_path, sealed):
    Image.open(sealed).save(tmp_path / "resaved.png")
    with pytest.raises(NotSealedError, match="re-saved it and dropped the header"):
        inspect(tmp_path / "resaved.png")


def test_a_sidecar_survives_a_lossless_re_save(tmp_path, photo, plain):
    encrypt_file(plain, tmp_path / "sealed.png", KEY, regions=FACE, sidecar=True)
    kinds = [bytes(kind) for kind, _ in png_chunks((tmp_path / "sealed.png").read_bytes())]
    assert b"fcRP" not in kinds
    image = Image.open(tmp_path / "sealed.png")
    image.load()
    image.save(tmp_path / "sealed.png", compress_level=9)
    decrypt_file(tmp_path / "sealed.png", tmp_path / "back.png", KEY)
    assert (pixels(tmp_path / "back.png") == photo).all()


def test_tiff_with_a_sidecar(tmp_path, photo, plain):
    encrypt_file(plain, tmp_path / "sealed.tif", KEY, regions=FACE, sidecar=True)
    decrypt_file(tmp_path / "sealed.tif", tmp_path / "back.tiff", KEY)
    assert (pixels(tmp_path / "back.tiff") == photo).all()


def test_a_sidecar_of_another_picture_is_refused(tmp_path, photo, plain):
    encrypt_file(plain, tmp_path / "a.png", KEY, regions=FACE, sidecar=True)
    encrypt_file(plain, tmp_path / "b.png", KEY, regions=FACE, sidecar=True)
    (tmp_path / "a.png").replace(tmp_path / "b.png")
    with pytest.raises(AuthenticationError):
        verify(tmp_path / "b.png", KEY)


@pytest.mark.parametrize("name", ["x.jpg", "x.JPEG", "x.webp", "x.avif"])
@pytest.mark.parametrize("sidecar", [False, True])
def test_lossy_outputs_are_refused_by_name(tmp_path, plain, name, sidecar):
    with pytest.raises(MediaError, match="does not keep every pixel"):
        encrypt_file(plain, tmp_path / name, KEY, regions=FACE, sidecar=sidecar)
    encrypt_file(plain, tmp_path / "sealed.png", KEY, regions=FACE)
    with pytest.raises(MediaError, match="does not keep every pixel"):
        decrypt_file(tmp_path / "sealed.png", tmp_path / name, KEY)
    assert not (tmp_path / name).exists()


def test_other_outputs_are_refused(tmp_path, plain):
    with pytest.raises(MediaError, match="use a sidecar"):
        encrypt_file(plain, tmp_path / "x.tif", KEY, regions=FACE)
    with pytest.raises(MediaError, match="without a suffix"):
        encrypt_file(plain, tmp_path / "x", KEY, regions=FACE)


def test_a_sealed_picture_is_not_sealed_again(tmp_path, sealed):
    with pytest.raises(MediaError, match="sealed picture already"):
        encrypt_file(sealed, tmp_path / "twice.png", KEY, regions=FACE)


def test_the_cipher_of_a_scheme_is_not_sealed(tmp_path, photo):
    data = encode_png(photo, chunks=[(b"fcSC", b"{}")])
    (tmp_path / "cipher.png").write_bytes(data)
    with pytest.raises(MediaError, match="cipher of a scheme"):
        encrypt_file(tmp_path / "cipher.png", tmp_path / "sealed.png", KEY, regions=FACE)


def test_nothing_is_written_when_the_key_is_wrong(tmp_path, sealed):
    with pytest.raises(AuthenticationError):
        decrypt_file(sealed, tmp_path / "back.png", SecretKey.generate())
    assert not (tmp_path / "back.png").exists()


def test_an_output_that_is_there_stays(tmp_path, plain, sealed):
    before = sealed.read_bytes()
    with pytest.raises(MediaError, match="already exists"):
        encrypt_file(plain, sealed, KEY, regions=FACE)
    with pytest.raises(MediaError, match="already exists"):
        decrypt_file(sealed, plain, KEY)
    assert sealed.read_bytes() == before


def small_file(tmp_path, cipher="logistic+aes-256-gcm"):
    image = np.arange(12 * 10 * 3, dtype=np.uint8).reshape(12, 10, 3)
    made = encrypt_image(image, KEY, regions=[Region(2, 2, 7, 9)], cipher=cipher)
    path = tmp_path / "small.png"
    path.write_bytes(sealed_png(made))
    return path, made


def refused(path) -> bool:
    try:
        verify(path, KEY)
    except (AuthenticationError, ContainerError):
        return True
    return False


def test_every_single_bit_flip_in_the_file_is_refused(tmp_path):
    path, _ = small_file(tmp_path)
    assert not refused(path)
    data = path.read_bytes()
    for bit in range(8 * len(data)):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        path.write_bytes(changed)
        assert refused(path), f"bit {bit % 8} of byte {bit // 8}"


def test_every_single_bit_flip_in_the_header_is_refused_also_with_a_right_crc(tmp_path):
    _, made = small_file(tmp_path)
    data = made.header.to_bytes()
    for bit in range(8 * len(data)):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        try:
            header = type(made.header).from_bytes(bytes(changed))
            decrypt_image(replace(made, header=header), KEY)
        except (AuthenticationError, ContainerError):
            continue
        pytest.fail(f"bit {bit % 8} of byte {bit // 8} went unseen")


def test_truncation_at_every_byte_is_refused(tmp_path):
    path, _ = small_file(tmp_path)
    data = path.read_bytes()
    for length in range(len(data)):
        path.write_bytes(data[:length])
        assert refused(path), f"cut at {length}"
    path.write_bytes(data + b"\0")
    assert refused(path)


def test_a_file_in_memory_reads_as_one_on_disk(tmp_path):
    path, made = small_file(tmp_path)
    data = path.read_bytes()
    opened = decode(Source(data), [KEY])
    assert (opened.pixels == decrypt_image(made, KEY)).all()
    assert opened.header == made.header
    for damaged in (data + b"\0", *(data[:length] for length in range(0, len(data), 7))):
        with pytest.raises(ContainerError):
            decode(Source(damaged), [KEY])


def thumbnail_photo(path, photo, orientation=1):
    """A JPEG with a thumbnail of the face in its EXIF, as cameras write it."""
    image = Image.fromarray(photo)
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0112] = "Maker", "Model", orientation
    image.save(path, quality=95, exif=exif)


@pytest.mark.parametrize("keep", [False, True])
def test_metadata(tmp_path, photo, keep):
    thumbnail_photo(tmp_path / "photo.jpg", photo, orientation=6)
    header = encrypt_file(
        tmp_path / "photo.jpg", tmp_path / "s.png", KEY, regions=[], keep_metadata=keep
    )
    assert header.shape == (64, 48, 3)
    decrypt_file(tmp_path / "s.png", tmp_path / "back.png", KEY)
    for name in ("s.png", "back.png"):
        with Image.open(tmp_path / name) as image:
            exif = image.getexif()
            assert exif.get(0x0110) == ("Model" if keep else None)
            assert exif.get(0x0112, 1) == 1
            assert image.size == (48, 64)


class TrailingTiff:
    """TIFF with the payload behind it, and its length behind that: a format of another program."""

    name = "trailing"
    suffixes = (".tif", ".tiff")
    beside = False

    def claims(self, head):
        return head[:4] in (b"II*\0", b"MM\0*")

    def find_payloads(self, file, path):
        data = file.read()
        length = int.from_bytes(data[-12:-8], "big")
        return [data[-12 - length : -12]] if data[-8:] == b"trailing" else []

    def seal(self, source, recipients, options, suffix):
        made = seal_picture(source, recipients, options, suffix)
        payload = made.payload.to_bytes()
        tail = payload + len(payload).to_bytes(4, "big") + b"trailing"
        data = encode_pixels(made.sealed, made.like, suffix, payload)
        return SealedFile(made.payload.header, data + tail)

    def open(self, source, payload, identities, options):
        return open_picture(source, payload, identities, options)


@pytest.fixture
def trailing(monkeypatch):
    carrier = TrailingTiff()
    monkeypatch.setattr(carriers, "CARRIERS", (*carriers.CARRIERS, carrier))
    return carrier


def test_a_carrier_in_the_table_writes_and_opens_its_files(tmp_path, plain, photo, trailing):
    encrypt_file(plain, tmp_path / "sealed.tif", KEY, regions=FACE)
    assert (tmp_path / "sealed.tif").read_bytes().endswith(b"trailing")
    assert finding.find_sealed(tmp_path / "sealed.tif")[0] is trailing
    verify(tmp_path / "sealed.tif", KEY)
    decrypt_file(tmp_path / "sealed.tif", tmp_path / "back.tif", KEY)
    assert (pixels(tmp_path / "back.tif") == photo).all()
    encrypt_file(plain, tmp_path / "sealed.png", KEY, regions=FACE)
    assert finding.find_sealed(tmp_path / "sealed.png")[0].name == "png"


def test_files_of_many_keep_the_suffix_that_a_carrier_writes(tmp_path, photo, trailing):
    (tmp_path / "in").mkdir()
    for name in ("a.TIF", "b.bmp", "c.PNG"):
        Image.fromarray(photo).save(tmp_path / "in" / name)
    for _ in range(2):
        done = encrypt_files(tmp_path / "in", tmp_path / "out", KEY, regions=FACE)
        assert [result.error for result in done.results] == [None] * 3
    assert done.skipped == 3
    found = {path.name: finding.find_sealed(path)[0].name for path in (tmp_path / "out").iterdir()}
    assert found == {"a.TIF": "trailing", "b.png": "png", "c.PNG": "png"}
    decrypt_files(tmp_path / "out", tmp_path / "back", KEY)
    assert (pixels(tmp_path / "back/a.TIF") == photo).all()

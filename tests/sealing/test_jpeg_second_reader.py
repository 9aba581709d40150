"""Sealed JPEGs of the package in the second reader, and those of the slow writer in the package."""

import io
import warnings

import numpy as np
import pytest
from PIL import Image
from support.jpeg_matrix import by_pillow, cases, refused_cases
from support.jpeg_sealer import seal
from support.second_reader.header import expand, picture_id
from support.second_reader.jpeg import Sealed, open_jpeg, wrapped_region
from support.second_reader.jpeg_layout import region_info
from support.second_reader.jpeg_segments import parse
from support.second_reader.keys import content_key, parse_key

from facecrypt import Identity, Passphrase, Region, SecretKey, region_key
from facecrypt.sealing.carriers import Source
from facecrypt.sealing.header import CIPHERS
from facecrypt.sealing.in_memory import decode, encode
from facecrypt.sealing.options import Open, Seal

KEY = SecretKey(bytes(range(32)))
MATRIX = list(cases())
FEW = [case for n, case in enumerate(MATRIX) if n % 23 == 0 or case[0].startswith("odd-420-pro")]


def key_text(key, folder):
    key.save(folder / "key.txt", overwrite=True)
    lines = (folder / "key.txt").read_text().splitlines()
    return next(line for line in lines if line and not line.startswith("#"))


def by(kind, text):
    """What finds the content key in a header for the second reader."""
    secret = text if kind == "passphrase" else parse_key(kind, text)
    return lambda header: content_key(header, kind, secret)


def three_regions(data):
    """One beside another, one over both, one within; clipped, whichever way up the picture is."""
    frame = parse(data).frame
    less, more = sorted((frame.width, frame.height))
    return [
        Region(0, 0, (less + 1) // 2, more),
        Region(0, less // 2, more, more),
        Region(less - 1, less - 1, more, more),
    ]


def sealed_by_package(data, recipients=KEY, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        regions = options.pop("regions", None) or three_regions(data)
        recipients = recipients if isinstance(recipients, list) else [recipients]
        return encode(Source(data), recipients, Seal(regions=regions, **options))


def check_original(data, folder):
    symmetric = by("symmetric", key_text(KEY, folder))
    sealed = sealed_by_package(data, cipher="aes-256-gcm")
    assert sealed.header.content.exact
    assert open_jpeg(sealed.data, symmetric) == data


@pytest.mark.parametrize(("name", "data"), FEW, ids=[name for name, _ in FEW])
def test_the_second_reader_gives_the_original_back(name, data, tmp_path):
    check_original(data, tmp_path)


@pytest.mark.slow
def test_it_does_for_the_whole_matrix(tmp_path):
    for _, data in MATRIX:
        check_original(data, tmp_path)


@pytest.mark.parametrize("cipher", CIPHERS)
def test_it_does_for_every_cipher(cipher, tmp_path):
    data = by_pillow("RGB", (50, 35), subsampling=2)
    sealed = sealed_by_package(data, cipher=cipher)
    assert open_jpeg(sealed.data, by("symmetric", key_text(KEY, tmp_path))) == data


def test_it_opens_what_was_coded_anew(tmp_path):
    find = by("symmetric", key_text(KEY, tmp_path))
    opened = 0
    for name, data, readable in refused_cases():
        if readable or name == "scanned-twice":
            sealed = sealed_by_package(data, regions=[Region(0, 0, 20, 20)])
            assert not sealed.header.content.exact
            assert open_jpeg(sealed.data, find) == data
            opened += 1
    assert opened >= 3


@pytest.mark.parametrize("pq", [False, True])
def test_every_kind_of_key_opens(tmp_path, pq):
    data = by_pillow("RGB", (50, 35), subsampling=2)
    identity = Identity.generate(pq=pq)
    sealed = sealed_by_package(data, [Passphrase("caf\u00e9 au lait"), identity.recipient])
    for find in (
        by("identity", key_text(identity, tmp_path)),
        by("passphrase", "cafe\u0301 au lait"),
    ):
        assert open_jpeg(sealed.data, find) == data


def test_a_region_key_opens_its_region_there_to_what_the_original_shows():
    data = by_pillow("RGB", (80, 60), subsampling=0, keep_rgb=True)
    sealed = sealed_by_package(data, regions=[Region(8, 8, 40, 40), Region(50, 10, 70, 40)])
    payload = parse_key("region", str(region_key(sealed.header, KEY, 1)))
    reader = Sealed(sealed.data)
    assert payload[:20] == (1).to_bytes(4, "big") + picture_id(reader.header)
    # Cells of 8 pixels: 50..70 and 10..40 widened.
    cells = reader.header["regions"][1]["cells"]
    assert cells == [6, 1, 9, 5]
    part = reader.region_part(1, payload[20:])
    adobe = b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\0"
    shown = np.asarray(Image.open(io.BytesIO(wrapped_region(part, reader.jpeg, cells, adobe))))
    assert (shown == np.asarray(Image.open(io.BytesIO(data)))[8:40, 48:72]).all()
    with pytest.raises(AssertionError):
        reader.region_part(0, payload[20:])


@pytest.mark.parametrize(("name", "data"), FEW, ids=[name for name, _ in FEW])
def test_the_package_opens_what_another_writer_made(name, data):
    """Scans one component at a time, tables with every symbol, small packets, no padding."""
    content = bytes(range(7, 39))
    columns, rows = parse(data).frame.cells
    cells = [[0, 0, (columns + 1) // 2, rows], [columns - 1, rows - 1, columns, rows]]
    sealed = seal(data, cells, content, deflate=len(data) % 2 == 0, keys=[KEY.wrap(content)])
    assert decode(Source(sealed), [KEY]).given == data
    one = decode(Source(sealed), [KEY], Open(regions=[0])).given
    assert Sealed(sealed).header["regions"][0] == {"cells": cells[0]}
    Image.open(io.BytesIO(one)).load()


def test_the_key_of_a_region_is_what_the_format_says():
    sealed = sealed_by_package(by_pillow("L", (50, 35)))
    content = content_key(Sealed(sealed.data).header, "symmetric", bytes(range(32)))
    own = parse_key("region", str(region_key(sealed.header, KEY, 2)))[20:]
    assert own == expand(content, region_info(2))

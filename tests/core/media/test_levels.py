"""Greys of 10, 12 and 14 bits in 16-bit files come out as bright as the same picture with 8 bits."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import PIL.Image
import PIL.TiffImagePlugin
import pytest

from faceqgen_core.image_io import load_image
from faceqgen_core.media.levels import to_8_bits
from tests.images import astronaut


@pytest.fixture(scope="module")
def grey():
    """Every level from 0 to 255 is in it."""
    picture = np.asarray(PIL.Image.fromarray(astronaut()[40:136, 150:270]).convert("L")).copy()
    picture[0, :2] = 0, 255
    return picture


def scaled(grey, white):
    return np.rint(grey.astype(float) * white / 255).astype(np.uint16)


def png(values, significant=None):
    data = io.BytesIO()
    PIL.Image.fromarray(values).save(data, "PNG")
    content = data.getvalue()
    if significant is None:
        return content
    chunk = b"sBIT" + bytes([significant])
    chunk = struct.pack(">I", 1) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return content[:33] + chunk + content[33:]  # behind the header


def tiff(values, largest=None):
    tags = PIL.TiffImagePlugin.ImageFileDirectory_v2()
    if largest is not None:
        tags[281] = largest
    data = io.BytesIO()
    PIL.Image.fromarray(values).save(data, "TIFF", tiffinfo=tags)
    return data.getvalue()


def negative(values):
    """A TIFF in which 0 is white, in 16 bits."""
    height, width = values.shape
    pixels = values.astype("<u2").tobytes()
    entries = [(256, 3, width), (257, 3, height), (258, 3, 16), (259, 3, 1), (262, 3, 0)]
    entries += [(273, 4, 200), (277, 3, 1), (278, 3, height), (279, 4, len(pixels))]
    content = b"II*\0" + struct.pack("<IH", 8, len(entries))
    for tag, kind, value in entries:
        content += struct.pack("<HHII", tag, kind, 1, value)
    return (content + bytes(4)).ljust(200, b"\0") + pixels


def read(content):
    loaded = load_image(content)
    assert (loaded == loaded[..., :1]).all()
    return loaded[..., 0].astype(int)


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
@pytest.mark.parametrize("write", [png, tiff])
def test_the_largest_pixel_says_how_many_bits_a_file_of_sixteen_holds(write, bits, grey):
    values = scaled(grey, 2**bits - 1)
    assert np.abs(read(write(values)) - grey).max() <= 1


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_a_single_pixel_over_the_limit_makes_it_a_picture_of_more_bits(bits, grey):
    values = scaled(grey, 2**bits - 1)
    values[0, 1] = 2**bits
    assert read(png(values)).max() <= 64


def test_a_large_picture_is_scaled_as_one_and_not_strip_by_strip():
    values = np.full((1100, 1000), 1000, np.uint16)  # two strips of a million pixels
    values[-1, -1] = 4095
    loaded = read(png(values))
    assert (loaded[:-1] == round(1000 * 255 / 4095)).all() and loaded[-1, -1] == 255


def test_a_dark_picture_of_true_sixteen_bits_stays_dark_where_the_file_says_so(grey):
    dark = scaled(grey, 4000)
    expected = np.rint(dark / 257)
    for content in (png(dark, 16), tiff(dark, 65535)):
        np.testing.assert_array_equal(read(content), expected)
    assert read(png(dark)).max() == round(4000 * 255 / 4095)  # unstated it is taken for 12 bits


def test_a_dim_picture_of_twelve_bits_stays_dim_where_the_file_says_so(grey):
    dim = scaled(grey, 1000)
    for content in (png(dim, 12), tiff(dim, 4095)):
        assert read(content).max() == round(1000 * 255 / 4095)


def test_samples_that_a_png_has_enlarged_to_sixteen_bits_are_not_enlarged_again(grey):
    twelve = scaled(grey, 4095)
    for values in (twelve << 4, (twelve << 4) | (twelve >> 8)):
        assert np.abs(read(png(values, 12)) - grey).max() <= 1
    dim = (scaled(grey, 200) << 4).astype(np.uint16)
    np.testing.assert_array_equal(read(png(dim, 12)), np.rint(dim / 257))


@pytest.mark.parametrize("largest", [0, 7, 100])
def test_a_tag_that_the_pixels_prove_wrong_is_not_believed(largest, grey):
    assert np.abs(read(tiff(scaled(grey, 4095), largest)) - grey).max() <= 1


def test_a_white_value_between_the_usual_ones_counts_if_the_tag_states_it(grey):
    assert np.abs(read(tiff(scaled(grey, 10_000), 10_000)) - grey).max() <= 1


def test_a_tiff_of_twelve_packed_bits_is_scaled_by_its_bits(grey):
    even = (scaled(grey, 1000)).astype(int)
    a, b = even[:, ::2], even[:, 1::2]
    packed = np.stack([a >> 4, (a & 15) << 4 | b >> 8, b & 255], axis=2).astype(np.uint8).tobytes()
    height, width = grey.shape
    entries = [(256, 3, width), (257, 3, height), (258, 3, 12), (259, 3, 1), (262, 3, 1)]
    entries += [(273, 4, 200), (277, 3, 1), (278, 3, height), (279, 4, len(packed))]
    content = b"II*\0" + struct.pack("<IH", 8, len(entries))
    for tag, kind, value in entries:
        content += struct.pack("<HHII", tag, kind, 1, value)
    content = (content + bytes(4)).ljust(200, b"\0") + packed
    assert np.abs(read(content) - np.rint(even * 255 / 4095)).max() <= 0


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
def test_a_tiff_in_which_0_is_white_is_not_read_as_a_negative(bits, grey):
    white = 2**bits - 1
    assert np.abs(read(negative(white - scaled(grey, white))) - grey).max() <= 1


def test_formats_that_state_their_own_maximum_are_left_as_their_reader_gives_them(grey):
    values = scaled(grey, 4095)
    height, width = grey.shape
    for maximum, expected in ((4095, grey), (65535, np.rint(values / 257))):
        header = f"P5 {width} {height} {maximum}\n".encode()
        assert np.abs(read(header + values.astype(">u2").tobytes()) - expected).max() <= 1


def test_arrays_keep_the_full_range_since_their_owner_knows_it(grey):
    values = scaled(grey, 4095)
    np.testing.assert_array_equal(load_image(values)[..., 0], np.rint(values / 257))


def test_every_sixteen_bit_value_comes_down_to_the_nearest_of_eight():
    values = np.arange(65536, dtype=np.uint16)
    np.testing.assert_array_equal(to_8_bits(values), np.rint(values / 257))
    np.testing.assert_array_equal(
        to_8_bits(values[:4096], 4095), np.rint(values[:4096] * (255 / 4095))
    )


def test_an_all_black_picture_is_black():
    for content in (png(np.zeros((20, 20), np.uint16)), tiff(np.zeros((20, 20), np.uint16))):
        assert read(content).max() == 0

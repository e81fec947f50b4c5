"""Whatever an image comes as, it leaves ``load_image`` as the same upright RGB uint8 picture, or with a reason."""

from __future__ import annotations

import io
import resource
import warnings

import numpy as np
import PIL.Image
import pytest

from faceqgen_core import image_io
from faceqgen_core.image_io import (
    DEFAULT_MAX_PIXELS,
    MIN_SIDE,
    ImageError,
    ImageTooLarge,
    ImageTooSmall,
    UnreadableImage,
    load_image,
    save_png,
)
from faceqgen_core.types import Status
from tests.images import astronaut, exif, grace_hopper, huge_png, jpeg_bytes, plain, turned_for


@pytest.fixture(scope="module")
def picture():
    """Small, of uneven sides, different in every corner."""
    return np.ascontiguousarray(astronaut()[40:136, 150:270])


def encoded(image, kind, **options):
    data = io.BytesIO()
    image.save(data, kind, **options)
    return data.getvalue()


def test_path_text_bytes_and_array_give_the_same_pixels(picture, tmp_path):
    path = tmp_path / "face.png"
    save_png(path, picture)
    for source in (path, str(path), path.read_bytes(), picture):
        loaded = load_image(source)
        assert loaded.dtype == np.uint8 and loaded.flags.c_contiguous
        np.testing.assert_array_equal(loaded, picture)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG", "WEBP"])
def test_all_eight_orientations_give_the_same_upright_picture(picture, orientation, kind):
    lossless = {"WEBP": {"lossless": True}, "JPEG": {"quality": 100, "subsampling": 0}}
    stored = turned_for(orientation, PIL.Image.fromarray(picture))
    data = encoded(stored, kind, exif=exif(orientation), **lossless.get(kind, {}))
    loaded = load_image(data)
    assert loaded.shape == picture.shape
    assert np.abs(loaded.astype(int) - picture).max() <= (8 if kind == "JPEG" else 0)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_an_unknown_orientation_or_broken_metadata_costs_nothing_but_the_turn(picture):
    image = PIL.Image.fromarray(picture)
    for metadata in (exif(9), b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\xff\xff\x01", b"Exif\x00\x00"):
        np.testing.assert_array_equal(load_image(encoded(image, "PNG", exif=metadata)), picture)


def test_grey_becomes_three_equal_channels(picture):
    grey = PIL.Image.fromarray(picture).convert("L")
    expected = np.repeat(np.asarray(grey)[..., None], 3, axis=2)
    for source in (encoded(grey, "PNG"), np.asarray(grey), np.asarray(grey)[..., None]):
        np.testing.assert_array_equal(load_image(source), expected)


def test_transparent_pixels_turn_white_and_half_transparent_ones_half_white(picture):
    alpha = np.full(picture.shape[:2], 255, np.uint8)
    alpha[:, :30], alpha[:, 30:60] = 0, 128
    rgba = np.dstack([picture, alpha])
    a = alpha[..., None] / 255
    expected = picture * a + 255 * (1 - a)
    for source in (rgba, encoded(PIL.Image.fromarray(rgba), "PNG")):
        loaded = load_image(source)
        assert (loaded[:, :30] == 255).all()
        assert np.abs(loaded - expected).max() <= 1
    grey_alpha = np.dstack([picture[..., 0], alpha])
    for source in (grey_alpha, encoded(PIL.Image.fromarray(grey_alpha), "PNG")):
        expected_grey = picture[..., :1] * a + 255 * (1 - a)
        assert np.abs(load_image(source) - expected_grey).max() <= 1


def test_a_palette_with_a_transparent_colour_is_laid_over_white(picture):
    palette = PIL.Image.fromarray(picture).quantize(16)
    rgb = np.asarray(palette.convert("RGB"))
    np.testing.assert_array_equal(load_image(encoded(palette, "PNG")), rgb)
    clear = palette.copy()
    clear.info["transparency"] = bytes([0] + [255] * 15)
    loaded = load_image(encoded(clear, "PNG"))
    first = np.asarray(palette) == 0
    assert first.any() and (loaded[first] == 255).all()
    np.testing.assert_array_equal(loaded[~first], rgb[~first])


def test_sixteen_bits_come_down_to_eight_within_one_level(picture):
    grey = np.asarray(PIL.Image.fromarray(picture).convert("L"))
    deep = grey.astype(np.uint16) * 257
    files = [encoded(PIL.Image.fromarray(deep), kind) for kind in ("PNG", "TIFF")]
    big_endian = PIL.Image.frombytes("I;16B", grey.shape[::-1], deep.astype(">u2").tobytes())
    for source in (*files, deep, encoded(big_endian, "TIFF")):
        np.testing.assert_array_equal(load_image(source)[..., 1], grey)
    np.testing.assert_array_equal(load_image(picture.astype(np.uint16) * 257), picture)


def test_values_beyond_sixteen_bits_are_refused(picture):
    wide = PIL.Image.fromarray(picture[..., 0].astype(np.int32) * 70000)
    with pytest.raises(UnreadableImage, match=r"beyond 0\.\.65535"):
        load_image(encoded(wide, "TIFF"))


def test_cmyk_and_ycbcr_files_keep_their_colours(picture):
    cmyk = PIL.Image.fromarray(picture).convert("CMYK")
    for data in (encoded(cmyk, "JPEG", quality=98), encoded(cmyk, "TIFF")):
        assert np.abs(load_image(data).astype(int) - picture).mean() < 4
    assert np.abs(load_image(jpeg_bytes(picture, quality=98)).astype(int) - picture).mean() < 4


def test_one_bit_files_and_boolean_arrays_are_black_and_white(picture):
    bits = picture[..., 0] > 127
    for source in (bits, encoded(PIL.Image.fromarray(bits), "PNG")):
        np.testing.assert_array_equal(load_image(source)[..., 2], np.where(bits, 255, 0))


def test_of_an_animation_the_first_frame_is_read(picture):
    first, second = (PIL.Image.fromarray(p) for p in (plain(40, 30), plain(40, 30, (0, 255, 0))))
    data = encoded(first, "GIF", save_all=True, append_images=[second])
    assert np.abs(load_image(data).astype(int) - np.asarray(first)).max() < 30


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_float_arrays_count_from_0_to_1_and_keep_every_level(picture, dtype):
    np.testing.assert_array_equal(load_image((picture / 255).astype(dtype)), picture)


def test_whole_numbers_of_any_width_count_from_0_to_255(picture):
    for dtype in (np.int16, np.int32, np.int64, np.uint32):
        np.testing.assert_array_equal(load_image(picture.astype(dtype)), picture)


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.full((20, 20, 3), np.nan), "NaN"),
        (np.full((20, 20, 3), 255.0), "must lie in"),
        (np.full((20, 20, 3), -0.5), "must lie in"),
        (np.full((20, 20, 3), 300), r"0\.\.255"),
        (np.full((20, 20, 3), -1), r"0\.\.255"),
        (np.zeros((3, 20, 20), np.uint8), "channels last"),
        (np.zeros((2, 20, 20, 3), np.uint8), "channels last"),
        (np.zeros((20, 20, 3), complex), "expected integers or floats"),
        (np.array(["a"] * 400).reshape(20, 20), "expected integers or floats"),
    ],
)
def test_an_array_that_is_no_image_is_refused_with_the_reason(array, words):
    with pytest.raises(UnreadableImage, match=words) as raised:
        load_image(array)
    assert isinstance(raised.value, ValueError)
    assert raised.value.status is Status.UNREADABLE


def test_no_image_leaves_the_caller_s_array_changed(picture):
    before = picture.copy()
    for source in (picture, picture[:, ::-1], picture / 255, np.dstack([picture, picture[..., 0]])):
        load_image(source)
    np.testing.assert_array_equal(picture, before)
    assert load_image(picture[:, ::-1]).flags.c_contiguous


def test_the_pixel_limit_is_checked_before_anything_is_decoded_and_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        limit_of_pillow = PIL.Image.MAX_IMAGE_PIXELS
        with pytest.raises(ImageTooLarge, match="30000 x 30000 pixels") as raised:
            load_image(huge_png(30_000, damaged=True))  # decoding it would end as unreadable
        assert limit_of_pillow == PIL.Image.MAX_IMAGE_PIXELS
    assert raised.value.status is Status.TOO_LARGE
    with pytest.raises(UnreadableImage):
        load_image(huge_png(300, damaged=True))


def test_the_pixel_limit_is_the_caller_s_for_files_and_arrays(picture):
    pixels = picture.shape[0] * picture.shape[1]
    for source in (picture, jpeg_bytes(picture)):
        assert load_image(source, max_pixels=pixels).shape == picture.shape
        with pytest.raises(ImageTooLarge):
            load_image(source, max_pixels=pixels - 1)


def test_what_pillow_itself_refuses_for_its_size_is_too_large_and_not_unreadable(monkeypatch):
    def refuse(file, name):
        raise PIL.Image.DecompressionBombError("too many pixels")

    data = huge_png(100)
    monkeypatch.setitem(PIL.Image.OPEN, "PNG", (refuse, PIL.Image.OPEN["PNG"][1]))
    with pytest.raises(ImageTooLarge):
        load_image(data)


@pytest.mark.parametrize("side", range(1, MIN_SIDE))
def test_an_image_of_a_few_pixels_is_too_small(side):
    for source in (plain(side, 40), plain(40, side), huge_png(side)):
        with pytest.raises(ImageTooSmall, match=f"at least {MIN_SIDE}") as raised:
            load_image(source)
        assert raised.value.status is Status.TOO_SMALL


def test_an_empty_array_is_too_small():
    with pytest.raises(ImageTooSmall):
        load_image(np.zeros((0, 30, 3), np.uint8))


@pytest.mark.filterwarnings("ignore:Truncated File Read")
def test_every_beginning_of_a_file_is_unreadable_and_names_the_file(tmp_path):
    contents = {"face.jpg": jpeg_bytes(astronaut())}
    small = PIL.Image.fromarray(grace_hopper()[:200, :200])
    for kind in ("png", "webp", "tiff", "bmp", "gif"):
        contents[f"face.{kind}"] = encoded(small, kind)
    for name, content in contents.items():
        path = tmp_path / name
        for share in (0.001, 0.01, 0.1, 0.33, 0.5, 0.75, 0.95):
            path.write_bytes(content[: max(1, int(share * len(content)))])
            with pytest.raises(UnreadableImage, match=name):
                load_image(path)


def test_damaged_bytes_give_a_picture_or_a_reason_but_no_other_error(picture):
    rng = np.random.default_rng(5)
    outcomes = set()
    for kind in ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP"):
        content = encoded(PIL.Image.fromarray(picture), kind)
        for _ in range(40):
            damaged = bytearray(content)
            for position in rng.integers(0, len(damaged), 8):
                damaged[position] = rng.integers(0, 256)
            try:
                loaded = load_image(bytes(damaged), max_pixels=1_000_000)
                assert loaded.ndim == 3 and loaded.dtype == np.uint8
                outcomes.add("picture")
            except ImageError as error:
                assert error.reason
                outcomes.add("reason")
    assert outcomes == {"picture", "reason"}


def test_what_is_no_image_file_is_unreadable_with_its_name_and_why(tmp_path):
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "notes.jpg").write_text("not a picture, whatever its name says\n" * 9)
    (tmp_path / "page.eps").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n")
    (tmp_path / "folder.png").mkdir()
    reasons = {
        "empty.jpg": "empty",
        "notes.jpg": "not an image",
        "page.eps": "not an image",
        "folder.png": "directory",
        "missing.png": "no such file",
    }
    for name, words in reasons.items():
        with pytest.raises(UnreadableImage, match=f"{name}.*{words}"):
            load_image(tmp_path / name)
    for source in ("", b"", "a\0b.png", "x" * 5000):
        with pytest.raises(UnreadableImage):
            load_image(source)


@pytest.mark.parametrize("source", [None, 7, [[1, 2], [3, 4]], object()])
def test_what_is_neither_path_nor_bytes_nor_array_is_refused(source):
    with pytest.raises(UnreadableImage, match="give a path, bytes or a NumPy array"):
        load_image(source)


def test_a_file_without_read_permission_says_so(tmp_path, monkeypatch):
    def refuse(*args):
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "private.png"
    save_png(path, plain())
    monkeypatch.setattr(
        "builtins.open", refuse
    )  # the tests may run as root, who may read everything
    with pytest.raises(UnreadableImage, match=r"private\.png: no permission"):
        load_image(path)


def test_the_default_limit_lets_large_photographs_pass_without_pillow_s_warning():
    assert 50_000_000 < DEFAULT_MAX_PIXELS < (PIL.Image.MAX_IMAGE_PIXELS or 10**12)


def test_save_png_makes_folders_and_keeps_every_pixel(picture, tmp_path):
    for name, array in {"rgb": picture, "grey": picture[..., 0]}.items():
        path = tmp_path / "new" / "folder" / f"{name}.png"
        save_png(path, array)
        np.testing.assert_array_equal(np.asarray(PIL.Image.open(path)), array)
    assert sorted(p.name for p in path.parent.iterdir()) == ["grey.png", "rgb.png"]


def test_save_png_that_fails_leaves_the_old_file_and_nothing_else(picture, tmp_path, monkeypatch):
    path = tmp_path / "face.png"
    save_png(path, picture)
    before = path.read_bytes()

    monkeypatch.setattr(image_io, "png_bytes", lambda array: b"\x89PNG" * 100_000)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            save_png(path, picture[::-1])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "array", [np.zeros((9, 9, 3)), np.zeros((9, 9, 4), np.uint8), np.zeros(9, np.uint8)]
)
def test_save_png_refuses_what_it_would_have_to_guess(array, tmp_path):
    with pytest.raises(ValueError, match="uint8"):
        save_png(tmp_path / "x.png", array)
    assert list(tmp_path.iterdir()) == []

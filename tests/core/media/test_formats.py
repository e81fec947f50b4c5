"""One list says which formats are read; what is missing for one of them is said with its name and the way out.

``astronaut.heic`` and ``astronaut_lying.heic``, stored turned with EXIF orientation 6, are scikit-image's astronaut,
``astronaut()[:300, 80:380]`` at 200 x 200; written once with pillow-heif, since the reader that the extra names cannot write.
"""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import PIL.features
import PIL.Image
import pytest

from faceqgen_core.image_io import UnreadableImage, image_size, load_image
from faceqgen_core.media import formats
from faceqgen_core.media.formats import FORMATS, IMAGE_SUFFIXES, TITLES
from faceqgen_core.media.image_list import find_images
from tests.images import astronaut

HERE = Path(__file__).parent
ROOT = HERE.parents[2]


@pytest.fixture(scope="module")
def picture():
    image = PIL.Image.fromarray(astronaut()[:300, 80:380])
    return np.asarray(image.resize((200, 200), PIL.Image.Resampling.LANCZOS))


@pytest.fixture
def without_heif(monkeypatch):
    """A process in which neither reader of HEIC is installed."""
    PIL.Image.init()
    monkeypatch.delitem(PIL.Image.OPEN, "HEIF", raising=False)
    for package in ("pi_heif", "pillow_heif"):
        monkeypatch.setitem(sys.modules, package, None)


@pytest.mark.parametrize("format_", FORMATS[:8], ids=lambda format_: format_.name)
def test_every_suffix_of_the_list_is_a_file_that_is_read(format_, picture, tmp_path):
    for suffix in format_.suffixes:
        path = tmp_path / f"face{suffix}"
        PIL.Image.fromarray(picture).save(path, format_.name)
        assert load_image(path).shape == picture.shape


def test_a_reader_of_pillow_that_is_not_on_the_list_is_not_asked(picture, tmp_path):
    path = tmp_path / "face.pcx"
    PIL.Image.fromarray(picture).save(path)
    with pytest.raises(UnreadableImage, match=r"supported are JPEG, PNG, .*HEIC/HEIF"):
        load_image(path)
    assert TITLES.count(",") == len(FORMATS) - 1


@pytest.mark.parametrize("name", ["astronaut.heic", "astronaut_lying.heic"])
def test_heic_is_read_upright_with_the_extra(name, picture):
    pytest.importorskip("pi_heif")
    assert image_size(HERE / name) == (200, 200)
    for source in (HERE / name, (HERE / name).read_bytes()):
        assert np.abs(load_image(source).astype(int) - picture).mean() < 4


def test_heic_needs_nothing_but_the_package_and_no_call_of_the_user_s():
    pytest.importorskip("pi_heif")
    code = f"from faceqgen_core.image_io import load_image; print(load_image({str(HERE / 'astronaut.heic')!r}).shape)"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert run.stdout.strip() == "(200, 200, 3)"


@pytest.mark.usefixtures("without_heif")
def test_without_the_extra_a_heic_file_is_unreadable_and_the_reason_names_the_extra():
    with pytest.raises(
        UnreadableImage, match=r"astronaut\.heic: HEIC/HEIF .*faceqgen\[heif\]"
    ) as raised:
        load_image(HERE / "astronaut.heic")
    assert raised.value.status.value == "unreadable"


@pytest.mark.usefixtures("without_heif")
def test_a_folder_of_heic_files_is_found_even_where_they_cannot_be_read(tmp_path):
    for name in ("IMG_1.HEIC", "IMG_2.heif", "IMG_3.avif", "notes.txt"):
        (tmp_path / name).write_bytes((HERE / "astronaut.heic").read_bytes())
    assert [path.name for path in find_images([tmp_path])] == [
        "IMG_1.HEIC",
        "IMG_2.heif",
        "IMG_3.avif",
    ]


def test_a_folder_without_images_is_told_what_was_looked_for(tmp_path):
    with pytest.raises(ValueError, match=r"\.avif.*\.heic.*\.webp"):
        find_images([tmp_path])
    assert {".heic", ".heif", ".avif", ".jpg"} <= IMAGE_SUFFIXES


def test_avif_is_read_where_pillow_reads_it(picture):
    if not PIL.features.check("avif"):
        pytest.skip("this Pillow reads no AVIF")
    data = io.BytesIO()
    PIL.Image.fromarray(picture).save(data, "AVIF", quality=90)
    assert np.abs(load_image(data.getvalue()).astype(int) - picture).mean() < 4


@pytest.mark.parametrize("accept", [None, "no libavif"])
def test_without_a_reader_of_avif_the_reason_names_the_version_of_pillow(accept, monkeypatch):
    PIL.Image.init()
    monkeypatch.delitem(PIL.Image.OPEN, "AVIF", raising=False)
    if accept:  # a Pillow that was built without the library
        monkeypatch.setitem(PIL.Image.OPEN, "AVIF", (None, lambda prefix: accept))
    with pytest.raises(UnreadableImage, match=r"AVIF is not read here; .*pillow>=11\.3"):
        load_image(b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf" + bytes(100))


def test_the_reader_that_a_user_has_registered_is_left_alone(monkeypatch):
    PIL.Image.init()
    monkeypatch.setitem(PIL.Image.OPEN, "HEIF", ("theirs", None))
    formats.make_ready((HERE / "astronaut.heic").read_bytes()[:16])
    assert PIL.Image.OPEN["HEIF"] == ("theirs", None)

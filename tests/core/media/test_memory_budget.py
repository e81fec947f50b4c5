"""However many threads decode whatever pictures, they share one budget of memory."""

from __future__ import annotations

import io
import os
import random
import subprocess
import sys
import threading
import time
import zlib
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from faceqgen_core import image_io
from faceqgen_core.image_io import ImageTooLarge, image_size, load_image
from faceqgen_core.media.memory_budget import PICTURES, MemoryBudget
from tests.images import astronaut, exif, turned_for

ROOT = Path(__file__).resolve().parents[3]


def test_threads_never_hold_more_than_the_budget_together_and_all_get_their_turn():
    budget, seen, errors = MemoryBudget(100), [], []

    def work(seed):
        amounts = random.Random(seed)
        for _ in range(30):
            amount = amounts.choice([1, 30, 60, 100, 250])
            with budget.share() as reserve:
                reserve(amount)
                used = budget.used
                seen.append(used)
                if used > 100 and used != amount:
                    errors.append(used)
                time.sleep(0.0005)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(seen) == 240 and not errors
    assert budget.used == 0


def test_a_share_is_given_back_after_an_error_and_reserved_once():
    budget = MemoryBudget(10)
    with pytest.raises(KeyError), budget.share() as reserve:
        reserve(10)
        raise KeyError
    assert budget.used == 0
    with pytest.raises(RuntimeError, match="once"), budget.share() as reserve:
        reserve(1)
        reserve(1)
    with pytest.raises(ValueError, match="at least 1"):
        MemoryBudget(0)


def test_a_picture_waits_for_room_and_says_what_it_needs():
    asked = []
    data = io.BytesIO()
    PIL.Image.fromarray(astronaut()).save(data, "PNG")
    load_image(data.getvalue(), reserve=asked.append)
    assert asked == [512 * 512 * 7]
    done = threading.Event()

    def decode():
        load_image(data.getvalue())
        done.set()

    with PICTURES.share() as reserve:
        reserve(PICTURES.total)
        thread = threading.Thread(target=decode)
        thread.start()
        assert not done.wait(0.2)
    assert done.wait(30)
    thread.join()
    assert PICTURES.used == 0


def _modes():
    rgb = PIL.Image.fromarray(np.ascontiguousarray(astronaut()[40:136, 150:270]))
    grey = np.asarray(rgb.convert("L"))
    alpha = PIL.Image.fromarray(np.tile(np.arange(120, dtype=np.uint8) * 2, (96, 1)))
    rgba, clear = rgb.copy(), rgb.quantize(16)
    rgba.putalpha(alpha)
    clear.info["transparency"] = bytes([0] + [255] * 15)
    deep = PIL.Image.fromarray(grey.astype(np.uint16) * 257)
    return {
        "RGB.png": rgb,
        "RGBA.png": rgba,
        "LA.png": rgba.convert("LA"),
        "P.png": clear,
        "1.png": rgb.convert("1"),
        "I16.png": deep,
        "I16.tiff": deep,
        "F.tiff": PIL.Image.fromarray((grey / 255).astype(np.float32)),
        "CMYK.tiff": rgb.convert("CMYK"),
        "L.gif": rgb.convert("L"),
    }


@pytest.mark.parametrize("name", list(_modes()))
def test_bands_give_the_same_pixels_as_the_whole_picture(name, monkeypatch):
    data = io.BytesIO()
    _modes()[name].save(data, name.rpartition(".")[2])
    whole = load_image(data.getvalue())
    monkeypatch.setattr(image_io, "_BAND", 7 * 120)
    np.testing.assert_array_equal(load_image(data.getvalue()), whole)
    assert whole.shape == (96, 120, 3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_bands_arrive_at_their_upright_places(orientation, monkeypatch):
    picture = np.ascontiguousarray(astronaut()[40:136, 150:270])
    data = io.BytesIO()
    turned_for(orientation, PIL.Image.fromarray(picture)).save(data, "PNG", exif=exif(orientation))
    monkeypatch.setattr(image_io, "_BAND", 7 * 120)
    loaded = load_image(data.getvalue())
    np.testing.assert_array_equal(loaded, picture)
    assert loaded.flags.c_contiguous and loaded.flags.writeable


def bomb(side: int) -> bytes:
    """A PNG of transparent black, ``side`` x ``side`` RGBA: 355 MB of pixels in 350 kB at a side of 9400."""
    rows, packer = bytes(side * 4 + 1), zlib.compressobj(9)
    packed = b"".join([*(packer.compress(rows) for _ in range(side)), packer.flush()])
    header = side.to_bytes(4, "big") * 2 + bytes([8, 6, 0, 0, 0])

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = zlib.crc32(kind + content).to_bytes(4, "big")
        return len(content).to_bytes(4, "big") + kind + content + check

    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    )


BOMBS = """
import resource, sys
from faceqgen_core import FaceQualityAssessor
from tests.core.toy_assessor import ToyDetector, ToyNetwork, toy_preset
from faceqgen_core.bench.memory import peak
from faceqgen_core.types import Status
resource.setrlimit(resource.RLIMIT_AS, (3_000_000_000, 3_000_000_000))
assessor = FaceQualityAssessor(
    toy_preset(), detector=ToyDetector(), restorer=ToyNetwork(), workers=8, batch_size=512)
results = list(assessor.assess([sys.argv[1]] * int(sys.argv[2])))
assert all(r.status is Status.SCORED for r in results), [r.reason for r in results]
print(peak())
"""


def peak_of(file: Path, count: int) -> int:
    """Peak of resident memory in bytes when a picture is assessed several times by eight threads."""
    ended = subprocess.run(
        [sys.executable, "-c", BOMBS, str(file), str(count)],
        cwd=ROOT,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return int(ended.stdout)


def test_pictures_of_88_megapixels_in_small_files_stay_within_the_budget(tmp_path):
    """Eight at once took 8 GB."""
    file = tmp_path / "bomb.png"
    file.write_bytes(bomb(9400))
    assert peak_of(file, 3) < 2_000_000_000  # the budget, the networks and the libraries: 1.66 GB


def webp(file: Path, width: int, height: int) -> Path:
    """A picture of one colour, in some ten bytes."""
    PIL.Image.new("RGB", (width, height)).save(file, lossless=True, quality=0, method=0)
    return file


def test_a_format_that_takes_several_times_as_much_is_decoded_up_to_fewer_pixels(tmp_path):
    """88 megapixels of WebP took 1.4 GB beside all else, of JPEG 2000 2.2, of any budget."""
    with pytest.raises(ImageTooLarge, match=r"of WEBP take 0\.8"):
        image_size(webp(tmp_path / "large.webp", 7000, 6100))
    file = webp(tmp_path / "largest.webp", 6900, 6100)
    assert image_size(file) == (6900, 6100)
    assert peak_of(file, 2) < 1_200_000_000  # the networks take 700 MB more


@pytest.mark.parametrize(
    ("subsampling", "mode", "each"), [(0, "RGB", 13), (2, "RGB", 10), (0, "CMYK", 15), (0, "L", 9)]
)
def test_a_progressive_jpeg_takes_its_coefficients_more(subsampling, mode, each):
    """Four bands of 88 megapixels, beside all else that was decoded, took the command to 2.2 GB."""
    for progressive in (True, False):
        data, asked = io.BytesIO(), []
        picture = PIL.Image.fromarray(astronaut()).convert(mode)
        picture.save(data, "JPEG", progressive=progressive, subsampling=subsampling)
        load_image(data.getvalue(), reserve=asked.append)
        assert asked == [512 * 512 * (each if progressive else 7)]


@pytest.mark.parametrize("form", ["webp", "jp2", "avif", "jpeg"])
def test_who_raises_the_limit_raises_it_for_these_formats_too(tmp_path, monkeypatch, form):
    monkeypatch.setattr(image_io, "PICTURES", MemoryBudget(2_000_000))
    for name in (form, "png"):
        data = io.BytesIO()
        try:
            options = {"progressive": True, "subsampling": 0} if name == "jpeg" else {}
            form_ = {"jp2": "JPEG2000"}.get(name, name)
            PIL.Image.fromarray(astronaut()).save(data, form_, **options)
        except (KeyError, OSError):
            pytest.skip(f"this Pillow writes no {name}")
        if name != "png":
            with pytest.raises(ImageTooLarge, match="or raise max_pixels"):
                load_image(data.getvalue(), max_pixels=512 * 512)
        assert load_image(data.getvalue(), max_pixels=5 * 512 * 512).shape == (512, 512, 3)
        assert name != "png" or load_image(data.getvalue(), max_pixels=512 * 512).any()

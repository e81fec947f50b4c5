"""The file of a restored crop is an ordinary picture and keeps the drawn face and the trust."""

import shutil

import numpy as np
import PIL.Image
import pytest

from faceqgen_core.changes.restored_file import load_drawn, save_restored
from faceqgen_core.image_io import load_image, save_png
from tests.images import astronaut, grace_hopper

RESTORED = np.ascontiguousarray(astronaut()[60:188, 160:288])
DRAWN = np.ascontiguousarray(grace_hopper()[160:288, 200:328])
TRUST = np.tile(np.linspace(0, 1, 128, dtype=np.float32), (128, 1))


def test_drawn_face_and_trust_come_back_and_every_reader_sees_the_restored_crop(tmp_path):
    path = tmp_path / "deep" / "face.png"
    save_restored(path, RESTORED, DRAWN, TRUST)
    drawn, trust = load_drawn(path)
    np.testing.assert_array_equal(drawn, DRAWN)
    np.testing.assert_allclose(trust, TRUST, atol=0.5 / 255 + 1e-6)
    np.testing.assert_array_equal(load_image(path), RESTORED)
    with PIL.Image.open(path) as picture:
        assert picture.mode == "RGB" and picture.size == (128, 128)
    assert [p.name for p in path.parent.iterdir()] == ["face.png"]
    copy = shutil.copy(path, tmp_path / "copy.png")
    np.testing.assert_array_equal(load_drawn(copy)[0], DRAWN)


def test_opencv_reads_the_file_as_well(tmp_path):
    import cv2

    save_restored(tmp_path / "face.png", RESTORED, DRAWN, TRUST)
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / "face.png"))[..., ::-1], RESTORED)


def test_a_crop_of_an_earlier_run_holds_no_drawn_face(tmp_path):
    save_png(tmp_path / "face.png", RESTORED)
    assert load_drawn(tmp_path / "face.png") is None


def test_what_does_not_fit_or_is_damaged_is_refused(tmp_path):
    path = tmp_path / "face.png"
    for pictures in ((RESTORED, DRAWN, TRUST[:64]), (RESTORED, DRAWN[:64], TRUST)):
        with pytest.raises(ValueError, match="restored and drawn face are"):
            save_restored(path, *pictures)
    with pytest.raises(ValueError, match="restored and drawn face are"):
        save_restored(path, RESTORED / 255, DRAWN, TRUST)
    assert not path.exists()
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(OSError):
        load_drawn(tmp_path / "text.png")
    save_restored(path, RESTORED, DRAWN, TRUST)
    data = bytearray(path.read_bytes())
    start = data.index(b"fqDr")
    data[start + 4 : start + 12] = bytes(8)
    path.write_bytes(data)
    with pytest.raises((ValueError, OSError, SyntaxError)):
        load_drawn(path)

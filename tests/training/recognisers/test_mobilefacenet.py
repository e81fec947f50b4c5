"""MobileFaceNet's file: refused with reasons where it is another one. ``scripts/check_mobilefacenet.py`` compares it."""

import pytest

from faceqgen_core.alignment import CropProtocol
from faceqgen_core.training.recognisers.teachers import load_teachers


def test_a_missing_or_foreign_file_is_a_clear_error(tmp_path):
    with pytest.raises(ValueError, match=r"no recogniser at .*none\.tflite"):
        load_teachers([tmp_path / "none.tflite"], CropProtocol())
    foreign = tmp_path / "foreign.tflite"
    for data in (b"", b"TFL3", b"\x89PNG" * 100):
        foreign.write_bytes(data)
        with pytest.raises(ValueError, match=r"foreign\.tflite is no TensorFlow Lite model"):
            load_teachers([foreign], CropProtocol())

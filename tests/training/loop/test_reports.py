"""A run tells what it does: curves, TensorBoard logs, montages."""

import csv
import io

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from skimage.data import astronaut

from faceqgen_core.training.loop.reports import CurveLog, Reports, montage


def _report(reports, step):
    faces = [(astronaut()[:64, i : i + 64] / 255).astype(np.float32) for i in (0, 64)]
    reports.add(
        step,
        minutes=0.5,
        losses={"pixel": 1 / step},
        facts={"order": 0.1 * step},
        rows=[faces, faces],
    )


def _rows(folder):
    with (folder / "curves.csv").open() as file:
        return list(csv.DictReader(file))


def test_every_number_and_the_montage_are_in_the_tensorboard_logs(tmp_path):
    reports = Reports(tmp_path)
    reports.losses(1, {"pixel": 1.0})
    _report(reports, 2)
    (file,) = (tmp_path / "logs").iterdir()
    found = {}
    for event in tf.compat.v1.train.summary_iterator(str(file)):
        for value in event.summary.value:
            plugin = value.metadata.plugin_data.plugin_name
            found[event.step, value.tag, plugin] = tf.make_ndarray(value.tensor)
    assert found[1, "loss/pixel", "scalars"] == pytest.approx(1.0)
    assert found[2, "loss/pixel", "scalars"] == pytest.approx(0.5)
    assert found[2, "held_back/order", "scalars"] == pytest.approx(0.2)
    width, height, content = found[2, "samples", "images"]
    assert (width, height) == (b"128", b"128")
    picture = np.asarray(Image.open(io.BytesIO(content)))
    assert (picture[:64, :128] == astronaut()[:64, :128]).all()


def test_without_tensorflow_as_backend_a_line_in_the_log_stands_for_the_logs(
    tmp_path, monkeypatch, caplog
):
    monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
    caplog.set_level("INFO")
    _report(Reports(tmp_path), 2)
    assert not (tmp_path / "logs").exists()
    assert caplog.text.count("no TensorBoard logs") == 1
    assert _rows(tmp_path)[0]["order"] == "0.2"


def test_curves_and_montages_are_kept_by_step(tmp_path):
    reports = Reports(tmp_path)
    for step in (1, 2, 3):
        _report(reports, step)
    assert [row["step"] for row in _rows(tmp_path)] == ["1", "2", "3"]
    assert sorted(p.name for p in (tmp_path / "samples").iterdir()) == [
        f"00000{n}.png" for n in (1, 2, 3)
    ]


def test_a_run_that_goes_on_writes_no_step_twice(tmp_path):
    reports = Reports(tmp_path)
    for step in (1, 2, 3):
        _report(reports, step)
    again = Reports(tmp_path, step=2)
    _report(again, 3)
    assert [row["step"] for row in _rows(tmp_path)] == ["1", "2", "3"]


def test_a_number_that_comes_later_gets_a_column(tmp_path):
    log = CurveLog(tmp_path / "curves.csv")
    log.add({"step": 1, "pixel": 0.5})
    log.add({"step": 2, "pixel": 0.4, "adversarial": 0.7})
    assert [row["adversarial"] for row in _rows(tmp_path)] == ["", "0.7"]


def test_a_montage_has_a_row_a_list():
    face = np.full((8, 8, 3), 0.5, np.float32)
    picture = montage([[face, 2 * face], [0 * face, face]])
    assert picture.shape == (16, 16, 3)
    assert picture[0, 15, 0] == 255
    assert picture[15, 0, 0] == 0

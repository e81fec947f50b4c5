"""Whatever a process has set for Keras and TensorFlow: a face has its scores, or one line says what to change.

Each setting is tried in a process of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
TIMEOUT = 900

SCORE = """
import json, sys
from faceqgen_core import FaceQualityAssessor
from tests.images import astronaut
(a,) = FaceQualityAssessor(sys.argv[1], device="cpu").assess([astronaut()])
face = [a.box.x, a.box.y, a.box.width, a.box.height]
print(json.dumps([a.status.value, a.reason, a.quality, a.ssim, a.mse, a.discriminator, face]))
"""
"""Scores the astronaut's face; the last line printed is the result."""

TWICE = """
import sys
import keras
from faceqgen_core import FaceQualityAssessor
from faceqgen_core.process import crop_network
from tests.images import astronaut

def score():
    crop_network._LOADED.clear()
    (a,) = FaceQualityAssessor(sys.argv[1], device="cpu").assess([astronaut()])
    assert a.scored, a.reason
    return a.quality, a.ssim, a.mse, a.discriminator, a.box.x, a.box.y

before = score()
keras.config.set_floatx("float16")
keras.config.set_dtype_policy("mixed_float16")
keras.config.set_image_data_format("channels_first")
after = score()
left = keras.config.dtype_policy().name, keras.config.floatx(), keras.config.image_data_format()
assert left == ("mixed_float16", "float16", "channels_first"), left
assert max(abs(x - y) for x, y in zip(before, after)) < 1e-4, (before, after)
print("the same")
"""
"""Networks and detector are built twice, before and after the process changes its settings."""

FORK = """
import os, sys
from faceqgen_core.detection import DetectorError, MTCNNDetector
from faceqgen_core.restoration import Restorer
from faceqgen_core.presets import load_preset
import tensorflow as tf
preset = load_preset(sys.argv[1])
tf.constant(1) + 1
child = os.fork()
if child == 0:
    said = []
    for call in (lambda: Restorer(preset), lambda: MTCNNDetector().glance(__import__("numpy").zeros((64, 64, 3), "u1"))):
        try:
            call()
        except (RuntimeError, DetectorError) as error:
            said.append(str(error))
    print(said[0] == said[1], said[0], flush=True)
    os._exit(0)
os.waitpid(child, 0)
"""


def run(code, preset, **environment):
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-c", code, preset],
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        cwd=ROOT,
        env={**os.environ, **quiet, **environment},
    )


def result(code, preset, **environment):
    answer = run(code, preset, **environment)
    assert answer.returncode == 0, answer.stderr[-2000:]
    return json.loads(answer.stdout.strip().splitlines()[-1])


@pytest.fixture(scope="module")
def undisturbed(preset):
    return result(SCORE, preset)


def same(found, expected, *, within):
    assert found[0] == expected[0] == "scored"
    assert found[2] == pytest.approx(expected[2], abs=100 * within)
    assert found[3:6] == pytest.approx(expected[3:6], abs=within)
    assert found[6] == pytest.approx(expected[6], abs=0.1)


@pytest.mark.slow
def test_a_policy_a_float_type_and_a_layout_of_the_process_change_no_score_and_stay_as_they_are(
    preset,
):
    answer = run(TWICE, preset)
    assert answer.stdout.strip().endswith("the same"), answer.stderr[-2000:]


@pytest.mark.slow
def test_settings_in_the_file_of_keras_change_no_score(preset, undisturbed, tmp_path):
    settings = {"floatx": "float64", "image_data_format": "channels_first", "epsilon": 1e-7}
    (tmp_path / "keras.json").write_text(json.dumps({**settings, "backend": "tensorflow"}))
    same(result(SCORE, preset, KERAS_HOME=str(tmp_path)), undisturbed, within=1e-6)


@pytest.mark.slow
def test_onednn_on_or_off_changes_the_last_digits_alone(preset, undisturbed):
    other = "1" if os.environ.get("TF_ENABLE_ONEDNN_OPTS") == "0" else "0"
    found = result(SCORE, preset, TF_ENABLE_ONEDNN_OPTS=other)
    same(found, undisturbed, within=1e-3)


@pytest.mark.slow
def test_legacy_keras_gives_the_scores_or_one_line_that_names_the_setting(preset, undisturbed):
    answer = run(SCORE, preset, TF_USE_LEGACY_KERAS="1")
    if answer.returncode == 0:  # tf_keras is installed
        same(json.loads(answer.stdout.strip().splitlines()[-1]), undisturbed, within=1e-3)
    else:
        last = answer.stderr.strip().splitlines()[-1]
        assert "TF_USE_LEGACY_KERAS is set: unset it" in last


@pytest.mark.parametrize("backend", ["torch", "jax", "none"])
def test_another_backend_of_keras_works_or_one_line_says_what_to_set(backend, preset):
    answer = run(SCORE, preset, KERAS_BACKEND=backend)
    last = answer.stderr.strip().splitlines()[-1]
    assert answer.returncode and "KERAS_BACKEND=tensorflow" in last


def test_after_a_fork_of_a_process_that_used_tensorflow_a_line_says_so_and_nothing_hangs(preset):
    answer = run(FORK, preset)
    assert answer.stdout.startswith("True this process was forked"), answer.stderr[-2000:]
    assert "spawn" in answer.stdout

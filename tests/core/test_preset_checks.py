"""A preset may be anybody's: each of its values and the shapes in its weight files are checked before they are used."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import pytest

from faceqgen_core import presets
from faceqgen_core.preset_checks import require_shapes
from faceqgen_core.presets import WEIGHTS, PresetError, load_preset, models_folder, write_config

ROOT = Path(__file__).resolve().parents[2]

LONG = "x" * 2_000_000


@pytest.fixture
def copy(tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(models_folder() / "faceqgen-128", folder)
    return folder


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        (("crop_protocol", "eye_distance"), "x", "eye_distance"),
        (("crop_protocol", "eye_distance"), float("nan"), "NaN"),
        (("crop_protocol", "eye_distance"), -0.3, "eye_distance"),
        (("crop_protocol", "eye_distance"), 1e300, "eye_distance"),
        (("crop_protocol", "eye_distance"), True, "eye_distance"),
        (("crop_protocol", "center_y"), None, "center_y"),
        (("crop_protocol", "size"), 128.0, "size"),
        (("crop_protocol", "size"), 10**30, "size"),
        (("crop_protocol", "version"), 0, "version"),
        (("crop_protocol", "name"), "a\nb", "name"),
        (("crop_protocol", "name"), LONG, "name"),
        (("calibration", "quality", "w"), float("inf"), "Infinity"),
        (("calibration", "quality", "w"), "0.1", "w must be a number"),
        (("calibration", "quality", "x0"), 1e300, "x0"),
        (("calibration", "quality"), [1, 2], "needs x0 and w"),
        (("networks", "size"), True, "size"),
        (("networks", "generator_width"), 10**9, "generator_width"),
        (("networks", "head_units"), -1, "head_units"),
        (("weights", WEIGHTS[0]), 5, "SHA-256"),
        (("weights", WEIGHTS[0]), LONG, "SHA-256"),
        (("training",), [], "training"),
        (("training", "acceptable"), 101, "acceptable"),
        (("name",), LONG, "name"),
        (("name",), "two\nlines", "name"),
        (("name",), "", "name"),
        (("name",), {}, "name"),
        (("format",), LONG, "format"),
        ((LONG,), 1, "unknown key"),
    ],
    ids=lambda value: "" if isinstance(value, tuple) else repr(value)[:20],
)
def test_each_value_of_a_configuration_is_checked_and_the_message_is_short(
    copy, place, value, words
):
    path = copy / "config.json"
    config = json.loads(path.read_text())
    inner = config
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    path.write_text(json.dumps(config))
    with pytest.raises(PresetError, match=words) as raised:
        load_preset(copy)
    assert len(str(raised.value)) < 600
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"[" * 200_000, "nested"),
        (b'{"a":' * 100_000, "nested"),
        (b" " * 9_000_000, "MB"),
        (b"\xff\xfe{}", "not readable JSON"),
        (b"[]", "JSON object"),
        (b'{"format": ' + b"9" * 10_000 + b"}", "not readable JSON"),
    ],
    ids=["lists", "objects", "long", "bytes", "list", "digits"],
)
def test_a_configuration_that_is_no_plain_json_is_refused(copy, content, words):
    (copy / "config.json").write_bytes(content)
    with pytest.raises(PresetError, match=words):
        load_preset(copy)


def _inflate(weights):
    del weights["layers/dense/vars/0"]
    weights.create_dataset("layers/dense/vars/0", (60_000, 70_000), "f4", chunks=(1000, 1000))


def _link(weights):
    del weights["layers/dense/vars/0"]
    weights["layers/dense/vars/0"] = h5py.ExternalLink("/etc/other.h5", "/x")


def _outside(weights):
    shape = weights["layers/dense/vars/0"].shape
    del weights["layers/dense/vars/0"]
    weights.create_dataset(
        "layers/dense/vars/0", shape, "f4", external=[("/etc/passwd", 0, h5py.h5f.UNLIMITED)]
    )


def _text(weights):
    del weights["layers/dense/vars/0"]
    weights["layers/dense/vars/0"] = "text"


def _missing(weights):
    del weights["layers/dense/vars/0"]


def _refuses_within_two_gigabytes(folder):
    """Let the configuration vouch for the files, as their maker can, and load them in a process of its own."""
    write_config(folder, json.loads((folder / "config.json").read_text()))
    code = (
        "import sys\n"
        "from faceqgen_core.presets import PresetError, load_preset\n"
        "from faceqgen_core.restoration import Restorer\n"
        "from faceqgen_core.bench.memory import peak\n"
        "try:\n"
        "    Restorer(load_preset(sys.argv[1]), device='cpu')\n"
        "except PresetError as error:\n"
        "    assert 'does not fit' in str(error), error\n"
        "    print(peak())\n"
        "    sys.exit(7)\n"
    )
    command = [sys.executable, "-c", code, str(folder)]
    ended = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert ended.returncode == 7
    assert int(ended.stdout.split()[-1]) < 2e9


def test_weights_that_declare_other_shapes_are_refused_before_room_is_made_for_them(copy):
    """16 GB declared in a file of some hundred kilobytes: under a limit of memory the loader died of it."""
    with h5py.File(copy / WEIGHTS[2], "r+") as weights:
        _inflate(weights)
    _refuses_within_two_gigabytes(copy)


def test_a_configuration_that_asks_for_large_networks_is_refused_at_the_first_file(copy):
    """All three were built before the first file was looked at: 2.8 GB for the largest that a configuration may ask for."""
    path = copy / "config.json"
    config = json.loads(path.read_text())
    config["networks"] = {key: high for key, (_, high) in presets._NETWORK_LIMITS.items()}
    config["crop_protocol"]["size"] = config["networks"]["size"]
    path.write_text(json.dumps(config))
    _refuses_within_two_gigabytes(copy)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_inflate, "has the shape"),
        (_link, "is a link"),
        (_outside, "another file"),
        (_text, "no numbers"),
        (_missing, "no array"),
    ],
)
def test_what_a_weight_file_declares_is_compared_with_the_network(copy, change, words):
    file = copy / WEIGHTS[2]
    shapes = []
    with h5py.File(file, "r") as weights:
        weights["layers"].visititems(
            lambda _, item: shapes.append(item.shape) if hasattr(item, "shape") else None
        )
    require_shapes(file, shapes)
    with h5py.File(file, "r+") as weights:
        change(weights)
    with pytest.raises(ValueError, match=words):
        require_shapes(file, shapes)

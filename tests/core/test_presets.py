"""A preset that is damaged or incomplete is refused before anything runs."""

import json
import shutil

import pytest

from faceqgen_core.presets import PresetError, list_presets, load_preset, models_folder


@pytest.fixture
def copy(tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(models_folder() / "faceqgen-128", folder)
    return folder


def _change(folder, **changes):
    path = folder / "config.json"
    config = json.loads(path.read_text())
    config.update(changes)
    path.write_text(json.dumps(config))


def test_the_shipped_preset_verifies():
    preset = load_preset("faceqgen-128")
    assert preset.identifier.startswith("faceqgen-128@")
    assert "faceqgen-128" in list_presets()


def test_a_copy_elsewhere_has_the_same_identifier(copy):
    assert load_preset(copy).identifier == load_preset("faceqgen-128").identifier


def test_one_changed_byte_in_the_weights_is_refused(copy):
    path = copy / "generator.weights.h5"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(PresetError, match="SHA-256"):
        load_preset(copy)


def test_missing_weights_are_named(copy):
    (copy / "discriminator.weights.h5").unlink()
    with pytest.raises(PresetError, match=r"discriminator\.weights\.h5 is missing"):
        load_preset(copy)


def test_an_unknown_key_is_refused(copy):
    _change(copy, colour="blue")
    with pytest.raises(PresetError, match="colour"):
        load_preset(copy)


def test_an_unknown_key_in_the_crop_protocol_is_refused(copy):
    config = json.loads((copy / "config.json").read_text())
    _change(copy, crop_protocol=config["crop_protocol"] | {"padding": 3})
    with pytest.raises(PresetError, match="padding"):
        load_preset(copy)


def test_a_missing_calibration_is_refused(copy):
    config = json.loads((copy / "config.json").read_text())
    del config["calibration"]["quality"]
    _change(copy, calibration=config["calibration"])
    with pytest.raises(PresetError, match="quality"):
        load_preset(copy)


def test_a_new_calibration_is_a_new_identifier(copy):
    config = json.loads((copy / "config.json").read_text())
    config["calibration"]["quality"]["x0"] += 0.01
    _change(copy, calibration=config["calibration"])
    assert load_preset(copy).identifier != load_preset("faceqgen-128").identifier


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(PresetError, match="faceqgen-128"):
        load_preset("faceqgen-9000")


@pytest.mark.parametrize("form", [2, 4, "three"])
def test_a_preset_of_another_format_is_refused_in_words_that_name_the_one_to_use(copy, form):
    _change(copy, format=form)
    with pytest.raises(PresetError, match=rf"format {form!r}.*reads format 3.*'faceqgen-128'"):
        load_preset(copy)


def test_the_networks_of_a_preset_need_the_length_of_the_code(copy):
    networks = json.loads((copy / "config.json").read_text())["networks"]
    _change(copy, networks={k: v for k, v in networks.items() if k != "code"})
    with pytest.raises(PresetError, match=r"'networks' must hold exactly .*code"):
        load_preset(copy)

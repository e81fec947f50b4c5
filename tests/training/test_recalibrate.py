"""`faceqgen recalibrate` lays the quality for a camera and leaves all else of a preset as it was."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from faceqgen_core.cli import main
from faceqgen_core.degradation import FAMILIES
from faceqgen_core.measures import MEASURES
from faceqgen_core.presets import WEIGHTS, load_preset
from faceqgen_core.training.calibrate import GOOD_QUALITY, POOR_QUALITY
from faceqgen_core.training.recalibrate import degraded_copies, read_faces, recalibrate
from tests.images import astronaut, grace_hopper, no_face
from tests.random_preset import write_random_preset
from tests.training.small_set import PROTOCOL, portrait_variants

SIZE = PROTOCOL.size


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A preset of untrained networks."""
    return write_random_preset(tmp_path_factory.mktemp("presets") / "tiny", name="tiny")


class Contrast:
    """Stands in for the networks: the similarity of a crop is its contrast."""

    def restore(self, crops):
        return SimpleNamespace(similarity=crops.std(axis=(1, 2, 3)) / 100)


@pytest.fixture(scope="module")
def portraits():
    return np.stack(portrait_variants(24))


def _write(folder, images):
    folder.mkdir(parents=True)
    for i, image in enumerate(images):
        Image.fromarray(image).save(folder / f"{i:02d}.png")
    return folder


def _dull(crops):
    return (120 + 0.2 * (crops.astype(float) - 120)).astype(np.uint8)


def test_the_medians_of_good_and_poor_captures_get_their_qualities(tiny, portraits, tmp_path):
    preset = load_preset(tiny)
    note = recalibrate(
        preset, Contrast(), portraits, _dull(portraits), output=tmp_path / "mine", name="mine"
    )
    new = load_preset(tmp_path / "mine")
    good, poor = (
        float(np.median(Contrast().restore(x).similarity)) for x in (portraits, _dull(portraits))
    )
    assert new.calibration.quality(good) == pytest.approx(GOOD_QUALITY)
    assert new.calibration.quality(poor) == pytest.approx(POOR_QUALITY)
    assert note["medians"] == {"good": good, "poor": poor}
    assert note["faces"] == {"good": 24, "poor": 24}
    assert note["poor_faces"] == "captures"
    assert note["quality_before"]["good"] == round(preset.calibration.quality(good), 1)
    assert note["quality_after"] == {"good": GOOD_QUALITY, "poor": POOR_QUALITY}


def test_weights_crops_and_components_stay_and_the_preset_says_what_was_done(
    tiny, portraits, tmp_path
):
    preset = load_preset(tiny)
    note = recalibrate(preset, Contrast(), portraits, None, output=tmp_path / "mine", name="mine")
    new = load_preset(tmp_path / "mine")
    assert new.name == "mine" and new.identifier != preset.identifier
    for file in WEIGHTS:
        assert new.weights(file).read_bytes() == preset.weights(file).read_bytes()
    assert new.protocol == preset.protocol and new.networks == preset.networks
    for name in MEASURES:
        assert new.calibration.mappings[name] == preset.calibration.mappings[name]
    acceptable = new.training["acceptable"]
    assert acceptable == pytest.approx(new.calibration.quality(0.5), abs=0.05)  # where 50 was
    assert new.training == {
        "settings": {"steps": 1},
        "acceptable": acceptable,
        "recalibration": note,
    }
    assert note["from"] == preset.identifier
    assert note["faces"] == {"good": 24, "poor": 24 * len(FAMILIES)}
    assert note["poor_faces"] == "degraded copies"
    assert len(note["data_sha256"]) == 64


def test_other_captures_have_another_hash(tiny, portraits, tmp_path):
    preset = load_preset(tiny)
    hashes = {
        recalibrate(preset, Contrast(), good, _dull(poor), output=tmp_path / name, name=name)[
            "data_sha256"
        ]
        for name, good, poor in (
            ("a", portraits, portraits),
            ("b", portraits[1:], portraits),
            ("c", portraits, portraits[1:]),
        )
    }
    assert len(hashes) == 3


def test_degraded_copies_are_the_same_for_the_same_faces_and_seed(portraits):
    first, again, other = (degraded_copies(portraits[:2], seed=s) for s in (1, 1, 2))
    assert first.shape == (2 * len(FAMILIES), SIZE, SIZE, 3)
    assert (first == again).all() and (first != other).any()
    changed = np.abs(first.astype(int) - np.repeat(portraits[:2], len(FAMILIES), axis=0))
    assert (changed.mean(axis=(1, 2, 3)) > 1).all()


def test_an_existing_preset_is_not_overwritten(tiny, portraits, tmp_path):
    with pytest.raises(ValueError, match=r"there is a preset in .* already"):
        recalibrate(load_preset(tiny), Contrast(), portraits, None, output=tiny, name="tiny")
    (tmp_path / WEIGHTS[0]).write_bytes(b"")
    with pytest.raises(ValueError, match="name another folder"):
        recalibrate(load_preset(tiny), Contrast(), portraits, None, output=tmp_path, name="x")


def test_good_captures_that_are_no_better_than_poor_ones_are_a_clear_error(
    tiny, portraits, tmp_path
):
    with pytest.raises(
        ValueError, match=r"do not score above poor ones .*--data must hold the good"
    ):
        recalibrate(
            load_preset(tiny),
            Contrast(),
            _dull(portraits),
            portraits,
            output=tmp_path / "mine",
            name="mine",
        )
    assert not (tmp_path / "mine").exists()


def test_crops_are_taken_whole_and_faces_are_found_in_photographs(portraits, tmp_path):
    crops = _write(tmp_path / "crops", portraits)
    (tmp_path / "crops" / "broken.png").write_bytes(b"no picture")
    assert (read_faces(crops, PROTOCOL, crops=True) == portraits).all()
    photographs = [astronaut()[:300, 80:380], grace_hopper()[:400, 100:450]]
    few = _write(tmp_path / "photographs", photographs)
    with pytest.raises(ValueError, match=r"2 usable face\(s\) in the 2 image.*at least 20"):
        read_faces(few, PROTOCOL, crops=False)


def test_a_folder_without_a_face_or_no_folder_is_a_clear_error(tmp_path):
    with pytest.raises(ValueError, match=r"no usable face in .*add --crops"):
        read_faces(_write(tmp_path / "coffee", [no_face()]), PROTOCOL, crops=False)
    with pytest.raises(ValueError, match="is not a folder"):
        read_faces(tmp_path / "nowhere", PROTOCOL, crops=True)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="no image below"):
        read_faces(tmp_path / "empty", PROTOCOL, crops=True)


def test_the_command_prints_what_becomes_of_the_medians(preset, portraits, tmp_path, capsys):
    few = portraits[:20]  # as few as it takes
    data = _write(tmp_path / "good", few)
    output = tmp_path / "door-camera"
    call = ["recalibrate", "--preset", preset, "--data", str(data), "--crops"]
    assert main([*call, "--output", str(output)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split()[:2] == ["good", "20"] and lines[1].split()[-1] == "90.0"
    assert lines[2].split()[:2] == ["poor", str(20 * len(FAMILIES))]
    assert lines[2].split()[-1] == f"{POOR_QUALITY:.1f}"
    assert lines[3].startswith("door-camera@")
    config = json.loads((output / "config.json").read_text())
    assert config["training"]["recalibration"]["from"] == load_preset(preset).identifier
    assert main([*call, "--output", str(output)]) == 2
    assert "there is a preset in" in capsys.readouterr().err

"""FaceQnet's files: the original's numbers, in its own way, from files that ``tf_keras`` writes."""

from __future__ import annotations

import subprocess
import sys

import cv2
import numpy as np
import pytest

from faceqgen_core import FaceQualityAssessor, load_preset
from faceqgen_core.foreign.faceqnet import FaceQnetPreset
from faceqgen_core.presets import PresetError
from faceqgen_core.types import FaceBox, Status
from tests.foreign_networks import (
    faceqnet_like,
    settle,
    tiny_faceqnet,
    tiny_generator,
)
from tests.images import astronaut, astronaut_face, plain

SMALL = ((1, 8, 16), (2, 8, 16))


def as_the_original(image, network):
    """What the original's script does to an RGB picture: BGR, the whole resized, 0..255, clipped."""
    resized = cv2.resize(np.ascontiguousarray(image[..., ::-1]), (224, 224))
    return float(np.clip(network(resized[None].astype(np.float32)), 0, 1)[0, 0])


@pytest.mark.slow
def test_a_full_size_file_of_tf_keras_gives_the_numbers_of_tf_keras(tmp_path):
    tf_keras = pytest.importorskip("tf_keras")
    network = settle(faceqnet_like(tf_keras))
    assert 23e6 < network.count_params() < 25e6
    network.save(tmp_path / "FaceQnet_v1.h5")
    picture = astronaut()[20:300, 100:330]
    (found,) = FaceQualityAssessor(tmp_path / "FaceQnet_v1.h5", device="cpu").assess(
        [picture], faces="crop"
    )
    expected = as_the_original(picture, lambda x: network.predict(x, verbose=0))
    assert 0 < expected < 1
    assert found.extra["faceqnet"] == pytest.approx(expected, abs=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["h5", "keras"])
@pytest.mark.parametrize("frozen", [False, True])
def test_a_network_within_a_network_keeps_its_weights_in_their_order(tmp_path, ending, frozen):
    tf_keras = pytest.importorskip("tf_keras")
    from faceqgen_core.foreign.network_loading import load_network

    network = settle(faceqnet_like(tf_keras, nested=True, blocks=SMALL, size=64))
    network.layers[0].trainable = not frozen
    network.save(tmp_path / f"nested.{ending}")
    crops = np.random.default_rng(0).uniform(0, 255, (2, 64, 64, 3)).astype(np.float32)
    loaded = np.asarray(load_network(tmp_path / f"nested.{ending}")(crops, training=False))
    assert np.ptp(loaded) > 0
    assert np.abs(loaded - np.asarray(network(crops, training=False))).max() < 1e-5


def test_faceqnet_gives_its_own_score_and_nothing_else(tmp_path):
    picture = np.full((90, 60, 3), (200, 100, 50), np.uint8)
    (found,) = FaceQualityAssessor(tiny_faceqnet(tmp_path / "FaceQnet.h5"), device="cpu").assess(
        [picture], faces="crop", restored=True, difference=True
    )
    # 0.25 and the blue channel's mean through 512: red would give 0.64.
    assert found.status is Status.SCORED
    assert found.extra["faceqnet"] == pytest.approx(0.25 + 50 / 512, abs=1e-5)
    assert (found.quality, found.ssim, found.mse, found.discriminator) == (None,) * 4
    assert found.restored is None and found.difference is None
    assert (found.reasons, found.changes, found.components) == ((), (), {})
    assert found.preset.startswith("FaceQnet@") and found.crop_protocol == "stretched-v1-224"


@pytest.mark.parametrize(("bias", "score"), [(-3.0, 0.0), (3.0, 1.0)])
def test_its_numbers_are_clipped_to_0_and_1(tmp_path, bias, score):
    file = tiny_faceqnet(tmp_path / "FaceQnet.h5", bias=bias)
    (found,) = FaceQualityAssessor(file, device="cpu").assess([plain()], faces="crop")
    assert found.extra["faceqnet"] == score


def test_its_crop_is_opencvs_resize_of_the_whole_image(tmp_path):
    preset = load_preset(tiny_faceqnet(tmp_path / "FaceQnet.h5"))
    picture = astronaut()[:300, 100:330]
    crop = preset.cut(picture)
    assert (crop.image == cv2.resize(picture, (224, 224))).all()
    ends = crop.matrix @ np.array([[-0.5, -0.5, 1], [229.5, 299.5, 1]]).T
    assert np.allclose(ends.T, [[-0.5, -0.5], [223.5, 223.5]])


def test_a_detected_face_is_its_box_as_far_as_it_lies_in_the_image(tmp_path):
    preset = load_preset(tiny_faceqnet(tmp_path / "FaceQnet.h5"))
    box = astronaut_face()
    x, y = int(box.x), int(box.y)
    right, bottom = int(np.ceil(box.x + box.width)), int(np.ceil(box.y + box.height))
    expected = cv2.resize(np.ascontiguousarray(astronaut()[y:bottom, x:right]), (224, 224))
    assert (preset.cut(astronaut(), box).image == expected).all()
    outside = preset.cut(astronaut(), FaceBox(-40, -40, 100, 100))
    assert (outside.image == cv2.resize(astronaut()[:60, :60], (224, 224))).all()


def test_a_file_says_by_its_hash_which_it_is(tmp_path):
    one = load_preset(tiny_faceqnet(tmp_path / "FaceQnet.h5"))
    other = load_preset(tiny_faceqnet(tmp_path / "other" / "FaceQnet.h5", bias=0.5))
    assert isinstance(one, FaceQnetPreset)
    assert one.identifier != other.identifier and one.name == other.name == "FaceQnet"


def test_a_network_of_another_input_is_not_taken_for_faceqnet(tmp_path):
    with pytest.raises(PresetError, match=r"pair\.json"):
        load_preset(tiny_generator(tmp_path / "generator.h5"))


def test_checking_a_file_loads_no_network_library(tmp_path):
    file = tiny_faceqnet(tmp_path / "FaceQnet.h5")
    program = (
        "import sys; from faceqgen_core import load_preset; load_preset(sys.argv[1]);"
        "assert not {'keras', 'tensorflow'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program, str(file)], check=True)


def test_no_face_of_a_turned_photograph_is_scored_lying_on_its_side(tmp_path):
    class Upright:
        """Finds a sure face in a picture that is higher than wide."""

        def detect(self, image):
            return [astronaut_face()] if image.shape[0] > image.shape[1] else []

    file = tiny_faceqnet(tmp_path / "FaceQnet.h5")
    wide = np.ascontiguousarray(astronaut()[:400])
    (found,) = FaceQualityAssessor(file, detector=Upright(), device="cpu").assess([wide])
    assert found.status is Status.NO_FACE and found.turn == 0

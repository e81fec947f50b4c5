"""SSIM, MSE and the discriminator score against other people's implementations, on real images."""

import matplotlib.cbook
import numpy as np
import pytest
import skimage.data
from keras import ops
from PIL import Image
from skimage.metrics import mean_squared_error
from skimage.transform import resize

from faceqgen_core.measures import MEASURES
from faceqgen_core.measures.discriminator_score import discriminator_score
from faceqgen_core.measures.mse import mse
from faceqgen_core.measures.ssim import ssim_map
from tests.scikit_ssim import ssim_by_scikit_image, ssim_map_by_scikit_image


def _real_images():
    with matplotlib.cbook.get_sample_data("grace_hopper.jpg") as file:
        hopper = np.asarray(Image.open(file).convert("RGB"))
    astronaut = skimage.data.astronaut()[:250, 110:360]
    return [
        resize(i, (128, 128), anti_aliasing=True).astype(np.float32) for i in (astronaut, hopper)
    ]


def _pairs():
    rng = np.random.default_rng(0)
    for image in _real_images():
        noisy = np.clip(image + rng.normal(0, 0.08, image.shape), 0, 1).astype(np.float32)
        yield image, noisy
        yield image, (image * 0.4).astype(np.float32)
        yield image, image[:, ::-1].copy()


def test_ssim_equals_scikit_image_on_real_images():
    for first, second in _pairs():
        ours = float(ops.mean(ssim_map(first[None], second[None])))
        theirs, _ = ssim_by_scikit_image(first, second)
        assert ours == pytest.approx(theirs, abs=1e-5)


def test_the_ssim_map_equals_scikit_images_full_map_inside():
    first, second = next(_pairs())
    full = ssim_map_by_scikit_image(first, second)
    ours = np.asarray(ssim_map(first[None], second[None]))[0]
    np.testing.assert_allclose(ours, full[5:-5, 5:-5], atol=1e-4)


def test_ssim_equals_tensorflow():
    import tensorflow as tf

    for first, second in _pairs():
        ours = float(ops.mean(ssim_map(first[None], second[None])))
        assert ours == pytest.approx(float(tf.image.ssim(first, second, max_val=1)), abs=1e-5)


def test_ssim_is_one_for_the_same_image_and_symmetric():
    for first, second in _pairs():
        assert float(ops.mean(ssim_map(first[None], first[None]))) == pytest.approx(1, abs=1e-6)
        there = float(ops.mean(ssim_map(first[None], second[None])))
        back = float(ops.mean(ssim_map(second[None], first[None])))
        assert there == pytest.approx(back, abs=1e-6)
        assert -1 <= there < 1


def test_mse_equals_scikit_image_for_every_image_of_a_batch():
    pairs = list(_pairs())
    ours = np.asarray(mse(np.stack([a for a, _ in pairs]), np.stack([b for _, b in pairs])))
    theirs = [mean_squared_error(a, b) for a, b in pairs]
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_the_discriminator_score_is_the_mean_of_patch_probabilities():
    logits = np.array([[-30.0, 30.0], [0.0, 0.0]], np.float32)[None, ..., None]
    assert float(discriminator_score(logits)[0]) == pytest.approx(0.5)
    assert float(discriminator_score(np.full((1, 2, 2, 1), 2.0, np.float32))[0]) == pytest.approx(
        1 / (1 + np.exp(-2)), abs=1e-6
    )


def test_every_measure_states_its_direction_in_words():
    for measure in MEASURES.values():
        word = "higher is better" if measure.higher_is_better else "LOWER is better"
        assert word in measure.description
        assert measure.low < measure.high

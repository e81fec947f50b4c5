"""The compiled call gives the same numbers alone, in a batch, and by other people's formulas."""

import numpy as np
import pytest
import skimage.data
from skimage.metrics import structural_similarity
from skimage.transform import resize

from faceqgen_core.degradation import FAMILIES, degrade
from faceqgen_core.presets import load_preset
from faceqgen_core.restoration import Restorer, difference_map


@pytest.fixture(scope="module")
def crops():
    face = resize(skimage.data.astronaut()[:250, 110:360], (128, 128), anti_aliasing=True)
    face = (face * 255).round().astype(np.uint8)
    rng = np.random.default_rng(0)
    return np.stack(
        [face]
        + [degrade(face, f, 0.6, rng) for f in ("noise", "gaussian_blur", "dark", "occlusion")]
    )


@pytest.fixture(scope="module")
def restorer():
    return Restorer(load_preset(), batch_size=4)


def test_a_face_scores_the_same_alone_and_in_any_batch(restorer, crops):
    together = restorer.restore(crops)
    reversed_order = restorer.restore(crops[::-1])
    for i in range(len(crops)):
        alone = restorer.restore(crops[i : i + 1])
        for name in ("ssim", "mse", "discriminator", "similarity"):
            value = getattr(alone, name)[0]
            assert getattr(together, name)[i] == pytest.approx(value, abs=1e-5)
            assert getattr(reversed_order, name)[-1 - i] == pytest.approx(value, abs=1e-5)


def test_the_measures_agree_with_scikit_image_on_the_restored_crop(restorer, crops):
    result = restorer.restore(crops, restored=True)
    for i, crop in enumerate(crops):
        a, b = crop / 255.0, result.restored[i] / 255.0
        theirs = structural_similarity(
            a,
            b,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            channel_axis=-1,
            data_range=1,
        )
        # The restored crop was rounded to 8 bits; the measure was not.
        assert result.ssim[i] == pytest.approx(theirs, abs=2e-3)
        assert result.mse[i] == pytest.approx(np.mean((a - b) ** 2), abs=1e-4)


def test_the_difference_map_is_half_of_one_minus_the_ssim_map():
    local = np.linspace(-1, 1, 118 * 118, dtype=np.float32).reshape(118, 118)
    result = difference_map(local, 128)
    assert result.shape == (128, 128)
    np.testing.assert_allclose(result[5:-5, 5:-5], (1 - local) / 2, atol=1e-6)
    assert result.min() >= 0
    assert result.max() <= 1


def test_no_crops_give_empty_arrays(restorer):
    result = restorer.restore(np.empty((0, 128, 128, 3), np.uint8), restored=True, difference=True)
    assert len(result.ssim) == len(result.restored) == len(result.difference) == 0
    assert result.strengths.shape == (0, len(FAMILIES))


def test_the_degradations_that_the_generator_names_come_out_in_the_order_of_the_families(
    restorer, crops
):
    strengths = restorer.restore(crops).strengths
    assert strengths.shape == (len(crops), len(FAMILIES)) and strengths.dtype == np.float32
    assert ((strengths >= 0) & (strengths <= 1)).all()
    for row, family in enumerate(("noise", "gaussian_blur", "dark"), start=1):
        column = list(FAMILIES).index(family)
        assert strengths[row, column] > strengths[0, column]


def test_crops_of_a_wrong_shape_or_type_are_refused(restorer):
    with pytest.raises(ValueError, match="uint8 RGB"):
        restorer.restore(np.zeros((1, 64, 64, 3), np.uint8))
    with pytest.raises(ValueError, match="uint8 RGB"):
        restorer.restore(np.zeros((1, 128, 128, 3), np.float32))


def test_an_unknown_or_absent_device_is_refused():
    import tensorflow as tf

    with pytest.raises(ValueError, match="device must be"):
        Restorer(load_preset(), device="quantum")
    if not tf.config.list_physical_devices("GPU"):
        with pytest.raises(ValueError, match="no GPU"):
            Restorer(load_preset(), device="gpu")


def test_a_good_face_changes_less_than_a_strongly_blurred_or_noisy_one(restorer, crops):
    result = restorer.restore(crops)
    assert result.similarity[0] > max(result.similarity[1:3])
    assert result.discriminator[0] > max(result.discriminator[1:3])

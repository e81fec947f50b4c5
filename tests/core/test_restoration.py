"""The compiled call gives the same numbers alone, in a batch, and by other people's formulas."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from skimage.transform import resize

from benchmarks.reliability import batches
from faceqgen_core.degradation import FAMILIES, degrade
from faceqgen_core.measures.region import face_region
from faceqgen_core.presets import load_preset
from faceqgen_core.restoration import DIMMED, Pictures, Restorer, difference_map
from tests.claims import claim
from tests.scikit_ssim import ssim_map_by_scikit_image

ROOT = Path(__file__).resolve().parents[2]


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


@pytest.mark.sweep
def test_on_the_processor_a_face_scores_the_same_in_any_batch_and_any_order_to_rounding(crops):
    """Alone, in a group of eight, at another place of it and filled up: see ``process.crop_network``.

    Seen at most, over 236 crops, with and without oneDNN and with AVX2: 7.5e-5 of 100, 5.2e-6 of the SSIM, 2.4e-7 of the
    other measures, one grey level. The bounds are ten times as large.
    """
    many = np.concatenate([crops, crops[:, :, ::-1], crops[::-1, ::-1]])
    preset = load_preset()

    def scored(batch_size, order):
        restorer = Restorer(preset, batch_size=batch_size, device="cpu")
        result = restorer.restore(many[order], pictures=Pictures(restored=True, difference=True))
        quality = np.array([preset.calibration.quality(value) for value in result.similarity])
        back = np.argsort(order)
        named = {**result.numbers, "quality": quality, "restored": result.restored.astype(int)}
        return {name: values[back] for name, values in named.items()}

    order = np.arange(len(many))
    alone = scored(1, order)
    apart = dict.fromkeys(alone, 0.0)
    for batch_size, other in ((3, order), (8, order), (512, order[::-1]), (512, np.roll(order, 3))):
        for name, values in scored(batch_size, other).items():
            apart[name] = max(apart[name], np.abs(values - alone[name]).max())
    assert apart["similarity"] > 0 or apart["ssim"] > 0, "other shapes add up in another order"
    claim("quality, of 100", apart.pop("quality"), below=batches.QUALITY)
    claim("grey levels of restored crops", apart.pop("restored"), below=batches.GREY + 0.5)
    for name, value in apart.items():
        claim(name, value, below=batches.NATIVE)


def test_on_the_processor_a_face_scores_the_same_with_any_number_of_threads(crops, tmp_path):
    """To the last bits of float32, not in them: a matrix product is cut up by the number of threads."""
    np.save(tmp_path / "crops.npy", crops)
    code = (
        "import sys, numpy as np, tensorflow as tf\n"
        "tf.config.threading.set_intra_op_parallelism_threads(int(sys.argv[2]))\n"
        "from faceqgen_core import load_preset\n"
        "from faceqgen_core.restoration import Pictures, Restorer\n"
        "crops = np.load(sys.argv[1] + '/crops.npy')\n"
        "result = Restorer(load_preset(), device='cpu').restore(crops, pictures=Pictures(restored=True))\n"
        "np.savez(f'{sys.argv[1]}/{sys.argv[2]}.npz', similarity=result.similarity,\n"
        "         ssim=result.ssim, restored=result.restored)\n"
    )
    for threads in ("1", "3"):
        subprocess.run([sys.executable, "-c", code, str(tmp_path), threads], cwd=ROOT, check=True)
    one, three = (np.load(tmp_path / f"{threads}.npz") for threads in ("1", "3"))
    for name in ("similarity", "ssim"):
        np.testing.assert_allclose(one[name], three[name], rtol=0, atol=5e-6)
    assert np.abs(one["restored"].astype(int) - three["restored"]).max() <= 1


def test_a_face_scores_the_same_alone_and_in_any_batch(restorer, crops):
    together = restorer.restore(crops)
    reversed_order = restorer.restore(crops[::-1])
    for i in range(len(crops)):
        alone = restorer.restore(crops[i : i + 1])
        for name in ("ssim", "mse", "discriminator", "similarity"):
            value = getattr(alone, name)[0]
            assert getattr(together, name)[i] == pytest.approx(value, abs=1e-5)
            assert getattr(reversed_order, name)[-1 - i] == pytest.approx(value, abs=1e-5)


def test_the_measures_agree_with_scikit_image_and_numpy_over_the_face(restorer, crops):
    result = restorer.restore(crops, pictures=Pictures(restored=True))
    region = face_region(restorer.preset.protocol).astype(np.float64)
    for i, crop in enumerate(crops):
        a, b = crop / 255.0, result.restored[i] / 255.0
        local = ssim_map_by_scikit_image(a, b)
        # The restored crop was rounded to 8 bits; the measure was not.
        theirs = np.average(local, weights=region)
        assert result.ssim[i] == pytest.approx(theirs, abs=2e-3)
        squares = np.average(((a - b) ** 2).mean(axis=-1), weights=region)
        assert result.mse[i] == pytest.approx(squares, abs=1e-4)


def test_drawn_face_and_trust_come_if_they_are_asked_for_and_belong_to_the_restored_face(
    restorer, crops
):
    bare = restorer.restore(crops)
    assert bare.restored is bare.difference is bare.drawn is bare.trust is None
    result = restorer.restore(crops, pictures=Pictures(restored=True, drawn=True, trust=True))
    assert result.drawn.shape == crops.shape and result.drawn.dtype == np.uint8
    assert result.trust.shape == crops.shape[:3] and result.trust.dtype == np.float32
    assert ((result.trust >= 0) & (result.trust <= 1)).all()
    # Where next to nothing of the crop is trusted, the restored face is the drawn one.
    far = np.abs(result.restored.astype(int) - result.drawn).max(axis=-1)
    assert (far <= 255 * result.trust + 1).all()


def test_what_changed_beside_the_face_is_dimmed(restorer, crops):
    region = face_region(restorer.preset.protocol)
    local = np.zeros((118, 118), np.float32)
    plain, dimmed = difference_map(local, 128), difference_map(local, 128, region)
    np.testing.assert_allclose(dimmed[region == 1], plain[region == 1])
    np.testing.assert_allclose(dimmed[region == 0], DIMMED * plain[region == 0])
    result = restorer.restore(crops, pictures=Pictures(difference=True))
    assert result.difference[:, region == 0].max() <= DIMMED


def test_the_difference_map_is_half_of_one_minus_the_ssim_map():
    local = np.linspace(-1, 1, 118 * 118, dtype=np.float32).reshape(118, 118)
    result = difference_map(local, 128)
    assert result.shape == (128, 128)
    np.testing.assert_allclose(result[5:-5, 5:-5], (1 - local) / 2, atol=1e-6)
    assert result.min() >= 0
    assert result.max() <= 1


def test_no_crops_give_empty_arrays(restorer):
    asked = Pictures(restored=True, difference=True, drawn=True, trust=True)
    result = restorer.restore(np.empty((0, 128, 128, 3), np.uint8), pictures=asked)
    assert len(result.ssim) == len(result.restored) == len(result.difference) == 0
    assert result.drawn.shape == (0, 128, 128, 3) and result.trust.shape == (0, 128, 128)
    assert result.predicted_levels.shape == (0, len(FAMILIES))


def test_the_degradations_that_the_generator_names_come_out_in_the_order_of_the_families(
    restorer, crops
):
    levels = restorer.restore(crops).predicted_levels
    assert levels.shape == (len(crops), len(FAMILIES)) and levels.dtype == np.float32
    assert ((levels >= 0) & (levels <= 1)).all()
    for row, family in enumerate(("noise", "gaussian_blur", "dark"), start=1):
        column = list(FAMILIES).index(family)
        assert levels[row, column] > levels[0, column]


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

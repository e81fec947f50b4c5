"""What the generator shall do with a face is decided by its worth; the discriminator judges originals and fakes."""

import keras
import numpy as np
import pytest
from keras import ops

from faceqgen_core.degradation import FAMILIES
from faceqgen_core.networks import build_discriminator, build_generator
from faceqgen_core.training.data.pairs import Batch
from faceqgen_core.training.data.subjects import FaceSet
from faceqgen_core.training.loop.generator_stage import canonical_face, load_earlier, take_over
from faceqgen_core.training.networks.gan import LossWeights, RestorationGAN, light_matched
from faceqgen_core.training.networks.grading import GradedBatch
from tests.images import astronaut, grace_hopper

SIZE = 32


def _crop(picture, y, x):
    return picture[y : y + SIZE, x : x + SIZE].astype(np.float32) / np.float32(255)


IMAGE = np.stack([_crop(astronaut(), 90, 200 + 8 * i) for i in range(4)])
TARGET = np.stack([_crop(astronaut(), 60 + 8 * i, 180) for i in range(4)])
CANONICAL = _crop(grace_hopper(), 200, 240)


@pytest.fixture(scope="module")
def gan():
    keras.utils.set_random_seed(0)
    return RestorationGAN(
        build_generator(size=SIZE, width=16),
        build_discriminator(size=SIZE, width=8),
        canonical=CANONICAL,
        steps=20,
    )


def _aim(gan, cross, worth):
    numbers = (np.full(4, cross, np.float32), np.full(4, worth, np.float32))
    return ops.convert_to_numpy(gan.aim(IMAGE, ops.convert_to_tensor(TARGET), *numbers))


def test_a_good_face_of_another_moment_stays_itself(gan):
    np.testing.assert_allclose(_aim(gan, 1.0, 1.0), IMAGE, atol=1e-6)


def test_a_face_of_some_worth_becomes_its_target(gan):
    np.testing.assert_allclose(_aim(gan, 0.0, 1.0), TARGET, atol=1e-6)
    np.testing.assert_allclose(_aim(gan, 0.0, gan.weights.lost), TARGET, atol=1e-6)


def test_a_face_that_is_lost_becomes_what_faces_have_in_common(gan):
    matched = ops.convert_to_numpy(light_matched(CANONICAL[None], TARGET))
    share = gan.weights.canonical
    for cross in (0.0, 1.0):
        expected = TARGET + share * (matched - TARGET)
        np.testing.assert_allclose(_aim(gan, cross, 0.0), expected, atol=1e-5)
    half = _aim(gan, 0.0, gan.weights.lost / 2)
    np.testing.assert_allclose(half, TARGET + share / 2 * (matched - TARGET), atol=1e-5)


def test_the_canonical_face_takes_on_the_light_of_each_target():
    dim = 0.4 + 0.1 * (TARGET - TARGET.mean(axis=(1, 2), keepdims=True))  # far from being clipped
    matched = ops.convert_to_numpy(light_matched(CANONICAL[None], ops.convert_to_tensor(dim)))
    assert matched.shape == TARGET.shape
    np.testing.assert_allclose(matched.mean(axis=(1, 2)), dim.mean(axis=(1, 2)), atol=1e-3)
    np.testing.assert_allclose(matched.std(axis=(1, 2)), dim.std(axis=(1, 2)), rtol=0.02)
    for channel in range(3):
        pair = np.corrcoef(matched[0, ..., channel].ravel(), CANONICAL[..., channel].ravel())
        assert pair[0, 1] > 0.999


def test_worth_is_the_predicted_similarity_between_poor_and_good(gan):
    layer = gan.discriminator.get_layer("similarity")
    kernel, bias = layer.get_weights()
    try:
        for similarity, worth in ((-0.2, 0.0), (0.05, 0.0), (0.4, 0.5), (0.75, 1.0), (2.0, 1.0)):
            layer.set_weights([0 * kernel, 0 * bias + np.float32(similarity)])
            found = ops.convert_to_numpy(gan.worth(IMAGE))
            np.testing.assert_allclose(found, np.full(4, worth), atol=1e-5)
    finally:
        layer.set_weights([kernel, bias])


def _batch():
    strengths = np.zeros((4, len(FAMILIES)), np.float32)
    return Batch(IMAGE, TARGET, np.zeros(4, np.float32), strengths)


def _originals():
    rng = np.random.default_rng(0)
    identity = rng.normal(size=(4, 256)).astype(np.float32)
    identity /= np.linalg.norm(identity, axis=1, keepdims=True)
    similarity = np.linspace(0, 0.8, 4, dtype=np.float32)
    strengths = np.zeros((4, len(FAMILIES)), np.float32)
    return GradedBatch(TARGET, similarity, strengths, identity, np.ones(4, np.float32))


def _copy(network):
    return [np.array(w) for w in network.get_weights()]


def _same(network, weights):
    return all((a == b).all() for a, b in zip(network.get_weights(), weights, strict=True))


def test_the_discriminator_learns_only_where_originals_are_given(gan):
    judge, restorer = _copy(gan.discriminator), _copy(gan.generator)
    assert tuple(gan.patch_step(_batch())) == RestorationGAN.NAMES[:3]
    assert tuple(gan.step(_batch(), None, adversarial=0.0)) == RestorationGAN.NAMES[:4]
    assert _same(gan.discriminator, judge)
    assert not _same(gan.generator, restorer)
    losses = gan.step(_batch(), _originals(), adversarial=0.5)
    assert tuple(losses) == RestorationGAN.NAMES + RestorationGAN.JUDGE_NAMES
    assert not _same(gan.discriminator, judge)
    assert all(np.isfinite(list(losses.values())))


def test_its_state_brings_back_both_networks_their_optimisers_and_the_average(gan):
    state = {name: np.array(value) for name, value in gan.state().items()}
    gan.step(_batch(), _originals(), adversarial=1.0)
    changed = gan.state()
    assert any((changed[name] != value).any() for name, value in state.items())
    gan.restore_state(state)
    for name, value in gan.state().items():
        np.testing.assert_array_equal(value, state[name], err_msg=name)


def test_the_share_that_is_due_falls_with_worth_and_never_reaches_nothing():
    w = LossWeights()
    due = np.clip(w.gain * (1 - np.linspace(0, 1, 11)), w.floor, 1)
    assert (np.diff(due) <= 0).all() and due[0] == 1 and due[-1] == w.floor > 0


def test_the_canonical_face_is_the_symmetric_mean_of_the_fittest_targets():
    crops = np.stack([(255 * x).round().astype(np.uint8) for x in (*IMAGE, *TARGET)])
    fitness = np.array([0.1, 0.9, 0.2, 0.3, 0.8, 0.0, 0.4, 0.5])
    faces = FaceSet(
        crops, [str(i) for i in range(8)], np.arange(8).astype(str), np.zeros((8, 5, 2)), fitness
    )
    found = canonical_face(faces, np.arange(8))
    mean = crops[[1, 4]].mean(axis=0) / 255  # 0.3 of 8 are two
    np.testing.assert_allclose(found, (mean + mean[:, ::-1]) / 2, atol=1e-6)
    np.testing.assert_allclose(found, found[:, ::-1], atol=1e-6)


def test_layers_of_the_same_name_and_shape_are_taken_over():
    wide, narrow = build_generator(size=SIZE, width=32), build_generator(size=SIZE, width=16)
    same = build_generator(size=2 * SIZE, width=16)
    weighty = sum(bool(layer.get_weights()) for layer in same.layers)
    assert take_over(same, narrow) == weighty
    assert _same(same, narrow.get_weights())
    before = _copy(wide)
    assert take_over(wide, narrow) < weighty
    assert sum((a != b).any() for a, b in zip(wide.get_weights(), before, strict=True)) < weighty


def test_earlier_weights_that_are_missing_or_of_another_width_are_a_clear_error(tmp_path):
    build_discriminator(size=SIZE, width=16).save_weights(tmp_path / "wide.weights.h5")
    network = build_discriminator(size=SIZE, width=8)
    for name in ("none.weights.h5", "wide.weights.h5"):
        with pytest.raises(ValueError, match="is missing or does not fit: --start-from"):
            load_earlier(network, tmp_path / name)

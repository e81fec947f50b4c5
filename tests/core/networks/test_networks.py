"""The networks keep their contract: shapes, ranges, the same alone and in any batch, small enough for a processor."""

import keras
import numpy as np
import pytest
from keras import ops

from faceqgen_core.degradation import FAMILIES
from faceqgen_core.networks import build_discriminator, build_generator, build_quality_head
from faceqgen_core.networks.blocks import (
    BandEnergies,
    DepthToSpace,
    GroupNormalization,
    SpaceToDepth,
)
from faceqgen_core.networks.discriminator import EMBEDDING
from faceqgen_core.networks.generator import Correction
from tests.images import astronaut, grace_hopper

SIZE, COUNT = 64, len(FAMILIES)


@pytest.fixture(scope="module")
def images():
    pictures = [astronaut()[60:124, 190:254], grace_hopper()[180:244, 230:294]]
    noise = np.random.default_rng(0).integers(0, 256, (2, SIZE, SIZE, 3))
    white, black = np.full((SIZE, SIZE, 3), 255), np.zeros((SIZE, SIZE, 3))
    return np.stack([*pictures, *noise, white, black]).astype(np.float32) / np.float32(255)


def _shaken(network):
    """Kernels that are zero at the start would hide what a layer does."""
    rng = np.random.default_rng(2)
    for variable in network.trainable_variables:
        if variable.name == "kernel" and not np.asarray(variable).any():
            fan_in = np.prod(variable.shape[:-1])
            variable.assign(rng.normal(0, 0.3 / np.sqrt(fan_in), variable.shape))
    return network


@pytest.fixture(scope="module")
def generator():
    keras.utils.set_random_seed(0)
    return _shaken(build_generator(size=SIZE, width=16))


@pytest.fixture(scope="module")
def discriminator():
    keras.utils.set_random_seed(0)
    return _shaken(build_discriminator(size=SIZE, width=8))


def _run(network, images):
    return [np.asarray(x) for x in network.predict_on_batch(images)]


def test_every_output_of_the_generator_has_its_shape_and_range(generator, images):
    restored, bottleneck, strengths, full, share = _run(generator, images)
    count = len(images)
    for picture in (restored, full):
        assert picture.shape == images.shape
        assert picture.min() >= 0 and picture.max() <= 1
    assert bottleneck.shape == (count, SIZE // 16, SIZE // 16, 8 * 16)
    assert strengths.shape == (count, COUNT)
    assert share.shape == (count, 1)
    for numbers in (strengths, share):
        assert numbers.min() >= 0 and numbers.max() <= 1
    assert all(x.dtype == np.float32 for x in (restored, strengths, full, share))


def test_every_output_of_the_discriminator_has_its_shape_and_range(discriminator, images):
    logits, *levels, strengths, similarity, embedding = _run(discriminator, images)
    count = len(images)
    assert logits.shape == (count, SIZE // 16, SIZE // 16, 1)
    sides = [(SIZE // 4, 16), (SIZE // 8, 32), (SIZE // 16, 64)]
    assert [x.shape for x in levels] == [(count, s, s, c) for s, c in sides]
    assert strengths.shape == (count, COUNT)
    assert strengths.min() >= 0 and strengths.max() <= 1
    assert similarity.shape == (count, 1)
    assert embedding.shape == (count, EMBEDDING)
    np.testing.assert_allclose(np.linalg.norm(embedding, axis=1), 1, atol=1e-5)


def test_the_head_gives_one_number_and_sets_out_from_the_discriminators_prediction(
    generator, discriminator, images
):
    _, bottleneck, named, *_ = _run(generator, images)
    _, *levels, judged, similarity, _ = _run(discriminator, images)
    measures = np.zeros((len(images), 3), np.float32)
    head = build_quality_head(size=SIZE, width=16, patch_width=8, units=16)
    score = head.predict_on_batch([bottleneck, levels[-1], named, judged, similarity, measures])
    np.testing.assert_allclose(score, similarity, atol=1e-6)


@pytest.mark.parametrize("name", ["generator", "discriminator"])
def test_an_image_gives_the_same_alone_and_in_a_batch(name, images, request):
    network = request.getfixturevalue(name)
    images = images[:4]  # of a flat picture, normalisation would show rounding errors alone
    together = _run(network, images)
    for i in range(len(images)):
        for joint, alone in zip(together, _run(network, images[i : i + 1]), strict=True):
            np.testing.assert_allclose(joint[i], alone[0], rtol=1e-5, atol=1e-5)


def test_an_untrained_generator_returns_its_input(images):
    restored, _, _, full, _ = _run(build_generator(size=SIZE, width=16), images)
    np.testing.assert_allclose(restored, images, atol=1e-6)
    np.testing.assert_allclose(full, images, atol=1e-6)


def test_a_share_of_nothing_leaves_the_image_and_a_whole_share_is_the_full_correction(
    generator, images
):
    weights = generator.get_weights()
    gate = generator.get_layer("share")
    kernel, bias = gate.get_weights()
    try:
        gate.set_weights([0 * kernel, 0 * bias - 50])
        restored, _, _, full, share = _run(generator, images)
        assert share.max() < 1e-6
        np.testing.assert_allclose(restored, images, atol=1e-6)
        assert np.abs(full - images).max() > 0.01
        gate.set_weights([0 * kernel, 0 * bias + 50])
        restored, _, _, full, _ = _run(generator, images)
        np.testing.assert_allclose(restored, full, atol=1e-6)
    finally:
        generator.set_weights(weights)


def test_the_correction_is_applied_by_the_share_of_each_image():
    image = np.full((3, 4, 4, 3), 0.5, np.float32)
    change = np.full((3, 4, 4, 3), 0.4, np.float32)
    share = np.array([[0.0], [0.5], [1.0]], np.float32)
    result = ops.convert_to_numpy(Correction()(image, change, share))
    np.testing.assert_allclose(result[:, 0, 0, 0], [0.5, 0.7, 0.9], atol=1e-6)
    assert ops.convert_to_numpy(Correction()(image, 3 * change)).max() == 1.0


def test_depth_to_space_undoes_space_to_depth(images):
    packed = SpaceToDepth()(images)
    assert tuple(packed.shape) == (len(images), SIZE // 2, SIZE // 2, 12)
    np.testing.assert_array_equal(ops.convert_to_numpy(DepthToSpace()(packed)), images)


def test_band_energies_rise_with_grain_and_fall_with_blur(images):
    rng = np.random.default_rng(0)
    face = images[:1]
    grainy = face + rng.normal(0, 0.1, face.shape).astype(np.float32)
    coarse = face.reshape(1, 16, 4, 16, 4, 3).mean(axis=(2, 4), keepdims=True)
    blurred = np.broadcast_to(coarse, (1, 16, 4, 16, 4, 3)).reshape(face.shape)
    clean, grain, blur = (
        ops.convert_to_numpy(BandEnergies()(x))[0] for x in (face, grainy, blurred)
    )
    assert clean.shape == (15,)
    assert (grain[:3] > clean[:3] + 0.5).all()
    assert (blur[:3] < clean[:3] - 0.5).all()
    np.testing.assert_allclose(clean[12:], face.mean(axis=(0, 1, 2)), atol=1e-5)


def _multiply_adds(network):
    """From the layers' shapes: every place of the output times the kernel's numbers that it reads."""
    total = 0
    for layer in network.layers:
        if isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D):
            _, height, width, _ = layer.output.shape
            total += height * width * int(np.prod(layer.kernel.shape))
        elif isinstance(layer, keras.layers.Dense):
            total += int(np.prod(layer.kernel.shape))
    return total


def test_both_networks_together_take_at_most_a_billion_multiply_adds_a_face():
    total = sum(_multiply_adds(n) for n in (build_generator(), build_discriminator()))
    assert 0.3e9 < total <= 1e9


@pytest.mark.parametrize(
    ("build", "wrong"),
    [
        (build_generator, {"size": 100}),
        (build_generator, {"width": 24}),
        (build_discriminator, {"size": 0}),
        (build_discriminator, {"width": 12}),
    ],
)
def test_a_size_or_width_that_does_not_divide_is_a_clear_error(build, wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} .*(positive multiple|not)"):
        build(**wrong)


def test_a_batch_as_long_as_a_map_is_wide_gets_the_same_verdicts():
    keras.utils.set_random_seed(3)
    network = build_discriminator(size=128, width=8)
    images = np.random.default_rng(3).random((9, 128, 128, 3)).astype(np.float32)
    eight = ops.convert_to_numpy(network(images[:8], training=False)[0])
    nine = ops.convert_to_numpy(network(images, training=False)[0])
    np.testing.assert_allclose(eight, nine[:8], atol=1e-5)


def _both_norms(channels, **settings):
    """Keras' layer and ours with the same weights, none of them what they start as."""
    pair = keras.layers.GroupNormalization(8, **settings), GroupNormalization(8, **settings)
    for layer in pair:
        layer.build((None, 32, 32, channels))
        for variable, ends in zip(layer.variables, ((0.5, 2.0), (-1.0, 1.0)), strict=False):
            variable.assign(np.linspace(*ends, channels))
    assert [(w.name, w.shape) for w in pair[0].weights] == [
        (w.name, w.shape) for w in pair[1].weights
    ]
    return pair


@pytest.mark.parametrize("settings", [{}, {"scale": False}, {"center": False, "epsilon": 1e-5}])
@pytest.mark.parametrize("offset", [0.0, 3.0])
def test_group_normalization_agrees_with_kerass_layer(settings, offset):
    maps = np.random.default_rng(5).normal(offset, 1.0, (3, 32, 32, 64)).astype(np.float32)
    maps[:, ..., :8] *= 0.1
    theirs, ours = (ops.convert_to_numpy(layer(maps)) for layer in _both_norms(64, **settings))
    # Numbers run to 10: a few of the last places of float32.
    np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-5 if offset else 2e-6)


def test_group_normalization_of_a_flat_map_is_its_shift():
    _, ours = _both_norms(16)
    flat = np.full((1, 32, 32, 16), 0.7, np.float32)
    expected = np.broadcast_to(np.linspace(-1, 1, 16), flat.shape)
    # The mean's last place, times 31: one over the root of epsilon.
    np.testing.assert_allclose(ops.convert_to_numpy(ours(flat)), expected, atol=5e-4)


def test_group_normalization_in_half_precision_keeps_moments_exact_and_its_output_half():
    maps = np.random.default_rng(5).normal(0, 1, (2, 32, 32, 16)).astype(np.float32)
    theirs, ours = (
        layer(ops.cast(maps, "bfloat16")) for layer in _both_norms(16, dtype="mixed_bfloat16")
    )
    assert keras.backend.standardize_dtype(ours.dtype) == "bfloat16"
    np.testing.assert_allclose(
        ops.convert_to_numpy(ops.cast(ours, "float32")),
        ops.convert_to_numpy(ops.cast(theirs, "float32")),
        rtol=1e-2,
        atol=1e-2,
    )


def test_group_normalization_is_made_anew_from_its_settings_and_takes_the_last_axis_alone():
    again = GroupNormalization.from_config(GroupNormalization(4, epsilon=1e-4).get_config())
    assert (again.groups, again.epsilon, again.axis) == (4, 1e-4, -1)
    with pytest.raises(ValueError, match="axis must be -1"):
        GroupNormalization(4, axis=1)


def test_the_networks_normalise_by_the_faster_layer(generator, discriminator):
    for network in (generator, discriminator):
        norms = [x for x in network.layers if isinstance(x, keras.layers.GroupNormalization)]
        assert norms and all(isinstance(x, GroupNormalization) for x in norms)

"""The networks keep their contract: shapes, ranges, the same alone and in any batch, small enough for a processor."""

import keras
import numpy as np
import pytest
from keras import ops

from faceqgen_core.degradation import FAMILIES
from faceqgen_core.measures.native import native_measures
from faceqgen_core.networks import build_discriminator, build_generator, build_quality_head
from faceqgen_core.networks.basis import SIDE, LinearDecoder
from faceqgen_core.networks.blocks import (
    BandEnergies,
    DepthToSpace,
    GroupNormalization,
    SpaceToDepth,
)
from faceqgen_core.networks.discriminator import EMBEDDING
from faceqgen_core.networks.generator import Restored
from faceqgen_core.networks.scorer import HEAD_INPUTS, build_features, build_scorer
from tests.images import astronaut, grace_hopper
from tests.random_preset import basis_of, shake
from tests.training.small_set import portrait_variants

SIZE, CODE, COUNT = 64, 6, len(FAMILIES)


@pytest.fixture(scope="module")
def images():
    pictures = [astronaut()[60:124, 190:254], grace_hopper()[180:244, 230:294]]
    noise = np.random.default_rng(0).integers(0, 256, (2, SIZE, SIZE, 3))
    white, black = np.full((SIZE, SIZE, 3), 255), np.zeros((SIZE, SIZE, 3))
    return np.stack([*pictures, *noise, white, black]).astype(np.float32) / np.float32(255)


@pytest.fixture(scope="module")
def generator():
    keras.utils.set_random_seed(0)
    return shake(build_generator(size=SIZE, width=16, code=CODE))


@pytest.fixture(scope="module")
def discriminator():
    keras.utils.set_random_seed(0)
    return shake(build_discriminator(size=SIZE, width=8))


@pytest.fixture(scope="module")
def inputs(discriminator, images):
    """What the generator takes: the images, and what the discriminator says of them."""
    *_, similarity, identity = _run(discriminator, images)
    return [images, similarity, identity]


def _run(network, inputs):
    if isinstance(inputs, list) and len(inputs) == 1:
        inputs = inputs[0]
    return [np.asarray(x) for x in network.predict_on_batch(inputs)]


def test_every_output_of_the_generator_has_its_shape_and_range(generator, images, inputs):
    restored, drawn, trust, code, bottleneck = _run(generator, inputs)
    count = len(images)
    for picture in (restored, drawn):
        assert picture.shape == images.shape
        assert picture.min() >= 0 and picture.max() <= 1
    assert trust.shape == (count, SIZE, SIZE, 1)
    assert trust.min() >= 0 and trust.max() <= 1
    assert code.shape == (count, CODE)
    assert bottleneck.shape == (count, 4, 4, 8 * 16)
    assert all(x.dtype == np.float32 for x in (restored, drawn, trust, code, bottleneck))


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
    generator, discriminator, images, inputs
):
    _, _, trust, code, bottleneck = _run(generator, inputs)
    _, *levels, judged, similarity, _ = _run(discriminator, images)
    measures = np.zeros((len(images), 3), np.float32)
    head = build_quality_head(size=SIZE, width=16, patch_width=8, code=CODE, units=16)
    score = head.predict_on_batch(
        [bottleneck, code, trust, levels[-1], judged, similarity, measures]
    )
    np.testing.assert_allclose(score, similarity, atol=1e-6)


@pytest.mark.parametrize("name", ["generator", "discriminator"])
def test_an_image_gives_the_same_alone_and_in_a_batch(name, images, inputs, request):
    network = request.getfixturevalue(name)
    given = inputs if name == "generator" else inputs[:1]
    given = [
        x[:4] for x in given
    ]  # of a flat picture, normalisation would show rounding errors alone
    together = _run(network, given)
    for i in range(4):
        alone = _run(network, [x[i : i + 1] for x in given])
        for joint, single in zip(together, alone, strict=True):
            np.testing.assert_allclose(joint[i], single[0], rtol=1e-5, atol=1e-5)


def test_an_untrained_generator_mixes_its_input_and_the_mean_face_half_and_half(images, inputs):
    generator = build_generator(size=SIZE, width=16, code=CODE)
    mean, directions = basis_of(portrait_variants(12), CODE)
    generator.get_layer("basis").set_basis(mean, 0 * directions)
    restored, drawn, trust, *_ = _run(generator, inputs)
    face = np.broadcast_to(mean.reshape(SIZE, SIZE, 3), images.shape)
    np.testing.assert_allclose(drawn, face, atol=1e-3)
    np.testing.assert_allclose(trust, 0.5, atol=1e-6)
    np.testing.assert_allclose(restored, (images + face) / 2, atol=1e-3)


def test_full_trust_keeps_the_corrected_input_and_none_leaves_the_drawn_face():
    rng = np.random.default_rng(4)
    image, soft = rng.random((2, 1, 4, 4, 3)).astype(np.float32)
    raw = rng.normal(0, 0.3, (1, 4, 4, 7)).astype(np.float32)
    for logit, expected in (
        (50.0, np.clip(image + np.tanh(raw[..., :3]), 0, 1)),
        (-50.0, np.clip(soft + np.tanh(raw[..., 3:6]), 0, 1)),
    ):
        raw[..., 6] = logit
        restored, drawn, trust = (ops.convert_to_numpy(x) for x in Restored()(image, soft, raw))
        np.testing.assert_allclose(restored, expected, atol=1e-6)
        np.testing.assert_allclose(drawn, np.clip(soft + np.tanh(raw[..., 3:6]), 0, 1), atol=1e-6)
        np.testing.assert_allclose(trust, float(logit > 0), atol=1e-6)


def test_the_linear_decoder_draws_the_mean_and_the_weighted_components():
    faces = portrait_variants(12)
    mean, directions = basis_of(faces, CODE)
    decoder = LinearDecoder(CODE)
    decoder.build(None)
    assert not decoder.trainable_variables
    decoder.set_basis(mean, directions)
    code = np.random.default_rng(5).normal(0, 1, (3, CODE)).astype(np.float32)
    expected = (mean + code @ directions).reshape(3, SIDE, SIDE, 3)
    np.testing.assert_allclose(ops.convert_to_numpy(decoder(code)), expected, atol=4e-3)


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
        elif isinstance(layer, LinearDecoder):
            total += int(np.prod(layer.directions.shape))
    return total


def test_both_networks_together_take_at_most_two_billion_multiply_adds_a_face():
    total = sum(_multiply_adds(n) for n in (build_generator(), build_discriminator()))
    assert 0.3e9 < total <= 2e9


def test_the_scorer_is_the_three_networks_and_the_measures_one_after_the_other(
    generator, discriminator, images, inputs
):
    region = np.zeros((SIZE, SIZE), np.float32)
    region[16:48, 20:44] = 1
    head = shake(build_quality_head(size=SIZE, width=16, patch_width=8, code=CODE, units=16))
    logits, *levels, judged, similarity, _ = _run(discriminator, images)
    restored, drawn, trust, code, bottleneck = _run(generator, inputs)
    measures, local = native_measures(images, restored, logits, region)
    given = [bottleneck, code, trust, levels[-1], judged, similarity, np.asarray(measures)]
    features = build_features(generator, discriminator, region).predict_on_batch(images)
    for name, value in zip(HEAD_INPUTS, given, strict=True):
        np.testing.assert_allclose(features[name], value, atol=1e-4)
    made = build_scorer(generator, discriminator, head, region).predict_on_batch(images)
    expected = {
        "similarity": head.predict_on_batch(given),
        "measures": measures,
        "restored": restored,
        "drawn": drawn,
        "trust": trust,
        "local": local,
        "strengths": judged,
        "code": code,
    }
    assert set(made) == set(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(made[name], np.asarray(value), atol=1e-4)


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

"""What the generator learns from: the target's components, the pixels, and how much a face shall change by its utility."""

import keras
import numpy as np
import pytest
from keras import ops

from faceqgen_core.measures.ssim import ssim_map
from faceqgen_core.networks import build_discriminator, build_generator
from faceqgen_core.training.data.pairs import Batch
from faceqgen_core.training.loop.generator_stage import grown, load_earlier, only_finer, take_over
from faceqgen_core.training.networks.components import principal_components
from faceqgen_core.training.networks.critic import build_critic
from faceqgen_core.training.networks.gan import LossWeights, RestorationGAN
from tests.images import astronaut, grace_hopper

SIZE, CODE = 64, 12


def _crop(picture, y, x):
    return picture[y : y + SIZE, x : x + SIZE]


PICTURES = [_crop(astronaut(), 40 + 3 * i, 180 + 2 * i) for i in range(10)]
PICTURES += [_crop(grace_hopper(), 150 + 4 * i, 230) for i in range(10)]
TARGET = np.stack(PICTURES[:4]).astype(np.float32) / np.float32(255)
KINDS = np.zeros((3, 4), np.float32)
IMAGE = np.clip(TARGET + np.random.default_rng(0).normal(0, 0.1, TARGET.shape), 0, 1).astype("f")
REGION = np.ones((SIZE, SIZE), np.float32)


def _gan(**options):
    keras.utils.set_random_seed(0)
    return RestorationGAN(
        build_generator(size=SIZE, width=16, code=CODE),
        build_critic(size=SIZE, width=8),
        build_discriminator(size=SIZE, width=8),
        components=principal_components(PICTURES, CODE),
        region=REGION,
        steps=40,
        **options,
    )


pytestmark = pytest.mark.usefixtures("uncompiled")


@pytest.fixture(scope="module")
def made(uncompiled):
    """Made once; and its state at the start."""
    gan = _gan(weights=LossWeights(altered=0.0, even=0.0))  # what counts more has a test of its own
    return gan, {name: np.array(value) for name, value in gan.state().items()}


@pytest.fixture
def gan(made):
    """As it was at the start."""
    gan, start = made
    gan.restore_state(start)
    return gan


def _batch(cross=0.0, target=TARGET, turned=0.0, untouched=1.0):
    return Batch(IMAGE, target, *(np.full(4, x, np.float32) for x in (cross, turned, untouched)))


def _copy(network):
    return [np.array(w) for w in network.get_weights()]


def _same(network, weights):
    return all((a == b).all() for a, b in zip(network.get_weights(), weights, strict=True))


def test_components_agree_with_those_of_scikit_learn_s_formula():
    """The singular values of the centred pictures, by numpy, are another way to the same axes."""
    found = principal_components(PICTURES, 5)
    both = np.concatenate([np.stack(PICTURES), np.stack(PICTURES)[:, :, ::-1]])
    data = both.reshape(len(both), -1).astype(np.float64) / 255
    np.testing.assert_allclose(found.mean, data.mean(axis=0), atol=1e-6)
    _, values, axes = np.linalg.svd(data - data.mean(axis=0), full_matrices=False)
    np.testing.assert_allclose(found.spread, values[:5] / np.sqrt(len(data)), rtol=1e-3)
    along = np.abs(np.sum(found.directions * axes[:5], axis=1)) / found.spread
    np.testing.assert_allclose(along, 1, atol=1e-3)
    assert found.kept == pytest.approx((values[:5] ** 2).sum() / (values**2).sum(), abs=1e-4)


def test_a_picture_s_code_draws_it_again():
    found = principal_components(PICTURES, 39)  # as many as 40 pictures span
    flat = TARGET.reshape(4, -1)
    code = (flat - found.mean) @ found.projection
    np.testing.assert_allclose(code @ found.directions + found.mean, flat, atol=5e-3)
    assert 0.2 < code.std() < 3


def test_more_components_than_pictures_are_harmless():
    found = principal_components(PICTURES[:2], 9)
    assert found.directions.shape == (9, SIZE * SIZE * 3)
    assert np.isfinite(found.projection).all()
    assert not found.directions[4:].any()


def test_no_picture_is_a_clear_error():
    with pytest.raises(ValueError, match="no target"):
        principal_components([], 3)


def test_the_decoder_draws_the_mean_face_of_an_empty_code(gan):
    drawn = gan.generator.get_layer("basis")(np.zeros((1, CODE), np.float32))
    mean = principal_components(PICTURES, CODE).mean.reshape(1, SIZE, SIZE, 3)
    np.testing.assert_allclose(ops.convert_to_numpy(drawn), mean, atol=1e-3)  # half precision


def test_the_critic_learns_only_where_it_has_a_say_and_the_discriminator_never(gan):
    judge, critic, generator = map(_copy, (gan.discriminator, gan.critic, gan.generator))
    basis = [np.array(w) for w in gan.generator.get_layer("basis").get_weights()]
    assert tuple(gan.step(_batch(), adversarial=0.0)) == RestorationGAN.NAMES[:8]
    assert _same(gan.critic, critic) and not _same(gan.generator, generator)
    losses = gan.step(_batch(), adversarial=0.5)
    assert tuple(losses) == RestorationGAN.NAMES + RestorationGAN.CRITIC_NAMES
    assert not _same(gan.critic, critic)
    assert _same(gan.discriminator, judge)
    assert _same(gan.generator.get_layer("basis"), basis)
    assert all(np.isfinite(list(losses.values())))


def _away(first, second):
    """How far pictures are apart, by structure and by error, (N,) each."""
    kept = ops.convert_to_numpy(ops.mean(ssim_map(first, second), axis=(1, 2)))
    error = np.square(first - ops.convert_to_numpy(second)).mean(axis=(1, 2, 3))
    return 1 - kept, np.sqrt(error)


def _judge(gan, similarity):
    """Make the discriminator predict this similarity of every face."""
    layer = gan.discriminator.get_layer("similarity")
    kernel, bias = layer.get_weights()
    layer.set_weights([0 * kernel, 0 * bias + np.float32(similarity)])


def test_how_much_a_face_is_to_change_follows_from_its_utility_and_its_target(gan):
    w, changes = gan.weights, {}
    known = _copy(gan.discriminator)
    cases = (
        (0.05, TARGET, False, True),
        (0.75, TARGET, False, True),
        (0.75, IMAGE, False, True),
        (0.75, TARGET, True, True),
        (0.75, TARGET, True, False),
    )
    for similarity, target, cross, untouched in cases:
        _judge(gan, similarity)
        inputs = [ops.convert_to_tensor(IMAGE), *gan._known(IMAGE)]
        made = _away(IMAGE, gan.generator(inputs, training=True)[0])
        asked = (1 - w.least, w.far) if similarity < 0.5 else (1 - w.most, w.near)
        expected = 0.0
        for change, ask, far, weight in zip(made, asked, _away(IMAGE, target), (1, 2), strict=True):
            due = far * (not (cross and untouched))
            beyond = np.maximum(ask - change, 0) + np.maximum(change - np.maximum(ask, due), 0)
            expected += weight * beyond.mean()
        # Of an untouched photograph nothing else says what is to change: there it counts three times.
        expected *= 3 if cross and untouched else 1
        losses = gan.step(_batch(cross, target, untouched=untouched), adversarial=0.0)
        assert losses["change"] == pytest.approx(expected, abs=3e-3)
        changes[similarity, target is IMAGE, cross, untouched] = losses["change"]
    gan.discriminator.set_weights(known)
    # Well known: it may change as its target asks for, and not at all where the target is what it is already, or
    # where it is an untouched photograph and the target another one.
    free = changes[0.75, False, False, True]
    assert changes[0.75, True, False, True] > free + 0.05
    assert changes[0.75, False, True, True] > free + 0.05
    assert changes[0.75, False, True, False] < free + 0.05
    assert changes[0.05, False, False, True] != pytest.approx(free, abs=0.05)


def test_another_image_of_the_subject_counts_less(made):
    gan, start = made
    losses = []
    for cross in (0.0, 1.0):
        gan.restore_state(start)
        losses.append(gan.step(_batch(cross), adversarial=0.0))
    same, cross = losses
    share = 1 - gan.weights.cross
    assert cross["restored"] == pytest.approx(share * same["restored"], rel=1e-3)
    assert cross["1-ssim"] == cross["detail"] == 0


def test_a_turned_head_follows_another_photograph_in_full_and_is_spared_most_of_identity(made):
    gan, start = made
    losses = []
    for cross, turned in ((0.0, 0.0), (1.0, 1.0)):
        gan.restore_state(start)
        losses.append(gan.step(_batch(cross, turned=turned, untouched=1 - turned), adversarial=0.0))
    same, turned = losses
    assert turned["restored"] == pytest.approx(same["restored"], rel=1e-3)
    assert turned["identity"] == pytest.approx(0.1 * same["identity"], rel=1e-3)


def test_an_untouched_photograph_of_a_turned_head_that_is_well_known_may_stay_turned(made):
    gan, start = made
    known = _copy(gan.discriminator)
    losses = {}
    for similarity in (0.05, 0.75):
        _judge(gan, similarity)
        for turned in (0.0, 1.0):
            gan.restore_state(start)
            losses[similarity, turned] = gan.step(_batch(1.0, turned=turned), adversarial=0.0)
    gan.discriminator.set_weights(known)
    for name in ("restored", "identity"):
        assert losses[0.75, 1.0][name] == pytest.approx(losses[0.75, 0.0][name], rel=1e-3)
    assert losses[0.05, 1.0]["restored"] > 1.5 * losses[0.05, 0.0]["restored"]
    assert losses[0.05, 1.0]["identity"] < 0.2 * losses[0.05, 0.0]["identity"]


def test_pixels_that_have_to_change_count_more():
    far = np.clip(TARGET + np.float32(0.5), 0, 1)
    losses = []
    for weights in (LossWeights(altered=0.0), LossWeights(altered=2.0)):
        other = _gan(weights=weights)
        losses.append(
            [other.step(Batch(image, TARGET, *KINDS), adversarial=0.0) for image in (TARGET, far)]
        )
    plain, weighted = losses
    # The target itself: nothing has to change, so nothing counts more.
    assert weighted[0]["restored"] == pytest.approx(plain[0]["restored"], rel=1e-4)
    assert weighted[1]["restored"] > 1.5 * plain[1]["restored"]


def test_an_even_background_counts_more_and_a_face_in_the_wrong_light_is_told_by_its_factor():
    half = TARGET.copy()
    # From the corner to the middle as even as a target's background.
    half[:, :, : SIZE // 2] = half[:, :1, :1]
    losses = []
    for weights in (LossWeights(altered=0.0, even=0.0), LossWeights(altered=0.0, even=3.0)):
        other = _gan(weights=weights)
        inputs = [ops.convert_to_tensor(IMAGE), *other._known(IMAGE)]
        made = ops.convert_to_numpy(other.generator(inputs, training=True)[0])
        losses.append(other.step(Batch(IMAGE, half, *KINDS), adversarial=0.0))
        factor = (made.mean(axis=(1, 2, 3)) + 0.02) / (half.mean(axis=(1, 2, 3)) + 0.02)
        assert losses[-1]["light"] == pytest.approx(np.abs(np.log(factor)).mean(), rel=1e-2)
    plain, weighted = losses
    assert weighted["restored"] > 1.5 * plain["restored"]
    cross = other.step(Batch(IMAGE, TARGET, *(KINDS + 1)), adversarial=0.0)
    assert cross["light"] == 0  # another photograph of the subject may be lit otherwise


def test_symmetry_is_off_and_counts_how_far_the_drawn_face_is_from_its_mirror_image():
    found = []
    for weights in (LossWeights(), LossWeights(symmetry=2.0)):
        other = _gan(weights=weights)
        images = [ops.convert_to_tensor(x) for x in (IMAGE, TARGET, KINDS.T)]
        loss, (_, drawn, _), _ = other._restoration_loss(*images)
        found.append(float(ops.convert_to_numpy(loss)))
    drawn = ops.convert_to_numpy(drawn)
    away = np.sqrt((drawn - drawn[:, :, ::-1]) ** 2 + 0.02**2) - 0.02  # Charbonnier's formula
    assert away.mean() > 1e-3
    assert found[1] - found[0] == pytest.approx(2 * away.mean(), rel=1e-3)


def test_its_state_brings_back_both_networks_their_optimisers_and_the_average(gan):
    gan.step(_batch(), adversarial=1.0)
    state = {name: np.array(value) for name, value in gan.state().items()}
    gan.step(_batch(), adversarial=1.0)
    changed = gan.state()
    assert any((changed[name] != value).any() for name, value in state.items())
    gan.restore_state(state)
    for name, value in gan.state().items():
        np.testing.assert_array_equal(value, state[name], err_msg=name)


def test_what_was_learned_at_half_the_side_goes_on_at_the_whole():
    half, whole = (build_generator(size=side, width=16, code=CODE) for side in (64, 128))
    weighty = sum(bool(layer.get_weights()) for layer in half.layers)
    assert take_over(whole, half) == weighty
    image = np.repeat(np.repeat(TARGET, 2, axis=1), 2, axis=2)
    known = np.full((4, 1), 0.5, np.float32), np.zeros((4, 256), np.float32)
    made = [
        [ops.convert_to_numpy(x) for x in network([picture, *known])]
        for network, picture in ((half, TARGET), (whole, image))
    ]
    np.testing.assert_allclose(made[1][3], made[0][3], atol=1e-4)
    # The finer level adds nothing before it has learned: the same picture, enlarged.
    shrunk = made[1][0].reshape(4, SIZE, 2, SIZE, 2, 3).mean(axis=(2, 4))
    np.testing.assert_allclose(shrunk, made[0][0], atol=0.03)


def test_a_gan_grows_from_the_average_with_its_critic_and_then_its_finer_level_alone_learns(gan):
    gan.step(_batch(), adversarial=1.0)
    mean, critic = [np.array(v) for v in gan.averaged], _copy(gan.critic)
    generator = build_generator(size=2 * SIZE, width=16, code=CODE)
    only_finer(generator)
    whole = RestorationGAN(
        generator,
        build_critic(size=2 * SIZE, width=8),
        build_discriminator(size=2 * SIZE, width=8),
        components=principal_components(PICTURES, CODE),
        region=np.ones((2 * SIZE, 2 * SIZE), np.float32),
        steps=40,
    )
    assert grown(whole, gan) is whole
    half = build_generator(size=SIZE, width=16, code=CODE)
    half.set_weights(mean)
    for layer in half.layers:
        theirs = whole.generator.get_layer(layer.name).get_weights() if layer.weights else []
        assert all((a == b).all() for a, b in zip(layer.get_weights(), theirs, strict=True))
    assert all((a == b).all() for a, b in zip(whole.averaged, _copy(whole.generator), strict=True))
    assert _same(whole.critic, critic)
    assert int(whole.optimizers[1].iterations) == int(gan.optimizers[1].iterations)
    image, target = (np.repeat(np.repeat(x, 2, axis=1), 2, axis=2) for x in (IMAGE, TARGET))
    whole.step(Batch(image, target, *KINDS), adversarial=1.0)
    for layer in half.layers:
        theirs = generator.get_layer(layer.name).get_weights() if layer.weights else []
        assert all((a == b).all() for a, b in zip(layer.get_weights(), theirs, strict=True))
    assert (generator.get_layer("finer1_out_conv").get_weights()[0] != 0).any()


def test_layers_of_the_same_name_and_shape_are_taken_over():
    wide, narrow, same = (build_generator(size=SIZE, width=w, code=CODE) for w in (32, 16, 16))
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

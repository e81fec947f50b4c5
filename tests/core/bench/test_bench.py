"""The benchmark measures sides in turn, on images that anyone may see, and says what it measured."""

import subprocess
import sys

import keras
import numpy as np
import pytest

from faceqgen_core.bench.compared import rates
from faceqgen_core.bench.compared.images import write_crops, write_lfw_sized, write_photographs
from faceqgen_core.bench.compared.limit import ForwardPass, matrix_product, multiply_adds
from faceqgen_core.bench.compared.peers import Naive, find_lightqnet, lightqnet
from faceqgen_core.bench.compared.rates import Side, measure, ratio
from faceqgen_core.image_io import load_image
from tests.images import astronaut, astronaut_face


class Clock:
    """A second passes with every item, two with every item of the slow side."""

    def __init__(self, monkeypatch):
        self.now, self.order = 0.0, []
        monkeypatch.setattr(rates.time, "perf_counter", lambda: self.now)
        monkeypatch.setattr(rates.time, "process_time", lambda: self.now / 2)

    def side(self, name, seconds, count=4, **options):
        def work(items):
            self.order.append((name, len(items)))
            self.now += seconds * len(items)
            return len(items)

        return Side(name, "faces", range(count), work, **options)


def test_sides_warm_up_on_a_few_items_and_then_run_in_turn(monkeypatch):
    clock = Clock(monkeypatch)
    sides = [clock.side("ours", 1, 40), clock.side("theirs", 2, warm=2)]
    ours, theirs = measure(sides, rounds=2)
    assert clock.order == [("ours", 32), ("theirs", 2)] + [("ours", 40), ("theirs", 4)] * 2
    assert (ours.median, ours.cpu_ms, ours.amount) == (1.0, 500.0, 40)
    assert (theirs.median, theirs.per_second, ratio(ours, theirs)) == (0.5, [0.5, 0.5], 2.0)


def test_a_ratio_is_the_median_of_the_rounds_ratios(monkeypatch):
    def rate(*per_second):
        return rates.Rate("one", "faces", 1, list(per_second), [1.0])

    # The second round was slow for both.
    assert ratio(rate(10, 1, 12), rate(5, 0.5, 4)) == 2


def test_no_round_is_refused(monkeypatch):
    clock = Clock(monkeypatch)
    with pytest.raises(ValueError, match="rounds must be at least 1"):
        measure([clock.side("ours", 1)], rounds=0)
    assert clock.order == []


def test_crops_are_squares_of_their_size_and_the_same_every_time(tmp_path):
    first, again = (write_crops(tmp_path / name, 6) for name in "ab")
    assert len(set(first)) == 6
    for one, other in zip(first, again, strict=True):
        assert load_image(one).shape == (128, 128, 3)
        assert one.read_bytes() == other.read_bytes()
    assert len({path.read_bytes() for path in first}) == 6


def test_photographs_have_one_to_three_megapixels_and_are_the_same_every_time(tmp_path):
    first, again = (write_photographs(tmp_path / name, 5) for name in "ab")
    for one, other in zip(first, again, strict=True):
        height, width, _ = load_image(one).shape
        assert 0.9e6 < height * width <= 3e6
        assert one.read_bytes() == other.read_bytes()


def test_pictures_of_lfw_s_size_have_it_and_are_the_same_every_time(tmp_path):
    first, again = (write_lfw_sized(tmp_path / name, 5) for name in "ab")
    for one, other in zip(first, again, strict=True):
        assert load_image(one).shape == (186, 186, 3)
        assert one.read_bytes() == other.read_bytes()


def test_multiply_adds_are_those_of_convolutions_and_dense_layers():
    image = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(4, 3, padding="same")(image)
    x = keras.layers.DepthwiseConv2D(3, padding="same")(x)
    network = keras.Model(image, keras.layers.Dense(5)(keras.layers.Flatten()(x)))
    assert multiply_adds(network) == 64 * 27 * 4 + 64 * 9 * 4 + 256 * 5


def test_a_product_of_matrices_is_counted_in_gflop():
    assert matrix_product()(range(2)) == pytest.approx(2 * 2 * 2048**3 / 1e9)


class Toy:
    """Stands for both networks; remembers the batches."""

    input_shape = (None, 16, 16, 3)
    layers = ()

    def __init__(self):
        self.batches = []

    def predict(self, batch, verbose):
        batch = batch[0] if isinstance(batch, list) else batch
        self.batches.append(batch.shape)
        return [batch, batch[:, :1, 0, 0], batch[:, :2, 0, 0]]

    def __call__(self, batch, training):
        batch = batch[0] if isinstance(batch, list) else batch
        return [batch * 2, batch[:, :1, 0, 0], batch[:, :2, 0, 0]]


def test_the_naive_side_finds_and_scores_one_face_at_a_time(tmp_path):
    from faceqgen_core.detection import overlap
    from faceqgen_core.image_io import save_png
    from faceqgen_core.types import FaceBox

    path = tmp_path / "astronaut.png"
    save_png(path, astronaut())
    generator, discriminator = Toy(), Toy()
    naive = Naive([generator, discriminator], 16)
    assert naive.photographs([path]) == 1
    assert generator.batches == discriminator.batches == [(1, 16, 16, 3)]
    (box,) = naive.boxes(path)
    assert overlap(FaceBox(*box), astronaut_face())[0] > 0.9
    (face,) = naive.faces(path)
    assert overlap(face, astronaut_face())[0] > 0.9
    np.testing.assert_allclose(face.landmarks, astronaut_face().landmarks, atol=4)
    assert naive.crops([path, path]) == 2 and len(generator.batches) == 3


def test_the_forward_pass_runs_all_crops_whatever_its_batch():
    forward = ForwardPass([Toy(), Toy()])
    crops = [np.zeros((16, 16, 3), np.float32)] * 70
    assert forward.choose_batch(crops) in (8, 16, 32, 64)
    assert forward.work(crops) == 70


def test_a_file_that_is_no_network_is_a_clear_error(tmp_path):
    file = tmp_path / "lightqnet.pb"
    file.write_bytes(b"nothing of the kind")
    with pytest.raises(ValueError, match="not a TensorFlow graph"):
        lightqnet(file)


def test_lightqnet_is_looked_for_where_other_people_s_weights_lie(tmp_path, monkeypatch):
    monkeypatch.setenv("FACEQGEN_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("FACEQGEN_HOME", str(tmp_path / "home"))
    with pytest.raises(ValueError, match="give --lightqnet FILE"):
        find_lightqnet()
    (tmp_path / "lightqnet-dm100.pb").write_bytes(b"")
    assert find_lightqnet() == tmp_path / "lightqnet-dm100.pb"
    with pytest.raises(ValueError, match="is not at"):
        find_lightqnet(tmp_path / "another.pb")


def test_its_help_loads_no_network():
    code = (
        "import sys; from faceqgen_core.cli import build_parser; build_parser('bench');"
        "sys.exit('tensorflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

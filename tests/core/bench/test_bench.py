"""The benchmark measures sides in turn, on images that anyone may see, and says what it measured."""

import json
import subprocess
import sys

import keras
import numpy as np
import pytest

from faceqgen_core.bench import bench, rates
from faceqgen_core.bench.images import write_crops, write_photographs
from faceqgen_core.bench.limit import ForwardPass, matrix_product, multiply_adds
from faceqgen_core.bench.peers import Naive, lightqnet
from faceqgen_core.bench.rates import Rate, Side, measure
from faceqgen_core.bench.table import table
from faceqgen_core.cli import build_parser
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
    sides = [clock.side("ours", 1, 40), clock.side("theirs", 2, against="ours", warm=2)]
    ours, theirs = measure(sides, rounds=2)
    assert clock.order == [("ours", 32), ("theirs", 2)] + [("ours", 40), ("theirs", 4)] * 2
    assert (ours.median, ours.cpu_ms, ours.amount, ours.ratio) == (1.0, 500.0, 40, None)
    assert (theirs.median, theirs.ratio, theirs.per_second) == (0.5, 2.0, [0.5, 0.5])


def test_a_side_without_its_counterpart_and_no_round_are_refused(monkeypatch):
    clock = Clock(monkeypatch)
    with pytest.raises(ValueError, match="compared with 'ours'"):
        measure([clock.side("theirs", 1, against="ours")], rounds=1)
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


def _canned(sides, *, rounds, say):
    return [
        Rate(s.name, s.unit, 10, [4.0], [5.0], 2.5 if s.against else None, s.against, s.note)
        for s in sides
    ]


def test_a_run_tells_rates_shares_found_faces_start_and_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(bench, "measure", _canned)
    # What each of them does is tested above or takes minutes.
    monkeypatch.setattr(bench, "faceqnet_shape", lambda batch: lambda paths: len(paths))
    monkeypatch.setattr(bench, "serfiq_shape", lambda: lambda paths: len(paths))
    monkeypatch.setattr(ForwardPass, "choose_batch", lambda self, crops: 32)
    monkeypatch.setattr(bench, "_start", lambda preset, rounds: {"ratio": 1.2})
    sizes = bench.Sizes(crops=32, photographs=1, memory=4, slow=2, rounds=1)
    result = bench.run_bench(tmp_path, sizes, preset="faceqgen-128")
    json.dumps(result)
    names = [rate["side"] for rate in result["rates"]]
    assert bench.PRODUCT in names and "naive, photographs" in names and "LightQNet" not in names
    assert result["shares"]["product of forward pass"] == 1
    assert (
        1 <= result["photographs"]["naive faces"] == result["photographs"]["found by the product"]
    )
    assert 0 < result["memory"]["after a tenth"] <= result["memory"]["most"]
    text = table(result)
    assert "| naive, crops | 10 faces | 4.00 | 500.0 | 2.50 x | product |" in text
    assert "of these the product finds" in text and "ratio 1.2" in text


@pytest.mark.parametrize("name", ["crops", "photographs", "slow", "rounds"])
def test_a_size_of_nothing_is_refused_before_anything_is_written(tmp_path, name):
    with pytest.raises(ValueError, match=f"{name} must be at least"):
        bench.run_bench(tmp_path, bench.Sizes(**{name: 0}), preset="faceqgen-128")
    assert list(tmp_path.iterdir()) == []


def test_the_command_s_sizes_are_the_full_ones_unless_told_otherwise():
    args = build_parser("bench").parse_args(["bench", "--crops", "64"])
    assert (args.crops, args.photographs, args.memory, args.rounds) == (64, 100, 20_000, 3)


def test_its_help_loads_no_network():
    code = (
        "import sys; from faceqgen_core.cli import build_parser; build_parser('bench');"
        "sys.exit('tensorflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

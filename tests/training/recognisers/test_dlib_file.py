"""dlib's file: read as dlib writes it, and refused with reasons where it is another one."""

import numpy as np
import pytest

from faceqgen_core.alignment import CropProtocol
from faceqgen_core.training.recognisers.dlib_file import (
    UNITS,
    DlibStream,
    read_convolution,
    read_network,
)
from faceqgen_core.training.recognisers.teachers import hash_teachers, load_teachers


def integer(value):
    size = max(1, (abs(value).bit_length() + 7) // 8)
    return bytes([size | (0x80 if value < 0 else 0)]) + abs(value).to_bytes(size, "little")


def text(value):
    return integer(len(value)) + value.encode()


def tensor(values):
    values = np.asarray(values, np.float32)
    shape = [*values.shape, *[1] * (4 - values.ndim)]
    return integer(2) + b"".join(map(integer, shape)) + values.astype("<f4").tobytes()


def convolution(filters, bias, scale, shift, *, stride, pad):
    outputs, _, rows, columns = filters.shape
    weights = np.concatenate([filters.ravel(), bias])
    sizes = [outputs, rows, columns, stride, stride, pad, pad]
    return (
        text("con_4")
        + tensor(weights)
        + b"".join(map(integer, sizes))
        + b"\x01\x0b110"  # settings that nobody needs here
        + text("affine_")
        + tensor(np.concatenate([scale, shift]))
    )


def network(rng):
    """A whole file of random weights, the layers as in dlib's own."""

    def layer(inputs, outputs, side, stride, pad):
        filters = rng.normal(size=(outputs, inputs, side, side)) / np.sqrt(inputs * side * side)
        return convolution(
            filters.astype(np.float32),
            rng.normal(size=outputs).astype(np.float32),
            np.ones(outputs, np.float32),
            np.zeros(outputs, np.float32),
            stride=stride,
            pad=pad,
        )

    parts, inputs = [text("loss_metric_2"), layer(3, 32, 7, 2, 0)], 32
    for outputs, halved in UNITS:
        stride, pad = (2, 0) if halved else (1, 1)
        parts += [layer(inputs, outputs, 3, stride, pad), layer(outputs, outputs, 3, 1, 1)]
        inputs = outputs
    matrix = rng.normal(size=(256, 128)) / 16
    parts += [text("fc_2"), integer(128), integer(256), tensor(matrix)]
    return b"".join(parts)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("dlib") / "network.dat"
    path.write_bytes(network(np.random.default_rng(0)))
    return path


@pytest.mark.parametrize("value", [0, 1, -1, 127, 128, 255, 4736, -70000, 2**40])
def test_integers_of_any_length_and_sign_are_read(value):
    assert DlibStream(integer(value)).integer() == value


def test_a_tensor_is_read_with_its_shape():
    values = np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2)
    stream = DlibStream(b"anything" + text("con_4") + tensor(values) + integer(7))
    stream.seek("con_4")
    np.testing.assert_array_equal(stream.tensor(), values)
    assert stream.integer() == 7


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "too early"),
        (b"\x02\x01", "too early"),
        (b"\x09", "no integer"),
        (integer(1), "version 2"),
        (tensor(np.ones(3))[:-1], "too early"),
        (integer(2) + integer(-1) * 4, "shape"),
    ],
)
def test_what_is_no_tensor_is_refused(data, reason):
    with pytest.raises(ValueError, match=reason):
        DlibStream(data).tensor()


def test_a_convolution_takes_up_the_affine_layer_behind_it():
    rng = np.random.default_rng(0)
    filters = rng.normal(size=(4, 2, 3, 3)).astype(np.float32)
    bias, scale, shift = rng.normal(size=(3, 4)).astype(np.float32)
    data = convolution(filters, bias, scale, shift, stride=2, pad=0)
    read = read_convolution(DlibStream(data), channels=(2, 4), side=3, stride=2, pad=0)
    patch = rng.normal(size=(2, 3, 3))
    plain = (filters * patch).sum(axis=(1, 2, 3)) + bias
    folded = (read.filters * patch).sum(axis=(1, 2, 3)) + read.bias
    np.testing.assert_allclose(folded, plain * scale + shift, rtol=1e-4)
    for other in ({"stride": 1, "pad": 0}, {"stride": 2, "pad": 1}):
        with pytest.raises(ValueError, match="a convolution"):
            read_convolution(DlibStream(data), channels=(2, 4), side=3, **other)
    with pytest.raises(ValueError, match="a convolution"):
        read_convolution(DlibStream(data), channels=(3, 4), side=3, stride=2, pad=0)


def test_a_network_is_read_layer_by_layer(file):
    layers, matrix = read_network(file)
    assert [len(layer.filters) for layer in layers] == [32, *np.repeat([u for u, _ in UNITS], 2)]
    assert [layer.stride for layer in layers].count(2) == 5
    assert matrix.shape == (256, 128)


def test_a_missing_foreign_or_cut_off_file_is_a_clear_error(file, tmp_path):
    with pytest.raises(ValueError, match=r"no recogniser at .*none\.dat"):
        read_network(tmp_path / "none.dat")
    foreign = tmp_path / "foreign.dat"
    foreign.write_bytes(b"\x89PNG" * 100)
    with pytest.raises(ValueError, match=r"foreign\.dat is no dlib.*no further layer con_4"):
        read_network(foreign)
    data = file.read_bytes()
    for length in (5000, len(data) // 2, len(data) - 1):
        foreign.write_bytes(data[:length])
        with pytest.raises(ValueError, match="cut off"):
            read_network(foreign)


def test_a_teacher_of_another_kind_or_none_is_a_clear_error(tmp_path):
    with pytest.raises(ValueError, match=r"weights\.onnx is no recogniser known here"):
        load_teachers([tmp_path / "weights.onnx"], CropProtocol())
    with pytest.raises(ValueError, match=r"no recogniser at .*none\.dat"):
        hash_teachers([tmp_path / "none.dat"])
    assert load_teachers([], CropProtocol()) == []

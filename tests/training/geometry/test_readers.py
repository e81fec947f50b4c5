"""The two networks: a small network of the same shapes checks pixels and order; the real files where variables name them."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from faceqgen_core.training.geometry.head import Head
from faceqgen_core.training.geometry.mean_mesh import five_points
from faceqgen_core.training.geometry.mesh_pose import mesh_pose
from faceqgen_core.training.geometry.mesh_reader import MeshReader
from faceqgen_core.training.geometry.person_reader import PersonReader
from tests.training.geometry.frontal_face import PROTOCOL, SIZE, crop

MESH, PERSON = os.environ.get("FACEQGEN_MESH"), os.environ.get("FACEQGEN_PERSON")
real = pytest.mark.skipif(
    not (MESH and PERSON), reason="FACEQGEN_MESH and FACEQGEN_PERSON name no files"
)


def convert(function, side):
    import tensorflow as tf

    concrete = tf.function(
        function, input_signature=[tf.TensorSpec([1, side, side, 3], tf.float32)]
    ).get_concrete_function()
    return tf.lite.TFLiteConverter.from_concrete_functions([concrete]).convert()


@pytest.fixture(scope="module")
def mesh_file(tmp_path_factory):
    """A network that puts all points where the picture is bright, with its brightness as flag."""
    import tensorflow as tf

    at = np.arange(192, dtype=np.float32) + 0.5

    def network(pictures):
        grey = tf.reduce_mean(pictures, axis=3)
        total = tf.reduce_sum(grey, axis=[1, 2]) + 1e-6
        x = tf.reduce_sum(grey * at[None, None, :], axis=[1, 2]) / total
        y = tf.reduce_sum(grey * at[None, :, None], axis=[1, 2]) / total
        point = tf.stack([x, y, 0 * x + 12.0], axis=1)
        points = tf.reshape(tf.tile(point, [1, 468]), [-1, 1, 1, 1404])
        return tf.reshape(total, [-1, 1, 1, 1]), points  # the other way round than the real one

    path = tmp_path_factory.mktemp("mesh") / "mesh.tflite"
    path.write_bytes(convert(network, 192))
    return path


@pytest.fixture(scope="module")
def person_file(tmp_path_factory):
    """A network whose mask is the red channel."""
    path = tmp_path_factory.mktemp("person") / "person.tflite"
    path.write_bytes(convert(lambda pictures: pictures[..., :1] * 1.0, 256))
    return path


def dots(places):
    """Dark crops with one bright dot each."""
    crops = np.zeros((len(places), SIZE, SIZE, 3), np.uint8)
    for picture, place in zip(crops, places, strict=True):
        cv2.circle(picture, place, 6, (255, 255, 255), -1)
    return crops


def test_points_are_told_in_pixels_of_the_crop(mesh_file):
    places = [(20, 40), (64, 64), (100, 90), (33, 77), (50, 25), (90, 30), (70, 100), (40, 90)] * 2
    places.append((64, 30))  # more than one batch, and not a whole one
    points, flags = MeshReader(mesh_file).read(dots(places))
    assert points.shape == (17, 468, 3) and flags.shape == (17,)
    np.testing.assert_allclose(points[:, 5, :2], places, atol=0.15)
    np.testing.assert_allclose(points[..., 2], 12 * SIZE * 1.1 / 192, rtol=1e-4)
    assert (flags > 50).all()


def test_a_crop_reads_the_same_alone_and_in_any_batch(mesh_file):
    crops = dots([(20 + 5 * k, 100 - 6 * k) for k in range(11)])
    reader = MeshReader(mesh_file)
    together, flags = reader.read(crops)
    alone = [reader.read(crops[k : k + 1]) for k in range(11)]
    np.testing.assert_array_equal(together, np.concatenate([points for points, _ in alone]))
    np.testing.assert_array_equal(flags, np.concatenate([flag for _, flag in alone]))
    nothing, no_flags = reader.read(crops[:0])
    assert nothing.shape == (0, 468, 3) and no_flags.shape == (0,)


def test_masks_lie_on_their_crops(person_file):
    crops = np.zeros((9, SIZE, SIZE, 3), np.uint8)
    crops[:, 30:60, 10:90, 0] = 255
    crops[8] = 0
    masks = PersonReader(person_file).read(crops)
    assert masks.shape == (9, SIZE, SIZE) and masks.dtype == np.uint8
    assert (masks[:8, 32:58, 12:88] == 255).all() and (masks[:8, :28] == 0).all()
    assert np.abs(masks[0].astype(int) - crops[0, ..., 0]).mean() < 1
    assert not masks[8].any()


def test_missing_foreign_and_damaged_files_are_clear_errors(tmp_path, mesh_file, person_file):
    with pytest.raises(ValueError, match=r"no network at .*none\.tflite.*docs/training\.md"):
        MeshReader(tmp_path / "none.tflite")
    with pytest.raises(ValueError, match=r"no network at .*selfie_segmentation"):
        PersonReader(tmp_path / "none.tflite")
    foreign = tmp_path / "foreign.tflite"
    foreign.write_bytes(b"\x89PNG" * 100)
    with pytest.raises(ValueError, match="is no TensorFlow Lite model"):
        MeshReader(foreign)
    foreign.write_bytes(mesh_file.read_bytes()[: len(mesh_file.read_bytes()) // 2])
    with pytest.raises(ValueError, match="cut off or damaged"):
        MeshReader(foreign)
    with pytest.raises(ValueError, match=r"is not face_landmark\.tflite"):
        MeshReader(person_file)
    with pytest.raises(ValueError, match=r"is not selfie_segmentation\.tflite"):
        PersonReader(mesh_file)


@real
def test_the_real_mesh_lies_on_the_face_and_a_turned_head_reads_as_turned():
    reader = MeshReader(Path(MESH))
    points, flags = reader.read(crop()[None])
    assert flags[0] > 10
    assert np.abs(five_points(points[0]) - PROTOCOL.template).max() < 9
    masks = PersonReader(Path(PERSON)).read(crop()[None])
    inside = np.rint(points[0, :, :2]).astype(int).clip(0, SIZE - 1)
    assert masks[0, inside[:, 1], inside[:, 0]].mean() > 200
    head = Head(crop(), points[0], masks[0])
    own = mesh_pose(points[0])
    for yaw, pitch in ((20, 0), (-20, 0), (0, 15), (0, -15)):
        turned = head.turn(yaw=yaw, pitch=pitch)
        again = mesh_pose(reader.read(turned.image[None])[0][0])
        assert abs(again.yaw - own.yaw - yaw) < 7 and abs(again.pitch - own.pitch - pitch) < 7

"""The face region lies where the protocol puts the face, and the measures over it are other people's."""

import dataclasses

import numpy as np
import pytest
from skimage.draw import polygon2mask

from faceqgen_core.alignment import CropProtocol
from faceqgen_core.measures.mse import mse
from faceqgen_core.measures.native import native_measures
from faceqgen_core.measures.region import OUTLINE, face_blend, face_region
from faceqgen_core.measures.ssim import mean_ssim, ssim_map
from tests.core.measures.test_measures import _pairs
from tests.scikit_ssim import ssim_map_by_scikit_image

LOGITS = np.zeros((1, 8, 8, 1), np.float32)


def test_the_region_is_the_outline_filled_and_symmetric():
    protocol = CropProtocol()
    region = face_region(protocol)
    assert region.shape == (128, 128) and region.dtype == np.float32
    assert region.min() == 0 and region.max() == 1
    points = OUTLINE * (protocol.eye_distance * 128) + protocol.template[:2].mean(axis=0)
    filled = polygon2mask((128, 128), points[:, ::-1])
    assert np.abs(region - filled).max() <= 0.9  # of a pixel on the edge
    assert ((region > 0.5) ^ filled).sum() < 30
    # The template's own eyes are not quite level, and its middle is half a pixel off.
    assert np.abs(region - region[:, ::-1]).mean() < 0.02
    assert 0.3 < region.mean() < 0.45


@pytest.mark.parametrize("size", [64, 128, 256])
def test_the_five_points_of_the_template_lie_inside_and_the_corners_outside(size):
    protocol = CropProtocol(size=size)
    region = face_region(protocol)
    for x, y in np.rint(protocol.template).astype(int):
        assert region[y, x] == 1
    assert not region[[0, 0, -1, -1], [0, -1, 0, -1]].any()
    assert region.mean() == pytest.approx(face_region(CropProtocol()).mean(), abs=0.002)


def test_the_region_follows_the_protocol():
    protocol = CropProtocol()
    wide = dataclasses.replace(protocol, eye_distance=0.135)
    assert face_region(wide).sum() == pytest.approx(face_region(protocol).sum() / 4, rel=0.01)


def test_the_blend_is_whole_inside_the_face_nothing_beside_it_and_soft_between():
    region, blend = face_region(CropProtocol()), face_blend(CropProtocol())
    assert blend.shape == (128, 128) and blend.dtype == np.float32
    assert 0 < blend[region == 0].max() < 0.4 and blend[region == 1].min() > 0.2
    for x, y in np.rint(CropProtocol().template).astype(int):
        assert blend[y, x] == 1
    assert not blend[[0, 0, -1, -1], [0, -1, 0, -1]].any()
    assert max(np.abs(np.diff(blend, axis=axis)).max() for axis in (0, 1)) < 0.2


def test_the_region_is_kept_and_cannot_be_written_to():
    region = face_region(CropProtocol())
    assert face_region(CropProtocol()) is region
    with pytest.raises(ValueError, match="read-only"):
        region[0, 0] = 1


def test_the_measures_over_the_region_are_scikit_images_map_and_numpys_squares_averaged_there():
    region = face_region(CropProtocol())
    for first, second in _pairs():
        full = ssim_map_by_scikit_image(first, second)
        inside = slice(5, -5)
        theirs = np.average(full[inside, inside], weights=region[inside, inside])
        squares = np.average(np.square(first - second).mean(axis=-1), weights=region)
        ours, local = native_measures(first[None], second[None], LOGITS, region)
        assert float(ours[0, 0]) == pytest.approx(theirs, abs=1e-5)
        assert float(ours[0, 1]) == pytest.approx(squares, abs=1e-6)
        assert float(ours[0, 2]) == 0.5
        np.testing.assert_allclose(
            np.asarray(local), np.asarray(ssim_map(first[None], second[None]))
        )


def test_without_a_region_or_with_one_that_is_everywhere_all_pixels_count():
    first, second = next(_pairs())
    whole = np.ones(first.shape[:2], np.float32)
    local = ssim_map(first[None], second[None])
    for plain, weighted in (
        (mean_ssim(local), mean_ssim(local, whole)),
        (mse(first[None], second[None]), mse(first[None], second[None], whole)),
    ):
        assert float(plain[0]) == pytest.approx(float(weighted[0]), abs=1e-6)


def test_what_happens_beside_the_face_changes_no_measure():
    region = face_region(CropProtocol())
    image = next(_pairs())[0]
    near = np.pad(region, 5, mode="edge")
    reach = np.max([near[y : y + 128, x : x + 128] for y in range(11) for x in range(11)], axis=0)
    other = np.where(reach[..., None] == 0, 1 - image, image).astype(np.float32)
    assert np.abs(other - image).mean() > 0.1
    measures, _ = native_measures(image[None], other[None], LOGITS, region)
    assert float(measures[0, 0]) == pytest.approx(1, abs=1e-6)
    assert float(measures[0, 1]) == 0


@pytest.mark.parametrize(
    ("region", "message"),
    [
        (np.ones((64, 64), np.float32), r"must be \(128, 128\)"),
        (np.zeros((128, 128), np.float32), "no pixel"),
    ],
)
def test_a_region_that_cannot_be_measured_is_refused(region, message):
    image = next(_pairs())[0][None]
    with pytest.raises(ValueError, match=message):
        native_measures(image, image, LOGITS, region)

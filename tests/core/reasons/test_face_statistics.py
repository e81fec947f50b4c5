"""Each statistic behind the reasons agrees with somebody else's implementation or with a picture made to measure."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data
import skimage.measure

from faceqgen_core.alignment import CropProtocol, align, crop_whole
from faceqgen_core.degradation import degrade
from faceqgen_core.reasons import REASONS, detail, measure_face_statistics
from faceqgen_core.reasons.detail import block_step, blur_effect, grid_strength, noise_sigma
from faceqgen_core.reasons.face_model import SIDE, FaceModel, face_model
from faceqgen_core.reasons.frame import outside_photo, repeated_edge, visible_part
from faceqgen_core.reasons.light import light_of
from faceqgen_core.reasons.oval import background, eyes, face_oval
from faceqgen_core.reasons.pose import MEAN_FACE, head_pose
from faceqgen_core.types import FaceBox
from tests.images import astronaut, astronaut_face, grace_hopper, jpeg_bytes, lfw_faces, plain

SIZE = 128


def grey(image):
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)


@pytest.fixture(scope="module")
def crop():
    return align(astronaut(), astronaut_face(), CropProtocol())


def turned(yaw=0.0, pitch=0.0, roll=0.0):
    """The mean face as a camera far away sees it, 40 pixels between the eyes."""
    y, p, r = np.radians([yaw, pitch, roll])
    about_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(p), np.sin(p)], [0, -np.sin(p), np.cos(p)]])
    about_z = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    seen = MEAN_FACE @ (about_z @ about_x @ about_y).T
    return (seen[:, :2] * 40 + 100).astype(np.float32)


@pytest.mark.parametrize("strength", [None, 0.0, 0.3, 0.8])
def test_the_blur_effect_is_scikit_images(strength):
    image = astronaut()[:250, 110:360]
    if strength is not None:
        image = degrade(image, "gaussian_blur", strength, np.random.default_rng(0))
    luminance = grey(image)
    theirs = skimage.measure.blur_effect(luminance / 255, reduce_func=max)
    assert blur_effect(luminance) == pytest.approx(theirs, abs=0.01)


@pytest.mark.parametrize("sigma", [5, 15, 40])
def test_grain_is_measured_to_a_tenth_of_its_standard_deviation(sigma):
    rng = np.random.default_rng(sigma)
    flat = np.full((SIZE, SIZE), 128, np.float32) + rng.normal(0, sigma, (SIZE, SIZE))
    assert noise_sigma(flat.astype(np.float32)) == pytest.approx(sigma, rel=0.1)


def test_a_clean_picture_has_less_grain_than_the_same_with_some(crop):
    luminance = grey(crop.image)
    rng = np.random.default_rng(0)
    grainy = luminance + rng.normal(0, 20, luminance.shape).astype(np.float32)
    assert noise_sigma(luminance) < 8 < 14 < noise_sigma(grainy)


def test_blocks_of_a_jpeg_show_whatever_pixel_they_start_at():
    image = astronaut()
    coded = cv2.imdecode(np.frombuffer(jpeg_bytes(image, quality=6), np.uint8), 0)
    for start in (0, 3, 6):
        assert block_step(coded[start : 250 + start, 100:300].astype(np.float32)) > 1.5
    assert block_step(grey(image)[:250, 100:300]) < 0.8


@pytest.mark.parametrize("width", [5, 7, 11])
def test_enlargement_leaves_a_grid_and_blur_does_not(width):
    luminance = grey(grace_hopper())[100:360, 120:380]
    small = cv2.resize(luminance, (260 // width, 260 // width), interpolation=cv2.INTER_AREA)
    enlarged = cv2.resize(small, (260, 260), interpolation=cv2.INTER_LINEAR)
    blurred = cv2.GaussianBlur(luminance, (0, 0), width / 2)
    assert grid_strength(np.rint(enlarged)) > 0.3
    assert grid_strength(np.rint(blurred)) < 0.2


def test_the_blocks_of_a_jpeg_that_is_blurred_are_no_grid_of_an_enlargement():
    blurred = cv2.GaussianBlur(grace_hopper(), (0, 0), 6)
    coded = cv2.imdecode(np.frombuffer(jpeg_bytes(blurred, quality=85), np.uint8), 0)
    assert grid_strength(coded[96:360, 120:380].astype(np.float32)) < 0.21


def test_what_a_comb_lets_through_by_chance_is_the_share_of_its_open_bins():
    frequencies, teeth, open_bins = detail._combs()
    assert (np.diff(frequencies) > 0).all()
    bins = np.arange(open_bins.shape[1])
    near = [np.abs(bins - middles[middles >= 0, None]) <= detail._TOOTH for middles in teeth]
    combs = np.stack([each.any(axis=0) for each in near])
    assert max(each.sum(axis=0).max() for each in near) == 1, "no two teeth of a comb overlap"
    for start in (0, 17, 204, 512):
        np.testing.assert_array_equal(open_bins[:, start], combs[:, start:].sum(axis=1))


def test_a_face_that_nothing_covers_is_not_zoomed_for_a_better_fit(monkeypatch):
    seen = []

    def hidden_fraction(self, *crops, noise):
        seen.append(len(crops))
        return 0.01 if len(seen) == 1 else 0.02

    monkeypatch.setattr(FaceModel, "hidden_fraction", hidden_fraction)
    crop = crop_whole(astronaut()[20:220, 120:320], CropProtocol())
    assert measure_face_statistics(astronaut(), crop).hidden == 0.01
    assert seen == [1]
    assert REASONS["occlusion"].scales[0](0.01) == 0  # so that no reason can change
    assert measure_face_statistics(astronaut(), crop).hidden == 0.02
    assert seen == [1, 1, 2]


def test_crops_that_are_fitted_at_once_are_fitted_as_each_by_itself():
    pictures = [astronaut()[20:220, 120:320], grace_hopper()[60:260, 150:350]]
    apart = [face_model().hidden_fraction(one, noise=3.0) for one in pictures]
    assert apart[0] != apart[1]
    assert face_model().hidden_fraction(*pictures, noise=3.0) == pytest.approx(
        min(apart), abs=0.006
    )


def test_pictures_too_small_for_a_grid_have_none():
    assert grid_strength(np.zeros((20, 200), np.float32)) == 0.0
    assert block_step(np.zeros((1, 1), np.float32)) == 0.0


def test_light_is_measured_inside_the_face_alone():
    picture = np.full((SIZE, SIZE), 250, np.float32)
    picture[face_oval(SIZE)] = 20
    light = light_of(picture)
    assert (light.mean, light.under, light.over) == (20, 1, 0)


@pytest.mark.parametrize("times", [1.5, 3, 6])
def test_a_ramp_of_light_is_measured_in_times_whatever_its_direction(times):
    x = np.tile(np.linspace(-0.5, 0.5, SIZE), (SIZE, 1))
    for along in (x, -x):
        # The oval is 0.54 of the side wide.
        picture = 80 * np.exp(along / 0.54 * np.log(times))
        light = light_of(picture.astype(np.float32))
        assert np.exp(light.ramp) == pytest.approx(times, rel=0.12)
        assert light.ramp_fit > 0.95


@pytest.mark.parametrize(
    "angles", [(0, 0, 0), (40, 0, 0), (-60, 10, 0), (20, -30, 25), (0, 35, -50)]
)
def test_the_pose_of_the_mean_face_is_found_exactly(angles):
    pose = head_pose(turned(*angles))
    assert (pose.yaw, pose.pitch, pose.roll) == pytest.approx(angles, abs=0.01)


@pytest.mark.parametrize("yaw", [-50, -20, 0, 35])
def test_the_pose_agrees_with_opencvs_for_a_camera_far_away(yaw):
    points = turned(yaw, 12)
    far = 1000.0
    camera = np.array([[40 * far, 0, 100], [0, 40 * far, 100], [0, 0, 1]])
    _, turn, _ = cv2.solvePnP(
        MEAN_FACE * [1, 1, -1],  # OpenCV looks along z
        points.astype(np.float64),
        camera,
        None,
        rvec=np.zeros((3, 1)),
        tvec=np.array([[0.0], [0.0], [far]]),
        useExtrinsicGuess=True,
        flags=cv2.SOLVEPNP_ITERATIVE,
    )
    nose = cv2.Rodrigues(turn)[0] @ [0, 0, -1]
    ours = head_pose(points)
    assert ours.yaw == pytest.approx(np.degrees(np.arcsin(nose[0])), abs=3)
    assert ours.pitch == pytest.approx(np.degrees(np.arctan2(nose[1], -nose[2])), abs=3)


def test_points_that_coincide_have_no_pose_and_a_wrong_shape_is_refused():
    assert head_pose(np.zeros((5, 2), np.float32)) is None
    assert head_pose(np.full((5, 2), np.nan, np.float32)) is None
    with pytest.raises(ValueError, match="five"):
        head_pose(np.zeros((4, 2), np.float32))


@pytest.mark.parametrize("left", [0, 190, 215])
def test_what_lies_outside_the_photograph_is_what_a_warp_cannot_fill(left):
    image, box = astronaut()[:, left:], astronaut_face()
    points = box.landmarks - np.array([left, 0], np.float32)
    cut = align(image, FaceBox(1, 1, 50, 50, landmarks=points), CropProtocol())
    white = np.full(image.shape[:2], 255, np.uint8)
    filled = cv2.warpAffine(white, cut.matrix, (SIZE, SIZE), flags=cv2.INTER_NEAREST)
    outside = outside_photo(cut.matrix, SIZE, cut.image_size)
    assert (outside == (filled == 0)).mean() > 0.99
    assert outside.any() == (left > 0)


@pytest.mark.parametrize("side", range(4))
def test_an_edge_drawn_out_into_stripes_is_found_on_every_side(crop, side):
    picture = np.rot90(grey(crop.image), side).copy()
    picture[:40] = picture[40]
    picture = np.rot90(picture, -side)
    found = np.rot90(repeated_edge(np.ascontiguousarray(picture)), side)
    assert found[:40].all() and not found[60:].any()
    rows, columns = visible_part(repeated_edge(np.ascontiguousarray(picture)))
    shape = picture[rows, columns].shape
    assert min(shape) in range(80, 92) and max(shape) == SIZE


def test_a_plain_background_is_no_drawn_out_edge():
    assert not repeated_edge(np.full((SIZE, SIZE), 200, np.float32)).any()


def test_masks_lie_where_their_names_say():
    points = CropProtocol().template.round().astype(int)
    for x, y in points:
        assert face_oval(SIZE)[y, x] and not background(SIZE)[y, x]
    assert all(eyes(SIZE)[y, x] for x, y in points[:2]) and not eyes(SIZE)[points[2][1], 64]
    assert background(SIZE)[3, 3] and not face_oval(SIZE)[3, 3]


def test_the_face_model_explains_a_face_and_not_what_covers_it(crop):
    model = face_model()
    covered = crop.image.copy()
    covered[70:115, 30:100] = (30, 90, 200)
    assert model.hidden_fraction(crop.image) < 0.1 < 0.25 < model.hidden_fraction(covered)
    # light and tint are no cover
    tinted = np.clip(crop.image * np.array([0.6, 1.0, 0.8]) * 0.7, 0, 255).astype(np.uint8)
    assert model.hidden_fraction(tinted) < 0.12


def test_a_face_model_is_learnt_written_and_read_back(tmp_path):
    faces = [cv2.resize(face, (64, 64)) for face in lfw_faces()]
    model = FaceModel.fit(np.stack(faces), components=4)
    assert model.components.shape == (4, model.mean.size) and len(model.misfit) < SIDE * SIDE
    np.testing.assert_allclose(model.components @ model.components.T, np.eye(4), atol=1e-3)
    model.save(tmp_path / "model.npz")
    again = FaceModel.load(tmp_path / "model.npz")
    np.testing.assert_allclose(again.mean, model.mean, atol=2e-3)
    assert again.hidden_fraction(faces[0]) == pytest.approx(
        model.hidden_fraction(faces[0]), abs=0.05
    )
    with pytest.raises(ValueError, match="need more faces"):
        FaceModel.fit(np.stack(faces[:3]), components=4)


def test_cues_are_finite_and_the_same_every_time_for_any_picture(crop):
    rng = np.random.default_rng(0)
    protocol = CropProtocol()
    pictures = [
        plain(),
        plain(3, 2),
        plain(900, 40, (0, 0, 0)),
        plain(64, 64, (255, 255, 255)),
        rng.integers(0, 256, (200, 170, 3), dtype=np.uint8),
        skimage.data.coffee(),
    ]
    for picture in pictures:
        whole = crop_whole(picture, protocol)
        statistics = measure_face_statistics(picture, whole)
        assert all(np.isfinite(value) for value in vars(statistics).values())
        assert statistics == measure_face_statistics(picture, whole)
    corner = FaceBox(-30, -40, 50, 60, landmarks=astronaut_face().landmarks - 230)
    assert measure_face_statistics(astronaut(), align(astronaut(), corner, protocol)).outside > 0.9


def test_the_eye_distance_is_counted_in_pixels_of_the_photograph(crop):
    points = astronaut_face().landmarks
    eyes_apart = float(np.linalg.norm(points[1] - points[0]))
    assert measure_face_statistics(astronaut(), crop).eye_distance == pytest.approx(
        eyes_apart, rel=0.08
    )

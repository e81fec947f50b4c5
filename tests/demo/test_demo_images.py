"""The demo's images are what their names say, and its contact sheet shows what it was given."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from demo.contact_sheet import SheetRow, contact_sheet
from demo.images import DEGRADATIONS, STRENGTHS, demo_images, portraits, write_images
from faceqgen_core.changes.difference import colour_difference
from faceqgen_core.covers import FAMILIES as COVERS
from faceqgen_core.degradation import FAMILIES
from faceqgen_core.evaluation.thinning import evenly
from faceqgen_core.image_io import ImageError, load_image

PER_PORTRAIT = 1 + len(DEGRADATIONS) * len(STRENGTHS)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    images = demo_images(degradations=["blur", "noise"], lfw=3)
    return dict((image.name, (path, image)) for path, image in write_images(images, folder / "new"))


def test_the_full_demo_has_both_portraits_in_every_degradation_and_strength_and_a_hundred_faces():
    images = list(demo_images())
    kinds = [image.kind for image in images]
    assert kinds.count("portrait") == 2 * PER_PORTRAIT
    assert kinds.count("lfw") == 100
    assert [image.degradation for image in images if image.kind == "fault"] == [
        "no face",
        "truncated file",
    ]
    assert len({image.name for image in images}) == len(images)


def test_a_dozen_degradations_are_named_and_each_is_a_family_of_degradations_or_of_covers():
    assert len(DEGRADATIONS) >= 12
    assert set(DEGRADATIONS.values()) <= {*FAMILIES, *COVERS}


@pytest.mark.parametrize("name", DEGRADATIONS)
def test_every_degradation_changes_the_picture_more_as_its_strength_rises(name, tmp_path):
    clean = portraits()["astronaut"].astype(float)
    chosen = [
        image
        for image in demo_images(degradations=[name], lfw=0, faults=False)
        if image.subject == "astronaut" and image.strength
    ]
    harm = [
        np.abs(load_image(path).astype(float) - clean).mean()
        for path, _ in write_images(chosen, tmp_path)
    ]
    assert len(harm) == len(STRENGTHS)
    assert harm == sorted(harm)
    assert harm[0] > 0.2 and harm[-1] > 1.5 * harm[0]


def test_writing_twice_writes_the_same_pixels(written, tmp_path):
    again = write_images(demo_images(degradations=["blur", "noise"], lfw=3), tmp_path)
    for path, image in again:
        assert path.read_bytes() == written[image.name][0].read_bytes(), image.name


def test_the_small_crops_are_grey_and_tiny(written):
    image = load_image(written["lfw_002.png"][0])
    assert image.shape == (25, 25, 3)
    assert (image[..., 0] == image[..., 1]).all() and (image[..., 1] == image[..., 2]).all()
    assert image.std() > 10


def test_the_truncated_file_cannot_be_read_and_the_other_fault_can(written):
    with pytest.raises(ImageError):
        load_image(written["truncated.jpg"][0])
    assert load_image(written["coffee.png"][0]).shape == (400, 400, 3)


def test_an_unknown_degradation_is_refused_by_name():
    with pytest.raises(ValueError, match="fog"):
        list(demo_images(degradations=["fog"]))
    with pytest.raises(ValueError, match="101"):
        list(demo_images(lfw=101))


def test_evenly_keeps_the_ends_the_order_and_the_count():
    assert evenly(range(100), 5) == [0, 25, 50, 74, 99]
    assert evenly([3, 1], 5) == [3, 1]
    assert evenly("abc", 1) == ["a"]
    with pytest.raises(ValueError, match="at least 1"):
        evenly([1], 0)


def test_the_difference_is_dark_where_kept_and_bright_where_changed():
    colours = colour_difference(np.array([[0.0, 0.5, 1.0]], np.float32)).astype(int)
    brightness = colours[0].sum(axis=1)
    assert brightness[0] < 30 < brightness[1] < brightness[2]


def _row(colour, name="a face"):
    original = np.full((40, 80, 3), colour, np.uint8)
    difference = np.zeros((40, 80), np.float32)
    return SheetRow(original, original.copy(), difference, name, "quality 50.0")


def test_the_sheet_shows_each_original_unstretched_in_reading_order(tmp_path: Path):
    rows = [_row((200, 0, 0)), _row((0, 200, 0)), _row((0, 0, 200))]
    sheet = contact_sheet(rows, title="three", tile=60, columns=2)
    red, green, blue = (np.argwhere((sheet == row.original[0, 0]).all(axis=2)) for row in rows)
    # original and restored of a 40 x 80 picture: two tiles of 30 x 60
    assert [len(places) for places in (red, green, blue)] == [2 * 30 * 60] * 3
    assert red[:, 1].max() < green[:, 1].min() and red[:, 0].max() == green[:, 0].max()
    assert red[:, 0].max() < blue[:, 0].min()


def test_a_face_without_a_restored_picture_leaves_a_frame_and_no_error():
    row = SheetRow(
        np.full((8, 8, 3), (200, 10, 90), np.uint8), None, None, "only the original", "no score"
    )
    sheet = contact_sheet([row], title="one", tile=32)
    assert (sheet == (200, 10, 90)).all(axis=2).sum() == 32 * 32


def test_an_empty_sheet_is_refused_with_a_reason():
    with pytest.raises(ValueError, match="at least one scored face"):
        contact_sheet([], title="none")

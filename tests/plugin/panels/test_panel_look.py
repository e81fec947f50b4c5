"""A face from close by: its pictures and the sentence on its score."""

from __future__ import annotations

import base64
import io

import numpy as np
import PIL.Image
import pytest


@pytest.fixture
def two(scored):
    """The sample with two faces."""
    return scored.match({"faceqgen.num_faces": 2}).first()


def test_each_face_has_its_crop_its_restoration_and_what_changed(part, two):
    pictures = part("faces.pictures")
    faces = pictures.faces_of(two, "faceqgen")
    assert len(faces) == 2
    for face in faces:
        found = pictures.face_pictures(two.filepath, face)
        assert found.notes == []
        for picture in (
            found.original,
            found.restored,
            found.difference,
            found.drawn,
            found.trust,
        ):
            assert picture.shape == (128, 128, 3) and picture.dtype == np.uint8
        assert np.abs(found.original.astype(float) - found.restored).mean() < 60


def test_a_restored_crop_of_an_earlier_run_has_no_drawn_face_and_the_rest_is_shown(
    part, two, tmp_path
):
    from faceqgen_core.image_io import load_image, save_png

    pictures = part("faces.pictures")
    face = pictures.faces_of(two, "faceqgen")[0]
    save_png(tmp_path / "plain.png", load_image(face.restored_path))
    face.restored_path = str(tmp_path / "plain.png")
    found = pictures.face_pictures(two.filepath, face)
    assert found.drawn is found.trust is None
    assert found.restored is not None and found.difference is not None and found.notes == []


def test_what_was_changed_is_stored_with_every_face_and_with_the_sample(two, scored):
    for face in two.faceqgen_faces.detections:
        assert all(isinstance(name, str) for name in face.changes)
    assert list(two.faceqgen.changes) == list(two.faceqgen_faces.detections[0].changes)
    field = scored.get_field("faceqgen_faces.detections.changes")
    assert "turned_<degrees>" in field.description
    assert scored.match({"faceqgen.status": "no_face"}).first().faceqgen.changes is None


def test_a_patch_is_its_own_only_face(part, scored, two):
    pictures = part("faces.pictures")
    patches = scored.to_patches("faceqgen_faces").match({"_sample_id": two._id})
    faces = [pictures.faces_of(patch, "faceqgen_faces") for patch in patches]
    assert [len(found) for found in faces] == [1, 1]


def test_what_lacks_is_said_and_the_rest_is_shown(part, two):
    pictures = part("faces.pictures")
    face = pictures.faces_of(two, "faceqgen")[0]
    face.restored_path = None
    found = pictures.face_pictures(two.filepath, face)
    assert found.original is not None and found.restored is None and found.difference is None
    assert "no restored crop" in found.notes[0]
    face.crop_matrix = None
    assert "by its box alone" in pictures.face_pictures(two.filepath, face).notes[1]
    assert "cannot be read" in pictures.face_pictures("gone.png", face).notes[1]


def test_pictures_go_to_the_page_as_small_jpeg_files(part):
    uri = part("faces.pictures").data_uri(np.full((128, 128, 3), (200, 30, 90), np.uint8))
    head, data = uri.split(",")
    assert head == "data:image/jpeg;base64" and len(uri) < 40_000
    with PIL.Image.open(io.BytesIO(base64.b64decode(data))) as image:
        assert image.size == (128, 128)
        assert np.abs(np.asarray(image)[64, 64].astype(int) - (200, 30, 90)).max() < 4


def test_the_sentence_names_the_reasons_in_their_order_where_there_are_any(part):
    text = part("faces.explanation").explain(
        status="scored",
        quality=18.34,
        better_than={"quality": 9.0},
        reasons=["blur", "low_resolution"],
        changed="the eyes",
    )
    assert text == (
        "Quality 18.3, worse than 91 % of the scored faces here. Most likely lowered, in this order, by blur, "
        "low resolution. The restoration changed most around the eyes."
    )


def test_the_sentence_says_what_was_changed_where_the_run_has_kept_it(part):
    explain = part("faces.explanation").explain
    known = {"status": "scored", "quality": 18.34, "better_than": {}, "changed": "the eyes"}
    assert explain(**known, changes=["eyes_drawn", "lit"]).endswith(
        " The restoration drew the eyes anew and lit the face anew."
    )
    assert explain(**known, changes=[]).endswith(" The restoration left the face as it was.")
    assert explain(**known).endswith(" The restoration changed most around the eyes.")


def test_without_reasons_the_sentence_names_the_measures_that_stand_out(part):
    explain = part("faces.explanation").explain
    text = explain(
        status="scored",
        quality=70,
        better_than={"quality": 80.0, "ssim": 4.0, "mse": 20.0, "discriminator": 60.0},
    )
    assert "better than 80 %" in text
    assert text.index("structure more than that of 96 %") < text.index(
        "brightness more than those of 80 %"
    )
    assert "good original" not in text
    assert "None of the native measures stands out" in explain(
        status="scored", quality=70, better_than={"ssim": 50.0}
    )


def test_a_face_without_a_score_says_why(part):
    explain = part("faces.explanation").explain
    assert explain(status=None, better_than={}) == "This sample is not scored yet."
    text = explain(status="too_small", reason="the face has 9 pixels", better_than={})
    assert text == "There is no score (too small): the face has 9 pixels."

"""The pixel limit as an input of the operator and of the model: what is over it is told, never decoded."""

from __future__ import annotations

import fiftyone as fo
import pytest

from faceqgen_core import image_io, vocabulary
from tests.plugin.conftest import SCORE, form_of

LESS = 200_000
"""Than the pixels of the picture with one face, 512 x 512."""


def test_the_operator_leaves_larger_images_alone_and_says_so(one_face, score):
    score(one_face, restored=False, max_pixels=LESS)
    found = one_face.first().faceqgen
    assert found.status == "too_large" and "0.2 megapixels" in found.reason
    run = one_face.get_run_info(one_face.list_runs()[0])
    assert run.config.parameters["max_pixels"] == LESS


def test_a_second_run_with_a_larger_limit_scores_what_was_too_large(one_face, score):
    score(one_face, restored=False, max_pixels=LESS)
    score(one_face, restored=False, max_pixels=LESS + 1)
    assert one_face.first().faceqgen.status == "too_large" and len(one_face.list_runs()) == 1
    score(one_face, restored=False)
    assert one_face.first().faceqgen.status == "scored"


def test_a_second_run_with_small_faces_looks_again_where_they_may_be_and_nowhere_else(
    one_face, score
):
    score(one_face, restored=False)
    reason = f"the detector found no face; it sees those of 117 pixels: {vocabulary.CLOSER_LOOK}"
    for told, status in (("the detector found no face", "no_face"), (reason, "scored")):
        sample = one_face.first()
        sample.faceqgen.status, sample.faceqgen.reason = "no_face", told
        sample.save()
        score(one_face, restored=False, small_faces=True)
        one_face.reload()
        assert one_face.first().faceqgen.status == status


@pytest.mark.parametrize("limit", [LESS, 2 * vocabulary.DEFAULT_MAX_PIXELS])
def test_boxes_and_restored_images_are_read_with_the_same_limit(
    one_face, score, monkeypatch, limit
):
    box = fo.Detection(label="face", bounding_box=[0.35, 0.12, 0.17, 0.22])
    one_face.set_values("people", [fo.Detections(detections=[box])])
    limits = {"load_image": set(), "image_size": set()}

    def watch(name):
        real = getattr(image_io, name)

        def spy(source, **options):
            limits[name].add(options.get("max_pixels"))
            return real(source, **options)

        monkeypatch.setattr(image_io, name, spy)

    for name in limits:
        watch(name)
    score(one_face, faces="field", faces_field="people", max_pixels=limit)
    wanted = "too_large" if limit == LESS else "scored"
    assert one_face.first().faceqgen.status == wanted
    assert limits["image_size"] == {limit}
    # The assessor holds load_image itself; here it is the one that the restored image is made from.
    assert limits["load_image"] == (set() if limit == LESS else {limit})


def test_the_model_has_the_same_limit(one_face, operator, preset):
    box = fo.Detection(label="face", bounding_box=[0.35, 0.12, 0.17, 0.22])
    one_face.set_values("people", [fo.Detections(detections=[box])])
    for faces in ({"faces": "detect"}, {"faces": "field", "faces_field": "people"}):
        model = operator.model(preset=preset, max_pixels=LESS, **faces)
        one_face.apply_model(model, label_field="small", batch_size=2)
        assert one_face.first().small.status == "too_large"
        assert model.config.max_pixels == LESS
    with pytest.raises(ValueError, match="max_pixels must lie between 1 and 1000000000, got 0"):
        operator.model(preset=preset, max_pixels=0)


def test_the_form_offers_the_limit_that_the_core_has(one_face):
    asked = form_of(SCORE, one_face, {"more": True})["max_pixels"]
    assert asked["default"] == image_io.DEFAULT_MAX_PIXELS == vocabulary.DEFAULT_MAX_PIXELS

"""``FaceQgenModel``: ``apply_model`` writes what the operator writes, and what the core says."""

from __future__ import annotations

import fiftyone as fo
import fiftyone.core.models as fomo
import pytest

from faceqgen_core import FaceQualityAssessor
from tests.images import faulty_images
from tests.plugin.conftest import make_dataset

KEYS = ("quality", "ssim", "mse", "discriminator")
SAME = 1e-4


@pytest.fixture(scope="module")
def model(operator, preset):
    return operator.model(preset=preset)


@pytest.fixture(scope="module")
def core(pictures, preset):
    """What the core says of each picture, alone."""
    assessor = FaceQualityAssessor(preset)
    return [next(assessor.assess([file])) for file in pictures.values()]


def _numbers(documents) -> list[tuple]:
    return [tuple(getattr(document, key) for key in KEYS) for document in documents]


def _assert_same(found, expected) -> None:
    for one, other in zip(_numbers(found), _numbers(expected), strict=True):
        assert one == pytest.approx(other, abs=SAME)


def test_core_operator_and_model_give_the_same_numbers_alone_and_in_a_batch(
    dataset, scored, model, core
):
    dataset.apply_model(model, label_field="in_batch", batch_size=32)
    dataset.apply_model(model, label_field="in_pairs", batch_size=2)
    dataset.apply_model(model, label_field="alone")
    dataset.reload()
    _assert_same(scored.values("faceqgen"), core)
    for field in ("in_batch", "in_pairs", "alone"):
        _assert_same(dataset.values(field), core)


def test_the_operator_gives_one_sample_the_number_it_gave_it_among_others(one_face, scored, score):
    score(one_face, restored=False, batch_size=1)
    _assert_same(one_face.values("faceqgen"), scored.values("faceqgen")[:1])


def test_the_document_has_the_keys_and_words_of_the_operators_document(dataset, scored, model):
    dataset.apply_model(model, label_field="faceqgen", batch_size=32)
    for found, wanted in zip(dataset, scored, strict=True):
        assert isinstance(found.faceqgen, fo.DynamicEmbeddedDocument)
        assert set(found.faceqgen.field_names) == set(wanted.faceqgen.field_names)
        for key in ("status", "reason", "reasons", "num_faces", "preset", "crop_protocol"):
            assert found.faceqgen[key] == wanted.faceqgen[key]


@pytest.mark.parametrize("batch_size", [32, 1, None])
def test_one_bad_image_never_loses_its_batch(tmp_path, model, batch_size):
    expected = {
        name: entry
        for name, entry in faulty_images(tmp_path).items()
        if name in ("no_face", "truncated", "one_pixel", "huge", "grey")
    }
    missing = tmp_path / "missing.png"
    dataset = make_dataset(*(path for path, _ in expected.values()), missing)
    dataset.apply_model(model, label_field="faceqgen", batch_size=batch_size, skip_failures=False)
    wanted = [status.value for _, status in expected.values()]
    assert dataset.values("faceqgen.status") == [*wanted, "unreadable"]
    dataset.delete()


def test_the_default_label_field_works(one_face, model):
    one_face.apply_model(model)
    assert one_face.first().predictions.status == "scored"


def test_the_fields_are_declared_described_and_indexed_like_the_operators(one_face, model, scored):
    one_face.apply_model(model, label_field="faceqgen", batch_size=32)
    one_face.reload()
    for key in KEYS:
        path = f"faceqgen.{key}"
        assert one_face.get_field(path).description == scored.get_field(path).description
        assert path in one_face.list_indexes()


def test_faces_can_be_taken_from_a_field(one_face, model, operator, preset, score):
    box = fo.Detection(label="face", bounding_box=[0.35, 0.12, 0.17, 0.22])
    one_face.set_values("people", [fo.Detections(detections=[box])])
    score(one_face, faces="field", faces_field="people", restored=False)
    given = operator.model(preset=preset, faces="field", faces_field="people")
    one_face.apply_model(given, label_field="given", batch_size=2)
    _assert_same(one_face.values("given"), one_face.values("faceqgen"))


def test_arrays_are_scored_without_a_sample(model, core):
    from tests.images import astronaut

    documents = model.predict_all([astronaut()])
    _assert_same(documents, core[:1])
    assert model.predict(astronaut()).status == "scored"


def test_fiftyone_reads_images_itself_again_once_the_model_is_done(one_face, model):
    module, arrays = fomo.foui, fomo.np
    with model:
        assert fomo.foui is not module and fomo.foui.read("/no/such/file").path == "/no/such/file"
        assert fomo.np is not arrays
    assert fomo.foui is module and fomo.np is arrays


def test_a_fiftyone_that_reads_images_in_another_way_is_warned_of(model, monkeypatch, caplog):
    monkeypatch.delattr(fomo, "foui")
    with model:
        assert "does not know" in caplog.text


def test_the_models_of_others_are_read_to_while_ours_is_applied(pictures, model):
    from concurrent.futures import ThreadPoolExecutor

    with model, ThreadPoolExecutor(1) as another_thread:
        read = another_thread.submit(lambda: fomo.foui.read(str(pictures["one"])))
        assert read.result().shape == (512, 512, 3)


def test_the_model_can_be_imported_in_a_checkout_as_well(operator, preset):
    from plugin.scoring.model import FaceQgenModel

    assert FaceQgenModel.__name__ == type(operator.model(preset=preset)).__name__


def test_the_model_tells_fiftyone_what_it_needs_to_know(model, preset):
    assert model.media_type == "image" and model.ragged_batches is False
    assert model.config.preset == preset and not hasattr(model.config, "confidence_thresh")

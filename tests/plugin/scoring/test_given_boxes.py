"""``faces="field"``: boxes that are labelled already."""

from __future__ import annotations

from dataclasses import replace

import fiftyone as fo
import pytest

from faceqgen_core import FaceQualityAssessor, ImageRequest
from faceqgen_core.image_io import ImageError, image_size, load_image
from tests.images import astronaut, astronaut_face, exif, turned_for
from tests.plugin.conftest import make_dataset

FACE = astronaut_face()
BOX = [FACE.x / 512, FACE.y / 512, FACE.width / 512, FACE.height / 512]


def test_a_labelled_face_gets_the_numbers_that_the_core_gives_it(one_face, score, preset):
    label = fo.Detection(label="person", bounding_box=BOX)
    one_face.set_values("people", [fo.Detections(detections=[label])])
    score(one_face, faces="field", faces_field="people", restored=False)
    found = one_face.first()
    assert found.faceqgen.status == "scored"
    given = ImageRequest(found.filepath, boxes=[replace(FACE, confidence=None, landmarks=None)])
    (expected,) = FaceQualityAssessor(preset).assess([given], faces="given")
    for key in ("quality", "ssim", "mse", "discriminator"):
        assert found.faceqgen[key] == pytest.approx(getattr(expected, key), abs=1e-4)
    (face,) = found.faceqgen_faces.detections
    assert face.bounding_box == pytest.approx(BOX, abs=1e-6)


def test_each_face_names_the_label_that_its_box_came_from(one_face, score):
    labels = [
        fo.Detection(label="small", bounding_box=[0.0, 0.8, 0.01, 0.01]),
        fo.Detection(label="face", bounding_box=BOX),
    ]
    one_face.set_values("people", [fo.Detections(detections=labels)])
    score(one_face, faces="field", faces_field="people", restored=False)
    faces = one_face.first().faceqgen_faces.detections
    assert [face.source_label for face in faces] == [labels[1].id, labels[0].id]
    assert [face.status for face in faces] == ["scored", "too_small"]
    assert one_face.first().faceqgen.num_faces == 2


def test_two_labels_with_the_same_box_are_two_faces_for_operator_and_model(
    one_face, score, operator, preset
):
    labels = [fo.Detection(label=name, bounding_box=BOX) for name in ("first", "second")]
    one_face.set_values("people", [fo.Detections(detections=labels)])
    score(one_face, faces="field", faces_field="people", restored=False)
    faces = one_face.first().faceqgen_faces.detections
    assert [face.source_label for face in faces] == [label.id for label in labels]
    model = operator.model(preset=preset, faces="field", faces_field="people")
    one_face.apply_model(model, label_field="given")
    assert one_face.first().faceqgen.num_faces == one_face.first().given.num_faces == 2


def test_a_field_of_single_detections_serves_as_well(pictures, score):
    dataset = make_dataset(pictures["one"], pictures["none"])
    dataset.set_values("head", [fo.Detection(label="face", bounding_box=BOX), None])
    score(dataset, faces="field", faces_field="head", restored=False)
    assert dataset.values("faceqgen.status") == ["scored", "no_face"]
    dataset.delete()


@pytest.mark.parametrize("name", ["turned.jpg", "turned.tif"])
def test_boxes_are_read_in_the_image_as_it_is_shown(tmp_path, score, name):
    from PIL import Image

    file = tmp_path / name
    turned_for(6, Image.fromarray(astronaut()[:400])).save(file, quality=95, exif=exif(6))
    shown = [FACE.x / 512, FACE.y / 400, FACE.width / 512, FACE.height / 400]
    dataset = make_dataset(file)
    dataset.set_values("head", [fo.Detection(label="face", bounding_box=shown)])
    score(dataset, faces="field", faces_field="head", restored=False)
    (face,) = dataset.first().faceqgen_faces.detections
    assert face.status == "scored"
    assert face.bounding_box == pytest.approx(shown, abs=1e-6)
    dataset.delete()


@pytest.mark.parametrize("orientation", [1, 3, 5, 6, 7, 8])
@pytest.mark.parametrize("kind", ["jpg", "tif", "png", "webp"])
def test_the_size_in_the_header_is_the_size_of_the_loaded_image(tmp_path, kind, orientation):
    from PIL import Image

    file = tmp_path / f"turned.{kind}"
    turned_for(orientation, Image.fromarray(astronaut()[:40, :60])).save(
        file, exif=exif(orientation)
    )
    height, width, _ = load_image(file).shape
    assert image_size(file) == (width, height) == (60, 40)


def test_a_png_is_decoded_for_its_size_only_if_metadata_stand_behind_its_pixels(
    tmp_path, monkeypatch
):
    import struct
    import zlib

    from PIL import Image, ImageFile

    loads = []
    load = ImageFile.ImageFile.load
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda self: loads.append(1) or load(self))
    plain, behind = tmp_path / "plain.png", tmp_path / "behind.png"
    Image.fromarray(astronaut()[:40, :60]).save(plain)
    loads.clear()
    assert image_size(plain) == (60, 40) and not loads
    chunk = b"eXIf" + exif(6).tobytes().removeprefix(b"Exif\0\0")
    sealed = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    data = plain.read_bytes()
    behind.write_bytes(data[:-12] + sealed + data[-12:])
    assert image_size(behind) == load_image(behind).shape[1::-1] == (40, 60)


def test_the_size_of_a_file_that_is_no_image_is_refused_with_its_name(tmp_path):
    (tmp_path / "no.png").write_text("no image")
    with pytest.raises(ImageError, match=r"no\.png"):
        image_size(tmp_path / "no.png")


@pytest.mark.parametrize(
    ("device", "detector"),
    [("auto", "CPU:0"), ("cpu", "CPU:0"), ("gpu", "GPU:0"), ("GPU:1", "GPU:1")],
)
def test_the_assessors_own_detector_runs_on_the_device_asked_for(preset, device, detector):
    assert FaceQualityAssessor(preset, device=device).detector.device == detector


def test_an_unreadable_image_with_boxes_is_unreadable(pictures, score):
    dataset = make_dataset(pictures["truncated"])
    dataset.set_values("head", [fo.Detection(label="face", bounding_box=BOX)])
    score(dataset, faces="field", faces_field="head", restored=False)
    assert dataset.values("faceqgen.status") == ["unreadable"]
    dataset.delete()


def test_the_labels_of_the_user_stay_as_they_were(one_face, score):
    label = fo.Detection(label="person", bounding_box=BOX)
    one_face.set_values("people", [fo.Detections(detections=[label])])
    before = one_face.first().people.to_dict()
    score(one_face, faces="field", faces_field="people", restored=False)
    assert one_face.first().people.to_dict() == before

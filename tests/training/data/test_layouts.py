"""Every layout gives the same kind of listing, with targets where the layout has them."""

import csv
import json

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

from faceqgen_core.alignment import CropProtocol
from faceqgen_core.cli import main
from faceqgen_core.degradation import degrade
from faceqgen_core.training.data.layouts import list_csv, list_images, list_scface, list_subjects
from faceqgen_core.training.data.subjects import align_faces, best_images, split_subjects
from tests.images import grace_hopper

PROTOCOL = CropProtocol()


def _save(image, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path)


@pytest.fixture(scope="module")
def scface(tmp_path_factory):
    """Two subjects as SCface has them: mugshots, five cameras at three distances, infrared, rotated mugshots."""
    root = tmp_path_factory.mktemp("data") / "SCface_database"
    people = {"001": astronaut()[:300, 80:380], "002": grace_hopper()[:400, 100:450]}
    for number, (id_, face) in enumerate(people.items()):
        _save(face, root / "mugshot_frontal_original_all" / f"{id_}_frontal.jpg")
        _save(face[20:], root / "mugshot_frontal_cropped_all" / f"{id_}_frontal.jpg")
        _save(face, root / "mugshot_rotation_all" / f"{id_}_L1.jpg")
        for camera in range(1, 9):
            for distance in (1, 2, 3):
                rng = np.random.default_rng([number, camera, distance])
                poor = degrade(face, "low_resolution", 0.7 - 0.2 * distance, rng)
                poor = degrade(poor, "noise", 0.05 * camera, rng)
                if camera == 8:
                    _save(poor, root / "IR" / f"{id_}_cam8.jpg")
                    break
                stem = f"{id_}_cam{camera}_{distance}.jpg"
                _save(poor, root / f"surveillance_cameras_distance_{distance}" / stem)
                _save(poor, root / "surveillance_cameras_all" / stem)
    (root / "readme.txt").write_text("as distributed")
    return root


def test_scface_leads_every_camera_and_distance_to_the_mugshot(scface):
    found = list_scface([scface])
    assert len(found) == 2 * (1 + 5 * 3)
    assert {x.subject for x in found} == {"SCface_database/001", "SCface_database/002"}
    for item in found:
        id_ = item.subject.split("/")[1]
        assert item.path.name.startswith(id_)
        assert (
            item.target == f"SCface_database/mugshot_frontal_original_all/{id_}_frontal.jpg"
        )  # not the cropped one
    assert {x.target for x in found} <= {x.name for x in found}


def test_a_list_of_subjects_binds_the_roots_that_hold_one_of_them_folders_and_images_alike(
    tmp_path,
):
    for name in (
        "a/ann/1.jpg",
        "a/bob/1.jpg",
        "a/cid.jpg",
        "b/dora.jpg",
        "b/eve.jpg",
        "c/fay/1.jpg",
    ):
        _save(np.zeros((8, 8, 3), np.uint8), tmp_path / name)
    roots = [tmp_path / name for name in "abc"]
    kept = [x.subject for x in list_subjects(roots, keep={"ann", "eve"})]
    assert kept == ["a/ann", "b/eve", "c/fay"]
    assert len(list_subjects(roots)) == 6
    with pytest.raises(ValueError, match="no listed subject is below the roots"):
        list_subjects(roots, keep={"gus"})


def test_infrared_cameras_come_on_request(scface):
    night = {x.path.stem for x in list_scface([scface], infrared=True)}
    day = {x.path.stem for x in list_scface([scface])}
    assert night - day == {
        f"{id_}_cam{c}"
        for id_ in ("001", "002")
        for c in ("6_1", "6_2", "6_3", "7_1", "7_2", "7_3", "8")
    }


def test_scface_faces_train_towards_the_mugshot_and_split_by_subject(scface, tmp_path):
    listing = list_images([scface], layout="scface", keep={"001"})
    faces = align_faces(listing, PROTOCOL, cache=tmp_path)
    assert len(faces.names) >= 10
    best = best_images(faces)
    assert {faces.names[i] for i in best} == {
        "SCface_database/mugshot_frontal_original_all/001_frontal.jpg"
    }
    again = align_faces(listing, PROTOCOL, cache=tmp_path)
    assert (again.crops == faces.crops).all()
    assert (best_images(again) == best).all()
    train, held = split_subjects(faces, share=0.5, seed=0)
    assert not len(train) or not len(held)


def test_faceqgen_train_takes_scface_as_distributed(uncompiled, scface, tmp_path):
    settings = {
        "steps": 2,
        "batch_size": 2,
        "held_back": 0.5,
        "seed": 9,
        "half_size": 1.0,
        "code": 8,
    }
    settings |= {"generator_width": 16, "discriminator_width": 8}
    settings |= {"grading_steps": 1, "graded_batch": 2, "copies": 1}
    (tmp_path / "tiny.json").write_text(json.dumps(settings))
    places = ["--data", str(scface), "--layout", "scface", "--output", str(tmp_path / "run")]
    assert main(["train", *places, "--config", str(tmp_path / "tiny.json")]) == 0
    facts = json.loads((tmp_path / "run" / "provenance.json").read_text())
    assert facts["subjects"] == 2
    assert facts["faces"] >= 20
    assert (tmp_path / "run" / "generator.weights.h5").is_file()


def test_a_subject_without_a_mugshot_is_left_out(scface, tmp_path, caplog):
    for name in ("001_frontal", "001_cam1_1", "003_cam1_1"):
        _save(astronaut()[:64, :64], tmp_path / f"{name}.jpg")
    assert {x.subject.split("/")[1] for x in list_scface([tmp_path])} == {"001"}
    assert "1 subject(s) without a frontal mugshot" in caplog.text


def test_what_is_no_scface_is_a_clear_error(tmp_path):
    with pytest.raises(ValueError, match="is not a folder"):
        list_scface([tmp_path / "nowhere"])
    with pytest.raises(ValueError, match=r"no <id>_frontal\.jpg below"):
        list_scface([tmp_path])
    _save(astronaut()[:64, :64], tmp_path / "001_frontal.jpg")
    with pytest.raises(ValueError, match=r"no <id>_cam<1\.\.5>_<1\|2\|3>\.jpg with a mugshot"):
        list_scface([tmp_path])
    _save(astronaut()[:64, :64], tmp_path / "001_cam5_3.jpg")
    with pytest.raises(ValueError, match="ids look like 001"):
        list_scface([tmp_path], keep={"1"})


def _table(path, rows, head=("input", "target")):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([head, *rows])
    return path


@pytest.fixture
def pictures(tmp_path):
    for name in ("good.png", "poor.png", "other.png"):
        _save(astronaut()[:64, :64], tmp_path / "faces" / name)
    return tmp_path


def test_a_csv_leads_each_input_to_its_target(pictures):
    file = _table(
        pictures / "pairs.csv", [["faces/poor.png", "faces/good.png"], ["faces/other.png"] * 2]
    )
    found = {x.name: x for x in list_images([file], layout="list")}
    assert set(found) == {f"pairs/faces/{n}.png" for n in ("good", "poor", "other")}
    assert found["pairs/faces/poor.png"].target == "pairs/faces/good.png"
    assert found["pairs/faces/good.png"].target == "pairs/faces/good.png"
    assert found["pairs/faces/poor.png"].subject == found["pairs/faces/good.png"].subject
    assert found["pairs/faces/other.png"].subject != found["pairs/faces/good.png"].subject


def test_a_csv_may_name_subjects(pictures):
    rows = [["faces/poor.png", "faces/good.png", "ann"], ["faces/other.png"] * 2 + ["bob"]]
    file = _table(pictures / "pairs.csv", rows, ("input", "target", "subject"))
    assert {x.subject for x in list_csv([file])} == {"pairs/ann", "pairs/bob"}
    assert {x.path.name for x in list_csv([file], keep={"bob"})} == {"other.png"}


@pytest.mark.parametrize(
    ("head", "row", "message"),
    [
        (("image", "target"), ["faces/poor.png"] * 2, "lacks the column.s. input"),
        (("input", "target"), ["faces/poor.png", ""], "line 2: input and target must both"),
        (("input", "target"), ["faces/gone.png", "faces/good.png"], "gone.png is not a file"),
    ],
)
def test_a_faulty_csv_is_a_clear_error(pictures, head, row, message):
    with pytest.raises(ValueError, match=message):
        list_csv([_table(pictures / "pairs.csv", [row], head)])


def test_two_targets_of_one_image_are_a_clear_error(pictures):
    rows = [["faces/poor.png", "faces/good.png"], ["faces/poor.png", "faces/other.png"]]
    with pytest.raises(ValueError, match=r"line 3: faces/poor\.png has the subject and target"):
        list_csv([_table(pictures / "pairs.csv", rows)])


def test_folders_of_subjects_leave_the_target_open(pictures):
    (item, *_) = list_images([pictures], layout="subjects")
    assert item.subject == f"{pictures.name}/faces"
    assert item.target == ""


def test_a_missing_root_an_unknown_layout_and_a_stray_option_are_clear_errors(pictures):
    with pytest.raises(ValueError, match="is not a folder"):
        list_subjects([pictures / "nowhere"])
    with pytest.raises(ValueError, match="layout must be one of subjects, scface, list"):
        list_images([pictures], layout="zip")
    with pytest.raises(ValueError, match="add --layout scface"):
        list_images([pictures], infrared=True)

"""A quality network of others: what its JSON file says is what goes in, and its number comes out beside ours."""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from faceqgen_core.alignment import FIVE_POINTS, CropProtocol, crop_whole
from faceqgen_core.assessor import FaceQualityAssessor, ImageRequest
from faceqgen_core.cli import main
from faceqgen_core.onnx_quality.description import read_description
from faceqgen_core.onnx_quality.extra_score import ExtraScore, load_extra_scores
from faceqgen_core.types import FaceBox
from tests.core.toy_assessor import ToyDetector, toy
from tests.images import astronaut, astronaut_face, no_face, plain
from tests.small_network import write_network

PROTOCOL = CropProtocol()
COLOURS = np.full((1, 112, 112, 3), (10, 100, 200), np.uint8)


def score_of(path: Path, crops=COLOURS):
    return ExtraScore.read(path).score(crops)


def test_a_file_that_says_the_least_is_taken_as_the_usual_112_pixel_network(tmp_path):
    found = read_description(write_network(tmp_path))
    assert (found.size, found.colour, found.layout, found.range) == (112, "RGB", "NCHW", None)
    assert found.points == pytest.approx(FIVE_POINTS)
    assert score_of(tmp_path / "brightness.json") == [pytest.approx((10 - 127.5) / 127.5, rel=1e-3)]


@pytest.mark.parametrize(
    ("values", "number"),
    [
        ({"colour": "RGB", "channel": 2}, 200),
        ({"colour": "BGR", "channel": 2}, 10),
        ({"nhwc": True, "channel": 1}, 100),
    ],
)
def test_colours_and_layout_go_in_as_the_file_says(tmp_path, values, number):
    path = write_network(tmp_path, mean=0, scale=1, **values)
    assert score_of(path) == [pytest.approx(number, rel=1e-3)]


def test_mean_and_scale_are_of_the_networks_own_order_of_channels(tmp_path):
    values = {"colour": "BGR", "mean": [1, 2, 3], "scale": [0.5, 1, 2]}
    for channel, number in enumerate(((200 - 1) * 0.5, 100 - 2, (10 - 3) * 2)):
        path = write_network(tmp_path, channel=channel, **values)
        assert score_of(path) == [pytest.approx(number, rel=1e-3)]


def test_of_several_outputs_the_named_one_counts(tmp_path):
    outputs = ("feature", "quality")
    path = write_network(tmp_path, outputs=outputs, output="quality", mean=0, scale=1)
    assert score_of(path) == [pytest.approx(10, rel=1e-3)]
    with pytest.raises(ValueError, match="set 'output' to one of feature, quality"):
        ExtraScore.read(write_network(tmp_path, outputs=outputs))
    with pytest.raises(ValueError, match=r"gives \(1, 8\) for one face at 'feature'"):
        ExtraScore.read(write_network(tmp_path, outputs=outputs, output="feature"))


def test_a_face_is_cut_so_that_its_points_lie_where_the_template_says(tmp_path):
    """Against OpenCV's own estimate, on a picture with a dot at each point."""
    picture = plain(512, 512, (0, 0, 0))
    box = astronaut_face()
    for x, y in box.landmarks:
        cv2.circle(picture, (round(float(x)), round(float(y))), 4, (255, 255, 255), -1)
    score = ExtraScore.read(write_network(tmp_path))
    matrix, _ = cv2.estimateAffinePartial2D(box.landmarks, FIVE_POINTS, method=cv2.LMEDS)
    crop = score.cut(picture, box, PROTOCOL)
    assert crop.shape == (112, 112, 3)
    for x, y in FIVE_POINTS:
        assert crop[round(y) - 4 : round(y) + 5, round(x) - 4 : round(x) + 5].max() > 200
    theirs = cv2.warpAffine(astronaut(), matrix, (112, 112), flags=cv2.INTER_LINEAR)
    ours = score.cut(astronaut(), box, PROTOCOL)
    assert np.abs(ours.astype(float) - theirs).mean() < 6


def test_a_template_of_its_own_and_another_size_are_followed(tmp_path):
    points = (FIVE_POINTS * 2 + 5).tolist()
    own = ExtraScore.read(write_network(tmp_path, size=240, template=points))
    usual = ExtraScore.read(write_network(tmp_path, name="usual", size=224))
    assert usual.description.points == pytest.approx(FIVE_POINTS * 2)
    wide = own.cut(astronaut(), astronaut_face(), PROTOCOL)
    close = usual.cut(astronaut(), astronaut_face(), PROTOCOL)
    assert wide.shape == (240, 240, 3)
    assert np.abs(wide[5:229, 5:229].astype(float) - close).mean() < 2


def test_a_box_without_landmarks_is_placed_as_ours_and_a_whole_crop_goes_in_whole(tmp_path):
    score = ExtraScore.read(write_network(tmp_path))
    bare = replace(astronaut_face(), landmarks=None)
    near = score.cut(astronaut(), bare, PROTOCOL).astype(float)
    exact = score.cut(astronaut(), astronaut_face(), PROTOCOL).astype(float)
    assert np.corrcoef(near.ravel(), exact.ravel())[0, 1] > 0.5
    whole = score.cut(astronaut(), None, PROTOCOL)
    assert (whole == crop_whole(astronaut(), CropProtocol(size=112)).image).all()


def test_the_assessor_gives_each_face_the_number_of_the_network_beside_ours(tmp_path):
    extra = ExtraScore.read(write_network(tmp_path, mean=0, scale=1))
    faces = [FaceBox(20, 20, 60, 60), FaceBox(90, 90, 40, 40)]
    assessor, _ = toy(ToyDetector(faces=faces), extra_scores=[extra])
    plainly, _ = toy(ToyDetector(faces=faces))
    images = [plain(160, 160, (level, 0, 0)) for level in (30, 60, 90)]
    results = list(assessor.assess(images, all_faces=True))
    assert [r.extra for r in results] == [
        {"brightness": pytest.approx(n, rel=1e-3)} for n in (30, 30, 60, 60, 90, 90)
    ]
    ours = [r.quality for r in plainly.assess(images, all_faces=True)]
    assert [r.quality for r in results] == ours
    (crop,) = assessor.assess([images[0]], faces="crop")
    assert crop.extra == {"brightness": pytest.approx(30, rel=1e-3)}
    (given,) = assessor.assess([ImageRequest(images[1], boxes=faces[:1])], faces="given")
    assert given.extra == {"brightness": pytest.approx(60, rel=1e-3)}


def test_a_face_without_scores_has_no_number_either_and_one_that_is_not_finite_is_none(tmp_path):
    extra = ExtraScore.read(write_network(tmp_path, mean=0, scale=1))
    assessor, _ = toy(extra_scores=[extra])
    (none,) = assessor.assess([plain(160, 160, ToyDetector.no_face)])
    assert none.status == "no_face" and none.extra == {}
    extra._session = type("Nan", (), {"run": lambda *a: [np.array([[np.nan]])]})()
    (found,) = assessor.assess([plain(160, 160, (9, 9, 9))])
    assert found.scored and found.extra == {"brightness": None}


def test_who_made_a_number_is_known_by_its_network_and_how_it_was_used(tmp_path):
    first = ExtraScore.read(write_network(tmp_path)).identifier
    assert first == ExtraScore.read(write_network(tmp_path, range=[0, 1])).identifier
    others = {
        ExtraScore.read(write_network(tmp_path, **values)).identifier
        for values in ({"channel": 1}, {"colour": "BGR"}, {"scale": 1}, {"higher_is_better": False})
    }
    assert first.startswith("brightness@") and len(others | {first}) == 5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "quality"}, "means something else in our tables"),
        ({"name": "faceqnet"}, "means something else in our tables"),
        ({"name": "Two words"}, "lower-case letters"),
        ({"name": None}, "lower-case letters"),
        ({"higher_is_better": "yes"}, "must be true or false"),
        ({"size": 4}, "whole number from 16"),
        ({"colour": "CMYK"}, "one of RGB, BGR"),
        ({"layout": "CHW"}, "one of NCHW, NHWC"),
        ({"scale": [1, 2]}, "a number or three"),
        ({"template": "ffhq"}, "one of arcface112 or five points"),
        ({"template": [[1, 2]] * 5}, "must lie apart"),
        ({"template": [1, 2, 3, 4, 5]}, "five points"),
        ({"range": [1, 0]}, "must rise"),
        ({"sha256": "ab"}, "64 hexadecimal digits"),
        ({"sha256": "0" * 64}, "it is another network or damaged"),
        ({"file": "away.onnx"}, "no network at"),
        ({"file": "brightness.json"}, "is no ONNX network"),
        ({"size": 96}, "does not run over"),
        ({"layout": "NHWC"}, "does not run over"),
        ({"input": "picture"}, "set 'input' to one of face"),
        ({"colours": "RGB"}, r"unknown key\(s\) \['colours'\]"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_scored(tmp_path, change, message):
    path = write_network(tmp_path)
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ValueError, match=message):
        ExtraScore.read(path)


def test_no_json_and_two_networks_of_one_name_are_refused(tmp_path):
    path = write_network(tmp_path)
    with pytest.raises(ValueError, match="two networks are called 'brightness'"):
        load_extra_scores([path, path])
    path.write_text("{")
    with pytest.raises(ValueError, match="not readable JSON"):
        read_description(path)
    path.write_text("[]")
    with pytest.raises(ValueError, match="must hold a JSON object"):
        read_description(path)
    path.write_text("{}")
    with pytest.raises(ValueError, match="missing key"):
        read_description(path)


def test_without_onnx_runtime_the_extra_that_has_it_is_named(tmp_path, monkeypatch):
    path = write_network(tmp_path)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ValueError, match=r"faceqgen\[onnx\]"):
        ExtraScore.read(path)


@pytest.fixture
def quick(monkeypatch):
    """``faceqgen score`` with a detector that looks at nothing and a network that takes no time."""
    import faceqgen_core.assessor
    import faceqgen_core.restoration
    from tests.core.toy_assessor import ToyNetwork

    monkeypatch.setattr(faceqgen_core.restoration, "Restorer", lambda *a, **k: ToyNetwork())
    monkeypatch.setattr(faceqgen_core.assessor, "MTCNNDetector", lambda **k: ToyDetector())


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_command_line_writes_a_column_for_each_network_and_evaluates_it_in_its_direction(
    tmp_path, quick, capsys
):
    from faceqgen_core.image_io import save_png

    images = tmp_path / "images"
    images.mkdir()
    for level in (30, 90):
        save_png(images / f"{level}.png", plain(160, 160, (level, level, level)))
    save_png(images / "red.png", plain(160, 160, ToyDetector.no_face))
    high = write_network(tmp_path, mean=0, scale=1)
    low = write_network(tmp_path, name="noise", mean=0, scale=-1, higher_is_better=False)
    output = tmp_path / "scores.csv"
    call = ["score", str(images), "--output", str(output)]
    extra = ["--extra-score", str(high), "--extra-score", str(low)]
    assert main([*call, *extra]) == 0
    rows = rows_of(output)
    assert [row["brightness"][:2] for row in rows] == ["30", "90", ""]
    assert [row["noise"][:3] for row in rows] == ["-30", "-90", ""]
    assert {row["noise_network"] for row in rows} == {ExtraScore.read(low).identifier}
    # Without them the file is what it always was; with them again all is scored anew.
    assert main(call) == 0
    assert "brightness" not in rows_of(output)[0]
    assert main([*call, *extra]) == 0 and rows_of(output) == rows

    pairs = tmp_path / "pairs.csv"
    names = [str(images / f"{level}.png") for level in (30, 90)]
    lines = [f"{a},{b},{s},{m}" for (a, b), s, m in _pairs(names)]
    pairs.write_text("\n".join(["a,b,similarity,mated", *lines]))
    report = ["evaluate", "--scores", str(output), "--pairs", str(pairs), "--bootstrap", "0"]
    named = ["--extra-score", str(high), "--extra-score", str(low), "--fmr", "0.5"]
    assert main([*report, *named, "--output", str(tmp_path / "report")]) == 0
    columns = json.loads((tmp_path / "report" / "evaluation.json").read_text())["columns"]
    # One is the other with its sign turned, and so is its direction: the curve is the same.
    assert columns["noise"]["fnmr"] == columns["brightness"]["fnmr"]
    assert columns["noise"]["pauc"] == columns["brightness"]["pauc"]


def _pairs(names):
    dark, light = names
    yield (dark, dark), 0.1, 1
    yield (light, light), 0.9, 1
    yield (dark, light), 0.2, 0
    yield (light, dark), 0.4, 0


def test_a_wrong_file_ends_the_command_before_anything_is_written(tmp_path, capsys):
    output = tmp_path / "new" / "scores.csv"
    path = write_network(tmp_path, size=64, colour="grey")
    call = ["score", str(tmp_path), "--output", str(output), "--extra-score", str(path)]
    from faceqgen_core.image_io import save_png

    save_png(tmp_path / "a.png", no_face())
    assert main(call) == 2 and not output.parent.exists()
    assert "'colour' must be one of RGB, BGR" in capsys.readouterr().err


def test_the_real_network_and_the_small_one_score_the_same_real_face(tmp_path, preset):
    extra = ExtraScore.read(write_network(tmp_path, mean=0, scale=1))
    request = ImageRequest(astronaut(), boxes=[astronaut_face()])
    assessor = FaceQualityAssessor(preset, extra_scores=[extra], device="cpu")
    (found,) = assessor.assess([request], faces="given", code=True)
    crop = extra.cut(astronaut(), astronaut_face(), PROTOCOL)
    assert found.extra["brightness"] == pytest.approx(crop[..., 0].mean(), rel=1e-4)
    assert found.code is not None and found.code.shape == (assessor.preset.networks["code"],)

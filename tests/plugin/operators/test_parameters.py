"""What an operator is sent is checked on the server: names, types, sizes; a form is not the only thing that sends."""

from __future__ import annotations

from typing import Any

import fiftyone.operators as foo
import pytest

from tests.plugin.conftest import SCORE, form_of


def _send(name: str, dataset: Any, **params: Any) -> Any:
    uri = f"@faceqgen/face-quality/{name}"
    return foo.execute_operator(uri, {"dataset": dataset}, params=params)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"device": 5}, "device must be a text, got 5"),
        ({"preset": 7}, "preset must be a text"),
        ({"skip_scored": "no"}, "skip_scored must be True or False, got 'no'"),
        ({"heatmap": 1}, "heatmap must be True or False"),
        ({"batch_size": 10**30}, "batch_size must be a number of everyday size"),
        ({"batch_size": 100_000}, "batch_size must be at most 4096"),
        ({"batch_size": True}, "batch_size must be a whole number"),
        ({"fps": float("nan")}, "fps must be"),
        ({"max_frames": 2.5}, "max_frames must be a whole number"),
        ({"max_pixels": 0}, "max_pixels must lie between 1 and 1000000000|Value must be greater"),
        ({"max_pixels": 10**12}, "max_pixels must lie between|Value must be less"),
        ({"max_pixels": "many"}, "max_pixels must be a whole number"),
        ({"max_pixels": True}, "max_pixels must be a whole number"),
        ({"field": ["a"]}, "field must be a text"),
        ({"restored_dir": "a\0b"}, "without zero bytes"),
        ({"preset": "p" * 5000}, "at most 4096 characters"),
        ({"skip_scorde": False}, "no parameter 'skip_scorde': do you mean 'skip_scored'"),
    ],
)
def test_what_score_faces_is_sent_is_checked_before_anything_is_written(one_face, params, message):
    # FiftyOne's own check of the form finds some of them first.
    with pytest.raises(foo.executor.ExecutionError, match=f"{message}|Invalid value type"):
        foo.execute_operator(SCORE, {"dataset": one_face}, params=params)
    one_face.reload()
    assert not one_face.has_field("faceqgen") and not one_face.list_runs()


@pytest.mark.parametrize(
    ("name", "params", "message"),
    [
        ("filter_faces", {"value": "50"}, "value must be a number"),
        ("filter_faces", {"measure": "beauty"}, "measure must be one of"),
        ("filter_faces", {"tag": 5}, "tag must be a text"),
        ("filter_faces", {"sort_worst": "yes"}, "sort_worst must be True or False"),
        ("delete_face_quality", {"confirm": True, "files": "no"}, "files must be True or False"),
        ("delete_face_quality", {"confirm": True, "feild": "x"}, "do you mean 'field'"),
        ("delete_face_quality", {"confirm": "no"}, "needs confirm=True"),
        ("export_faces", {"path": 5}, "path must be a text"),
    ],
)
def test_what_the_other_operators_are_sent_is_checked_as_well(scored, name, params, message):
    with pytest.raises(foo.executor.ExecutionError, match=f"{message}|Invalid (value type|enum)"):
        _send(name, scored, **params)
    assert scored.has_field("faceqgen")


def test_what_no_form_has_looked_at_is_checked_by_the_settings_themselves(part):
    settings = part("scoring.settings").ScoreSettings
    for wrong, message in (
        ({"device": 5}, "device must be a text, got 5"),
        ({"skip_scored": "no"}, "skip_scored must be True or False, got 'no'"),
        ({"batch_size": 10**30}, "batch_size must be a number of everyday size"),
        ({"max_pixels": 0}, "max_pixels must lie between 1 and 1000000000, got 0"),
        ({"max_pixels": 10**12}, "max_pixels must lie between 1 and 1000000000"),
        ({"max_pixels": 1.5}, "max_pixels must be a whole number, got 1.5"),
        ({"skip_scorde": False}, "do you mean 'skip_scored'"),
    ):
        with pytest.raises(ValueError, match=message):
            settings.from_params(wrong)


def test_calls_from_python_are_checked_too(one_face, operator, preset):
    for wrong in ({"device": 5}, {"preset": None}, {"skip_scored": "no"}, {"batch_size": 10**30}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            operator(one_face, **{"preset": preset, **wrong})


@pytest.mark.parametrize(
    ("name", "param"),
    [
        ("filter_faces", "by"),
        ("export_faces", "by"),
        ("compare_runs", "first"),
        ("compare_runs", "second"),
        ("faces_dataset", "name"),
        ("score_faces", "preset"),
        ("best_shots", "per"),
        ("delete_face_quality", "field"),
    ],
)
@pytest.mark.parametrize("value", [{"$ne": 1}, True, 10**30, ["a"]], ids=str)
def test_a_form_is_drawn_whatever_it_is_sent(scored, name, param, value):
    """FiftyOne draws the form before the parameters are checked; it ended with a TypeError of its own."""
    assert form_of(f"@faceqgen/face-quality/{name}", scored, {param: value})

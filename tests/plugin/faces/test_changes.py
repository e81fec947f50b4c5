"""The sentence on what the restoration did."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (None, ""),
        ([], "The restoration left the face as it was."),
        (["eyes_drawn"], "The restoration drew the eyes anew."),
        (
            ["eyes_drawn", "nose_drawn", "mouth_drawn", "turned_40", "lit", "background_evened"],
            "The restoration drew the eyes, the nose and the mouth anew, turned the head by about 40 degrees, lit the face "
            "anew and evened the background.",
        ),
        (["face_drawn", "sharpened"], "The restoration drew the face anew and sharpened it."),
        (["lit", "sharpened"], "The restoration lit the face anew and sharpened it."),
        (["sharpened"], "The restoration sharpened the face."),
        (["background_evened"], "The restoration evened the background."),
        (["lit", "aged"], "The restoration lit the face anew and aged."),
    ],
)
def test_changes_become_a_sentence(part, changes, sentence):
    assert part("faces.changes").changes_in_words(changes) == sentence


def test_every_name_that_the_core_gives_has_words(part):
    from faceqgen_core.changes.naming import PARTS

    names = [*(f"{name}_drawn" for name in ("face", *PARTS)), "turned_90", "lit", "sharpened"]
    for name in [*names, "background_evened"]:
        assert "_" not in part("faces.changes").changes_in_words([name])

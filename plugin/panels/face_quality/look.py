"""Section "Look": one face from close by, its restoration and what changed beside it, and why it has its score."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fiftyone.core.media as fom
from fiftyone.operators import types

from faceqgen_core.vocabulary import SCORES

from ...faces.explanation import explain
from ...faces.pictures import FacePictures, data_uri, face_pictures, faces_of
from ...queries.ranking import WorstFirst, percent_worse
from ...queries.thresholds import higher_is_better
from . import event_values, layout
from .layout import number
from .scope import PanelScope

PICTURES = {
    "original": "Original",
    "restored": "Restored",
    "difference": "Difference",
    "drawn": "Drawn",
    "trust": "Trust",
}
MOST_FACES = 12
"""Of one picture that there are buttons for."""

SIDE = "216px"
"""Of a picture where there is room; with its unit, since the App takes a bare number for a fraction of the panel."""


def look_at(scope: PanelScope, sample_id: str | None) -> None:
    """Look at a sample, its primary face first; None leaves all as it is."""
    if sample_id:
        scope.choices.look, scope.choices.face = event_values.sample_id(sample_id), 0


def look_at_worst(scope: PanelScope) -> None:
    """Look at the worst face."""
    scope.choices.look, scope.choices.face = None, 0


def step(scope: PanelScope, *, forward: bool) -> None:
    """Look at the next better face, or the next worse one."""
    order = WorstFirst(scope.view, scope.field, scope.measure)
    here = scope.choices.look or order.worst()
    there = here and (order.next(here) if forward else order.previous(here))
    look_at(scope, there or here)


def draw(scope: PanelScope, page: types.Object, panel: Any) -> None:
    """Draw the face."""
    order = WorstFirst(scope.view, scope.field, scope.measure)
    sample = _find(scope, scope.choices.look) or _find(scope, order.worst())
    if sample is None:
        layout.text(page, "look_text", "No face in this view has a score.")
        return
    _draw_steps(scope, page, panel, order, sample)
    faces = faces_of(sample, scope.field)
    chosen = min(scope.choices.face, max(len(faces) - 1, 0))
    _draw_faces(page, panel, faces, chosen)
    face = faces[chosen] if faces else None
    values = face if face is not None else sample[scope.field]
    if face:
        pictures = face_pictures(sample.filepath, face)
    else:
        pictures = FacePictures(notes=_notes(sample, values))
    scores = {name: _value(values, name) for name in SCORES}
    better_than = percent_worse(scope.view, scope.field, scores)
    sentence = explain(
        status=_value(values, "status"),
        reason=_value(values, "reason") if scores["quality"] is None else None,
        quality=scores["quality"],
        better_than=better_than,
        reasons=_value(values, "reasons") or _value(sample[scope.field], "reasons") or (),
        changed=pictures.changed,
        changes=_value(values, "changes"),
    )
    layout.text(page, "sentence", f"**{sentence}**")
    _draw_pictures(page, pictures)
    if better_than:
        _draw_table(page, scores, better_than)
    for i, note in enumerate(pictures.notes):
        layout.text(page, f"note_{i}", note)


def _draw_steps(
    scope: PanelScope, page: types.Object, panel: Any, order: WorstFirst, sample: Any
) -> None:
    place = order.place(sample.id)
    scored = scope.counts.statuses.get("scored", 0)
    steps = layout.row(page, "steps")
    last = place is None or place + 1 >= scored
    layout.button(steps, "worst", "Worst", panel.on_look_worst, disabled=place == 0)
    layout.button(steps, "worse", "◀ Worse", panel.on_worse, disabled=not place)
    layout.button(steps, "better", "Better ▶", panel.on_better, disabled=last)
    layout.button(steps, "open", "Open sample", panel.on_open, params={"sample": sample.id})
    where = "not scored" if place is None else f"{place + 1:,} of {scored:,}, worst first"
    layout.text(page, "where", f"`{Path(sample.filepath).name}` · {where}")


def _draw_faces(page: types.Object, panel: Any, faces: list[Any], chosen: int) -> None:
    if len(faces) < 2:
        return
    row = layout.row(page, "faces")
    for i in range(min(len(faces), MOST_FACES)):
        layout.button(
            row, f"face_{i}", f"Face {i + 1}", panel.on_face, params={"face": i}, active=i == chosen
        )


def _find(scope: PanelScope, sample_id: str | None) -> Any:
    """The sample; one that left the view, or was deleted, is not found."""
    if not sample_id:
        return None
    return next(iter(scope.view.select(sample_id)), None)


def _value(document: Any, name: str) -> Any:
    try:
        return None if document is None else document[name]
    except (AttributeError, KeyError):
        return None


def _notes(sample: Any, values: Any) -> list[str]:
    """Why there are no pictures, where the sentence does not say it already."""
    best = _value(values, "best_frame")
    if sample.media_type != fom.VIDEO or best is None:
        return []
    return [
        f"Videos show no crop here: these are the scores of the best frame, number {best}. “Open sample” plays the video "
        "with the faces that were found in its frames."
    ]


def _draw_pictures(page: types.Object, pictures: FacePictures) -> None:
    row = layout.row(page, "pictures")
    for name, label in PICTURES.items():
        picture = getattr(pictures, name)
        if picture is None:
            continue
        row.str(
            name,
            default=data_uri(picture),
            view=types.ImageView(
                label=label,
                alt=label,
                width="100%",
                componentsProps=layout.wide("calc(33% - 8px)", maxWidth=SIDE),
            ),
        )
    if pictures.difference is not None:
        layout.text(
            page,
            "legend",
            "Difference: dark is kept, bright is changed, each face on its own scale, dimmed beside the face.",
        )
    if pictures.trust is not None:
        layout.text(
            page,
            "legend_trust",
            "Drawn: the face as the network draws it anew. Trust: bright is kept from the photograph, dark is drawn.",
        )


def _draw_table(page: types.Object, scores: dict[str, Any], better_than: dict[str, float]) -> None:
    table = types.TableView()
    for key, label in (("measure", "Measure"), ("value", "Value"), ("place", "Better than")):
        table.add_column(key, label=label)
    rows = [
        {
            "id": name,
            "measure": f"{name} {'↑' if higher_is_better(name) else '↓'}",
            "value": number(scores[name]),
            "place": f"{better_than[name]:.0f} % of the faces",
        }
        for name in SCORES
        if name in better_than
    ]
    page.list("table", types.Object(), default=rows, view=table)

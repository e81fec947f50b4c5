"""Section "Look": one face from close by, its restoration and what changed beside it, and why it has its score."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fiftyone.core.media as fom
from fiftyone.operators import types

from ...dataset.fields import SCORES
from ...faces.explanation import explain
from ...faces.pictures import FacePictures, data_uri, face_pictures, faces_of
from ...queries.percentiles import shares_worse
from ...queries.ranking import WorstFirst
from ...queries.thresholds import higher_is_better
from . import layout
from .distribution import number
from .scope import Workspace
from .state import facts_of

PICTURES = {"original": "Original", "restored": "Restored", "difference": "Difference"}
SIDE = "216px"
"""Of a picture where there is room; with its unit, since the App takes a bare number for a share of the panel."""


class Look:
    """Draws and answers the section; the face it shows is kept in the facts as ``look`` and ``face``."""

    def on_change_selected(self, ctx: Any) -> None:
        """Look at the sample that was selected last."""
        self._look_at(ctx, ctx.selected[-1] if ctx.selected else None)

    def on_change_current_sample(self, ctx: Any) -> None:
        """Look at the sample that was opened."""
        self._look_at(ctx, ctx.current_sample)

    def on_better(self, ctx: Any) -> None:
        """Look at the next better face."""
        self._step(ctx, forward=True)

    def on_worse(self, ctx: Any) -> None:
        """Look at the next worse face."""
        self._step(ctx, forward=False)

    def on_look_worst(self, ctx: Any) -> None:
        """Look at the worst face."""
        known = facts_of(ctx)
        known.look, known.face = None, 0

    def on_face(self, ctx: Any) -> None:
        """Look at another face of the same picture."""
        facts_of(ctx).face = int(ctx.params["face"])

    def on_open(self, ctx: Any) -> None:
        """Open the sample."""
        ctx.ops.open_sample(id=ctx.params["sample"])

    def _look_at(self, ctx: Any, sample_id: str | None) -> None:
        if sample_id:
            known = facts_of(ctx)
            known.look, known.face = sample_id, 0

    def _step(self, ctx: Any, *, forward: bool) -> None:
        workspace = Workspace(ctx)
        order = WorstFirst(workspace.view, workspace.field, workspace.measure)
        here = workspace.facts.look or order.worst()
        there = here and (order.next(here) if forward else order.previous(here))
        self._look_at(ctx, there or here)

    def draw_look(self, workspace: Workspace, page: types.Object) -> None:
        """Draw the face."""
        order = WorstFirst(workspace.view, workspace.field, workspace.measure)
        sample = _find(workspace, workspace.facts.look) or _find(workspace, order.worst())
        if sample is None:
            layout.text(page, "look_text", "No face in this view has a score.")
            return
        self._draw_steps(workspace, page, order, sample)
        faces = faces_of(sample, workspace.field)
        chosen = min(workspace.facts.face, max(len(faces) - 1, 0))
        self._draw_faces(page, faces, chosen)
        face = faces[chosen] if faces else None
        values = face if face is not None else sample[workspace.field]
        if face:
            pictures = face_pictures(sample.filepath, face)
        else:
            pictures = FacePictures(notes=_notes(sample, values))
        scores = {name: _value(values, name) for name in SCORES}
        shares = shares_worse(workspace.view, workspace.field, scores)
        layout.text(
            page,
            "sentence",
            "**"
            + explain(
                status=_value(values, "status"),
                reason=_value(values, "reason") if scores["quality"] is None else None,
                quality=scores["quality"],
                shares=shares,
                reasons=_value(values, "reasons")
                or _value(sample[workspace.field], "reasons")
                or (),
                changed=pictures.changed,
            )
            + "**",
        )
        _draw_pictures(page, pictures)
        if shares:
            _draw_table(page, scores, shares)
        for i, note in enumerate(pictures.notes):
            layout.text(page, f"note_{i}", note)

    def _draw_steps(
        self, workspace: Workspace, page: types.Object, order: WorstFirst, sample: Any
    ) -> None:
        place = order.place(sample.id)
        scored = workspace.facts.statuses.get("scored", 0)
        steps = layout.row(page, "steps")
        last = place is None or place + 1 >= scored
        layout.button(steps, "worst", "Worst", self.on_look_worst, disabled=place == 0)
        layout.button(steps, "worse", "◀ Worse", self.on_worse, disabled=not place)
        layout.button(steps, "better", "Better ▶", self.on_better, disabled=last)
        layout.button(steps, "open", "Open sample", self.on_open, params={"sample": sample.id})
        where = "not scored" if place is None else f"{place + 1:,} of {scored:,}, worst first"
        layout.text(page, "where", f"`{Path(sample.filepath).name}` · {where}")

    def _draw_faces(self, page: types.Object, faces: list[Any], chosen: int) -> None:
        if len(faces) < 2:
            return
        row = layout.row(page, "faces")
        for i in range(min(len(faces), 12)):
            layout.button(
                row,
                f"face_{i}",
                f"Face {i + 1}",
                self.on_face,
                params={"face": i},
                active=i == chosen,
            )


def _find(workspace: Workspace, sample_id: str | None) -> Any:
    """The sample; one that left the view, or was deleted, is not found."""
    if not sample_id:
        return None
    return next(iter(workspace.view.select(sample_id)), None)


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
            "Difference: dark is kept, bright is changed, each face on its own scale.",
        )


def _draw_table(page: types.Object, scores: dict[str, Any], shares: dict[str, float]) -> None:
    table = types.TableView()
    for key, label in (("measure", "Measure"), ("value", "Value"), ("place", "Better than")):
        table.add_column(key, label=label)
    rows = [
        {
            "id": name,
            "measure": f"{name} {'↑' if higher_is_better(name) else '↓'}",
            "value": number(scores[name]),
            "place": f"{shares[name]:.0f} % of the faces",
        }
        for name in SCORES
        if name in shares
    ]
    page.list("table", types.Object(), default=rows, view=table)

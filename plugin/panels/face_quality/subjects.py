"""Section "Per identity": keep the best N of each subject; find the subjects of which nothing acceptable is left."""

from __future__ import annotations

from typing import Any

from fiftyone import ViewField as F
from fiftyone.operators import types

from ...queries.subjects import Identities, subject_fields, subject_path
from . import layout
from .scope import PanelScope

NONE = "(none)"
MOST = 1000


def count(scope: PanelScope) -> None:
    """Count the subjects, if a field names them."""
    identities = _identities(scope)
    scope.counts.people = (
        None
        if identities is None
        else identities.counts(scope.choices.best, threshold=scope.threshold)
    )


def draw(scope: PanelScope, page: types.Object, panel: Any) -> None:
    """Draw the choice of the field, and the rules once there is one."""
    fields = subject_fields(scope.view)
    if not fields:
        return
    layout.title(page, "identity_title", "Per identity")
    rules = layout.row(page, "rules")
    layout.dropdown(
        rules,
        "subject",
        [NONE, *fields],
        scope.choices.subject or NONE,
        label="Field that names the subject",
        width=220,
        on_change=panel.on_subject,
    )
    people = scope.counts.people
    if people is None:
        return
    rules.int(
        "best",
        min=1,
        max=MOST,
        default=scope.choices.best,
        on_change=panel.on_best,
        view=types.FieldView(label="Best of each", componentsProps=layout.wide(110)),
    )
    layout.button(rules, "show_best", f"Show best ({people.kept:,})", panel.on_show_best)
    others = people.samples - people.kept
    layout.button(rules, "show_others", f"Show others ({others:,})", panel.on_show_others)
    layout.button(
        rules,
        "show_without",
        f"Subjects without an acceptable image ({people.without_acceptable:,})",
        panel.on_show_without,
        title="All images of the subjects of which the threshold keeps none",
    )
    unnamed = people.without_subject
    layout.text(
        page,
        "identity_text",
        f"**{people.subjects:,} subjects** with {people.samples:,} scored samples"
        + (f" · {unnamed:,} samples name no subject" if unnamed else ""),
    )


def choose(scope: PanelScope, field: str | None) -> None:
    """Count the subjects of another field."""
    scope.choices.subject = "" if field in (None, "", NONE) else str(field)
    count(scope)


def choose_best(scope: PanelScope, number: int) -> None:
    """Count with another number of samples to keep of each subject."""
    scope.choices.best = number
    count(scope)


def show_ruled(scope: PanelScope, *, best: bool) -> None:
    """Let the grid show the best samples of each subject, or what the rule leaves over."""
    identities, most = _identities(scope), scope.choices.best
    if identities is None:
        return
    ids = identities.best(most) if best else identities.others(most)
    title = f"best {most} of each {scope.choices.subject}"
    scope.show(scope.view.select(ids), title if best else f"others than the {title}", len(ids))


def show_without_acceptable(scope: PanelScope) -> None:
    """Let the grid show all samples of the subjects without an acceptable image."""
    identities = _identities(scope)
    if identities is None:
        return
    subjects = identities.without_acceptable(scope.threshold)
    path = subject_path(scope.view, scope.choices.subject)
    view = scope.view.match(F(path).is_in(subjects))
    scope.show(view, f"{len(subjects):,} subjects without an acceptable image", len(view))


def _identities(scope: PanelScope) -> Identities | None:
    subject = scope.choices.subject
    if subject not in subject_fields(scope.view):
        return None
    return Identities(scope.view, subject, measure=scope.measure, field=scope.field)

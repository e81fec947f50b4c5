"""Section "Per identity": keep the best N of each subject; find the subjects of which nothing acceptable is left."""

from __future__ import annotations

from typing import Any

from fiftyone import ViewField as F
from fiftyone.operators import types

from ...queries.subjects import Identities, subject_fields, subject_path
from . import layout
from .scope import Workspace

NONE = "(none)"
MOST = 1000


class IdentityRules:
    """Counts, draws and answers the section."""

    def count_identities(self, workspace: Workspace) -> None:
        """Count the subjects, if a field names them."""
        known, identities = workspace.facts, _identities(workspace)
        known.people = identities and identities.counts(known.best, threshold=workspace.threshold)

    def draw_identities(self, workspace: Workspace, page: types.Object) -> None:
        """Draw the choice of the field, and the rules once there is one."""
        fields = subject_fields(workspace.view)
        if not fields:
            return
        layout.title(page, "identity_title", "Per identity")
        rules = layout.row(page, "rules")
        choices = types.DropdownView(
            label="Field that names the subject", componentsProps=layout.wide(220)
        )
        for name in (NONE, *fields):
            choices.add_choice(name, label=name)
        rules.enum(
            "subject",
            choices.values(),
            default=workspace.facts.subject or NONE,
            view=choices,
            on_change=self.on_subject,
        )
        people = workspace.facts.people
        if people is None:
            return
        rules.int(
            "best",
            min=1,
            max=MOST,
            default=workspace.facts.best,
            on_change=self.on_best,
            view=types.FieldView(label="Best of each", componentsProps=layout.wide(110)),
        )
        layout.button(rules, "show_best", f"Show best ({people.kept:,})", self.on_show_best)
        others = people.samples - people.kept
        layout.button(rules, "show_others", f"Show others ({others:,})", self.on_show_others)
        layout.button(
            rules,
            "show_without",
            f"Subjects without an acceptable image ({people.without_acceptable:,})",
            self.on_show_without,
            title="All images of the subjects of which the threshold keeps none",
        )
        unnamed = people.without_subject
        layout.text(
            page,
            "identity_text",
            f"**{people.subjects:,} subjects** with {people.samples:,} scored samples"
            + (f" · {unnamed:,} samples name no subject" if unnamed else ""),
        )

    def on_subject(self, ctx: Any) -> None:
        """Count the subjects of another field."""
        chosen = str(ctx.params.get("value") or NONE)
        workspace = Workspace(ctx)
        workspace.facts.subject = "" if chosen == NONE else chosen
        self.count_identities(workspace)

    def on_best(self, ctx: Any) -> None:
        """Count with another number."""
        value = ctx.params.get("value")
        if isinstance(value, (int, float)) and 1 <= value <= MOST:
            workspace = Workspace(ctx)
            workspace.facts.best = int(value)
            self.count_identities(workspace)

    def on_show_best(self, ctx: Any) -> None:
        """Show the best samples of each subject."""
        self._show_ids(ctx, lambda identities, count: identities.best(count), "best {} of each {}")

    def on_show_others(self, ctx: Any) -> None:
        """Show what the rule leaves over."""
        self._show_ids(
            ctx,
            lambda identities, count: identities.others(count),
            "others than the best {} of each {}",
        )

    def _show_ids(self, ctx: Any, choose: Any, title: str) -> None:
        workspace = Workspace(ctx)
        known, identities = workspace.facts, _identities(workspace)
        if identities is not None:
            ids = choose(identities, known.best)
            workspace.show(
                workspace.view.select(ids),
                title.format(known.best, known.subject),
                len(ids),
            )

    def on_show_without(self, ctx: Any) -> None:
        """Show all samples of the subjects without an acceptable image."""
        workspace = Workspace(ctx)
        identities = _identities(workspace)
        if identities is not None:
            subjects = identities.without_acceptable(workspace.threshold)
            path = subject_path(workspace.view, workspace.facts.subject)
            view = workspace.view.match(F(path).is_in(subjects))
            workspace.show(
                view,
                f"{len(subjects):,} subjects without an acceptable image",
                len(view),
            )


def _identities(workspace: Workspace) -> Identities | None:
    subject = workspace.facts.subject
    if subject not in subject_fields(workspace.view):
        return None
    return Identities(workspace.view, subject, measure=workspace.measure, field=workspace.field)

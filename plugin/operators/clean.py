"""Operator ``clean``: reports and deletes the files of runs that no data set refers to any more; asks first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fiftyone.operators import types

from ..results.cleaning import Cleaning
from .base import DeletingOperator, markdown, show


class Clean(DeletingOperator):
    """Deletes what runs have made and nothing refers to any more."""

    operator_name = "clean"
    label = "Clean up face quality files"
    description = (
        "Delete restored images, crops and heatmaps that no data set of this database refers to any more; shows what, and "
        "asks first"
    )
    icon = "clean"

    def resolve_input(self, ctx: Any) -> types.Property:
        """Describe the form: what would be deleted, and a question."""
        inputs = types.Object()
        inputs.md(_plan(Cleaning().plan.to_dict()), name="plan")
        self.add_dry_run(inputs)
        self.add_question(inputs, ctx)
        return self.form(inputs)

    def work(self, ctx: Any) -> Iterator[Any]:
        """Clean, telling how far it is; only tell what would be deleted if that is asked."""
        cleaning = Cleaning()
        plan = cleaning.plan
        if self.only_tells(ctx):
            yield from show(ctx, _plan(plan.to_dict()))
            return
        yield from self.run_live(ctx, cleaning)
        yield from show(ctx, report(plan.to_dict()))

    def __call__(self, *, dry_run: bool = False, progress: bool | None = None) -> dict[str, Any]:
        """Clean from Python; a call in code is asked no question.

        Args:
            dry_run: change nothing, return what would be deleted.
            progress: show a progress bar; default: FiftyOne's own setting.

        Returns:
            A dict: files, bytes, temporary, kept, folders, left, records, deleted, failed, problems.
        """
        cleaning = Cleaning()
        if not dry_run:
            self.run_here(cleaning, cleaning.plan.total, progress)
        return cleaning.plan.to_dict()


def _plan(plan: dict[str, Any]) -> str:
    """What would be deleted, as Markdown."""
    lines = []
    if plan["files"] or plan["temporary"]:
        where = ", ".join(f"`{folder}`" for folder in plan["folders"][:10])
        lines.append(
            f"**{plan['files']:,}** files, {plan['bytes'] / 1e6:,.1f} MB, that nothing refers to, and "
            f"**{plan['temporary']:,}** temporary ones would be deleted, in {where}"
        )
    if plan["records"]:
        count = sum(map(len, plan["records"].values()))
        lines.append(f"**{count}** record(s) of runs whose process is gone would be closed")
    if not lines:
        lines = ["Nothing would be deleted."]
    return "\n\n".join([*lines, *_stays(plan)])


def _stays(plan: dict[str, Any]) -> list[str]:
    lines = [f"{plan['kept']:,} files that data sets refer to, or that are others', stay."]
    return lines + [
        f"`{folder}` is left alone: {markdown(why)}" for folder, why in plan["left"].items()
    ]


def report(plan: dict[str, Any]) -> str:
    """What was deleted, as Markdown."""
    lines = [f"Files deleted: **{plan['deleted']:,}**"]
    if plan["failed"]:
        lines.append(f"Files that could not be deleted: **{plan['failed']:,}**")
        lines += [markdown(problem) for problem in plan["problems"]]
    return "\n\n".join([*lines, *_stays(plan)])

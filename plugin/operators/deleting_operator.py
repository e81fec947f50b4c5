"""What the operators that delete do alike: tell first, ask, and do nothing that was not said yes to."""

from __future__ import annotations

from typing import Any

from fiftyone.operators import types

from .base import LiveOperator
from .forms import mark


class DeletingOperator(LiveOperator):
    """An operator that deletes for good what was said yes to."""

    risk = "dangerous"

    def add_dry_run(self, inputs: types.Object) -> None:
        """Add the choice to be told alone."""
        inputs.bool(
            "dry_run",
            default=False,
            label="Only tell",
            description="Change nothing: the result says what would be deleted",
        )

    def add_question(self, inputs: types.Object, ctx: Any) -> None:
        """Add the question whether to delete; the button waits for a yes, or for ``dry_run``."""
        confirm = inputs.bool("confirm", default=False, label="Yes, delete this for good")
        if not (ctx.params.get("confirm") or ctx.params.get("dry_run")):
            mark(confirm, "There is no way back: say yes first")

    def only_tells(self, ctx: Any) -> bool:
        """Whether nothing is to be changed.

        Raises:
            ValueError: nobody has said yes.
        """
        if ctx.params.get("dry_run"):
            return True
        if ctx.params.get("confirm") is not True:
            raise ValueError(
                "nothing was deleted: it needs confirm=True, or dry_run=True to be told what would be"
            )
        return False

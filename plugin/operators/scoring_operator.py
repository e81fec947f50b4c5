"""What the operators that write scores do alike: run, tell what came of it, lead to the panel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .base import LiveOperator, show

_PANEL = ("Open the Face Quality panel", "@faceqgen/face-quality/open_face_quality")


class ScoringOperator(LiveOperator):
    """An operator whose run writes the scores of faces to fields."""

    def write(self, ctx: Any, run: Any, report: Callable[[dict[str, Any]], str]) -> Iterator[Any]:
        """Do a run, telling how far it is, and show its summary with a button to the panel.

        Args:
            ctx: of the operator.
            run: a ``ScoringRun``.
            report: its summary as Markdown.
        """
        yield from self.run_live(ctx, run)
        if ctx.executor is not None:
            yield ctx.ops.reload_dataset()
            yield from show(ctx, report(run.summary.to_dict()), button=_PANEL)

    def write_here(self, run: Any, progress: bool | None) -> dict[str, Any]:
        """Do a run in Python, with a progress bar; returns its summary."""
        if run.summary.total:
            self.run_here(run, run.summary.total, progress)
        summary: dict[str, Any] = run.summary.to_dict()
        return summary

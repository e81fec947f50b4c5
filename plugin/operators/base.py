"""What every operator is: how FiftyOne knows it, how it runs in the App, in Python or from the queue, what it says."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar

import fiftyone as fo
import fiftyone.operators as foo
from fiftyone.operators import types

from faceqgen_core.vocabulary import PLUGIN

from ..dataset.lease import CAN_BE_SHARED
from ..dataset.score_fields import score_fields
from ..progress import Progress
from .forms import mark

_PANEL = ("Open the Face Quality panel", f"{PLUGIN}/open_face_quality")


class FaceQualityOperator(foo.Operator):
    """Base of the operators; what differs between them is said by class attributes.

    Attributes:
        operator_name: its name in FiftyOne.
        label: what people read on buttons and forms.
        description: one sentence on what it does.
        icon: name of a file in ``assets``, without its ending.
        risk: how FiftyOne is to warn of it.
        dynamic: whether the form is described anew while it is filled in.
        can_wait: whether its work can be queued.
        in_parts: whether it may be cut in parts that are done at the same time, each on samples of its own.
        is_live: whether it is a generator, which the App shows the progress of and gives all the time it takes.
        place: where the App shows a button for it; None for nowhere.
    """

    operator_name: ClassVar[str]
    label: ClassVar[str]
    description: ClassVar[str]
    icon: ClassVar[str]
    risk: ClassVar[str] = "medium"
    dynamic: ClassVar[bool] = True
    can_wait: ClassVar[bool] = True
    in_parts: ClassVar[bool] = False
    is_live: ClassVar[bool] = False
    place: ClassVar[types.Places | None] = None

    @property
    def config(self) -> foo.OperatorConfig:
        """What FiftyOne needs to know of the operator."""
        return foo.OperatorConfig(
            name=self.operator_name,
            label=self.label,
            description=self.description,
            icon=self._icon,
            dynamic=self.dynamic,
            execute_as_generator=self.is_live,
            allow_immediate_execution=True,
            allow_delegated_execution=self.can_wait,
            # Open-source FiftyOne takes it and leaves it off; others cut queued work in parts.
            allow_distributed_execution=self.in_parts and CAN_BE_SHARED,
            risk_level=self.risk,
        )

    @property
    def _icon(self) -> str:
        return f"/assets/{self.icon}.svg"

    def resolve_placement(self, ctx: Any) -> types.Placement | None:
        """A button that opens the form; none where nothing is scored, since it could do nothing there."""
        if self.place is None or ctx.dataset is None or not score_fields(ctx.dataset):
            return None
        button = types.Button(label=self.label, icon=self._icon, prompt=True)
        return types.Placement(self.place, button)

    def form(self, inputs: types.Object) -> types.Property:
        """The inputs as FiftyOne wants a form."""
        return types.Property(inputs, view=types.View(label=self.label))

    def queue(self, collection: Any, params: Mapping[str, Any]) -> Any:
        """Queue the work for ``fiftyone delegated launch``; returns the queued operation.

        Args:
            collection: data set or view; of a grouped one the slice that is active now goes with the work.
            params: the parameters; those that are None are left to their defaults.
        """
        view = collection.view()
        return foo.execute_operator(
            self.uri,
            {"view": view, "group_slice": view.group_slice},
            params={key: value for key, value in params.items() if value is not None},
            request_delegation=True,
        )


class LiveOperator(FaceQualityOperator):
    """An operator whose work takes a while: a generator, whose errors the App does not show by itself."""

    is_live = True
    refused: ClassVar[str] = ""
    """What stands before an error in place of the progress; "" for the label."""

    def execute(self, ctx: Any) -> Iterator[Any]:
        """Work; an error is told to the App, and raised for all others."""
        try:
            yield from self.work(ctx)
        except Exception as error:
            if ctx.executor is not None:
                message = textwrap.shorten(str(error) or type(error).__name__, 500)
                yield ctx.ops.notify(f"{self.label}: {message}", variant="error")
                yield from show(ctx, f"{self.refused or f'**{self.label}**'}: {message}")
            raise

    def work(self, ctx: Any) -> Iterator[Any]:
        """What the operator does, as messages to the App."""
        raise NotImplementedError

    def run_live(self, ctx: Any, steps: Iterable[Progress]) -> Iterator[Any]:
        """Do a piece of work and tell after each step how far it is."""
        for state in steps:
            yield from tell(ctx, state.fraction, state.words)

    def run_here(self, steps: Iterable[Progress], total: int, progress: bool | None) -> None:
        """Do a piece of work in Python, with a progress bar; None: as FiftyOne is set."""
        with fo.ProgressBar(total=total, progress=progress) as bar:
            for state in steps:
                bar.set_iteration(state.done)


class ScoringOperator(LiveOperator):
    """Writes the scores of faces to fields, and leads to the panel."""

    def write(self, ctx: Any, run: Any, report: Callable[[dict[str, Any]], str]) -> Iterator[Any]:
        """Do a run, telling how far it is, and show what ``report`` makes of its summary."""
        yield from self.run_live(ctx, run)
        if ctx.executor is not None:
            yield ctx.ops.reload_dataset()
            yield from show(ctx, report(run.summary.to_dict()), button=_PANEL)

    def write_here(self, run: Any, progress: bool | None) -> Any:
        """Do a run in Python, with a progress bar; returns its summary, a dict."""
        if run.summary.total:
            self.run_here(run, run.summary.total, progress)
        return run.summary.to_dict()


class DeletingOperator(LiveOperator):
    """Deletes for good what was said yes to, and tells before what that is."""

    risk = "dangerous"

    def add_dry_run(self, inputs: types.Object) -> None:
        """Add the choice to be told alone."""
        text = "Change nothing: the result says what would be deleted"
        inputs.bool("dry_run", default=False, label="Only tell", description=text)

    def add_question(self, inputs: types.Object, ctx: Any) -> None:
        """Add the question; the button waits for a yes, or for ``dry_run``."""
        confirm = inputs.bool("confirm", default=False, label="Yes, delete this for good")
        if not (ctx.params.get("confirm") or ctx.params.get("dry_run")):
            mark(confirm, "There is no way back: say yes first")

    def only_tells(self, ctx: Any) -> bool:
        """Whether nothing is to be changed; ``ValueError`` if that is not so and nobody has said yes."""
        dry_run = bool(ctx.params.get("dry_run"))
        if not dry_run and ctx.params.get("confirm") is not True:
            raise ValueError(
                "nothing was deleted: it needs confirm=True, or dry_run=True to be told what would be"
            )
        return dry_run


def tell(ctx: Any, fraction: float, label: str) -> Iterator[Any]:
    """Tell how far the work is: the App, or the queue of delegated runs."""
    if ctx.delegated:
        ctx.set_progress(progress=fraction, label=label)
    elif ctx.executor is not None:
        yield ctx.ops.set_progress(label=label, progress=fraction)


def show(
    ctx: Any,
    text: str,
    *,
    link: tuple[str, str] | None = None,
    button: tuple[str, str] | None = None,
) -> Iterator[Any]:
    """Put a text in the place of the progress bar: one window, not a second one below it.

    Args:
        ctx: of the operator.
        text: Markdown.
        link: label and address of a link below the text; it opens beside the App, where one in Markdown would
            replace it.
        button: label of a button below the text, and the operator that it runs.
    """
    if ctx.executor is None:
        return
    outputs = types.Object()
    outputs.md(text, name="report")
    results = {"report": text}
    if link:
        label, results["link"] = link
        view = types.LinkView(label=label, href=results["link"], new_window=True)
        outputs.str("link", view=view)
    if button:
        outputs.btn("next", label=button[0], on_click=button[1], variant="contained")
    yield ctx.ops.show_output(types.Property(outputs).to_json(), results)


def markdown(text: Any) -> str:
    """A text of the user's so that Markdown leaves it alone."""
    return "".join("\\" + c if c in "\\`*_{}[]<>()#+-!|&~" else c for c in str(text))

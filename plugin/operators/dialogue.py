"""What operators say to whoever runs them: progress, a result in place of the bar, an error that is seen."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

from fiftyone.operators import types

from ..dataset.fields import DEFAULT_FIELD
from ..dataset.score_fields import presets_of, score_fields


def progress(ctx: Any, share: float, label: str) -> Iterator[Any]:
    """Tell how far the work is: the App, or the queue of delegated runs."""
    if ctx.delegated:
        ctx.set_progress(progress=share, label=label)
    elif ctx.executor is not None:
        yield ctx.ops.set_progress(label=label, progress=share)


def show(ctx: Any, text: str, *, link: tuple[str, str] | None = None) -> Iterator[Any]:
    """Put a text in the place of the progress bar: one window, not a second one below it.

    Args:
        ctx: of the operator.
        text: Markdown.
        link: label and address of a link below the text; it opens beside the App, where one in Markdown would
            replace it.
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
    yield ctx.ops.show_output(types.Property(outputs).to_json(), results)


def telling_errors(ctx: Any, label: str, work: Iterable[Any]) -> Iterator[Any]:
    """Run a generator; an error is told to the App, which shows nothing of it by itself, and raised for all others."""
    try:
        yield from work
    except Exception as error:
        if ctx.executor is not None:
            message = textwrap.shorten(str(error) or type(error).__name__, 500)
            yield ctx.ops.notify(f"{label}: {message}", variant="error")
            yield from show(ctx, f"**{label}**: {message}")
        raise


def placed(ctx: Any, place: types.Places, label: str, icon: str) -> types.Placement | None:
    """A button that opens an operator's form; none where nothing is scored, since it could do nothing there."""
    if ctx.dataset is None or not score_fields(ctx.dataset):
        return None
    return types.Placement(place, types.Button(label=label, icon=icon, prompt=True))


def mark(prop: types.Property, error: Exception | str | None) -> None:
    """Mark an input of a form as wrong and say why; the App's button waits until it is mended."""
    if error:
        prop.invalid = True
        prop.error_message = str(error)


def add_score_field(
    inputs: types.Object,
    ctx: Any,
    *,
    name: str = "field",
    label: str = "Field",
    default: str = "",
    more: Iterable[str] = (),
    name_presets: bool = False,
) -> types.Property:
    """Add the choice of a field with face scores.

    Args:
        inputs: of the form.
        ctx: of the operator.
        name: of the parameter.
        label: of the input.
        default: what is chosen at first; "": the usual field, or the first there is.
        more: fields to offer beside those that hold scores.
        name_presets: say which presets they come from.
    """
    found = score_fields(ctx.dataset) if ctx.dataset is not None else []
    found += [field for field in more if field not in found]
    choices = types.DropdownView()
    for field in found:
        presets = presets_of(ctx.dataset, field) if name_presets else []
        choices.add_choice(field, label=f"{field} ({', '.join(presets)})" if presets else field)
    wanted = default or (DEFAULT_FIELD if DEFAULT_FIELD in found or not found else found[0])
    prop = inputs.enum(
        name,
        choices.values() if found else [wanted],
        default=wanted,
        label=label,
        description="Field that 'Score face quality' wrote",
        view=choices if found else types.View(),
    )
    if not found:
        mark(prop, "Nothing is scored here: run 'Score face quality' first")
    return prop


def markdown(text: Any) -> str:
    """A text of the user's so that Markdown leaves it alone."""
    return "".join("\\" + c if c in "\\`*_{}[]<>()#+-!|&~" else c for c in str(text))

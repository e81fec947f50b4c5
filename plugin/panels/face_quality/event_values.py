"""What an event of the panel brings, checked: the page sends what its parts allow, another client may send anything."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

from bson import ObjectId

from ...settings import shown


class EventRefused(ValueError):
    """An event that asks for what there is not; the message is for the curator, and the panel stays as it was."""


def choice(ctx: Any, name: str, known: Collection[str]) -> str:
    """One of the known texts.

    Raises:
        EventRefused: it is none of them.
    """
    value = ctx.params.get(name)
    if not isinstance(value, str) or value not in known:
        words = ", ".join(known) or "nothing there is here"
        raise EventRefused(f"{name} must be one of {words}, got {shown(value)}")
    return value


def number(ctx: Any, name: str) -> float:
    """A finite number.

    Raises:
        EventRefused: it is none.
    """
    value = ctx.params.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise EventRefused(f"{name} must be a number, got {shown(value)}")
    try:
        found = float(value)
    except OverflowError:
        found = math.inf
    if not math.isfinite(found):
        raise EventRefused(f"{name} must be a finite number, got {shown(value)}")
    return found


def whole(ctx: Any, name: str, low: int, high: int) -> int:
    """A whole number from ``low`` to ``high``; the App may write it with a point.

    Raises:
        EventRefused: it is none, or out of range.
    """
    value = number(ctx, name)
    if not value.is_integer() or not low <= value <= high:
        raise EventRefused(
            f"{name} must be a whole number from {low} to {high}, got {shown(ctx.params.get(name))}"
        )
    return int(value)


def sample_id(value: Any) -> str:
    """The id of a sample.

    Raises:
        EventRefused: it is no id; a sample that is not there is for the page to say.
    """
    if not isinstance(value, str) or not ObjectId.is_valid(value):
        raise EventRefused(f"a sample is named by its id, got {shown(value)}")
    return value


def is_empty(ctx: Any, name: str) -> bool:
    """Whether a form sends nothing: it does so while it is drawn, and while a person has emptied a field."""
    return ctx.params.get(name) in (None, "")

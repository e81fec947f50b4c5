"""Settings: the parameters of an operator as one checked value, whether they come from a form, a queue or Python.

The App's form sends what its inputs allow; a script or another client may send anything: names, types and sizes are checked.
"""

from __future__ import annotations

import difflib
import math
import types
import typing
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar

Chosen = TypeVar("Chosen", bound="Settings")

LONGEST_TEXT = 4096
LARGEST_NUMBER = 2**53
NO_SETTINGS = frozenset(
    {
        "confirm",
        "dry_run",
        "estimate",
        "how_many",
        "more",
        "open_it",
        "view_target",
        "custom_view_target",
        "delegation_target",
        "other_device",
        "other_preset",
        "panel_id",
        "panel_state",
        "slice",
        "plan",
        "report",
    }
)
"""What FiftyOne, a question or a text of a form adds to the parameters."""

_WORDS = {bool: "True or False", int: "a whole number", float: "a number", str: "a text"}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Base of all settings: a dataclass whose fields are the names of the parameters, checked when it is made."""

    @classmethod
    def from_params(cls: type[Chosen], params: Mapping[str, Any]) -> Chosen:
        """Read an operator's parameters; what lacks or is empty takes its default.

        A form may hold the parameters of two settings (a selection and an export), so a name may be another's.

        Raises:
            ValueError: a name that no settings know, or a value that cannot be used; the message says how to mend it.
        """
        check_names(params, _all_names(Settings))
        chosen = cls._chosen(params)
        check_values(cls, chosen)
        return cls(**chosen)

    def check_types(self) -> None:
        """Check the values against their types.

        Raises:
            ValueError: a value of another type, a number that is not finite, or one out of all bounds.
        """
        check_values(type(self), vars(self))

    @classmethod
    def _chosen(cls, params: Mapping[str, Any]) -> dict[str, Any]:
        known = {f.name for f in fields(cls)}
        return {k: v for k, v in params.items() if k in known and v is not None and v != ""}

    def to_dict(self) -> dict[str, Any]:
        """The parameters as plain values, for a queue and for the record of a run."""
        return asdict(self)


def _all_names(kind: type[Settings]) -> set[str]:
    """Names of the parameters of settings and of all that are derived from them."""
    names = {field.name for field in fields(kind)}
    return names.union(*(_all_names(derived) for derived in kind.__subclasses__()))


def check_names(params: Mapping[str, Any], known: Collection[str]) -> None:
    """Check the names of an operator's parameters.

    Raises:
        ValueError: one that nothing knows.
    """
    for name in params:
        if name not in known and name not in NO_SETTINGS:
            near = difflib.get_close_matches(str(name), sorted(known), n=1)
            hint = f": do you mean {near[0]!r}?" if near else ""
            raise ValueError(f"there is no parameter {str(name)[:80]!r}{hint}")


def check_values(kind: type, values: Mapping[str, Any]) -> None:
    """Check values against the types that a dataclass declares.

    Args:
        kind: the dataclass.
        values: name -> value, of some of its fields.

    Raises:
        ValueError: a value of another type, a number that is not finite, or one out of all bounds.
    """
    hints = typing.get_type_hints(kind)
    for name, value in values.items():
        if name in hints:
            _check_value(name, value, hints[name])


def _check_value(name: str, value: Any, hint: Any) -> None:
    is_union = typing.get_origin(hint) in (typing.Union, types.UnionType)
    allowed = typing.get_args(hint) if is_union else (hint,)
    if value is None and type(None) in allowed:
        return
    plain = [kind for kind in allowed if kind in _WORDS]
    if not plain:
        return
    if not any(_fits(value, kind) for kind in plain):
        words = " or ".join(_WORDS[kind] for kind in plain)
        raise ValueError(f"{name} must be {words}, got {shown(value)}")
    if isinstance(value, str):
        if len(value) > LONGEST_TEXT or "\0" in value:
            raise ValueError(
                f"{name} must be a text of at most {LONGEST_TEXT} characters, without zero bytes"
            )
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"{name} must be a number that is finite, got {value!r}")
        if abs(value) > LARGEST_NUMBER:
            raise ValueError(f"{name} must be a number of everyday size, got {shown(value)}")


def _fits(value: Any, kind: type) -> bool:
    if isinstance(value, bool):
        return kind is bool
    return isinstance(value, (int, float) if kind is float else kind)


def shown(value: Any) -> str:
    """A value as a message quotes it: not at length."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."

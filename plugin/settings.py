"""Settings: the parameters of an operator as one checked value, whether they come from a form, a queue or Python."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar

Chosen = TypeVar("Chosen", bound="Settings")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Base of all settings: a dataclass whose fields are the names of the parameters, checked when it is made."""

    @classmethod
    def from_params(cls: type[Chosen], params: Mapping[str, Any]) -> Chosen:
        """Read an operator's parameters; what lacks or is empty takes its default, what is unknown is left alone.

        Raises:
            ValueError: a value that cannot be used; the message says how to mend it.
        """
        return cls(**cls._chosen(params))

    @classmethod
    def _chosen(cls, params: Mapping[str, Any]) -> dict[str, Any]:
        known = {f.name for f in fields(cls)}
        return {k: v for k, v in params.items() if k in known and v is not None and v != ""}

    def to_dict(self) -> dict[str, Any]:
        """The parameters as plain values, for a queue and for the record of a run."""
        return asdict(self)

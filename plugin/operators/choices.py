"""Choices of a form that depend on the machine: the presets there are, the devices; each with a way to name another."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fiftyone.operators import types

from faceqgen_core.vocabulary import DEFAULT_PRESET

from ..dataset import run_records
from ..storage.paths import product_home
from .forms import mark

OTHER = "(other)"
"""The choice that opens a text field."""

_OTHERS = {"preset": "other_preset", "device": "other_device"}
_GPUS = Path("/proc/driver/nvidia/gpus")


def add_preset(inputs: types.Object, ctx: Any, *, description: str) -> None:
    """Add the choice of a preset: those that come with the project, lie in the user's folder or scored this data set.

    Args:
        inputs: of the form.
        ctx: of the operator.
        description: what it is chosen for.
    """
    found = {path: _name(path) for path in presets_found(ctx.dataset)}
    _add(
        inputs,
        ctx,
        "preset",
        {**found, OTHER: "Other path ..."},
        default=DEFAULT_PRESET,
        label="Preset",
        description=description,
        other="Path of the preset",
        example="Folder of a preset; or FaceQnet's .h5, or a pair.json",
    )


def add_device(inputs: types.Object, ctx: Any) -> None:
    """Add the choice of a device: the processor, the GPUs that the machine has."""
    found = {"auto": "auto: a GPU where TensorFlow sees one", "cpu": "cpu: the processor"}
    found |= {name: name for name in gpus_present()}
    _add(
        inputs,
        ctx,
        "device",
        {**found, OTHER: "Other ..."},
        default="auto",
        label="Device",
        description="Where the networks run",
        other="Name of the device",
        example="gpu or gpu:<number>",
    )


def add_more(inputs: types.Object, ctx: Any, usual: Mapping[str, Any]) -> bool:
    """Add the switch that unfolds what is seldom changed; tells whether it is on.

    Args:
        inputs: of the form.
        ctx: of the operator.
        usual: what is folded away: parameter -> its default. What differs from it is named, for it counts all the same.
    """
    changed = [
        f"{name}: {ctx.params[name]}"
        for name, default in usual.items()
        if ctx.params.get(name) not in (None, "", default)
    ]
    inputs.bool(
        "more",
        default=False,
        label="More options",
        description=f"Changed: {', '.join(changed)}" if changed else ", ".join(usual),
        view=types.SwitchView(),
    )
    return bool(ctx.params.get("more"))


def chosen(params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters with what was typed in place of the choice "other".

    Raises:
        ValueError: nothing was typed.
    """
    found = {name: value for name, value in params.items() if name not in _OTHERS.values()}
    for name, other in _OTHERS.items():
        if found.get(name) == OTHER:
            found[name] = (params.get(other) or "").strip()
            if not found[name]:
                raise ValueError(f"{name} is 'other', but {other} does not say which")
    return found


def presets_found(dataset: Any) -> list[str]:
    """Names and paths of presets, each once.

    They come with the project, lie in ``~/.faceqgen/presets``, or were given to an earlier run and are still there.
    """
    from faceqgen_core.presets import list_presets

    found = dict.fromkeys(list_presets())
    found |= dict.fromkeys(
        str(path.parent) for path in sorted((product_home() / "presets").glob("*/config.json"))
    )
    for config in run_records.records(dataset).values() if dataset is not None else ():
        given = (getattr(config, "parameters", None) or {}).get("preset")
        if isinstance(given, str) and os.path.exists(os.path.expanduser(given)):
            found[given] = None
    return list(found)


def gpus_present() -> list[str]:
    """Names of the NVIDIA GPUs of this machine: the driver is asked, for TensorFlow must not load for a form."""
    try:
        return [f"gpu:{number}" for number in range(len(os.listdir(_GPUS)))]
    except OSError:
        return []


def _name(preset: str) -> str:
    path = Path(preset)
    return preset if path.name == preset else f"{path.name} ({path.parent})"


def _add(
    inputs: types.Object,
    ctx: Any,
    name: str,
    found: dict[str, str],
    *,
    default: str,
    label: str,
    description: str,
    other: str,
    example: str,
) -> None:
    now = ctx.params.get(name, default)
    if not isinstance(now, str):
        inputs.str(name, default=default, label=label)  # what is wrong with it is told by FiftyOne
        return
    choices = types.DropdownView()
    # What a script has named counts, though it was not found.
    for value, words in {**({} if now in found else {now: now}), **found}.items():
        choices.add_choice(value, label=words)
    inputs.enum(
        name, choices.values(), default=default, label=label, description=description, view=choices
    )
    if now == OTHER:
        typed = _OTHERS[name]
        text = inputs.str(typed, required=False, label=other, description=example)
        if not (ctx.params.get(typed) or "").strip():
            mark(text, f"Name it: {example}")

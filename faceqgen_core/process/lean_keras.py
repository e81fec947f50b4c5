"""Keras in a process in which nothing but our code runs: without the packages that it takes in where they are installed."""

from __future__ import annotations

import sys

from faceqgen_core.process.keras_settings import require_keras

UNUSED = ("matplotlib", "pandas", "sklearn")
"""What Keras imports if it is there, for plots, data frames and wrappers; all of it is optional."""


def load_lean_keras() -> None:
    """Load Keras and its backend; it takes them for not installed, which saves 110 MB and the time to load them.

    Others may import them afterwards, but this process's Keras takes no data frame any more: so this is for programs of our
    own, never for a process that others share. Where Keras or TensorFlow is loaded already, nothing is done.

    Raises:
        ValueError: as with ``require_keras``.
    """
    if {"keras", "tensorflow"} & sys.modules.keys():
        return
    hidden = [name for name in UNUSED if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]  # Python's own way to say that there is none
    try:
        require_keras()
    finally:
        for name in hidden:
            if sys.modules.get(name, name) is None:
                del sys.modules[name]

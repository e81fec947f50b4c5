"""Keras as the networks need it, whatever the process around them has set."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def require_keras() -> Any:
    """The package Keras, with its backend.

    Raises:
        ValueError: its backend is not installed or unknown; the message names the setting.
    """
    try:
        import keras
    except (ImportError, ValueError) as error:
        chosen = os.environ.get("KERAS_BACKEND")
        place = f"KERAS_BACKEND={chosen}" if chosen else "the backend in ~/.keras/keras.json"
        raise ValueError(
            f"Keras does not load with {place} ({error}): install that backend, or set KERAS_BACKEND=tensorflow"
        ) from error
    return keras


@contextmanager
def pinned() -> Iterator[None]:
    """Float32 and channels last while networks are built, loaded or traced; afterwards what was set before.

    The settings are the process's: they are touched only where they differ.
    """
    config = require_keras().config
    policy, floatx, layout = config.dtype_policy(), config.floatx(), config.image_data_format()
    same = (policy.name, floatx, layout) == ("float32", "float32", "channels_last")
    if same:
        yield
        return
    config.set_floatx("float32")
    config.set_dtype_policy("float32")
    config.set_image_data_format("channels_last")
    try:
        yield
    finally:
        config.set_floatx(floatx)
        config.set_dtype_policy(policy)
        config.set_image_data_format(layout)


def legacy_hint() -> str:
    """What to change where TensorFlow is told to use Keras 2; "" where it is not."""
    if os.environ.get("TF_USE_LEGACY_KERAS", "").lower() not in ("1", "true"):
        return ""
    return "TF_USE_LEGACY_KERAS is set: unset it, or pip install tf_keras; "

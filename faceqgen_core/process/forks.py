"""A process that was forked after TensorFlow had run: its threads are gone, and the next call would wait for ever."""

from __future__ import annotations

import os
import sys

FORKED = (
    "this process was forked after TensorFlow had run in its parent, and a call of the networks would never return; "
    'start it with multiprocessing.get_context("spawn"), or score in the parent'
)
"""What is wrong and what to change."""

_forked = False


def forked_after_tensorflow() -> bool:
    """Whether networks would hang here. A fork from before this module was imported is not known."""
    return _forked


def _in_child() -> None:
    global _forked
    module = sys.modules.get("tensorflow.python.eager.context")
    context = getattr(module, "_context", None)
    _forked = _forked or getattr(context, "_context_handle", None) is not None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)

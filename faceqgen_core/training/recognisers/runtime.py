"""OpenVINO, which runs the teachers; it is in the extra ``train`` alone."""

from __future__ import annotations

from typing import Any


def load_openvino() -> Any:
    """Import OpenVINO.

    Raises:
        ValueError: it is not installed.
    """
    try:
        import openvino
    except ImportError as error:
        raise ValueError("the teacher needs OpenVINO: pip install 'faceqgen[train]'") from error
    return openvino


def compile_exactly(openvino: Any, model: Any) -> Any:
    """Compile a model for many faces at a time, in single precision, so that it says what its authors' code says."""
    settings = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "THROUGHPUT"}
    return openvino.Core().compile_model(model, "CPU", settings)

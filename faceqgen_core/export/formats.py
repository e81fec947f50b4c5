"""The files that an export writes: ONNX or OpenVINO's, and beside them what a caller has to know in a JSON file."""

from __future__ import annotations

import importlib
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from faceqgen_core.export.graph import INPUT, OUTPUTS, build_graph
from faceqgen_core.presets import Preset, require_quality
from faceqgen_core.vocabulary import SCORES
from faceqgen_core.whole_files import written_whole

OPSET = 17
"""Of ONNX: LayerNormalization and all that went before; every runtime since 2022 has it."""


def export(preset: Preset, form: str, folder: Path) -> list[Path]:
    """Write a preset's networks as one graph.

    Args:
        preset: a verified preset.
        form: "onnx" or "openvino".
        folder: where to; made if it is not there, files of the same names are replaced.

    Returns:
        The files: ``<preset>.onnx``, or ``<preset>.xml`` and ``.bin``; then ``<preset>.json``.

    Raises:
        ValueError: an unknown format, a network from elsewhere, or a package that is not installed.
        OSError: the files cannot be written.
    """
    if form not in FORMATS:
        raise ValueError(f"format must be one of {', '.join(FORMATS)}, got {form!r}")
    require_quality(preset, "the export")
    write = FORMATS[form]()  # what lacks is said before the networks are loaded
    folder.mkdir(parents=True, exist_ok=True)
    files = write(build_graph(preset), folder / preset.name)
    notes = folder / f"{preset.name}.json"
    with written_whole(notes) as temporary:
        temporary.write_text(json.dumps(describe(preset), indent=2) + "\n", encoding="utf-8")
    return [*files, notes]


def describe(preset: Preset) -> dict[str, Any]:
    """What a caller of the graph has to know: how the crop is cut, what goes in, what comes out."""
    size = preset.protocol.size
    pictures = {
        "restored": f"(N, {size}, {size}, 3) RGB, 0 to 1: the restored face",
        "drawn": f"(N, {size}, {size}, 3) RGB, 0 to 1: the face as drawn from its code alone",
        "trust": f"(N, {size}, {size}), 0 to 1: how far a pixel of the crop was kept, 0 drawn anew",
    }
    numbers = {name: f"(N,) {score.description}" for name, score in SCORES.items()}
    outputs = {**pictures, **numbers}
    return {
        "preset": preset.identifier,
        "input": {INPUT: f"(N, {size}, {size}, 3) float32 RGB, 0 to 1, aligned"},
        "crop_protocol": preset.protocol.identifier,
        "points": preset.protocol.template.round(4).tolist(),
        "points_are": "right eye, left eye, nose, right and left mouth corner of the subject, x and y in pixels of the crop",
        "outputs": {name: outputs[name] for name in OUTPUTS},
    }


def _needed(package: str) -> Any:
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise ValueError(
            f"the export needs the package {package.partition('.')[0]!r}: pip install 'faceqgen[export]'"
        ) from error


def _openvino() -> Callable[[Any, Path], list[Path]]:
    openvino = _needed("openvino")

    def write(graph: Any, stem: Path) -> list[Path]:
        model = openvino.convert_model(graph.get_concrete_function())
        with tempfile.TemporaryDirectory(dir=stem.parent) as folder:
            made = Path(folder, f"{stem.name}.xml")
            # Half precision would be smaller, and no longer say what the preset says.
            openvino.save_model(model, str(made), compress_to_fp16=False)
            weights = made.with_suffix(".bin").replace(stem.with_name(f"{stem.name}.bin"))
            return [made.replace(stem.with_name(made.name)), weights]

    return write


def _onnx() -> Callable[[Any, Path], list[Path]]:
    tf2onnx, onnx = _needed("tf2onnx.convert"), _needed("onnx")

    def write(graph: Any, stem: Path) -> list[Path]:
        model, _ = tf2onnx.from_function(graph, input_signature=graph.input_signature, opset=OPSET)
        for value in (*model.graph.input, *model.graph.output):
            value.type.tensor_type.shape.dim[0].dim_param = "N"
        onnx.checker.check_model(model)
        file = stem.with_name(f"{stem.name}.onnx")
        with written_whole(file) as temporary:
            temporary.write_bytes(model.SerializeToString())
        return [file]

    return write


FORMATS: dict[str, Callable[[], Callable[[Any, Path], list[Path]]]] = {
    "onnx": _onnx,
    "openvino": _openvino,
}
"""By name: gives, where its packages are installed, what writes a graph to files that begin with a path."""

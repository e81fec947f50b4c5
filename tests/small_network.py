"""A small quality network in ONNX that a test makes itself: the mean of one channel after normalisation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest


def write_network(
    folder: Path,
    *,
    name: str = "brightness",
    channel: int = 0,
    nhwc: bool = False,
    outputs: tuple[str, ...] = ("quality",),
    **values: Any,
) -> Path:
    """Write ``<name>.onnx`` and ``<name>.json``; returns the latter.

    Args:
        folder: where to.
        name: of the score.
        channel: the one whose mean is the number, in the network's own order.
        nhwc: channels last.
        outputs: names; the number is at each, but at one called "feature" it is 8 of them.
        **values: of the description.
    """
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    size = values.get("size", 112)
    make, types = onnx.helper, onnx.TensorProto
    shape = ["N", size, size, 3] if nhwc else ["N", 3, size, size]
    axes = np.array([1, 2] if nhwc else [2, 3], np.int64)
    nodes = [
        make.make_node("ReduceMean", ["face", "axes"], ["means"], keepdims=0),
        make.make_node("Gather", ["means", "channel"], ["number"], axis=1),
    ]
    made = []
    for output in outputs:
        wide = output == "feature"
        inputs = ["number"] * (8 if wide else 1)
        nodes.append(make.make_node("Concat", inputs, [output], axis=1))
        made.append(make.make_tensor_value_info(output, types.FLOAT, ["N", len(inputs)]))
    graph = make.make_graph(
        nodes,
        "quality",
        [make.make_tensor_value_info("face", types.FLOAT, shape)],
        made,
        [
            onnx.numpy_helper.from_array(axes, "axes"),
            onnx.numpy_helper.from_array(np.array([channel], np.int64), "channel"),
        ],
    )
    model = make.make_model(graph, opset_imports=[make.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, str(folder / f"{name}.onnx"))
    description = {"name": name, "file": f"{name}.onnx", "higher_is_better": True, **values}
    if nhwc:
        description["layout"] = "NHWC"
    path = folder / f"{name}.json"
    path.write_text(json.dumps(description), encoding="utf-8")
    return path

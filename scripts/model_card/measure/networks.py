"""Networks: their parameters and multiply-adds, counted from the layers, and the hashes of their files."""

from __future__ import annotations

from typing import Any

import numpy as np

from faceqgen_core.networks.scorer import build_networks
from faceqgen_core.presets import WEIGHTS, Preset, sha256_of


def multiply_adds(network: Any) -> int:
    """Multiply-adds of all convolutions, dense layers and the linear decoder for one image; norms, resizing and activations are not counted."""
    total = 0
    for layer in network.layers:
        kind = type(layer).__name__
        if kind == "Dense":
            total += int(np.prod(layer.kernel.shape))
        elif kind == "LinearDecoder":
            total += int(np.prod(layer.directions.shape))
        elif kind in ("Conv2D", "DepthwiseConv2D"):
            height, width = layer.output.shape[1:3]
            kernel = layer.kernel.shape if hasattr(layer, "kernel") else None
            if kernel is None:
                kernel = layer.depthwise_kernel.shape
            total += int(np.prod(kernel)) * int(height) * int(width)
    return total


def describe(preset: Preset) -> dict[str, Any]:
    """Parameters, multiply-adds and SHA-256 of each network of a preset."""
    names = ("generator", "discriminator", "quality head")
    built = dict(zip(names, build_networks(preset.networks), strict=True))
    return {
        name: {
            "parameters": int(network.count_params()),
            "multiply_adds": multiply_adds(network),
            "file": file,
            "sha256": sha256_of(preset.weights(file)),
        }
        for (name, network), file in zip(built.items(), WEIGHTS, strict=True)
    }

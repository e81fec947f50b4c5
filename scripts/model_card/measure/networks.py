"""Networks: their parameters and multiply-adds, counted from the layers, and the hashes of their files."""

from __future__ import annotations

from typing import Any

from faceqgen_core.bench.compared.limit import multiply_adds
from faceqgen_core.networks.scorer import build_networks
from faceqgen_core.presets import WEIGHTS, Preset, sha256_of


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

"""A small preset of untrained networks that draws faces: complete, made in a second, the same every time."""

from __future__ import annotations

from pathlib import Path

import cv2
import keras
import numpy as np

from faceqgen_core.alignment import CropProtocol
from faceqgen_core.calibration import Calibration, SigmoidMapping
from faceqgen_core.measures import MEASURES
from faceqgen_core.networks.basis import SIDE
from faceqgen_core.networks.scorer import build_networks
from faceqgen_core.presets import WEIGHTS, write_config
from tests.training.small_set import portrait_variants

NETWORKS = {
    "size": 128,
    "generator_width": 16,
    "discriminator_width": 8,
    "head_units": 16,
    "code": 8,
}


def basis_of(faces, components):
    """Mean (64 * 64 * 3,) of faces and their principal components times their standard deviation (K, 64 * 64 * 3)."""
    small = [cv2.resize(face, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for face in faces]
    flat = np.stack(small).reshape(len(faces), -1) / 255
    mean = flat.mean(axis=0)
    _, values, directions = np.linalg.svd(flat - mean, full_matrices=False)
    return mean, directions[:components] * values[:components, None] / np.sqrt(len(faces))


def shake(network, *, seed=2):
    """Fill kernels that start as zero, which would hide what a layer does."""
    rng = np.random.default_rng(seed)
    for variable in network.trainable_variables:
        if variable.name == "kernel" and not np.asarray(variable).any():
            fan_in = np.prod(variable.shape[:-1])
            variable.assign(rng.normal(0, 0.3 / np.sqrt(fan_in), variable.shape))
    return network


def write_random_preset(folder: Path, *, name: str = "random", **networks: int) -> Path:
    """Write a preset into a folder, which is made.

    Args:
        folder: of the preset.
        name: of the preset.
        **networks: in place of the numbers in ``NETWORKS``.
    """
    folder.mkdir(parents=True)
    keras.utils.set_random_seed(0)
    numbers = {**NETWORKS, **networks}
    built = [shake(network) for network in build_networks(numbers)]
    mean, directions = basis_of(portrait_variants(3 * numbers["code"]), numbers["code"])
    built[0].get_layer("basis").set_basis(mean, directions)
    for network, file in zip(built, WEIGHTS, strict=True):
        network.save_weights(folder / file)
    mappings = {
        measure: SigmoidMapping(0.5, 0.1 if measure != "mse" else -0.1)
        for measure in ("quality", *MEASURES)
    }
    write_config(
        folder,
        {
            "name": name,
            "networks": numbers,
            "crop_protocol": vars(CropProtocol(size=numbers["size"])),
            "calibration": Calibration(mappings).to_config(),
            "training": {"settings": {"steps": 1}, "acceptable": 50.0},
        },
    )
    return folder

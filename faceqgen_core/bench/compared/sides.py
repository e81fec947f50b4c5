"""The sides that are measured in turn, each made when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceqgen_core.bench.compared.images import write_crops, write_lfw_sized, write_photographs
from faceqgen_core.bench.compared.limit import ForwardPass, matrix_product
from faceqgen_core.bench.compared.peers import (
    Naive,
    faceqnet_shape,
    find_lightqnet,
    iresnet_shape,
    lightqnet,
    serfiq_shape,
)
from faceqgen_core.bench.compared.rates import Side
from faceqgen_core.bench.compared.sizes import Sizes

PRODUCT, RESTORED = "crops from files", "crops, with restored images"
PHOTOGRAPHS, LFW = "photographs, all faces", "pictures of LFW's size"
NAIVE_CROPS, NAIVE_PHOTOGRAPHS, NAIVE_LFW = "naive, crops", "naive, photographs", "naive, LFW"
FORWARD, PEAK, PEAK_BF16 = "bare forward pass", "matrix product, f32", "matrix product, bf16"
FACEQNET_1, FACEQNET_32 = "FaceQnet's shape, batch 1", "FaceQnet's shape, batch 32"
IRESNETS = {
    f"{whose}'s shape, IResNet-{layers}": layers
    for whose, layers in (("MagFace", 50), ("CR-FIQA (L)", 100))
}
SERFIQ, LIGHTQNET = "SER-FIQ's shape, 100 passes", "LightQNet, batch 1"


class Sides:
    """What is measured, on images that are the same for all.

    Args:
        folder: for the images, must exist.
        sizes: how many.
        preset: name or folder.
        device: where the product's networks run.
        lfw: a folder of pictures to take in place of the composed ones of LFW's size.
        lightqnet_file: LightQNet's graph; None: where other people's weights lie.
        say: told what takes a while.
    """

    def __init__(
        self,
        folder: Path,
        sizes: Sizes,
        *,
        preset: str,
        device: str = "auto",
        lfw: Path | None = None,
        lightqnet_file: Path | None = None,
        say: Callable[[str], Any] = lambda text: None,
    ) -> None:
        self._folder, self._sizes, self._preset, self._device = folder, sizes, preset, device
        self._lfw, self._lightqnet, self._say = lfw, lightqnet_file, say

    def side(self, name: str) -> Side:
        """One of the names of this file.

        Raises:
            ValueError: what it needs is not there.
        """
        if name in (PRODUCT, RESTORED):
            return Side(name, "faces", self.crops, self._scored(restored=name == RESTORED))
        if name == FORWARD:
            return Side(name, "faces", self._arrays, self.forward.work, self._batch)
        if name == PHOTOGRAPHS:
            scored = self._scored(faces="detect", all_faces=True)
            return Side(name, "faces", self.photographs, scored, warm=2)
        if name == NAIVE_PHOTOGRAPHS:
            return Side(name, "faces", self.photographs, self.naive.photographs, warm=2)
        if name == LFW:
            return Side(name, "images", self._pictures, self._looked_at, self._of, warm=4)
        if name == NAIVE_LFW:
            return Side(name, "images", self._pictures, self._looked_at_naively, warm=4)
        if name in (PEAK, PEAK_BF16):
            work = matrix_product("float32" if name == PEAK else "bfloat16")
            return Side(name, "GFLOP", range(8), work, "2048 x 2048")
        return Side(name, "faces", self.crops[: self._sizes.slow], self._slow(name))

    def _slow(self, name: str) -> Callable[[Sequence[Path]], float]:
        if name == LIGHTQNET:
            return lightqnet(find_lightqnet(self._lightqnet))
        if name in (FACEQNET_1, FACEQNET_32):
            return faceqnet_shape(1 if name == FACEQNET_1 else 32)
        if name in IRESNETS:
            return iresnet_shape(IRESNETS[name])
        return serfiq_shape() if name == SERFIQ else self.naive.crops

    @cached_property
    def loaded(self) -> Any:
        """The preset."""
        from faceqgen_core.presets import load_preset

        return load_preset(self._preset)

    @cached_property
    def _networks(self) -> Any:
        from faceqgen_core.restoration import load_networks

        return load_networks(self.loaded)

    @cached_property
    def assessor(self) -> Any:
        """The product."""
        from faceqgen_core.assessor import FaceQualityAssessor

        return FaceQualityAssessor(self.loaded, device=self._device)

    @cached_property
    def naive(self) -> Naive:
        """What a user would write."""
        return Naive(self._networks, self.loaded.protocol.size)

    @cached_property
    def forward(self) -> ForwardPass:
        """The networks alone, at the batch size that is fastest here."""
        found = ForwardPass(self._networks)
        self._say("choosing a batch size for the bare forward pass")
        found.choose_batch(self._arrays)
        return found

    @property
    def _batch(self) -> str:
        return f"forward pass at batch {self.forward.batch_size}"

    @cached_property
    def crops(self) -> list[Path]:
        """Aligned crops, written to files."""
        self._say("writing crops")
        return write_crops(self._folder / "crops", self._sizes.crops)

    @cached_property
    def photographs(self) -> list[Path]:
        """Photographs of 1 to 3 megapixels, written to files."""
        self._say("writing photographs")
        return write_photographs(self._folder / "photographs", self._sizes.photographs)

    @cached_property
    def _pictures(self) -> list[Path]:
        if self._lfw is None:
            return write_lfw_sized(self._folder / "lfw", self._sizes.pictures)
        from faceqgen_core.media.formats import IMAGE_SUFFIXES

        found = sorted(p for p in self._lfw.rglob("*") if p.suffix.lower() in IMAGE_SUFFIXES)
        if not found:
            raise ValueError(f"{self._lfw}: no images there")
        step = max(1, len(found) // self._sizes.pictures)
        return found[::step][: self._sizes.pictures]

    @property
    def _of(self) -> str:
        return "composed, 186 x 186" if self._lfw is None else f"images of {self._lfw.name}"

    @cached_property
    def _arrays(self) -> list[NDArray[np.float32]]:
        from faceqgen_core.image_io import load_image

        paths = self.crops[: min(self._sizes.crops, 512)]
        return [load_image(path).astype(np.float32) / np.float32(255) for path in paths]

    def _scored(self, *, faces: str = "crop", **options: Any) -> Callable[[Sequence[Path]], float]:
        def work(paths: Sequence[Path]) -> float:
            found = self.assessor.assess(paths, faces=faces, **options)
            return float(sum(a.quality is not None for a in found))

        return work

    def _looked_at(self, paths: Sequence[Path]) -> float:
        for _ in self.assessor.assess(paths, all_faces=True):
            pass
        return len(paths)

    def _looked_at_naively(self, paths: Sequence[Path]) -> float:
        self.naive.photographs(paths)
        return len(paths)

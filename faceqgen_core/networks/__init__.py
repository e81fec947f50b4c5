"""The networks as functional Keras 3 graphs; one module per network, backend-neutral, float32 weights.

Data contract: NHWC float tensors, RGB. Images enter and leave in [0, 1]; no other range leaves this package.
No layer looks at the batch: normalisation is per image, there is no dropout, and every graph gives the same output for
an image alone and in any batch.
"""

from faceqgen_core.networks.discriminator import build_discriminator
from faceqgen_core.networks.generator import build_generator
from faceqgen_core.networks.quality_head import build_quality_head

__all__ = ["build_discriminator", "build_generator", "build_quality_head"]

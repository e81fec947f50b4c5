"""The crops of the golden file: permitted portraits, clean and degraded, the same on every machine."""

import matplotlib.cbook
import numpy as np
import skimage.data
from PIL import Image

from faceqgen_core.degradation import FAMILIES, degrade


def golden_crops() -> dict[str, np.ndarray]:
    """(128, 128, 3) uint8 RGB by name."""
    with matplotlib.cbook.get_sample_data("grace_hopper.jpg") as file:
        hopper = Image.open(file).convert("RGB")
    portraits = {
        "astronaut": Image.fromarray(skimage.data.astronaut()).crop((105, 0, 343, 238)),
        "grace_hopper": hopper.crop((81, 24, 453, 396)),
    }
    crops = {}
    for name, portrait in portraits.items():
        face = np.asarray(portrait.resize((128, 128), Image.Resampling.LANCZOS))
        crops[name] = face
        for family in FAMILIES:
            if family == "jpeg":  # the encoder's version decides its bytes
                continue
            crops[f"{name}_{family}"] = degrade(face, family, 0.6, np.random.default_rng(11))
    return crops

"""Fitness: how well an image would serve as its subject's target, from label-free cues.

A product of factors in [0, 1]: frontal, sharp, large, evenly lit, well exposed, uncovered.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from faceqgen_core.alignment import CropProtocol
from faceqgen_core.types import Image

VERSION = 2
"""Raised whenever an image's fitness would come out differently: stored values of another version are made anew."""

# Where skin shows in nearly every face: x, y from the middle of the eyes and half the width and height, in units of the
# distance between the eyes. The forehead is left out: hair and hats cover it in good portraits, too.
_SKIN = (
    (-0.55, 0.52, 0.17, 0.17),  # cheeks below the eyes
    (0.55, 0.52, 0.17, 0.17),
    (-0.55, 0.93, 0.14, 0.14),  # cheeks beside the mouth
    (0.55, 0.93, 0.14, 0.14),
    (0.0, 0.18, 0.12, 0.17),  # bridge of the nose
    (0.0, 0.87, 0.20, 0.06),  # upper lip
    (0.0, 1.57, 0.23, 0.12),  # chin
    (-0.38, 1.42, 0.14, 0.12),  # jaw
    (0.38, 1.42, 0.14, 0.12),
)
_EYES = ((-0.52, 0.0, 0.29, 0.17), (0.52, 0.0, 0.29, 0.17))
_MOUTH = (0.0, 1.16, 0.35, 0.12)


def frontality(landmarks: NDArray[np.float32]) -> float:
    """How centred the nose lies between the eyes: 1 frontal, 0 profile. A label-free cue for yaw."""
    right, left, nose = landmarks[0], landmarks[1], landmarks[2]
    axis = left - right
    along = float((nose - right) @ axis / max(float(axis @ axis), 1e-6))
    return float(np.clip(1 - 2 * abs(along - 0.5), 0, 1))


def uncovered(crop: Image, *, protocol: CropProtocol | None = None) -> float:
    """How surely nothing hides a part of an aligned face, 0..1, by what a cover changes.

    Skin has one colour (a scarf, a hand in a glove, a microphone have another); eyes are lighter than the glasses in
    front of them and have contrast, like the mouth. Light and dark skin, colour and greyscale do the same here; a beard
    or hard shadows cost a little, therefore compare images of one person.

    Args:
        crop: (S, S, 3) uint8 RGB, aligned by the protocol.
        protocol: how the crop was cut; the default protocol for None.
    """
    template = (protocol or CropProtocol()).template
    middle, unit = template[:2].mean(axis=0), float(np.linalg.norm(template[1] - template[0]))
    smooth = cv2.GaussianBlur(crop, (0, 0), unit / 35)
    lab = np.asarray(cv2.cvtColor(smooth.astype(np.float32) / 255, cv2.COLOR_RGB2LAB))

    def cell(place: tuple[float, float, float, float]) -> NDArray[np.float64]:
        centre, half = middle + unit * np.array(place[:2]), unit * np.array(place[2:])
        x0, y0 = np.clip(np.rint(centre - half).astype(int), 0, crop.shape[0] - 2)
        x1, y1 = np.maximum(np.rint(centre + half).astype(int), (x0, y0)) + 1
        return np.asarray(lab[y0:y1, x0:x1].reshape(-1, 3), np.float64)

    skin = np.array([np.median(cell(place), axis=0) for place in _SKIN])
    away = skin - np.median(skin, axis=0)
    # Chroma differs little over a face; lightness does, by shape and light.
    distance = np.hypot(away[:, 1], away[:, 2]) + 0.8 * np.maximum(np.abs(away[:, 0]) - 20, 0)
    alike = np.sort(np.exp(-((distance / 18) ** 2)))
    eyes = []
    for place, cheek in zip(_EYES, skin[:2, 0], strict=True):
        light = cell(place)[:, 0]
        shade = (float(np.median(light)) / max(float(cheek), 1.0) - 0.3) / 0.3
        eyes.append(float(np.clip(shade, 0, 1) * np.clip(light.std() / 7, 0, 1)))
    mouth = float(np.clip(cell(_MOUTH)[:, 0].std() / 6, 0, 1))
    skin_like = float(alike.mean() + alike[:3].mean()) / 2
    return skin_like * (0.3 + 0.7 * min(eyes)) * (0.5 + 0.5 * mouth)


def target_fitness(
    crop: Image, landmarks: NDArray[np.float32], *, protocol: CropProtocol | None = None
) -> float:
    """How well an image would serve as its subject's target, 0..1.

    Args:
        crop: (S, S, 3) uint8 RGB, aligned by the protocol.
        landmarks: (5, 2) in pixels of the original image, which tell how large and how frontal the face was.
        protocol: how the crop was cut; the default protocol for None.
    """
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    face = grey[grey.shape[0] // 4 : -grey.shape[0] // 8, grey.shape[1] // 5 : -grey.shape[1] // 5]
    sharp = min(1.0, float(np.log1p(cv2.Laplacian(face, cv2.CV_64F).var())) / np.log1p(600.0))
    large = min(1.0, float(np.linalg.norm(landmarks[0] - landmarks[1])) / 40.0)
    middle = face.shape[1] // 2
    halves = float(face[:, :middle].mean()), float(face[:, middle:].mean())
    even = 1 - abs(halves[0] - halves[1]) / max(sum(halves), 1.0)
    exposed = 1 - float(((face < 12) | (face > 243)).mean())
    whole = 0.25 + 0.75 * uncovered(crop, protocol=protocol)
    return float(frontality(landmarks) * sharp * large * even**2 * exposed * whole)

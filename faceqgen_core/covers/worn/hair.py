"""Hair before the face: single strands, and a fringe."""

from __future__ import annotations

import numpy as np

from faceqgen_core.covers.canvas import Canvas, curve, outline
from faceqgen_core.covers.colours import hair_colour

_KNOTS = 22
_ALONG = np.linspace(0, 1, _KNOTS)


def strands(canvas: Canvas, strength: float) -> None:
    """Locks and single strands blown or fallen over the face; more and thicker ones with the strength."""
    rng = canvas.rng
    colour = hair_colour(canvas)
    blown = rng.random() < 0.4
    locks = 2 + round(rng.uniform(0, 2) + 4 * strength)
    each = 6 + round(12 * strength)
    ribbons = []
    for _ in range(locks):
        side = -1.0 if rng.random() < 0.5 else 1.0
        if blown:  # wind carries it across from one side
            root = np.array([side * 1.5, rng.uniform(-1.2, 0.6)])
            tip = np.array([side * rng.uniform(-0.9, 0.1), rng.uniform(-0.2, 1.7)])
            sag = np.array([rng.normal(0, 0.1), rng.uniform(-0.35, 0.35)])
        else:
            root = np.array([side * rng.uniform(0.0, 0.8), -1.55])
            tip = np.array([root[0] + side * rng.uniform(-0.5, 0.6), rng.uniform(0.3, 2.2)])
            sag = np.array([side * rng.uniform(-0.1, 0.5), rng.normal(0, 0.1)])
        along = tip - root
        across = np.array([-along[1], along[0]]) / np.hypot(*along)
        reach = rng.uniform(0.5, 1.05, (each, 1))
        apart = across * rng.normal(0, 0.06 + 0.04 * strength, (each, 1))
        start = root + apart
        end = root + along * reach + apart + rng.normal(0, 0.1, (each, 2))
        middle = (start + end) / 2 + sag + apart * rng.uniform(-0.5, 1.0, (each, 1))
        lines = curve(
            np.stack([start, (start + middle) / 2 + sag * 0.3, middle, end], axis=1), _KNOTS
        )
        wave = (
            rng.uniform(4, 9) * _ALONG * reach + rng.uniform(0, 6.3) + rng.normal(0, 0.4, (each, 1))
        )
        lines += (np.sin(wave) * rng.uniform(0, 0.1) * _ALONG)[..., None] * across
        width = rng.uniform(0.008, 0.026, (each, 1)) * (0.8 + 1.4 * strength) * (1 - 0.8 * _ALONG)
        ribbons.append(outline(lines, width, rounded=False))
    every = np.concatenate(ribbons)
    gloss = 0.85 + 0.35 * np.exp(-(((canvas.y - rng.uniform(-0.6, 0.4)) / 0.4) ** 2))
    shading = np.asarray(gloss * (0.88 + 0.24 * canvas.clouds(24)), np.float32)
    for k, tone in enumerate((0.75, 1.0, 1.2)):
        alpha = canvas.fill(*every[k::3])
        canvas.lay(alpha, colour * tone, shading, shadow=0.25, height=0.05, soft=0.03)


def fringe(canvas: Canvas, strength: float) -> None:
    """A fringe, straight or swept to a side, down to the brows and over the eyes."""
    rng = canvas.rng
    colour = hair_colour(canvas)
    low = -0.75 + 1.15 * strength
    sweep = rng.uniform(-0.7, 0.7) if rng.random() < 0.6 else 0.0
    part = rng.uniform(-0.5, 0.5)
    lean = np.asarray(
        canvas.x - (sweep * 0.6 + 0.25 * (canvas.x - part)) * (canvas.y + 1.2) * 0.5, np.float32
    )
    fine = canvas.streaks(int(rng.integers(50, 90)), 3, lean, canvas.y)
    lean = np.asarray(lean + 0.16 * (canvas.clouds(5) - 0.5), np.float32)
    coarse = canvas.streaks(int(rng.integers(10, 22)), 3, lean, canvas.y)
    ragged = rng.uniform(0.15, 0.6)
    edge = (
        low
        + ragged * (coarse - 0.5)
        + 0.25 * ragged * (fine - 0.5)
        + sweep * 0.35 * canvas.x
        - 0.05 * canvas.x**2
    )
    if rng.random() < 0.4:  # long at the temples
        edge = edge + 1.6 * np.clip(np.abs(canvas.x) - rng.uniform(0.75, 0.95), 0, None) * 3
    soft = rng.uniform(0.02, 0.06)
    alpha = np.clip((edge - canvas.y) / soft, 0, 1) * np.clip(
        0.55 + (edge - canvas.y) * 2.2 + 0.9 * (fine - 0.3), 0, 1
    )
    # Hair grows on a head: it does not hang from the picture's upper edge like a curtain.
    top = np.sqrt(np.clip(1 - np.clip(-0.3 - canvas.y, 0, 1.34) ** 2 / 1.8, 0, 1)) * rng.uniform(
        1.2, 1.45
    )
    alpha = alpha * np.clip((top + 0.2 * (coarse - 0.5) - np.abs(canvas.x)) / 0.08, 0, 1)
    band = rng.uniform(-1.1, -0.3)
    bowed = canvas.y - band + 0.25 * canvas.x**2 + 0.3 * (coarse - 0.5)
    gloss = 0.8 + rng.uniform(0.0, 0.5) * np.exp(-((bowed / 0.25) ** 2))
    shading = gloss * (0.62 + 0.45 * fine + 0.35 * coarse)
    canvas.lay(
        np.asarray(alpha, np.float32),
        colour,
        np.asarray(shading, np.float32),
        shadow=rng.uniform(0.25, 0.5),
        height=0.1,
    )

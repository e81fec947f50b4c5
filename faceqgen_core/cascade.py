"""MTCNN's cascade (Zhang et al. 2016) over one image: pyramid, three networks as graphs, suppression between them.

The networks and their weights are the ``mtcnn`` package's, and so is every step: the same boxes and points come out, but
for rounding. What is done here is to run them without the package's costs: it calls the networks layer by layer, builds
the pyramid in TensorFlow and writes each parametric ReLU as five passes over a map.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float64]
"""Boxes (x1, y1, x2, y2, score) in pixels of the image; those of the last network are followed by five x and five y."""

_FACTOR = 0.709
_CELL, _STRIDE, _SMALLEST_FACE = 12, 2, 20
_SIDES = (24, 48)
# Suppression in one level, in the pyramid, after the second network and after the last.
_OVERLAPS = (0.5, 0.7, 0.7, 0.7)
_CHUNK = 256


@dataclass(frozen=True)
class Thresholds:
    """Least score, in [0, 1), that each of the three networks lets through."""

    proposal: float = 0.6
    refined: float = 0.7
    final: float = 0.9


class Cascade:
    """The three networks of a built ``mtcnn.MTCNN``, on one device; may be run by several threads at once.

    Args:
        package: the package's detector, whose weights are taken.
        device: TensorFlow device, e.g. "CPU:0".
    """

    def __init__(self, package: Any, device: str) -> None:
        import tensorflow as tf

        with tf.device(device):
            propose, *others = (_network(stage.model) for stage in package.stages)
            self._propose = _traced(propose, (1, None, None, 3))
            self._refine, self._finish = (
                _traced(_patch_graph(network, side), (None, None, 3), (None, 4))
                for network, side in zip(others, _SIDES, strict=True)
            )

    def detect_faces(self, image: NDArray[np.float32], *thresholds: Thresholds) -> Rows:
        """Faces by the first of the thresholds that finds any; the image is looked at once for all of them.

        Args:
            image: (H, W, 3) float32 RGB, 0 to 255.
            *thresholds: strictest first.

        Returns:
            (N, 15), N may be 0.
        """
        pixels = (image - np.float32(127.5)) / np.float32(128)
        levels = [
            (scale, self._propose(_level(pixels, scale)[None])[0])
            for scale in _scales(*image.shape[:2])
        ]
        for least in thresholds:
            rows = self._cascade(pixels, levels, least)
            if len(rows):
                return rows
        return np.empty((0, 15))

    def _cascade(
        self,
        pixels: NDArray[np.float32],
        levels: Sequence[tuple[float, NDArray[np.float32]]],
        least: Thresholds,
    ) -> Rows:
        within, across, second, last = _OVERLAPS
        found = [
            _suppressed(_boxes(cells, scale, least.proposal), within) for scale, cells in levels
        ]
        rows = _squared(_suppressed(_by_score(np.concatenate([np.empty((0, 5)), *found])), across))
        if len(rows):
            rows = _adjusted(rows, least.refined, self._run(self._refine, pixels, rows))
            rows = _squared(_suppressed(_by_score(rows), second))
        if len(rows):
            rows = _adjusted(rows, least.final, self._run(self._finish, pixels, rows))
            rows = _suppressed(_by_score(rows), last, smaller=True)
        return rows if rows.shape[1] == 15 else np.empty((0, 15))

    @staticmethod
    def _run(graph: Any, pixels: NDArray[np.float32], rows: Rows) -> NDArray[np.float32]:
        height, width = pixels.shape[:2]
        shares = rows[:, [1, 0, 3, 2]] / (height, width, height, width)
        return np.asarray(graph(pixels, shares.astype(np.float32)))


def _scales(height: int, width: int) -> NDArray[np.float64]:
    """Scales of the pyramid, largest first; none under the 12 pixels that the first network takes."""
    count = round(-(np.log(min(height, width) / _CELL) / np.log(_FACTOR) + 1))
    return np.asarray(_CELL / _SMALLEST_FACE * _FACTOR ** np.arange(count))


def _level(pixels: NDArray[np.float32], scale: float) -> NDArray[np.float32]:
    size = (int(pixels.shape[1] * scale), int(pixels.shape[0] * scale))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.float32)


def _boxes(cells: NDArray[np.float32], scale: float, least: float) -> Rows:
    """The cells of a level, (H', W', 5), that score more than ``least``, moved by their offsets, best first."""
    y, x = np.nonzero(cells[..., 4] > _logit(least))
    found = cells[y, x].astype(np.float64)
    # The package's cells start at pixel 1 and are 11 wide.
    start = np.stack([x, y, x, y], axis=1) * _STRIDE + np.array([1, 1, _CELL, _CELL])
    corners = (start + found[:, :4] * (_CELL - 1)) / scale
    return _by_score(np.concatenate([corners, _score(found[:, 4:])], axis=1))


def _logit(score: float) -> float:
    return float(np.log(score) - np.log1p(-score)) if score > 0 else -np.inf


def _score(logit: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(1 / (1 + np.exp(-logit)))


def _by_score(rows: Rows) -> Rows:
    return rows[np.argsort(rows[:, 4])[::-1]]


def _suppressed(rows: Rows, most: float, *, smaller: bool = False) -> Rows:
    """Drop each row that a better one covers by more than ``most``, be that one dropped itself or not.

    Args:
        rows: best first.
        most: intersection over union, or over the smaller box.
        smaller: over the smaller box.
    """
    kept = np.ones(len(rows), bool)
    x1, y1, x2, y2 = rows[:, :4].T
    area = (x2 - x1) * (y2 - y1)
    # In pieces: a noisy picture has thousands of boxes, and all pairs of them would not fit the caches.
    for start in range(0, len(rows), _CHUNK):
        a, b = slice(start, start + _CHUNK), slice(start, None)
        width = np.minimum(x2[a, None], x2[None, b]) - np.maximum(x1[a, None], x1[None, b])
        height = np.minimum(y2[a, None], y2[None, b]) - np.maximum(y1[a, None], y1[None, b])
        common = np.maximum(0, width) * np.maximum(0, height)
        first, second = area[a, None], area[None, b]
        whole = np.minimum(first, second) if smaller else first + second - common
        with np.errstate(divide="ignore", invalid="ignore"):
            covered = common / whole > most
        kept[b] &= ~np.triu(covered, k=1).any(axis=0)
    return rows[kept]


def _squared(rows: Rows) -> Rows:
    """Widen the shorter side of each box to the longer, about the middle."""
    x1, y1, x2, y2 = rows[:, :4].T
    width, height = x2 - x1, y2 - y1
    side = np.maximum(width, height)
    left, top = x1 + width * 0.5 - side * 0.5, y1 + height * 0.5 - side * 0.5
    return np.stack([left, top, left + side, top + side, rows[:, 4]], axis=1)


def _adjusted(rows: Rows, least: float, said: NDArray[np.float32]) -> Rows:
    """Move the boxes by what a network said of them, give them its scores and points, and keep those over ``least``."""
    kept = said[:, -1] > _logit(least)
    corners, said = rows[kept, :4], said[kept]
    offsets, x, y = said[:, :4], said[:, 4:-6], said[:, 9:-1]
    size = corners[:, 2:] - corners[:, :2] + 1
    points = size[:, :1] * x + corners[:, :1] - 1, size[:, 1:] * y + corners[:, 1:2] - 1
    moved = corners + offsets * np.tile(size, 2)
    return np.concatenate([moved, _score(said[:, -1:].astype(np.float64)), *points], axis=1)


def _traced(graph: Callable[..., Any], *shapes: tuple[int | None, ...]) -> Any:
    """Trace here and not at the first call, so that threads only ever run the graph."""
    import tensorflow as tf

    signature = [tf.TensorSpec(shape, tf.float32) for shape in shapes]
    concrete = tf.function(graph, signature, autograph=False).get_concrete_function()
    return lambda *arrays: concrete(*map(tf.constant, arrays)).numpy()


def _patch_graph(network: Callable[[Any], Any], side: int) -> Callable[[Any, Any], Any]:
    """Image (H, W, 3) and N boxes (y1, x1, y2, x2) in shares of it -> what the network says of each box."""
    import tensorflow as tf

    def graph(pixels: Any, boxes: Any) -> Any:
        first = tf.zeros(tf.shape(boxes)[:1], tf.int32)
        return network(tf.image.crop_and_resize(pixels[None], boxes, first, (side, side)))

    return graph


def _network(model: Any) -> Callable[[Any], Any]:
    """The package's network, rewritten: images -> four offsets, ten points if it has them, the logit of a face."""
    import tensorflow as tf

    weights = {layer.name: layer.get_weights() for layer in model.layers}
    ends = [weights.pop(name) for name in list(weights) if "-" in name]
    trunk = model.layers[: len(weights)]
    # The networks end in several layers on the same map: one layer, once their kernels are joined. Of two classes the
    # difference is enough.
    *numbers, (kernel, bias) = ends
    numbers.append([kernel[..., 1:] - kernel[..., :1], bias[1:] - bias[:1]])
    end = [np.concatenate(arrays, axis=-1) for arrays in zip(*numbers, strict=True)]

    def graph(x: Any) -> Any:
        owed = None
        for layer in trunk:
            if owed is not None and "pool" not in layer.name:
                x, owed = tf.minimum(x, owed * x), None
            if "prelu" in layer.name:
                x, owed = _rectified(x, *weights[layer.name])
            elif weights[layer.name]:
                x = _linear(x, *weights[layer.name])
            else:
                x = layer(x)
        return _linear(x if owed is None else tf.minimum(x, owed * x), *end)

    return graph


def _linear(x: Any, kernel: NDArray[np.float32], bias: NDArray[np.float32]) -> Any:
    import tensorflow as tf

    y = tf.matmul(x, kernel) if kernel.ndim == 2 else tf.nn.conv2d(x, kernel, 1, "VALID")
    return tf.nn.bias_add(y, bias)


def _rectified(x: Any, slopes: NDArray[np.float32]) -> tuple[Any, NDArray[np.float32] | None]:
    """A parametric ReLU in two passes over the map, and the slopes that are still owed, or None.

    Up to a slope of 1 it is the larger of x and slope * x. Over it, it is the smaller; that can wait until a pooling has
    made the map smaller, for it leaves the order of numbers as it is.
    """
    import tensorflow as tf

    gentle, steep = np.minimum(slopes, 1), np.maximum(slopes, 1)
    return tf.maximum(x, gentle * x), steep if (steep > 1).any() else None

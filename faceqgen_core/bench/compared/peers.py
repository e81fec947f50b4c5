"""What the product is compared with: what a user would write, and the networks of others, by their shape."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from faceqgen_core.types import FaceBox, Image

Box = tuple[int, int, int, int]
"""x, y, width, height in pixels."""
LIGHTQNET = "lightqnet-dm100.pb"
"""The file that its authors give."""


class Naive:
    """One image after the other, by the packages' defaults: MTCNN at full size, then the networks' ``predict`` of one face.

    Args:
        networks: generator, discriminator and quality head of the preset; the head is not run.
        size: side of a crop in pixels.
    """

    def __init__(self, networks: Sequence[Any], size: int) -> None:
        self._generator, self._discriminator, *_ = networks
        self._size = size
        self._detector: Any = None

    def crops(self, paths: Sequence[Path]) -> float:
        """Score images that are crops; returns the faces."""
        for path in paths:
            self._score(_read(path))
        return len(paths)

    def photographs(self, paths: Sequence[Path]) -> float:
        """Find and score the faces of photographs; returns the faces."""
        return float(sum(len(self.boxes(path, score=True)) for path in paths))

    def boxes(self, path: Path, *, score: bool = False) -> list[Box]:
        """The boxes that the package finds in one photograph."""
        image = _read(path)
        found = [face["box"] for face in self._package.detect_faces(image)]
        for x, y, width, height in found if score else ():
            face = image[max(0, y) : y + height, max(0, x) : x + width]
            if face.size:
                self._score(face)
        return found

    def faces(self, path: Path) -> list[FaceBox]:
        """The faces that the package finds in one photograph, with landmarks, before it rounds them."""
        found = self._package.detect_faces(_read(path), output_type="numpy")
        faces = []
        for row in np.asarray(found, np.float64).reshape(-1, 16):
            x, y, width, height, confidence = map(float, row[1:6])
            points = np.stack([row[6:11], row[11:16]], axis=1).astype(np.float32)
            faces.append(FaceBox(x, y, width, height, confidence, points))
        return faces

    @property
    def _package(self) -> Any:
        if self._detector is None:
            from mtcnn import MTCNN

            self._detector = MTCNN()
        return self._detector

    def _score(self, face: Image) -> tuple[float, float, float]:
        from skimage.metrics import mean_squared_error, structural_similarity

        size = (self._size, self._size)
        batch = cv2.resize(face, size, interpolation=cv2.INTER_AREA)[None] / np.float32(255)
        logits, *_, similarity, identity = self._discriminator.predict(batch, verbose=0)
        restored = self._generator.predict([batch, similarity, identity], verbose=0)[0][0]
        ssim = structural_similarity(batch[0], restored, channel_axis=-1, data_range=1.0)
        mse = mean_squared_error(batch[0], restored)
        return float(ssim), float(mse), float((1 / (1 + np.exp(-logits))).mean())


def faceqnet_shape(batch_size: int) -> Callable[[Sequence[Path]], float]:
    """FaceQnet's network by its shape: ResNet-50 at 224 pixels with one number out, random weights."""
    import keras

    network = keras.applications.ResNet50(
        weights=None, include_top=False, input_shape=(224, 224, 3), pooling="avg"
    )
    network = keras.Sequential([network, keras.layers.Dense(1)])

    return _predicting(network, 224, batch_size, lambda batch: batch[..., ::-1])


IRESNET = {50: (3, 4, 14, 3), 100: (3, 13, 30, 3)}
"""Blocks of each of the four levels, by what the network is called."""


def iresnet_shape(layers: int) -> Callable[[Sequence[Path]], float]:
    """A recogniser's body with one number out, by its shape: IResNet at 112 pixels, 32 at once, random weights.

    With 50 layers what OFIQ's unified score (MagFace), CR-FIQA (S) and eDifFIQA (M) run, with 100 CR-FIQA (L) and eDifFIQA (L).

    Args:
        layers: 50 or 100.
    """
    return _predicting(iresnet(layers), 112, 32, lambda batch: batch / np.float32(127.5) - 1)


def iresnet(layers: int) -> Any:
    """ArcFace's body: BN, convolution, BN, PReLU, convolution, BN, half the side at each level, and one number out.

    Deng et al., CVPR 2019, arXiv:1801.07698, section 3.1; the levels as in InsightFace's IResNet.
    """
    import keras
    from keras import layers as of

    def convolution(x: Any, channels: int, side: int = 3, stride: int = 1) -> Any:
        x = of.Conv2D(channels, side, strides=stride, padding="same", use_bias=False)(x)
        return of.BatchNormalization()(x)

    image = keras.Input((112, 112, 3))
    x = of.PReLU(shared_axes=[1, 2])(convolution(image, 64))
    for level, blocks in enumerate(IRESNET[layers]):
        channels = 64 * 2**level
        for block in range(blocks):
            stride = 1 if block else 2
            inner = convolution(of.BatchNormalization()(x), channels)
            inner = convolution(of.PReLU(shared_axes=[1, 2])(inner), channels, stride=stride)
            x = of.Add()([x if block else convolution(x, channels, 1, stride), inner])
    code = of.Dense(512)(of.Flatten()(of.BatchNormalization()(x)))
    return keras.Model(image, of.Dense(1)(of.BatchNormalization()(code)))


def serfiq_shape(passes: int = 100) -> Callable[[Sequence[Path]], float]:
    """SER-FIQ's work by its shape: ResNet-50 at 112 pixels once, its last layers ``passes`` times under drop-out."""
    import keras
    import tensorflow as tf

    body = keras.applications.ResNet50(
        weights=None, include_top=False, input_shape=(112, 112, 3), pooling=None
    )
    last = keras.Sequential(
        [
            keras.Input((*body.output_shape[1:],)),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(512),
        ]
    )

    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
    def spread(image: Any) -> Any:
        repeated = tf.repeat(body(image, training=False), passes, axis=0)
        codes = tf.math.l2_normalize(last(repeated, training=True), axis=1)
        return tf.reduce_mean(tf.matmul(codes, codes, transpose_b=True))

    def work(paths: Sequence[Path]) -> float:
        for path in paths:
            spread(tf.constant(_batch([path], 112))).numpy()
        return len(paths)

    return work


def find_lightqnet(file: Path | None = None) -> Path:
    """LightQNet's file: the one that is named, else where other people's weights lie.

    Raises:
        ValueError: it is not there.
    """
    home = os.environ.get("FACEQGEN_HOME") or Path.home() / ".faceqgen"
    folders = [os.environ.get("FACEQGEN_WEIGHTS") or home, home]
    candidates = [file] if file is not None else [Path(folder) / LIGHTQNET for folder in folders]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise ValueError(
        f"LightQNet's {LIGHTQNET} is not at {candidates[0]}: give --lightqnet FILE, or name the folder in FACEQGEN_WEIGHTS"
    )


def lightqnet(file: Path) -> Callable[[Sequence[Path]], float]:
    """LightQNet, from its file, one face at a time.

    Raises:
        ValueError: the file cannot be read.
    """
    try:
        network = cv2.dnn.readNetFromTensorflow(str(file))
    except cv2.error as error:
        raise ValueError(f"{file}: not a TensorFlow graph that OpenCV reads") from error

    def work(paths: Sequence[Path]) -> float:
        for path in paths:
            batch = (_batch([path], 96) - np.float32(128)) / np.float32(128)
            network.setInput(np.ascontiguousarray(batch.transpose(0, 3, 1, 2)))
            network.forward()
        return len(paths)

    return work


def _predicting(
    network: Any,
    side: int,
    batch_size: int,
    prepared: Callable[[NDArray[np.float32]], NDArray[np.float32]],
) -> Callable[[Sequence[Path]], float]:
    """What reads crops from files, brings them to ``side`` pixels and runs a Keras network over ``batch_size`` at once."""

    def work(paths: Sequence[Path]) -> float:
        for start in range(0, len(paths), batch_size):
            batch = _batch(paths[start : start + batch_size], side)
            network.predict(prepared(batch), batch_size=batch_size, verbose=0)
        return len(paths)

    return work


def _batch(paths: Sequence[Path], side: int) -> NDArray[np.float32]:
    images = [cv2.resize(_read(path), (side, side)) for path in paths]
    return np.stack(images).astype(np.float32)


def _read(path: Path) -> Image:
    image = cv2.imread(str(path))
    if image is None:
        raise ValueError(f"{path}: not an image")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)

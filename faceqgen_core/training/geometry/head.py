"""A head that can be turned: one frontal picture in, the same person in another pose and light out.

Three layers, back to front: background, back of the head, and the sheet of face, hair, neck and shoulders. Each pixel is
looked up in the picture once, so that nothing is blurred twice; a depth buffer decides what is hidden.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from faceqgen_core.alignment import CropProtocol, fit_similarity
from faceqgen_core.reasons.pose import HeadPose
from faceqgen_core.training.geometry.backdrop import (
    even_colour,
    own_background,
    person_colours,
    person_share,
    to_image,
)
from faceqgen_core.training.geometry.filling import continue_outwards
from faceqgen_core.training.geometry.light import Light, apply_shading, shading
from faceqgen_core.training.geometry.mean_mesh import five_points, mean_mesh
from faceqgen_core.training.geometry.mesh_pose import rotation
from faceqgen_core.training.geometry.raster import (
    gradients,
    interpolate,
    look_up,
    nearest,
    pixel_grid,
)
from faceqgen_core.training.geometry.shell import build_shell
from faceqgen_core.types import Image

DEPTH = 1.2
"""Factor of the mesh's depth. The network draws faces too flat: laid onto faces turned by 20 degrees and more, whose depth
shows, its mean mesh fits best when it is deepened by a fifth."""
_JUMP = 0.1  # in eye distances: neighbours in the picture from places farther apart are an edge


@dataclass(frozen=True, eq=False)
class TurnedHead:
    """A picture of a head in another pose, aligned anew.

    Attributes:
        image: (S, S, 3) uint8 RGB.
        points: (468, 3) float32, the mesh in pixels of the image, z away from the camera.
        five: (5, 2) float64, the crop protocol's points.
        mask: (S, S) float32, the person's share of each pixel.
        source: (S, S, 2) float32, x and y in the crop of what each pixel shows; NaN where it shows nothing of it.
        stretch: (S, S) float32 in [0, 1], how well the crop showed what each pixel shows: area there per area here, 1 for
            as well or better, 0 for not at all.
        seen: (S, S) float32 in pixels of the crop, 1 where what it shows is seen in the image; None if not asked for.
        matrix: (2, 3) the similarity that aligned the turned head anew.
    """

    image: Image
    points: NDArray[np.float32]
    five: NDArray[np.float64]
    mask: NDArray[np.float32]
    source: NDArray[np.float32]
    stretch: NDArray[np.float32]
    seen: NDArray[np.float32] | None
    matrix: NDArray[np.float64]


class Head:
    """A frontal face made ready to be turned.

    Args:
        crop: (S, S, 3) uint8 RGB, aligned by the protocol.
        points: (468, 3) its mesh, as ``MeshReader`` gives it.
        mask: (S, S) its person mask, uint8 0..255 or float in [0, 1].
        background: what stands behind: None for an even one of the background's own colour, three numbers 0..255 for an
            even one of that colour, "own" for the crop's own, filled behind the person, or an image (S, S, 3) uint8.
        depth: factor of the mesh's depth.
        protocol: how the crop was cut; the default protocol of its size for None.

    Raises:
        ValueError: something has another shape or range.
    """

    def __init__(
        self,
        crop: Image,
        points: NDArray[Any],
        mask: NDArray[Any],
        *,
        background: Image | Sequence[float] | str | None = None,
        depth: float = DEPTH,
        protocol: CropProtocol | None = None,
    ) -> None:
        size = crop.shape[0]
        self._protocol = protocol or CropProtocol(size=size)
        if crop.shape != (self._protocol.size,) * 2 + (3,) or crop.dtype != np.uint8:
            raise ValueError(
                f"expected a crop of side {self._protocol.size}, uint8 RGB, got {crop.shape} of {crop.dtype}"
            )
        if np.shape(points) != mean_mesh().points.shape or not np.isfinite(points).all():
            raise ValueError(f"a mesh is (468, 3) finite numbers, got shape {np.shape(points)}")
        if np.shape(mask) != crop.shape[:2]:
            raise ValueError(f"the mask must be of the crop's size, got {np.shape(mask)}")
        self._size = size
        self._crop = crop
        mesh = np.array(points, np.float64) * [1, 1, depth]
        outline = mesh[mean_mesh().outline, :2]
        self.share = person_share(mask, outline.mean(axis=0).tolist())
        self._colours = person_colours(crop, self.share)
        self._shell = build_shell(mesh, self.share)
        self._margin = size // 4
        pad = self._margin
        self._wide = np.dstack(
            [
                continue_outwards(self._colours, self._margin),
                cv2.copyMakeBorder(self.share, pad, pad, pad, pad, cv2.BORDER_REPLICATE),
            ]
        )
        # Turning by 0 shall be the crop as it is, wherever mesh and detector disagree a little about the five points.
        self._own = self._alignment(five_points(mesh))
        self.set_background(background)

    def set_background(self, background: Image | Sequence[float] | str | None = None) -> None:
        """Set another background, as in the constructor.

        Raises:
            ValueError: it is no background.
        """
        if isinstance(background, str):
            if background != "own":
                raise ValueError(
                    f"a background is None, a colour, an image or 'own', got {background!r}"
                )
            self._background = own_background(self._crop, self.share)
        elif isinstance(background, np.ndarray):
            if background.shape != self._crop.shape:
                raise ValueError(
                    f"the background must be of the crop's size, got {background.shape}"
                )
            self._background = background.astype(np.float32)
        else:
            self._background = even_colour(self._crop, self.share, background)

    def front(self) -> Image:
        """The head as it is before the background, (S, S, 3) uint8 RGB."""
        share = self.share[..., None]
        return to_image(self._background + share * (self._colours - self._background))

    def turn(
        self,
        *,
        yaw: float = 0.0,
        pitch: float = 0.0,
        roll: float = 0.0,
        light: Light | None = None,
        seen: bool = False,
        realign: bool = True,
    ) -> TurnedHead:
        """Turn the head; angles in degrees, relative to the picture's own pose, signs as in ``HeadPose``.

        Args:
            yaw: positive turns the nose to the right of the picture; plausible to about 60.
            pitch: positive nods; plausible to about 25.
            roll: positive tilts clockwise; aligned anew, it is the shoulders that tilt.
            light: lights the person anew after turning.
            seen: also tell which pixels of the crop are still seen.
            realign: align the turned head by its five points, as the product does with what a detector finds.
        """
        size, shell = self._size, self._shell
        turn = rotation(HeadPose(yaw, pitch, roll))
        away = (shell.vertices - shell.pivot) @ (turn - np.eye(3)).T
        vertices = shell.vertices + shell.follow[:, None] * away
        matrix = np.array([[1.0, 0, 0], [0, 1.0, 0]])
        if realign:
            back = np.linalg.inv(self._own)
            matrix = (back @ self._alignment(five_points(vertices[:468])))[:2]
        scale = float(np.sqrt(np.linalg.det(matrix[:, :2])))
        vertices = np.column_stack(
            [vertices[:, :2] @ matrix[:, :2].T + matrix[:, 2], vertices[:, 2] * scale]
        )
        flat = vertices[:, :2]
        index, buffer = nearest(flat, vertices[:, 2], shell.sheet, size)
        slopes = gradients(flat, shell.sheet, shell.texture)
        source = interpolate(slopes, index, size)
        hit = index >= 0
        # Above and beside the frame there is nothing of the person but hair.
        outside = (np.minimum(*source.T) < -0.5) | (source[:, 0] > size - 0.5)
        hit &= ~outside | shell.solid[index]
        source[~hit] = -4.0 * size
        source = source.reshape(size, size, 2)
        layer = self._look_up(source)
        person, share = layer[..., :3], layer[..., 3] * hit.reshape(size, size)
        behind = self._turned_back(vertices)
        if light is not None:
            casting = shell.sheet[shell.solid]
            nose = int(mean_mesh().five[2, 0])
            unit = shell.unit * scale
            shade = shading(
                vertices, shell.sheet, casting, index, light, size=size, unit=unit, nose=nose
            )
            person = apply_shading(person, shade)
        image = self._background
        if realign:
            image = np.asarray(
                cv2.warpAffine(image, matrix, (size, size), borderMode=cv2.BORDER_REFLECT_101),
                np.float32,
            )
        mask = share
        if behind is not None:
            colours, hidden = behind
            if light is not None:
                dim = light.factor(np.full((size, size), 0.2, np.float32))
                colours = apply_shading(colours, dim)
            image = image + hidden[..., None] * (colours - image)
            mask = 1 - (1 - share) * (1 - hidden)
        image = image + share[..., None] * (person - image)
        image, mask = self._soften_edges(image, source, share, mask)
        chosen = slopes[np.maximum(index, 0)]
        area = chosen[:, 0, 0] * chosen[:, 1, 1] - chosen[:, 0, 1] * chosen[:, 1, 0]
        stretch = np.clip(np.abs(area) * scale**2, 0, 1).reshape(size, size) * share
        return TurnedHead(
            image=to_image(image),
            points=vertices[:468].astype(np.float32),
            five=five_points(vertices[:468]),
            mask=mask.astype(np.float32),
            source=np.where(share[..., None] > 0.02, source, np.float32(np.nan)),
            stretch=stretch.astype(np.float32),
            seen=self._seen(vertices, buffer) if seen else None,
            matrix=matrix,
        )

    def _alignment(self, five: NDArray[np.float64]) -> NDArray[np.float64]:
        """(3, 3) similarity of five points onto the template."""
        return np.vstack([fit_similarity(five, self._protocol.template), [0, 0, 1]])

    def _look_up(self, source: NDArray[np.float32]) -> NDArray[np.float32]:
        """Colours and share (S, S, 4) at positions (S, S, 2) of the crop."""
        return look_up(self._wide, source + np.float32(self._margin))

    def _turned_back(
        self, vertices: NDArray[np.float64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
        """Colours (S, S, 3) of the back of the head and where it is (S, S); None if nowhere."""
        size, shell = self._size, self._shell
        index, _ = nearest(vertices[:, :2], vertices[:, 2], shell.back, size)
        hit = index >= 0
        if not hit.any():
            return None
        slopes = gradients(vertices[:, :2], shell.back, shell.texture)
        source = interpolate(slopes, index, size).reshape(size, size, 2)
        return self._look_up(source)[..., :3], hit.reshape(size, size).astype(np.float32)

    def _soften_edges(
        self,
        image: NDArray[np.float32],
        source: NDArray[np.float32],
        share: NDArray[np.float32],
        mask: NDArray[np.float32],
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Picture and mask, blurred a little where one part ends before another: pixels have no half there."""
        size = self._size
        jump = np.zeros((size, size), np.uint8)
        for one, other in ((np.s_[:-1], np.s_[1:]), (np.s_[:, :-1], np.s_[:, 1:])):
            across, down = (np.abs(source[one] - source[other])[..., k] for k in (0, 1))
            apart = np.maximum(across, down) > _JUMP * self._shell.unit
            apart &= np.minimum(share[one], share[other]) > 0.1
            jump[other] |= apart | (np.abs(mask[one] - mask[other]) > 0.6)
        if not jump.any():
            return image, mask
        both = cv2.dilate(jump, np.ones((2, 2), np.uint8), anchor=(1, 1)).astype(np.float32)
        near = np.minimum(1.3 * np.asarray(cv2.GaussianBlur(both, (0, 0), 0.6)), 1)
        together = np.dstack([image, mask]).astype(np.float32)
        soft = np.asarray(cv2.GaussianBlur(together, (0, 0), 0.8))
        together = together + near[..., None] * (soft - together)
        return together[..., :3], together[..., 3]

    @cached_property
    def _places(self) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """Triangle that each pixel of the crop shows (S * S,), and its place in it (S * S, 3)."""
        size, shell = self._size, self._shell
        flat = shell.vertices[:, :2]
        index, _ = nearest(flat, shell.vertices[:, 2], shell.sheet, size)
        corners = flat[shell.sheet[np.maximum(index, 0)]]
        first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
        here = pixel_grid(size) - corners[:, 0]
        area = first[:, 0] * second[:, 1] - second[:, 0] * first[:, 1]
        area = np.where(np.abs(area) < 1e-6, 1.0, area)
        one = (here[:, 0] * second[:, 1] - second[:, 0] * here[:, 1]) / area
        two = (first[:, 0] * here[:, 1] - here[:, 0] * first[:, 1]) / area
        return index, np.stack([1 - one - two, one, two], axis=1)

    def _seen(
        self, vertices: NDArray[np.float64], buffer: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Which pixels of the crop are seen in a picture with this depth buffer, (S, S) float32."""
        size, shell = self._size, self._shell
        index, place = self._places
        now = (vertices[shell.sheet[np.maximum(index, 0)]] * place[..., None]).sum(axis=1)
        column, line = np.rint(now[:, 0]).astype(int), np.rint(now[:, 1]).astype(int)
        inside = (index >= 0) & (np.minimum(column, line) >= 0) & (np.maximum(column, line) < size)
        first = buffer[np.where(inside, line * size + column, 0)]
        free = inside & (now[:, 2] <= first + 0.06 * shell.unit)
        soft = cv2.GaussianBlur(free.astype(np.float32).reshape(size, size), (0, 0), 0.8)
        return np.asarray(soft, np.float32) * self.share

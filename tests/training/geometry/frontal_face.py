"""A frontal face whose mesh is known without a network: the astronaut's crop under the mean mesh, and a drawn mask."""

from functools import lru_cache

import numpy as np

from faceqgen_core.alignment import CropProtocol, align, fit_similarity
from faceqgen_core.training.data.background import head_mask
from faceqgen_core.training.geometry.head import Head
from faceqgen_core.training.geometry.mean_mesh import five_points, mean_mesh
from tests.images import astronaut, astronaut_face

PROTOCOL = CropProtocol()
SIZE = PROTOCOL.size


def crop():
    return align(astronaut(), astronaut_face(), PROTOCOL).image


def mesh():
    """(468, 3) the mean mesh laid onto the template by its five points."""
    points = mean_mesh().points
    matrix = fit_similarity(five_points(points), PROTOCOL.template)
    scale = np.sqrt(np.linalg.det(matrix[:, :2]))
    return np.column_stack([points[:, :2] @ matrix[:, :2].T + matrix[:, 2], points[:, 2] * scale])


def mask():
    return head_mask(PROTOCOL)


@lru_cache(maxsize=1)
def head():
    return Head(crop(), mesh(), mask())


def face_area():
    """(S, S) bool: well within the outline of the mesh."""
    import cv2

    outline = mesh()[mean_mesh().outline, :2]
    area = np.zeros((SIZE, SIZE), np.uint8)
    cv2.fillPoly(area, [np.rint(outline).astype(np.int32)], 1)
    return cv2.erode(area, np.ones((9, 9), np.uint8)) > 0

"""The mean mesh: a symmetric face whose five points are the crop protocol's."""

import numpy as np
import scipy.spatial

from faceqgen_core.alignment import CropProtocol, fit_similarity
from faceqgen_core.training.geometry.mean_mesh import five_points, mean_mesh


def test_five_points_of_the_mean_mesh_lie_on_the_template():
    template = CropProtocol().template
    five = five_points(mean_mesh().points)
    matrix = fit_similarity(five, template)
    assert np.abs(five @ matrix[:, :2].T + matrix[:, 2] - template).max() < 3  # pixels of 128
    assert abs(matrix[0, 1]) < 0.02 * matrix[0, 0]  # upright


def test_mean_mesh_is_symmetric_and_its_nose_comes_first():
    mesh = mean_mesh()
    assert (mesh.mirror[mesh.mirror] == np.arange(468)).all()
    middle = mesh.points[:, 0].mean()
    mirrored = mesh.points[mesh.mirror] * [-1, 1, 1] + [2 * middle, 0, 0]
    assert np.abs(mirrored - mesh.points).max() < 1e-4
    assert mesh.points[mesh.five[2], 2].mean() < np.quantile(mesh.points[:, 2], 0.05)
    np.testing.assert_array_equal(np.sort(mesh.mirror[mesh.five[0]]), np.sort(mesh.five[1]))
    np.testing.assert_array_equal(np.sort(mesh.mirror[mesh.five[3]]), np.sort(mesh.five[4]))


def test_triangles_are_those_of_delaunay_and_one_way_round():
    mesh = mean_mesh()
    theirs = scipy.spatial.Delaunay(mesh.points[:, :2])
    same = {frozenset(t) for t in theirs.simplices.tolist()} & {
        frozenset(t) for t in mesh.triangles.tolist()
    }
    assert len(same) > 0.97 * len(mesh.triangles)  # stored in single precision
    a, b, c = (mesh.points[mesh.triangles[:, k], :2] for k in range(3))
    area = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
    assert (np.sign(area) == np.sign(area[0])).all()
    hull = scipy.spatial.ConvexHull(mesh.points[:, :2])
    assert set(hull.vertices) <= set(mesh.outline)
    assert np.isclose(np.abs(area).sum() / 2, hull.volume, rtol=1e-3)

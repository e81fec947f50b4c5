"""The depth buffer, beside a slow one, OpenCV's polygons and matplotlib's interpolation."""

import cv2
import matplotlib.tri
import numpy as np

from faceqgen_core.training.geometry.raster import FAR, gradients, interpolate, nearest

SIZE = 48


def slow(points, depth, triangles):
    """Every triangle at every pixel."""
    index, buffer = np.full((SIZE, SIZE), -1), np.full((SIZE, SIZE), np.inf)
    for t, (a, b, c) in enumerate(triangles):
        matrix = np.stack([points[b] - points[a], points[c] - points[a]], axis=1)
        for y in range(SIZE):
            for x in range(SIZE):
                u, v = np.linalg.solve(matrix, np.array([x, y]) - points[a])
                if u >= 0 and v >= 0 and u + v <= 1:
                    z = depth[a] + u * (depth[b] - depth[a]) + v * (depth[c] - depth[a])
                    if z < buffer[y, x]:
                        index[y, x], buffer[y, x] = t, z
    return index, buffer


def test_the_nearest_triangle_is_found():
    rng = np.random.default_rng(3)
    points = rng.uniform(-10, SIZE + 10, (12, 2))
    depth = rng.uniform(0, 50, 12)
    triangles = np.array([[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11], [0, 5, 9]])
    index, buffer = nearest(points, depth, triangles, SIZE)
    theirs, far = slow(points, depth, triangles)
    index, buffer = index.reshape(SIZE, SIZE), buffer.reshape(SIZE, SIZE)
    assert (index == theirs).mean() > 0.999
    both = (index == theirs) & (index >= 0)
    assert both.sum() > 500
    np.testing.assert_allclose(buffer[both], far[both], atol=1e-3)
    assert (buffer[index < 0] == FAR).all()


def test_a_woven_surface_has_no_cracks():
    x, y = np.meshgrid(np.linspace(2, 45, 14), np.linspace(3, 44, 11))
    rng = np.random.default_rng(0)
    points = np.stack([x.ravel(), y.ravel()], axis=1) + rng.uniform(-1, 1, (x.size, 2))
    triangulation = matplotlib.tri.Triangulation(*points.T)
    index, _ = nearest(points, np.zeros(len(points)), triangulation.triangles.astype(int), SIZE)
    hull = cv2.convexHull(points.astype(np.float32))
    inside = [
        cv2.pointPolygonTest(hull, (float(i % SIZE), float(i // SIZE)), True)
        for i in range(SIZE**2)
    ]
    assert (index[np.array(inside) > 0.01] >= 0).all()
    assert (index[np.array(inside) < -0.01] < 0).all()


def test_values_are_interpolated_as_matplotlib_does():
    rng = np.random.default_rng(1)
    points, values = rng.uniform(0, SIZE - 1, (30, 2)), rng.normal(size=(30, 2))
    triangulation = matplotlib.tri.Triangulation(*points.T)
    triangles = triangulation.triangles.astype(int)
    index, _ = nearest(points, np.zeros(30), triangles, SIZE)
    ours = interpolate(gradients(points, triangles, values), index, SIZE)
    y, x = np.divmod(np.arange(SIZE**2), SIZE)
    for channel in range(2):
        theirs = matplotlib.tri.LinearTriInterpolator(triangulation, values[:, channel])(x, y)
        known = ~np.ma.getmaskarray(theirs) & (index >= 0)
        assert known.sum() > 1000
        np.testing.assert_allclose(ours[known, channel], theirs[known], atol=1e-3)


def test_triangles_without_area_or_out_of_sight_draw_nothing():
    points = np.array([[5, 5], [20, 20], [35, 35], [-30, -30], [-5, -20], [-20, -5.0]])
    index, buffer = nearest(points, np.zeros(6), np.array([[0, 1, 2], [3, 4, 5]]), SIZE)
    assert (index == -1).all() and (buffer == FAR).all()

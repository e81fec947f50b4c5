"""Single arrays out of an HDF5 file that may be anybody's."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceqgen_core.preset_checks import shown


def follow(group: Any, path: str) -> Any:
    """What lies at a path below a group; links to elsewhere, other files above all, are not followed.

    Raises:
        ValueError: nothing lies there, or a link.
    """
    import h5py

    for name in path.strip("/").split("/"):
        link = group.get(name, getlink=True) if isinstance(group, h5py.Group) else None
        if link is None:
            raise ValueError(f"its weights lack {shown(path)}")
        if not isinstance(link, h5py.HardLink):
            raise ValueError(f"{shown(path)} is a link")
        group = group[name]
    return group


def read_array(group: Any, path: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Read one array whose shape is known, so that no header decides how much memory is taken.

    Raises:
        ValueError: another shape, no numbers, values that are not finite, or data that lies in another file.
    """
    import h5py

    item = follow(group, path)
    if not isinstance(item, h5py.Dataset) or item.external or item.is_virtual:
        raise ValueError(f"the data of {shown(path)} does not lie in the file")
    if item.dtype.kind != "f":
        raise ValueError(f"{shown(path)} holds no floating-point numbers")
    if tuple(item.shape or ()) != shape:
        raise ValueError(f"{shown(path)} has the shape {item.shape}, the network needs {shape}")
    values = np.asarray(item[()], np.float32)
    if not np.isfinite(values).all():
        raise ValueError(f"{shown(path)} holds NaN or infinite numbers")
    return values

"""What is done with a view that was found: saved under a name that is free, its samples tagged."""

from __future__ import annotations

from typing import Any

import fiftyone.core.patches as fop


def require_free_view(dataset: Any, view_name: str | None) -> None:
    """Check that no saved view has the name; None and "" are no name.

    Raises:
        ValueError: one has.
    """
    if view_name and dataset is not None and dataset.has_saved_view(view_name):
        raise ValueError(
            f"there is a saved view {view_name!r}: choose another name, or delete it first"
        )


def keep_view(view: Any, *, view_name: str | None, tag: str | None) -> None:
    """Save a view and tag its samples, where a name and a tag are given.

    Raises:
        ValueError: there is a saved view of that name.
    """
    dataset = view._root_dataset
    require_free_view(dataset, view_name)
    if view_name:
        dataset.save_view(view_name, view)
    if tag and isinstance(view, fop.PatchesView):
        view.tag_labels(tag)  # the samples of patches go with their view, and their tags with them
    elif tag:
        view.tag_samples(tag)

"""Families of covers and of degradations that are kept for validation alone.

A generator that has seen a family in training may know that family's drawing and nothing else. These are drawn for no
training pair and no label, so that held-back subjects under them tell how well it does on what it has not seen.
"""

HELD_BACK = frozenset({"goggles", "cup", "food", "dapple", "interlacing", "fog"})
"""Names in ``faceqgen_core.covers.FAMILIES`` and ``faceqgen_core.training.data.wild.FAMILIES``; about one in five of them."""

"""What the restoration did to a face, from the names that are stored with it to a sentence."""

from __future__ import annotations

from collections.abc import Sequence

_OTHERS = {
    "lit": "lit {face} anew",
    "sharpened": "sharpened {face}",
    "background_evened": "evened the background",
}


def changes_in_words(changes: Sequence[str] | None) -> str:
    """Say what was changed, in one sentence; "" if that is not known.

    Args:
        changes: as stored with a face: ``face_drawn`` or ``<part>_drawn``, ``turned_<degrees>``, ``lit``, ``sharpened``,
            ``background_evened``; a name that this version does not know is said as it is. None: not stored.
    """
    if changes is None:
        return ""
    if not changes:
        return "The restoration left the face as it was."
    parts = [name.removesuffix("_drawn") for name in changes if name.endswith("_drawn")]
    said = [f"drew {_joined([f'the {part}' for part in parts])} anew"] if parts else []
    face = "it" if parts == ["face"] else "the face"
    for name in changes:
        if name.endswith("_drawn"):
            continue
        kind, _, degrees = name.rpartition("_")
        if kind == "turned" and degrees.isdigit():
            said.append(f"turned the head by about {degrees} degrees")
            continue
        words = _OTHERS.get(name, name.replace("_", " "))
        said.append(words.format(face=face))
        if words != said[-1]:
            face = "it"
    return f"The restoration {_joined(said)}."


def _joined(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"

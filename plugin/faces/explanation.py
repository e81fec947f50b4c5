"""A plain sentence on what drove the score of a face."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..dataset.statuses import STATUSES
from .changes import changes_in_words

STANDS_OUT = 25.0
"""A measure that is better than that of no more than this percentage of the faces is named."""

_OF_MEASURES = {
    "ssim": "the restoration had to change its structure more than that of {percent:.0f} % of the others",
    "mse": "the restoration had to change its colours and brightness more than those of {percent:.0f} % of the others",
    "discriminator": "it looks less like a good original than {percent:.0f} % of the others",
}


def explain(
    *,
    status: str | None,
    reason: str | None = None,
    quality: float | None = None,
    better_than: Mapping[str, float],
    reasons: Sequence[str] = (),
    changed: str | None = None,
    changes: Sequence[str] | None = None,
) -> str:
    """Say in words why a face has its score, or none.

    Args:
        status: its status, None if it was not looked at yet.
        reason: why there is no score.
        quality: 0 to 100.
        better_than: by measure, the percentage of faces that are worse, 0 to 100.
        reasons: what most likely lowers the quality, the likeliest first.
        changed: area that the restoration changed most.
        changes: what the restoration did, as stored with the face; None: not stored, by an earlier run.
    """
    if status is None:
        return "This sample is not scored yet."
    if status != "scored" or quality is None:
        why = f": {reason}" if reason else ""
        return f"There is no score ({STATUSES.get(status, status).lower()}){why}."
    place = better_than.get("quality")
    text = [f"Quality {quality:.1f}" + (_place(place) if place is not None else "") + "."]
    if reasons:
        words = [name.replace("_", " ") for name in reasons]
        text.append(
            f"Most likely {'lowered' if len(words) == 1 else 'lowered, in this order,'} by "
        )
        text[-1] += ", ".join(words) + "."
    else:
        text.append(_from_measures(better_than))
    if changes is not None:
        text.append(changes_in_words(changes))
    elif changed:
        text.append(f"The restoration changed most around {changed}.")
    return " ".join(text)


def _place(percent: float) -> str:
    if percent < 0.5:
        return ", the worst of the scored faces here"
    if percent < 50:
        return f", worse than {100 - percent:.0f} % of the scored faces here"
    return f", better than {percent:.0f} % of the scored faces here"


def _from_measures(better_than: Mapping[str, float]) -> str:
    found = sorted(
        (better_than[name], text) for name, text in _OF_MEASURES.items() if name in better_than
    )
    worst = [text.format(percent=100 - percent) for percent, text in found if percent <= STANDS_OUT]
    if not worst:
        return "None of the native measures stands out."
    return f"What stands out: {', and '.join(worst[:2])}."

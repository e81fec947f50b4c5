"""A plain sentence on what drove the score of a face."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..dataset.statuses import STATUSES

STANDS_OUT = 25.0
"""A measure that is better than no more than this share of the faces, in percent, is named."""

_OF_MEASURES = {
    "ssim": "the restoration had to change its structure more than that of {share:.0f} % of the others",
    "mse": "the restoration had to change its colours and brightness more than those of {share:.0f} % of the others",
    "discriminator": "it looks less like a good original than {share:.0f} % of the others",
}


def explain(
    *,
    status: str | None,
    reason: str | None = None,
    quality: float | None = None,
    shares: Mapping[str, float],
    reasons: Sequence[str] = (),
    changed: str | None = None,
) -> str:
    """Say in words why a face has its score, or none.

    Args:
        status: its status, None if it was not looked at yet.
        reason: why there is no score.
        quality: 0 to 100.
        shares: by measure, the share of faces that are worse, 0 to 100.
        reasons: what most likely lowers the quality, the likeliest first.
        changed: area that the restoration changed most.
    """
    if status is None:
        return "This sample is not scored yet."
    if status != "scored" or quality is None:
        why = f": {reason}" if reason else ""
        return f"There is no score ({STATUSES.get(status, status).lower()}){why}."
    place = shares.get("quality")
    text = [f"Quality {quality:.1f}" + (_place(place) if place is not None else "") + "."]
    if reasons:
        words = [name.replace("_", " ") for name in reasons]
        text.append(
            f"Most likely {'lowered' if len(words) == 1 else 'lowered, in this order,'} by "
        )
        text[-1] += ", ".join(words) + "."
    else:
        text.append(_from_measures(shares))
    if changed:
        text.append(f"The restoration changed most around {changed}.")
    return " ".join(text)


def _place(share: float) -> str:
    if share < 0.5:
        return ", the worst of the scored faces here"
    if share < 50:
        return f", worse than {100 - share:.0f} % of the scored faces here"
    return f", better than {share:.0f} % of the scored faces here"


def _from_measures(shares: Mapping[str, float]) -> str:
    found = sorted((shares[name], text) for name, text in _OF_MEASURES.items() if name in shares)
    worst = [text.format(share=100 - share) for share, text in found if share <= STANDS_OUT]
    if not worst:
        return "None of the native measures stands out."
    return f"What stands out: {', and '.join(worst[:2])}."

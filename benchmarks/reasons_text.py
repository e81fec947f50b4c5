"""The words and tables of docs/reasons.md, written by ``benchmarks/reasons.py``."""

from __future__ import annotations

from dataclasses import dataclass

from faceqgen_core.reasons import MOST, REASONS, needed_strength


@dataclass(frozen=True)
class Row:
    """One family: faces, share with the right reason first by statistics alone and with the network's names, and the rest."""

    family: str
    where: str
    wanted: str
    faces: int
    statistics: float
    named: float
    quality: float
    others: str


def table(rows: list[Row]) -> str:
    """Markdown."""
    lines = [
        "| degraded | family | right reason | faces | first, statistics alone | first, with names | median quality | else first |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for r in rows:
        lines.append(
            f"| {r.where} | {r.family} | {r.wanted or 'none'} | {r.faces} | {r.statistics:.0%} | {r.named:.0%} "
            f"| {r.quality:.0f} | {r.others} |"
        )
    return "\n".join(lines)


def definitions() -> str:
    """Markdown table of the reasons."""
    lines = [
        "| reason | what is wrong | ISO/IEC 29794-5 component | statistic: clear, strong |",
        "|---|---|---|---|",
    ]
    for reason in REASONS.values():
        scales = "; ".join(f"{s.statistic}: {s.clear:g}, {s.strong:g}" for s in reason.scales)
        lines.append(
            f"| `{reason.name}` | {reason.meaning} | {reason.component or 'none'} | {scales} |"
        )
    return "\n".join(lines)


def document(tables: dict[str, list[Row]], preset: str, milliseconds: float) -> str:
    """The whole page."""
    needed = ", ".join(f"{needed_strength(q):.2g} at {q}" for q in (20, 50, 75, 85, 95))
    parts = [
        _HEAD.format(definitions=definitions(), needed=needed, most=MOST, milliseconds=milliseconds)
    ]
    if "folders" in tables:
        parts.append(_FOLDERS.format(preset=preset, table=table(tables["folders"])))
    parts.append(_PERMITTED.format(preset=preset, table=table(tables["permitted"])))
    parts.append(_LIMITS)
    return "\n".join(parts)


_HEAD = """# Why a score is low

<!-- written by benchmarks/reasons.py --write; change the words in benchmarks/reasons_text.py -->

Every scored face carries a list of names that say what most likely lowers its score, most likely first, at most {most}:
`Assessment.reasons` in Python, the column `reasons` of the scores CSV (semicolons between), and in FiftyOne
`faceqgen.reasons` and `reasons` of every detection, with the first also in `reason`. A good face has an empty list, a face
without scores has none and says in `reason` why. No label is needed, and the same face gets the same list from
`apply_model`, the operator and the command line.

![Real faces and what is said of them](images/reasons.png)

## What the names mean

{definitions}

The names follow the subjects of the standard's quality components; the statistics are our own, light enough for every face
({milliseconds:.1f} ms of processor time), and are not those of the standard's reference software. They are read from the crop, from the
photograph's own pixels under it, and from the landmarks (`faceqgen_core/reasons/face_statistics.py` says what each is). `hidden` comes
from a mean face with twelve principal components, learnt from some 6,400 faces that no photograph can be read back from.

## How they are ranked

1. Each statistic gives a finding a strength: 1 at *clear*, 2 at *strong*, in a straight line.
2. Findings that explain others away are taken into account: grain hides what covers a face, a turned head is not unevenly lit,
   an enlarged picture is not merely blurred (`faceqgen_core/reasons/reasons.py`).
3. The network names degradations as well; what it names above 0.2 adds up to 1.2 to the finding. Reasons do not depend on the
   native measures or the difference map: those change with every training.
4. The better the quality, the stronger a finding must be to be listed: {needed}. So a good face with one clear blemish has no
   reason, and a poor one has its likely reasons even if none is clear.
"""

_FOLDERS = """
## Is the right reason first?

Faces are degraded by one family of `faceqgen_core/degradation.py` at strength 0.7 to 1, and scored as usual
({preset}). *Face crop*: the aligned crop was degraded, as in training. *Photograph*: the whole photograph was, before alignment;
*cut off*: one side of the photograph taken away up to the face; *few pixels*: the photograph shrunk; *restless background*: grass,
gravel or bricks behind the head; *profile*: natural photographs in which another detector's landmarks say 38 degrees or more;
*as it is*: nothing done, no reason wanted. Rotation is left out, since alignment undoes it, and colour cast, which has no
reason: it hardly lowers a score. Labeled Faces in the Wild (subjects that the face model has not seen) and the Face Research Lab
London Set; thresholds were chosen on one half of the images, this is the other half
(the rule that tells JPEG blocks from large pixels was mended after a look at this half, too).

    python benchmarks/reasons.py --data lfw london --subjects train.txt --landmarks landmarks.csv --write

{table}
"""

_PERMITTED = """
## The same on two portraits that anybody has

scikit-image's astronaut and matplotlib's Grace Hopper, ten draws of each family ({preset}): `python benchmarks/reasons.py`.

{table}
"""

_LIMITS = """
## Limits

- A reason is a likely cause, not a measurement of how much it costs. Two causes at once are listed both, but the order between
  them is a guess.
- WebP at low quality smears skin more than it breaks it into blocks. Faces compressed so often keep a good score, and a good
  score needs a strong finding.
- Enlargement is told from blur by the grid that interpolation leaves. Where the photograph was enlarged far beyond its own
  pixels and compressed again, the grid is gone and `blur` is said.
- Dark skin is not darkness, but a face under 62 of 255 mean luminance counts as dark whatever the reason.
- Hats, beards, thick glasses and hair over the face can count as occlusion in a face that scores low.
- The background hardly lowers this project's quality; the reason shows only where it is very restless.
- For images that are crops already (`faces="crop"`) there are no landmarks: no pose, and a tilted face may count as covered.
"""

"""The report as one HTML file that needs nothing else: pictures, drawings and styles are in it, scripts are not.

Every text that comes from the data set or its user is escaped here, and a policy in the page forbids whatever a text
might still smuggle in.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Collection, Iterable, Sequence
from html import escape
from typing import Any

from ...dataset.fields import SCORES
from ...dataset.statuses import STATUSES
from .contents import QUANTILES, Distribution, Facts, Picture
from .histogram_drawing import draw

TILE = 160
"""Longest side of a picture in pixels."""

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"

LIMITS = (
    "Quality is utility for face recognition, not beauty, and no reason to judge a person.",
    "The training faces are mostly adult, light-skinned and male: compare the groups in your own data before you "
    "discard any.",
    "Quality is what to sort by; ssim and mse are weak on their own. The model card has the measured validity.",
    "Scores hold for faces cut out by the crop protocol named here, and compare only within one preset.",
    "Restored faces are not evidence of what someone looks like.",
    "A sample shows the quality of its primary face, the large and central one.",
)

STYLE = """
:root { color-scheme: light dark; --ink: #1d2433; --faint: #667085; --paper: #fbfbf9; --card: #ffffff;
  --line: #e2e4e8; --bar: #f58220; --soft: #fde7d3; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaf0; --faint: #9aa3b5; --paper: #15181f; --card: #1d212b;
  --line: #333a48; --bar: #f58220; --soft: #4a3220; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.5rem 4rem; max-width: 76rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.9rem; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.6rem 0 .8rem; }
p { margin: .3rem 0; }
.faint { color: var(--faint); }
.notice { border-left: 4px solid var(--bar); padding: .3rem .8rem; margin: .8rem 0; background: var(--soft); }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); gap: .8rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .7rem .9rem; }
.card b { display: block; font-size: 1.5rem; font-variant-numeric: tabular-nums; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(24rem, 1fr)); gap: 1rem; }
.plots svg { width: 100%; height: auto; display: block; }
svg text { fill: var(--faint); font: 11px system-ui, sans-serif; }
svg .bar { fill: var(--bar); }
svg .axis { stroke: var(--line); }
svg .middle { stroke: var(--ink); stroke-dasharray: 3 3; }
.sheet { display: grid; grid-template-columns: repeat(auto-fill, minmax(21rem, 1fr)); gap: 1rem; }
figure { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .7rem;
  break-inside: avoid; }
.three { display: grid; grid-template-columns: repeat(3, 1fr); gap: .35rem; }
.three img, .three .none { width: 100%; aspect-ratio: 1; object-fit: contain; background: var(--paper);
  border-radius: .3rem; display: grid; place-items: center; text-align: center; color: var(--faint);
  font-size: .75rem; }
figcaption { margin-top: .5rem; overflow-wrap: anywhere; font-size: .85rem; }
figcaption b { font-weight: 600; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line);
  overflow-wrap: anywhere; }
th { white-space: nowrap; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.wide { overflow-x: auto; }
li { margin: .25rem 0; }
@media print { body { max-width: none; padding: 0; } }
"""


def page(facts: Facts) -> str:
    """The whole page."""
    parts = [
        _head(facts),
        _counts(facts),
        _distributions(facts.distributions),
        _table(
            "Most likely reasons for a low score",
            ("reason", "samples"),
            facts.reasons.items(),
            numbers=[1],
        ),
        _sheet("The worst faces", "Lowest quality first.", facts.worst),
        _sheet("The best faces", "Highest quality first.", facts.best),
        _table("Faces without a score", ("status", "why", "samples"), facts.failures, numbers=[2]),
        _runs(facts),
        _limits(),
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Face quality: {escape(facts.title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(part for part in parts if part)
        + "\n</body>\n</html>\n"
    )


def _head(facts: Facts) -> str:
    whole = (
        "the whole data set"
        if facts.samples == facts.of
        else f"{facts.samples:,} of its {facts.of:,} samples"
    )
    presets = ", ".join(facts.presets) or "no preset yet"
    protocols = ", ".join(facts.protocols) or "none yet"
    lines = [
        f"<h1>{escape(facts.title)}</h1>",
        f'<p class="faint">Face quality of the data set {escape(facts.dataset)} ({whole}), field '
        f"{escape(facts.field)}; made {escape(facts.made.replace('T', ' '))}</p>",
        f'<p class="faint">Preset {escape(presets)}; crop protocol {escape(protocols)}. Quality runs from 0 to 100, '
        "higher is better.</p>",
        *(f'<p class="notice">{escape(notice)}</p>' for notice in facts.notices),
    ]
    return "<header>" + "\n".join(lines) + "</header>"


def _counts(facts: Facts) -> str:
    cards = [f'<div class="card"><b>{facts.samples:,}</b>samples</div>']
    for status, count in facts.statuses.items():
        name = STATUSES.get(status, status).lower()
        share = f"{100 * count / facts.samples:.1f}\u00a0%" if facts.samples else ""
        cards.append(
            f'<div class="card"><b>{count:,}</b>{escape(name)} <span class="faint">{share}</span></div>'
        )
    return f'<h2>Counts</h2><div class="cards">{"".join(cards)}</div>'


def _distributions(found: list[Distribution]) -> str:
    if not found:
        return '<h2>Distributions</h2><p class="faint">Nothing is scored yet.</p>'
    plots = "".join(
        f'<div class="card"><strong>{escape(d.name)}</strong> '
        f'<span class="faint">{escape(d.score.meaning)}</span>{draw(d)}</div>'
        for d in found
    )
    rows = (
        (d.name, f"{d.count:,}", f"{d.mean:.4g}", *(f"{q:.4g}" for q in d.quantiles)) for d in found
    )
    heads = ("measure", "samples", "mean", *(f"{round(100 * q)} %" for q in QUANTILES))
    table = _table("", heads, rows, numbers=range(1, len(heads)))
    return f'<h2>Distributions</h2><div class="plots">{plots}</div><p></p>{table}'


def _sheet(title: str, text: str, pictures: list[Picture]) -> str:
    if not pictures:
        return ""
    figures = "".join(map(_figure, pictures))
    return (
        f'<h2>{title}</h2><p class="faint">{text} Original, restored, and what the restoration changed where the run '
        f'wrote a map of it.</p><div class="sheet">{figures}</div>'
    )


def _figure(picture: Picture) -> str:
    three = "".join(
        f'<img alt="{what}" src="{_data_address(image)}">'
        if image is not None
        else f'<div class="none">{escape(picture.problem if what == "original" and picture.problem else "none")}</div>'
        for what, image in (
            ("original", picture.original),
            ("restored", picture.restored),
            ("difference", picture.difference),
        )
    )
    return (
        f'<figure><div class="three">{three}</div><figcaption><b>{escape(picture.name)}</b><br>'
        f"{escape(picture.caption)}</figcaption></figure>"
    )


def _data_address(image: Any) -> str:
    from PIL import Image

    small = Image.fromarray(image)
    small.thumbnail((TILE, TILE), Image.Resampling.LANCZOS)
    data = io.BytesIO()
    small.save(data, "JPEG", quality=88)
    return "data:image/jpeg;base64," + base64.b64encode(data.getvalue()).decode("ascii")


def _runs(facts: Facts) -> str:
    if not facts.runs:
        return (
            '<h2>Runs</h2><p class="faint">No run of score_faces is recorded with this field: its scores were written '
            "in another way.</p>"
        )
    rows = [
        (
            str(run.get("finished") or key).replace("T", " "),
            run.get("preset"),
            run.get("crop_protocol"),
            _words(run.get("parameters") or {}),
            _words(run.get("counts") or {}),
            "yes" if run.get("complete") else "stopped early",
        )
        for key, run in facts.runs.items()
    ]
    heads = ("finished", "preset", "crop protocol", "parameters", "counts", "complete")
    versions = list(facts.runs.values())[-1].get("versions") or {}
    return _table("Runs", heads, rows) + _table(
        "Versions of the last run", ("package", "version"), versions.items()
    )


def _limits() -> str:
    directions = "".join(
        f"<li><strong>{escape(name)}</strong>: {escape(score.description)}</li>"
        for name, score in SCORES.items()
    )
    items = "".join(f"<li>{escape(text)}</li>" for text in LIMITS)
    return f"<h2>What the numbers mean</h2><ul>{directions}</ul><h2>Limits</h2><ul>{items}</ul>"


def _words(values: dict[str, Any]) -> str:
    return ", ".join(
        f"{key}: {value if isinstance(value, str) else json.dumps(value)}"
        for key, value in values.items()
        if value is not None
    )


def _table(
    title: str,
    heads: Sequence[str],
    rows: Iterable[Iterable[Any]],
    *,
    numbers: Collection[int] = (),
) -> str:
    """A table; the columns of ``numbers`` stand to the right. "" if it has no row."""

    def cell(tag: str, column: int, value: Any) -> str:
        text = f"{value:,}" if isinstance(value, int) else "" if value is None else str(value)
        return f"<{tag}{' class=n' if column in numbers else ''}>{escape(text)}</{tag}>"

    def line(tag: str, cells: Iterable[Any]) -> str:
        return f"<tr>{''.join(cell(tag, i, value) for i, value in enumerate(cells))}</tr>"

    body = "".join(line("td", row) for row in rows)
    if not body:
        return ""
    heading = f"<h2>{escape(title)}</h2>" if title else ""
    return f'{heading}<div class="wide"><table><thead>{line("th", heads)}</thead><tbody>{body}</tbody></table></div>'

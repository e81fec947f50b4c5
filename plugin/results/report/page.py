"""The report as one HTML file that needs nothing else: pictures, drawings and styles are in it, scripts are not.

The words stand in ``page.html``; what comes from the data set or its user is escaped there, and a policy in the page
forbids whatever a text might still smuggle in.
"""

from __future__ import annotations

import json
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

from faceqgen_core.vocabulary import SCORES

from ...dataset.statuses import STATUSES
from ...faces.pictures import data_uri
from .contents import QUANTILES, Contents
from .histogram_drawing import draw

TEMPLATE = Path(__file__).with_name("page.html")
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


def page(facts: Contents) -> str:
    """The whole page."""
    # Both come with FiftyOne; here, since the plugin is loaded for every request and a report is rarely written.
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(
        cell=_cell,
        time=_time,
        data_uri=partial(data_uri, longest=TILE),
        drawing=lambda distribution: _ours(draw(distribution)),
    )
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    return template.render(
        facts=facts,
        policy=_ours(escape(POLICY)),
        statuses=STATUSES,
        scores=SCORES,
        limits=LIMITS,
        quantile_heads=["measure", "samples", "mean", *(f"{round(100 * q)} %" for q in QUANTILES)],
        quantile_rows=[
            [d.name, d.count, *(f"{value:.4g}" for value in (d.mean, *d.quantiles))]
            for d in facts.distributions
        ],
        run_rows=[_run(key, run) for key, run in facts.runs.items()],
        versions=next(reversed(facts.runs.values()), {}).get("versions") or {},
    )


def _run(key: str, run: dict[str, Any]) -> list[Any]:
    return [
        _time(run.get("finished") or key),
        run.get("preset"),
        run.get("crop_protocol"),
        _words(run.get("parameters") or {}),
        _words(run.get("counts") or {}),
        "yes" if run.get("complete") else "stopped early",
    ]


def _words(values: dict[str, Any]) -> str:
    return ", ".join(
        f"{key}: {value if isinstance(value, str) else json.dumps(value)}"
        for key, value in values.items()
        if value is not None
    )


def _ours(text: str) -> Any:
    """Markup that is not escaped again: drawn from numbers and our own words, or escaped already."""
    from markupsafe import Markup

    return Markup(text)  # nosec B704


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else str(value)


def _time(text: Any) -> str:
    """A time of ISO 8601 as people write it."""
    return str(text).replace("T", " ")

"""Section "Trust", below the boxes: one threshold for all groups, or the same fraction from each, with the price."""

from __future__ import annotations

from typing import Any

from fiftyone.operators import types

from ...queries.group_thresholds import (
    GroupRule,
    GroupThreshold,
    rule_fields,
    ruled_view,
    same_fraction,
)
from ...queries.subgroups import FEWEST, MOST_GROUPS
from ...queries.thresholds import higher_is_better
from . import layout
from .event_values import EventRefused
from .layout import number
from .scope import PanelScope

ONE, EACH = "one", "each"
RULES = (ONE, EACH)


def draw(scope: PanelScope, page: types.Object, panel: Any) -> None:
    """Draw the choice, and what it keeps and costs."""
    by = scope.choices.group
    if by not in rule_fields(scope.view):
        return
    row = layout.row(page, "group_rule")
    for choice, label in (
        (ONE, f"One threshold for all: {number(scope.threshold)}"),
        (EACH, "The same fraction from each group"),
    ):
        layout.button(
            row,
            f"rule_{choice}",
            label,
            panel.on_group_rule,
            params={"rule": choice},
            active=scope.choices.rule == choice,
        )
    if scope.choices.rule != EACH:
        return
    rule = _rule(scope)
    if not rule.groups:
        layout.text(page, "rule_text", _why_none(rule))
        return
    _draw_table(page, rule)
    layout.text(page, "rule_text", f"**{price(rule)}** {_about(rule)}")
    sides = layout.row(page, "group_sides")
    for keep, label, samples in (
        ("low", "Show low", rule.scored - rule.kept),
        ("high", "Show kept", rule.kept),
    ):
        layout.button(
            sides,
            f"show_groups_{keep}",
            f"{label} ({samples:,})",
            panel.on_show_by_group,
            params={"keep": keep},
            active=scope.subset is not None and scope.subset.title == _title(scope, rule, keep),
        )


def show(scope: PanelScope, keep: str) -> None:
    """Let the grid show the samples on one side of the thresholds of their groups, worst first.

    Raises:
        EventRefused: there are no such thresholds.
    """
    if scope.choices.rule != EACH or scope.choices.group not in rule_fields(scope.view):
        raise EventRefused(
            "no threshold for each group is chosen: choose a field, then “The same fraction from each group”"
        )
    rule = _rule(scope)
    if not rule.groups:
        raise EventRefused(_why_none(rule))
    view = ruled_view(scope.view, rule, keep=keep)
    samples = rule.kept if keep == "high" else rule.scored - rule.kept
    scope.show(view, _title(scope, rule, keep), samples)


def _rule(scope: PanelScope) -> GroupRule:
    return same_fraction(
        scope.view, scope.field, scope.measure, scope.choices.group, threshold=scope.threshold
    )


def price(rule: GroupRule) -> str:
    """What the thresholds of the groups cost beside the single one, in one sentence."""
    stay, go = (sum(getattr(group, side) for group in rule.groups) for side in ("stay", "go"))
    single = number(rule.single)
    if not stay and not go:
        return f"Each group keeps the very samples that the single threshold of {single} keeps."
    mildest, strictest = rule.groups[0], rule.groups[-1]
    down, only = (
        ("down to", "from {} on") if higher_is_better(rule.measure) else ("up to", "up to {}")
    )
    kept = f"samples {down} {rule.measure} {number(mildest.threshold)} are kept"
    where = (
        f"In every group {kept}"
        if mildest.threshold == strictest.threshold
        else f"In “{name(mildest)}” {kept}, in “{name(strictest)}” only {only.format(number(strictest.threshold))}"
    )
    return (
        f"{where}: {stay:,} that the single threshold of {single} discards {_verb(stay, 'stay')}, "
        f"{go:,} that it keeps {_verb(go, 'go')}."
    )


def name(group: GroupThreshold) -> str:
    """A group as it is called in a sentence."""
    text = str(group.value)
    return text if len(text) <= 24 else f"{text[:23]}…"


def _verb(samples: int, verb: str) -> str:
    if samples != 1:
        return verb
    return f"{verb}es" if verb.endswith("o") else f"{verb}s"


def _about(rule: GroupRule) -> str:
    text = (
        f"The fraction is what the single threshold discards of all, {layout.percent(rule.fraction)}, rounded up in each "
        f"group. Kept {rule.kept:,} of {rule.scored:,}; the single threshold keeps {rule.kept_by_single:,}."
    )
    if not rule.others:
        return text
    return (
        f"{text} {rule.others:,} {'sample keeps' if rule.others == 1 else 'samples keep'} the single threshold: of no "
        f"group, of one with fewer than {FEWEST}, or not of the {MOST_GROUPS} largest."
    )


def _why_none(rule: GroupRule) -> str:
    if 0 < rule.fraction < 1:
        return f"No group has {FEWEST} scored samples: too few for a threshold of its own."
    kept = "nothing" if rule.fraction else "all"
    return (
        f"The single threshold of {number(rule.single)} keeps {kept}, so that there is no fraction to take from each group: "
        "choose another one in “Decide”."
    )


def _title(scope: PanelScope, rule: GroupRule, keep: str) -> str:
    which = "the better" if keep == "high" else "the worse"
    share = 1 - rule.fraction if keep == "high" else rule.fraction
    return f"{which} {layout.percent(share)} of each {scope.choices.group} by {scope.measure}"


def _draw_table(page: types.Object, rule: GroupRule) -> None:
    table = types.TableView()
    for key, label in (
        ("group", "Group"),
        ("threshold", "Threshold"),
        ("kept", "Kept"),
        ("single", "By the single threshold"),
    ):
        table.add_column(key, label=label)
    rows = [
        {
            "id": str(place),
            "group": f"{name(group)} ({group.count:,})",
            "threshold": number(group.threshold),
            "kept": _share(group.kept, group.count),
            "single": _share(group.kept_by_single, group.count),
        }
        for place, group in enumerate(rule.groups)
    ]
    page.list("rule_table", types.Object(), default=rows, view=table)


def _share(kept: int, count: int) -> str:
    return f"{kept:,} ({layout.percent(kept / count)})"

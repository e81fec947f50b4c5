"""The page: a template with named places, filled with numbers and tables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from faceqgen_core.training.calibrate import GOOD_QUALITY, POOR_BELOW, POOR_QUALITY
from scripts.model_card.measure.subgroups import GREY_CHROMA
from scripts.model_card.write import tables
from scripts.model_card.write.targets import judge

TEMPLATE = Path(__file__).parent / "template.md"
_PLACE = re.compile(r"\{\{\s*([a-z0-9_]+)\s*\}\}")


def fill(template: str, values: Mapping[str, str]) -> str:
    """Put values into the places ``{{name}}`` of a template.

    Raises:
        ValueError: a place without a value, or a value without a place.
    """
    places = set(_PLACE.findall(template))
    if missing := sorted(places - set(values)):
        raise ValueError(f"the template asks for {', '.join(missing)}: nothing was measured by it")
    if unused := sorted(set(values) - places):
        raise ValueError(f"the template has no place for {', '.join(unused)}: add one")
    return _PLACE.sub(lambda match: values[match[1]], template)


def _cases(some: list[dict[str, Any]]) -> str:
    return "; ".join(
        f"{c['case']} (quality {c['quality']:.0f}, similarity {c['similarity']:.2f})" for c in some
    )


def _by_family(counts: dict[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    return ", ".join(f"{family} {n}" for family, n in ordered if n)


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / max(whole, 1):.1f} %"


def values(facts: dict[str, Any], training: Mapping[str, Any]) -> dict[str, str]:
    """Everything that the template asks for.

    Args:
        facts: what ``validity.json`` holds.
        training: the preset's ``training``; its ``notes``, if any, say what the settings alone do not.
    """
    validity, cases = facts["validity"], facts["failures"]
    remaining, held = facts["remaining"], training.get("held_back_correlation", {})
    judged = judge(facts)
    anchors = training.get("anchors", {})
    groups = facts["subgroups"]["groups"]
    drawn = facts["canonical"]["turned"].items()
    return {
        "name": facts["name"],
        "preset": facts["preset"],
        "good_quality": f"{GOOD_QUALITY:.0f}",
        "poor_quality": f"{POOR_QUALITY:.0f}",
        "poor_below": f"{POOR_BELOW:.2f}",
        "good_anchor": f"{anchors['good']:.2f}" if anchors else "unknown",
        "poor_anchor": f"{anchors['poor']:.2f}" if anchors else "unknown",
        "acceptable": f"{facts['subgroups']['acceptable']:.0f}",
        "recognisable": str(training.get("recognisable", "unknown")),
        "labelled_faces": f"{training.get('labelled_faces', 0):,}",
        "held_natural": f"{held.get('natural', float('nan')):.2f}",
        "held_degraded": f"{held.get('degraded', float('nan')):.2f}",
        "networks": tables.networks(facts["networks"]),
        "notes": str(
            training.get(
                "notes",
                "Settings of the run, or of its last part where it went on from earlier weights:",
            )
        ),
        "settings": tables.settings(training),
        "curves": facts["curves_text"],
        "targets_met": str(sum(t.met for t in judged)),
        "targets_all": str(len(judged)),
        "targets": tables.targets(facts),
        "unscored": f"{validity['unscored']:,}",
        "images": f"{validity['images']:,}",
        "pairs": f"{validity['sets']['natural']['pairs']:,}",
        "fnmr_natural": f"{100 * validity['sets']['natural']['fnmr']:.1f} %",
        "fnmr_cross": f"{100 * validity['sets']['cross-quality']['fnmr']:.1f} %",
        "areas_natural": tables.areas(validity, "natural"),
        "areas_cross": tables.areas(validity, "cross-quality"),
        "kinds": tables.kinds(facts["distributions"]),
        "development_families": tables.development_families(facts["distributions"]),
        "family_faces": str(facts["families"]["faces"]),
        "families": tables.families(facts["families"]),
        "restored_faces": str(facts["restoration"]["faces"]),
        "restoration": tables.restoration(facts["restoration"]),
        "drawn_frontal": ", ".join(f"{name} {found['drawn']:.2f}" for name, found in drawn),
        "subgroups": tables.subgroups(facts["subgroups"]),
        "group_images": f"{groups['all']['count']:,}",
        "grey_chroma": f"{GREY_CHROMA:.0f}",
        "failure_versions": str(cases["versions"]),
        "failure_agreement": f"{cases['rank_correlation']:.2f}",
        "low_good": _cases(cases["low_scoring_good"]),
        "high_poor": _cases(cases["high_scoring_poor"]),
        "kept_errors": f"{remaining['kept_errors']} of {remaining['kept']:,} "
        f"({_percent(remaining['kept_errors'], remaining['kept'])})",
        "kept_families": _by_family(remaining["kept_errors_by_family"]),
        "discarded_good": f"{remaining['discarded_good']} of {remaining['discarded']:,} "
        f"({_percent(remaining['discarded_good'], remaining['discarded'])})",
        "discarded_families": _by_family(remaining["discarded_good_by_family"]),
        "files": tables.table(
            ("file", "SHA-256"),
            [(v["file"], f"`{v['sha256']}`") for v in facts["networks"].values()],
        ),
    }

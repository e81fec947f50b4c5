"""Targets: what this model is meant to reach, and whether it does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scripts.model_card.measure.families import BREAKING

PAUC = {  # at 0.3: at most, aim
    "quality": {"cross-quality": (0.66, 0.60), "natural": (0.60, 0.47)},
    "discriminator": {"cross-quality": (0.70, 0.64), "natural": (0.80, 0.60)},
    "ssim": {"cross-quality": (0.85, 0.75), "natural": (0.95, 0.80)},
    "mse": {"cross-quality": (0.88, 0.78), "natural": (0.95, 0.80)},
}
LONDON, STRONG, NO_FACE = 85.0, 25.0, 15.0
RHO_QUALITY, RHO_MEASURE = -0.9, -0.7
MULTIPLY_ADDS = 1e9
RESTORED = ("gaussian_blur", "low_resolution", "noise", "dark")
"""Families for which identity, PSNR and SSIM must be gained at medium strength."""


@dataclass(frozen=True)
class Target:
    """One target: what, what was asked for, what was measured, and whether that is enough."""

    what: str
    asked: str
    measured: str
    met: bool


def _areas(validity: dict[str, Any]) -> list[Target]:
    found = []
    for method, sets in PAUC.items():
        for name, (most, aim) in sets.items():
            value = validity["sets"][name]["methods"][method]["pauc0.3"]
            label = "-mse" if method == "mse" else method
            found.append(
                Target(
                    f"pAUC@0.3 of {label}, {name}",
                    f"at most {most:.2f}, aim {aim:.2f}",
                    f"{value:.3f}" + (", aim reached" if value <= aim else ""),
                    value <= most,
                )
            )
    return found


def _rank_correlations(families: dict[str, Any]) -> list[Target]:
    rho = {family: values["rho"] for family, values in families["families"].items()}
    failed = [f for f in rho if rho[f]["quality"] > RHO_QUALITY]
    worst = max(rho, key=lambda f: rho[f]["quality"])
    found = [
        Target(
            f"quality falls with strength, {len(rho)} families",
            f"rho at most {RHO_QUALITY}",
            f"worst {rho[worst]['quality']:.2f} ({worst})"
            + (f"; not met by {', '.join(failed)}" if failed else ""),
            not failed,
        )
    ]
    for name in ("ssim", "mse", "discriminator"):
        failed = [f"{f} {rho[f][name]:.2f}" for f in BREAKING if rho[f][name] > RHO_MEASURE]
        worst = max(BREAKING, key=lambda f: rho[f][name])
        label = "-mse" if name == "mse" else name
        found.append(
            Target(
                f"{label} falls with strength, {len(BREAKING)} families that break recognition",
                f"rho at most {RHO_MEASURE}",
                f"not met by {', '.join(failed)}" if failed else f"worst {rho[worst][name]:.2f}",
                not failed,
            )
        )
    return found


def _restoration(restoration: dict[str, Any]) -> list[Target]:
    found = []
    units = {"psnr": " dB", "ssim": ""}
    for name in ("psnr", "ssim", *restoration["recognisers"]):
        gains = {f: restoration["families"][f][name]["gain"] for f in RESTORED}
        text = ", ".join(f"{f} {g:+.3f}{units.get(name, '')}" for f, g in gains.items())
        what = {"psnr": "PSNR to the clean face", "ssim": "SSIM to the clean face"}.get(
            name, f"similarity to the clean face by {name}"
        )
        met = all(g > 0 for g in gains.values())
        found.append(Target(f"{what}, gained by restoration", "above 0", text, met))
    return found


def judge(facts: dict[str, Any]) -> list[Target]:
    """All targets, from the numbers of ``validity.json``."""
    kinds = facts["distributions"]["kinds"]
    strong = facts["families"]["strong"]
    london, none = kinds["London Set"]["median"], kinds["no face, all"]["median"]
    cost = sum(facts["networks"][n]["multiply_adds"] for n in ("generator", "discriminator"))
    breaking, every = strong["breaking_median"], strong["all_median"]
    return [
        *_areas(facts["validity"]),
        Target(
            "median quality, London Set",
            f"at least {LONDON:.0f}",
            f"{london:.1f}",
            london >= LONDON,
        ),
        Target(
            "median quality, strength 0.8 to 1, families that break recognition",
            f"at most {STRONG:.0f}",
            f"{breaking:.1f}",
            breaking <= STRONG,
        ),
        Target(
            "median quality, strength 0.8 to 1, all families",
            f"at most {STRONG:.0f}",
            f"{every:.1f}",
            every <= STRONG,
        ),
        Target("median quality, no face", f"at most {NO_FACE:.0f}", f"{none:.1f}", none <= NO_FACE),
        *_rank_correlations(facts["families"]),
        *_restoration(facts["restoration"]),
        Target(
            "multiply-adds of generator and discriminator",
            f"at most {MULTIPLY_ADDS / 1e9:.0f} G",
            f"{cost / 1e9:.2f} G",
            cost <= MULTIPLY_ADDS,
        ),
    ]

"""Targets: what this model is meant to reach, and whether it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from scripts.model_card.measure.canonical import OPAQUE, WORN

PAUC = {  # at 0.3: at most, aim
    "quality": {"cross-quality": (0.69, 0.62), "natural": (0.47, 0.42)},
    "discriminator": {"cross-quality": (0.70, 0.66), "natural": (0.50, 0.45)},
    "ssim": {"cross-quality": (0.76, 0.70), "natural": (0.70, 0.60)},
    "mse": {"cross-quality": (0.76, 0.70), "natural": (0.70, 0.60)},
}
LONDON, STRONG, NO_FACE = 85.0, 25.0, 15.0
RHO_QUALITY, RHO_MEASURE = -0.9, -0.9
MULTIPLY_ADDS = 2e9
OPAQUE_GAIN, WORN_GAIN = 8.0, 6.0
SHARP, ALIKE = 0.4, 0.05
TURNED, LIT, EVEN, KEPT = 0.9, 0.9, 0.3, 0.9


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
        failed = [f"{f} {v[name]:.2f}" for f, v in rho.items() if v[name] > RHO_MEASURE]
        worst = max(rho, key=lambda f: rho[f][name])
        label = "-mse" if name == "mse" else name
        found.append(
            Target(
                f"{label} falls with strength, {len(rho)} families",
                f"rho at most {RHO_MEASURE}",
                f"not met by {', '.join(failed)}" if failed else f"worst {rho[worst][name]:.2f}",
                not failed,
            )
        )
    return found


def _restoration(found: dict[str, Any]) -> list[Target]:
    """Targets of what restoration makes of covered, blurred, turned, badly lit and good faces."""
    targets = []

    def add(what: str, asked: str, values: dict[str, float], met: Callable[[float], bool]) -> None:
        text = ", ".join(f"{name} {value:.2f}" for name, value in values.items())
        targets.append(Target(what, asked, text, all(met(v) for v in values.values())))

    for what, families, least in (
        ("opaque cover on 15 to 40 % of the face", OPAQUE, OPAQUE_GAIN),
        ("sunglasses, mask, hand", WORN, WORN_GAIN),
    ):
        values = {f: found["covers"][f]["mean"] for f in families}
        name = f"{what}: PSNR to the clean face gained inside the covered area"
        add(name, f"at least {least:.0f} dB", values, lambda v, least=least: v >= least)
    soft = found["sharpness"]
    values = {f: v["laplacian"][1] for f, v in soft.items()}
    name = "variance of the Laplacian in the face, restored / clean, at strength .6"
    add(name, f"at least {SHARP}", values, lambda v: v >= SHARP)
    for judge_name in (n for n in next(iter(soft.values())) if n != "laplacian"):
        values = {f: v[judge_name] for f, v in soft.items()}
        name = f"similarity to the clean face gained, by {judge_name}"
        add(name, f"at least {ALIKE}", values, lambda v: v >= ALIKE)
    values = {name: v["after"] for name, v in found["turned"].items()}
    name = "heads turned by 20 to 60 degrees: restored within 10 degrees of frontal"
    add(name, f"at least {TURNED}", values, lambda v: v >= TURNED)
    values = {"median": found["background"]["median"]}
    name = "standard deviation outside the head, restored / input"
    add(name, f"at most {EVEN}", values, lambda v: v <= EVEN)
    values = {family: v[1] for family, v in found["light"].items()}
    name = "dark and over-exposed at .9: luminance of the face within 15 % of the clean one"
    add(name, f"at least {LIT}", values, lambda v: v >= LIT)
    values = {"median": found["good"]}
    add("SSIM of good frontal faces", f"at least {KEPT}", values, lambda v: v >= KEPT)
    values = {name: found["yaw"]["yaw"][name] for name in ("ssim", "mse")}
    name = "ssim and -mse fall with the angle of a turned head"
    add(name, f"rho at most {RHO_MEASURE}", values, lambda v: v <= RHO_MEASURE)
    return targets


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
        *_restoration(facts["canonical"]),
        Target(
            "multiply-adds of generator and discriminator",
            f"at most {MULTIPLY_ADDS / 1e9:.0f} G",
            f"{cost / 1e9:.2f} G",
            cost <= MULTIPLY_ADDS,
        ),
    ]

"""The benchmark's result in plain text."""

from __future__ import annotations

from typing import Any


def table(result: dict[str, Any]) -> str:
    """Markdown: what ``run_bench`` returned."""
    machine, sizes = result["machine"], result["sizes"]
    lines = [
        f"{machine['processor']}, {machine['cores']} cores, {machine['gpus']} GPU, "
        f"load {machine['load']}, TensorFlow {machine['tensorflow']}; {result['preset']}; "
        f"medians of {sizes['rounds']} rounds",
        "",
        "| side | in a round | per second | CPU ms each | product's rate | of |",
        "|---|---|---|---|---|---|",
    ]
    for rate in result["rates"]:
        ratio = "" if rate["ratio"] is None else f"{rate['ratio']:.2f} x"
        lines.append(
            f"| {rate['side']} | {rate['amount']:.0f} {rate['unit']} | {rate['median']:.2f} "
            f"| {rate['cpu_ms']:.1f} | {ratio} | {rate['against'] or rate['note']} |"
        )
    lines += ["", *(f"- {name}: {value:.2f}" for name, value in result["shares"].items())]
    found = result["photographs"]
    lines.append(
        f"- faces of 40 px or more that the naive side finds: {found['naive faces']}; "
        f"of these the product finds {found['found by the product']}"
    )
    lines.append("- start, s: " + _listed(result["start"]))
    if result["memory"]:
        lines.append("- memory, MiB: " + _listed(result["memory"]))
    return "\n".join(lines)


def _listed(numbers: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in numbers.items())

"""Ask a database of known faults for every version we install or allow: ``python -m scripts.audit PATH_OF_PIP_AUDIT``; see ``make audit``.

Two lists are asked for: ``constraints.txt``, and the lowest version that each bound of ``pyproject.toml`` allows. Exit code 1 if
one has a known fault, 2 if the database does not answer.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

CONSTRAINTS = Path(__file__).resolve().parent.parent / "constraints.txt"
ACCEPTED = {
    "keras": "what was reported of it is the loading of models: networks are built in code, Keras loads no file but weights"
}
"""Packages whose lowest version may have known faults, and why these do not reach us."""


class NoDatabase(RuntimeError):
    """The database does not answer, or knows none of the packages."""


def lowest_versions(requirements: list[str]) -> list[str]:
    """The least that each requirement with a lower bound allows, ``name==version``, each once.

    Args:
        requirements: as in ``pyproject.toml``, with extras and markers.
    """
    found = set()
    for requirement in map(Requirement, requirements):
        found |= {
            f"{requirement.name}=={bound.version}"
            for bound in requirement.specifier
            if bound.operator == ">="
        }
    return sorted(found)


def faults(program: str, versions: Path) -> dict[str, list[str]]:
    """Known faults by package and version.

    Args:
        program: path of pip-audit.
        versions: file of lines ``name==version``.

    Raises:
        NoDatabase: nothing was looked up.
    """
    command = [program, "--requirement", str(versions), "--no-deps", "--disable-pip"]
    done = subprocess.run(
        [*command, "--format", "json", "--progress-spinner", "off"], capture_output=True, text=True
    )
    try:
        packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError) as error:
        raise NoDatabase((done.stderr.strip().splitlines() or ["it said nothing"])[-1]) from error
    if all("skip_reason" in package for package in packages):
        raise NoDatabase(f"it knows none of {len(packages)} packages")
    return {
        f"{package['name']} {package['version']}": [fault["id"] for fault in package["vulns"]]
        for package in packages
        if package.get("vulns")
    }


def main(program: str) -> int:
    """Ask and print."""
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        lowest = Path(folder, "lowest.txt")
        lowest.write_text("\n".join(lowest_versions(metadata.requires("faceqgen") or [])))
        for words, versions in (("installed", CONSTRAINTS), ("lowest allowed", lowest)):
            try:
                found = faults(program, versions)
            except NoDatabase as error:
                print(f"audit: no database at hand: {error}")
                return 2
            for package, names in found.items():
                why = ACCEPTED.get(package.split()[0]) if versions == lowest else None
                failed |= why is None
                print(
                    f"{words}: {package}: {', '.join(names)}{f' (accepted: {why})' if why else ''}"
                )
            print(f"{words}: {len(found)} package(s) with known faults")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

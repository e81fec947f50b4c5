"""The doctor: looks at what a run needs and says how to mend what is wrong. Changes nothing.

TensorFlow is asked in a process of its own, since it may crash while it is loaded; so is the doctor of the plugin.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OPENCV = (
    "opencv-python",
    "opencv-python-headless",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
)
"""Variants of one package that overwrite each other's files."""
PATIENCE = 180
"""Seconds that a process of its own may take; a first import from a cold disk takes long."""

_ASK_TENSORFLOW = """
import json, tensorflow as tf
gpus = tf.config.list_physical_devices("GPU")
names = [tf.config.experimental.get_device_details(g).get("device_name", g.name) for g in gpus]
print(json.dumps(names))
"""
_ASK_PLUGIN = """
import os, runpy, sys
sys.path.insert(0, os.environ["FACEQGEN_DOCTOR_ROOT"])
runpy.run_path(os.environ["FACEQGEN_DOCTOR_FILE"], run_name="__main__")
"""
_ASK_SCORE = """
import json, os, sys
sys.path.insert(0, os.environ["FACEQGEN_DOCTOR_ROOT"])
import matplotlib
from faceqgen_core import FaceQualityAssessor
face = os.path.join(matplotlib.get_data_path(), "sample_data", "grace_hopper.jpg")
(found,) = FaceQualityAssessor(device="cpu").assess([face])
print(json.dumps([found.status.value, found.reason, found.quality]))
"""
"""Scores the portrait that comes with matplotlib, under the settings of this environment and of keras.json."""


class Level(str, Enum):
    """How bad it is: ``WARN`` leaves the main job possible, ``FAIL`` does not."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True)
class Check:
    """One finding: what was looked at, how it is, and, unless it is well, how to mend it."""

    name: str
    level: Level
    detail: str
    hint: str = ""


class ProcessError(Exception):
    """A process of its own did not answer; the message is the last it said."""


def ask(code: str, **environment: str) -> str:
    """Run code in a fresh interpreter; returns the last line it printed.

    Raises:
        ProcessError: it failed, crashed, printed nothing or took too long.
    """
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "FIFTYONE_DO_NOT_TRACK": "true"}
    try:
        answer = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            env={**os.environ, **quiet, **environment},
        )
    except subprocess.TimeoutExpired as error:
        raise ProcessError(f"no answer within {PATIENCE} s") from error
    lines = answer.stdout.strip().splitlines()
    if answer.returncode or not lines:
        said = answer.stderr.strip().splitlines()
        raise ProcessError(said[-1] if said else f"it ended with code {answer.returncode}")
    return lines[-1]


def check_python() -> Iterator[Check]:
    """Python 3.10 to 3.12."""
    detail = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    if (3, 10) <= sys.version_info[:2] <= (3, 12):
        yield Check("python", Level.OK, detail)
    else:
        hint = "use Python 3.10, 3.11 or 3.12: make venv PYTHON=python3.12"
        yield Check("python", Level.FAIL, detail, hint)


def _requirements() -> list[str]:
    """What the installed package asks for, or the checkout's list if it is not installed."""
    try:
        return importlib.metadata.requires("faceqgen") or []
    except importlib.metadata.PackageNotFoundError:
        path = ROOT / "requirements.txt"
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _installed(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def check_packages() -> Iterator[Check]:
    """The package itself and everything it requires, each in a version that fits; what the plugin alone needs may miss."""
    from packaging.requirements import Requirement

    if (own := _installed("faceqgen")) is None:
        hint = f"pip install -e {ROOT}"
        yield Check("faceqgen", Level.WARN, f"not installed, used from {ROOT}", hint)
    else:
        yield Check("faceqgen", Level.OK, f"{own} from {ROOT}")
    named = [Requirement(line) for line in _requirements()]
    needed = [r for r in named if r.marker is None or r.marker.evaluate({"extra": ""})]
    of_plugin = [r for r in named if r.marker and r.marker.evaluate({"extra": "fiftyone"})]
    of_plugin = [r for r in of_plugin if r not in needed]
    if not needed:
        hint = "install the package, or restore requirements.txt"
        yield Check("packages", Level.WARN, "no list of required packages found", hint)
    for requirement in [*needed, *of_plugin]:
        version = _installed(requirement.name)
        hint = f'pip install "{requirement.name}{requirement.specifier}"'
        if version is None and requirement in of_plugin:
            detail = "not installed: the core scores without it, the plugin does not"
            yield Check(requirement.name, Level.WARN, detail, hint)
        elif version is None:
            yield Check(requirement.name, Level.FAIL, "not installed", hint)
        elif not requirement.specifier.contains(version, prereleases=True):
            detail = f"{version}, but {requirement.specifier} is needed"
            yield Check(requirement.name, Level.FAIL, detail, hint)
        else:
            yield Check(requirement.name, Level.OK, version)
    present = [name for name in OPENCV if _installed(name)]
    if len(present) > 1:
        detail = f"{' and '.join(present)} are both installed and overwrite each other"
        hint = f"pip uninstall -y {' '.join(present)} && pip install opencv-python-headless"
        yield Check("opencv", Level.WARN, detail, hint)


def check_gpu() -> Iterator[Check]:
    """TensorFlow loads; which GPUs it sees; Keras runs on it."""
    try:
        gpus: list[str] = json.loads(ask(_ASK_TENSORFLOW))
    except ProcessError as error:
        hint = 'reinstall it: pip install --force-reinstall "tensorflow>=2.17,<3"'
        yield Check("tensorflow loads", Level.FAIL, str(error), hint)
        return
    yield Check("tensorflow loads", Level.OK, "in a process of its own")
    if gpus:
        yield Check("gpu", Level.OK, ", ".join(gpus))
    elif Path("/dev/nvidia0").exists():
        hint = f'pip install -e "{ROOT}[gpu]" (TensorFlow with its CUDA libraries), then look at nvidia-smi'
        yield Check("gpu", Level.WARN, "there is an NVIDIA GPU, TensorFlow does not see it", hint)
    else:
        yield Check("gpu", Level.OK, "none: the CPU is used")


def check_presets() -> Iterator[Check]:
    """Every preset that comes with the project is whole; the default one is there."""
    from faceqgen_core.presets import DEFAULT_PRESET, PresetError, list_presets, load_preset

    for name in sorted({DEFAULT_PRESET, *list_presets()}):
        try:
            preset = load_preset(name)
        except PresetError as error:
            hint = (
                "restore the folder models/ from the repository: git checkout -- models; "
                "or install the package anew: pip install --force-reinstall <what it was installed from>"
            )
            yield Check(f"preset {name}", Level.FAIL, str(error), hint)
        else:
            yield Check(f"preset {name}", Level.OK, f"{preset.identifier}, weights verified")


def check_scoring() -> Iterator[Check]:
    """One face is found and scored here, under whatever is set for Keras and TensorFlow."""
    hint = "mend what is above, or change what this line names; then run faceqgen doctor again"
    try:
        status, reason, quality = json.loads(ask(_ASK_SCORE, FACEQGEN_DOCTOR_ROOT=str(ROOT)))
    except ProcessError as error:
        yield Check("scoring", Level.FAIL, str(error), hint)
        return
    if status == "scored":
        yield Check("scoring", Level.OK, f"one face, quality {quality:.1f} of 100")
    else:
        yield Check("scoring", Level.FAIL, f"{status}: {reason}", hint)


def check_plugin() -> Iterator[Check]:
    """What the plugin's own doctor finds, where the plugin lies beside the core: in a checkout."""
    file = ROOT / "plugin" / "doctor.py"
    if not file.is_file():
        yield Check("plugin", Level.OK, "not a part of this installation, which is the core alone")
        return
    found = ask(_ASK_PLUGIN, FACEQGEN_DOCTOR_ROOT=str(ROOT), FACEQGEN_DOCTOR_FILE=str(file))
    for check in json.loads(found):
        yield Check(**{**check, "level": Level(check["level"])})


CHECKS: tuple[Callable[[], Iterator[Check]], ...] = (
    check_python,
    check_packages,
    check_presets,
    check_gpu,
    check_scoring,
    check_plugin,
)


def diagnose(checks: Sequence[Callable[[], Iterator[Check]]] | None = None) -> Iterator[Check]:
    """Run checks, by default ``CHECKS``, in order; one that breaks is a finding of its own and stops no other."""
    for check in CHECKS if checks is None else checks:
        try:
            yield from check()
        except Exception as error:  # whatever is broken here is what the doctor is there to report
            name = check.__name__.removeprefix("check_")
            hint = f"install the package anew: pip install --force-reinstall -e {ROOT}"
            yield Check(name, Level.FAIL, f"{type(error).__name__}: {error}", hint)

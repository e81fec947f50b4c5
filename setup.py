"""What pyproject.toml cannot say: the presets in ``models/`` are packaged inside the core, and stored once."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["faceqgen_core", "faceqgen_core.*"]), "faceqgen_core.models"],
    package_dir={"faceqgen_core.models": "models"},
)

"""The toys of ``make reliability`` in the place of the network and the detector."""

from __future__ import annotations

import pytest

from benchmarks.reliability import toy


@pytest.fixture
def toys(monkeypatch):
    """The toys stand in for the network and the detector, in this process for this test alone."""
    import faceqgen_core.assessor
    import faceqgen_core.restoration

    monkeypatch.setattr(faceqgen_core.restoration, "Restorer", None)
    monkeypatch.setattr(faceqgen_core.assessor, "MTCNNDetector", None)
    toy.install()

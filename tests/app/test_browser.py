"""What becomes of the App tests where there is no Chromium."""

from __future__ import annotations

import pytest

from tests.app.browser import chromium_or_reason


@pytest.fixture
def no_chromium(monkeypatch, tmp_path):
    monkeypatch.setenv("CHROMIUM", str(tmp_path / "none"))


def test_under_continuous_integration_a_missing_chromium_is_a_failure(no_chromium, monkeypatch):
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match=r"no Chromium .* CI is set"):
        chromium_or_reason()


def test_elsewhere_the_tests_that_need_one_are_left_out(no_chromium, monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no Chromium"):
        chromium_or_reason()

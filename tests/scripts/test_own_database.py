"""The benchmarks' own database: chosen before FiftyOne is imported, or not at all."""

from __future__ import annotations

import os
import sys

import pytest

from benchmarks.own_database import own_database


def test_a_program_gets_a_database_and_a_home_that_name_it(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "environ", {"FIFTYONE_DATABASE_NAME": "of the user"})
    monkeypatch.delitem(sys.modules, "fiftyone", raising=False)
    with own_database("panel", tmp_path):
        assert os.environ["FIFTYONE_DATABASE_NAME"] == f"faceqgen-panel-{os.getpid()}"
        assert os.environ["FACEQGEN_HOME"] == str(tmp_path / "home")


def test_the_users_database_is_not_worked_in_where_fiftyone_was_imported_before(
    monkeypatch, tmp_path
):
    monkeypatch.setitem(sys.modules, "fiftyone", object())
    with (
        pytest.raises(RuntimeError, match="inside own_database"),
        own_database("panel", tmp_path),
    ):
        pass

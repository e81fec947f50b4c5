"""The shipped preset gives the numbers that were written down when it was made."""

import csv

import pytest

from tests.golden.make_golden import GOLDEN, golden_rows


def test_the_shipped_preset_gives_its_golden_numbers():
    identifier, rows = golden_rows()
    golden = list(csv.DictReader(GOLDEN.open(encoding="utf-8")))
    assert {row["preset"] for row in golden} == {identifier}
    assert [row["crop"] for row in golden] == [row["crop"] for row in rows]
    for expected, row in zip(golden, rows, strict=True):
        for name in ("ssim", "mse", "discriminator", "similarity"):
            assert row[name] == pytest.approx(float(expected[name]), abs=5e-4), (row["crop"], name)
        assert row["quality"] == pytest.approx(float(expected["quality"]), abs=0.1), row["crop"]

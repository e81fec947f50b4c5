"""One actor without a cluster: what it writes, what it refuses, what it leaves alone."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from faceqgen_core.distributed.part_scorer import ATTEMPTS, PartOptions, PartScorer
from faceqgen_core.distributed.parts import begin_attempt, make_parts, part_schema
from faceqgen_core.image_io import save_png
from faceqgen_core.presets import load_preset
from tests.core.distributed.ray_toys import take_toys
from tests.core.toy_assessor import grey

pyarrow = pytest.importorskip("pyarrow", reason="Parquet is the extra parquet")


@pytest.fixture
def options(tmp_path, monkeypatch, preset) -> PartOptions:
    import faceqgen_core.assessor
    import faceqgen_core.restoration

    for module, name in (
        (faceqgen_core.restoration, "Restorer"),
        (faceqgen_core.assessor, "MTCNNDetector"),
    ):
        monkeypatch.setattr(module, name, getattr(module, name))  # put back at the end
    take_toys()
    return PartOptions(
        output=str(tmp_path / "out"),
        preset=preset,
        identifier=load_preset(preset).identifier,
        faces="detect",
        all_faces=True,
        find_turned=True,
        extra_scores=(),
        batch_size=32,
        device="cpu",
        max_pixels=10**6,
        threads=0,
        overwrite=False,
    )


@pytest.fixture
def part(tmp_path) -> Any:
    (tmp_path / "out").mkdir()
    save_png(tmp_path / "a.png", grey(200))
    images = [(str(tmp_path / "a.png"), "1" * 24), (str(tmp_path / "gone.png"), None)]
    (found,) = make_parts(images, 10, {})
    return found


def sent(part: Any) -> Any:
    return pyarrow.Table.from_pylist([part.row()], schema=part_schema())


def test_a_part_is_written_with_a_row_for_each_image_and_is_not_scored_twice(options, part):
    from faceqgen_core.tables.score_parquet import read_rows

    scorer = PartScorer(options)
    (told,) = scorer(sent(part)).to_pylist()
    path = part.path(options.output)
    rows = list(read_rows(path))
    assert [row["status"] for row in rows] == ["scored", "unreadable"]
    assert [row["sample_id"] for row in rows] == ["1" * 24, None]
    assert dict(zip(told["statuses"], told["rows"], strict=True)) == {"scored": 1, "unreadable": 1}
    scorer._assessor = None  # would fail if it were asked
    assert scorer(sent(part)).to_pylist() == [told]


def test_a_part_that_kills_its_process_again_and_again_is_named(options, part):
    for _ in range(ATTEMPTS):
        begin_attempt(part.path(options.output))
    with pytest.raises(ValueError, match=f"{part.name} was begun {ATTEMPTS} times"):
        PartScorer(options)(sent(part))


def test_a_machine_with_another_preset_refuses_to_work(options):
    other = dataclasses.replace(options, identifier="faceqgen-128@00000000")
    with pytest.raises(ValueError, match="install the same version everywhere"):
        PartScorer(other)

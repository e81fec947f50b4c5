"""Every row of the one table has its target beside it, can be run alone, and says why where it cannot be run."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest

from faceqgen_core.bench import agreement, bench, fresh, programs, speed
from faceqgen_core.bench.compared import sides
from faceqgen_core.bench.compared.peers import iresnet
from faceqgen_core.bench.compared.rates import Rate
from faceqgen_core.bench.compared.sizes import Sizes
from faceqgen_core.bench.row import Row
from faceqgen_core.bench.table import document, table
from faceqgen_core.bench.targets import TARGETS, Target
from faceqgen_core.cli import build_parser, main
from faceqgen_core.types import Assessment, FaceBox, Status

SMALL = dataclasses.replace(Sizes.quick(), crops=32, photographs=1, slow=2)


def test_a_target_is_a_least_or_a_most():
    assert Target(0.8).met_by(0.8) and not Target(0.8).met_by(0.79)
    assert Target(1.3, most=True).met_by(1.3) and not Target(1.3, most=True).met_by(1.31)


def test_what_stands_beside_a_figure_makes_the_ratio_and_the_target_bounds_that():
    row = Row("lfw", "ours", 30, "images/s", "naive", 2, bound="lfw")
    assert (row.compared, row.met) == (15, True)
    # The rounds' own ratio counts where there is one.
    assert dataclasses.replace(row, ratio=9.0).met is False
    alone = Row("import", "the plugin's import", 0.3, "s", bound="import")
    assert (alone.compared, alone.met) == (None, False)
    assert dataclasses.replace(alone, figure=None).met is None
    assert dataclasses.replace(alone, bound="").met is None


def test_a_row_comes_back_from_its_json_as_it_was():
    row = Row("lfw", "ours", 30, "images/s", "naive", 2, bound="lfw", note="two rounds")
    plain = json.loads(json.dumps(row.to_dict()))
    assert plain["target"] == "at least 10" and plain["met"] is True
    again = Row.from_dict(plain)
    assert again == dataclasses.replace(row, ratio=15)


def test_the_table_says_of_every_row_the_target_and_whether_it_is_met():
    rows = [
        Row("lfw", "ours", 30, "images/s", "naive", 2, bound="lfw"),
        Row("start", "first score", 6, "s", "bare", 4, bound="start"),
        Row("panel", "in the App", bound="panel, beside", note="no Chromium here"),
        Row("lightqnet", "ours", note="a | b"),
    ]
    lines = table(rows).splitlines()[2:]
    assert lines[0] == (
        "| lfw | ours | 30 images/s | naive: 2 images/s | 15 | at least 10 | yes |  |"
    )
    assert "| 1.5 | at most 1.3 | **no** |" in lines[1]
    assert "| at most 0.3 | **not measured** | no Chromium here |" in lines[2]
    assert "| not measured | a / b |" in lines[3]
    assert {line.count("|") for line in lines} == {9}


def _canned(chosen, *, rounds, say):
    return [Rate(s.name, s.unit, 10, [4.0], [5.0], s.note) for s in chosen]


def test_every_target_has_a_row_that_carries_it_whatever_can_be_run(tmp_path, monkeypatch):
    monkeypatch.setattr(speed, "measure", _canned)
    monkeypatch.setattr(sides, "faceqnet_shape", lambda batch: len)
    monkeypatch.setattr(sides, "serfiq_shape", lambda: len)
    monkeypatch.setattr(sides, "iresnet_shape", lambda layers: len)
    monkeypatch.setattr(sides.ForwardPass, "choose_batch", lambda self, crops: 32)
    monkeypatch.setattr(sides, "find_lightqnet", _absent)
    for name in ("agreement_rows", "start_rows", "memory_rows"):
        monkeypatch.setattr(bench, name, _absent)
    monkeypatch.setattr(programs, "ROOT", tmp_path)
    result = bench.run_bench(tmp_path, SMALL, preset="faceqgen-128")
    rows = [Row.from_dict(row) for row in json.loads(json.dumps(result))["rows"]]
    assert {row.bound for row in rows if row.bound} == set(TARGETS)
    assert {row.name for row in rows} == set(bench.NAMES)
    by_name = {row.name: row for row in rows}
    assert by_name["crops"].figure == 4 and by_name["lfw"].compared == 1
    assert by_name["lightqnet"].note == by_name["start"].note == "it is not here"
    assert "needs a checkout" in by_name["panel"].note
    text = document(result)
    assert f"{len([row for row in rows if row.bound])} targets: " in text and "not measured" in text


@pytest.mark.parametrize(("layers", "millions"), [(50, 43.59), (100, 65.16)])
def test_the_network_of_others_has_as_many_weights_as_theirs(layers, millions):
    """InsightFace's model zoo gives the numbers; ours has one more row for the score, and the means of its norms."""
    assert iresnet(layers).count_params() == pytest.approx(1e6 * millions, rel=2e-3)


def _absent(*arguments, **options):
    raise ValueError("it is not here")


def test_one_row_is_run_alone_and_nothing_that_it_does_not_need(tmp_path, monkeypatch):
    monkeypatch.setattr(bench, "program_rows", lambda name, *a, **o: [Row(name, "toy", 0.1, "s")])
    result = bench.run_bench(tmp_path, SMALL, preset="faceqgen-128", only=["import"])
    assert [row["name"] for row in result["rows"]] == ["import"]
    assert list(tmp_path.iterdir()) == [] and result["rates"] == []
    with pytest.raises(ValueError, match="no such row: speed"):
        bench.run_bench(tmp_path, SMALL, preset="faceqgen-128", only=["speed"])


@pytest.mark.parametrize(
    "size", [{"crops": 31}, {"photographs": 0}, {"rounds": 0}, {"samples": (0, 5)}, {"runs": 2}]
)
def test_a_size_of_nothing_is_refused_before_anything_is_written(tmp_path, size):
    with pytest.raises(ValueError, match=f"{next(iter(size))} must be at least"):
        bench.run_bench(tmp_path, Sizes(**size), preset="faceqgen-128")
    assert list(tmp_path.iterdir()) == []


def test_the_command_runs_full_sizes_small_ones_or_those_that_are_named(monkeypatch, tmp_path):
    asked = []

    def run(folder, sizes, **options):
        asked.append((sizes, options))
        machine = dict.fromkeys(("processor", "cores", "gpus", "load", "backend"), 1)
        row = Row("import", "toy", 0.1, "s", bound="import").to_dict()
        sizes = dataclasses.asdict(sizes)
        return {"machine": machine, "preset": "p", "quick": True, "sizes": sizes, "rows": [row]}

    monkeypatch.setattr(bench, "run_bench", run)
    output = tmp_path / "bench.json"
    assert main(["bench", "--only", "import", "lfw", "--output", str(output)]) == 0
    assert main(["bench", "--quick", "--crops", "99", "--samples", "5", "7"]) == 0
    (full, chosen), (quick, every) = asked
    assert full == Sizes() and chosen["only"] == ["import", "lfw"]
    assert quick == dataclasses.replace(Sizes.quick(), crops=99, samples=(5, 7))
    assert tuple(every["only"]) == bench.NAMES and every["quick"] is True
    assert json.loads(output.read_text())["rows"][0]["met"] is True
    with pytest.raises(SystemExit):
        build_parser("bench").parse_args(["bench", "--only", "speed"])


class Fixed:
    """Finds and scores the same boxes in every photograph."""

    def __init__(self, found, given):
        self.found, self.given = found, given

    def faces(self, path):
        return [face.box for face in self.given]

    def assess(self, sources, *, faces="detect", all_faces=True):
        return iter(self.found if faces == "detect" else self.given)


def _face(x, side, quality):
    box = FaceBox(x, 0, side, side)
    numbers = dict.fromkeys(("ssim", "mse", "discriminator"), 0.5)
    return Assessment("", 0, Status.SCORED, quality=quality, box=box, **numbers)


def test_agreement_counts_large_faces_and_compares_scores_where_boxes_agree():
    theirs = [_face(0, 50, 80.0), _face(100, 50, 10.0), _face(200, 20, 50.0)]
    ours = [_face(2, 50, 79.0), _face(201, 20, 53.0)]
    found, scores = agreement.compare(["a"], Fixed(ours, theirs), Fixed(ours, theirs))
    assert (found.figure, found.other, found.met) == (1, 2, False)
    assert scores.figure == pytest.approx(0.03) and scores.met is False
    nothing = agreement.compare(["a"], Fixed([], []), Fixed([], []))
    assert [row.figure for row in nothing] == [None, None] and all(row.note for row in nothing)


def test_a_fresh_process_that_fails_says_why():
    with pytest.raises(ValueError, match=r"a fresh process failed: .*preset"):
        fresh.start_rows("nothing-of-the-kind", 1)


def test_memory_is_that_of_a_process_of_its_own(tmp_path, preset):
    crops = sides.write_crops(tmp_path, 3)
    growth, most = fresh.memory_rows(preset, crops, 40, "cpu")
    assert 0 < growth.other <= growth.figure * 1.5 and growth.beside == "after 4"
    assert growth.figure <= most.figure and most.met is not None


def test_a_program_that_fails_or_lasts_too_long_becomes_rows_with_the_reason(tmp_path, monkeypatch):
    package = tmp_path / "benchmarks" / "in_fiftyone"
    package.mkdir(parents=True)
    for folder in (package, package.parent):
        (folder / "__init__.py").touch()
    monkeypatch.setattr(programs, "ROOT", tmp_path)
    (package / "__main__.py").write_text("raise SystemExit('the server did not come up')")
    rows = programs.program_rows("panel", SMALL, preset="p")
    assert [row.bound for row in rows] == ["panel", "panel, beside"]
    assert all("the server did not come up" in row.note for row in rows)
    (package / "__main__.py").write_text("import time; time.sleep(60)")
    (row,) = programs.program_rows("operators", SMALL, preset="p", longest=0.5)
    assert "not done within" in row.note and row.met is None


def test_a_program_s_rows_are_taken_as_they_are(tmp_path, monkeypatch):
    package = tmp_path / "benchmarks" / "in_fiftyone"
    package.mkdir(parents=True)
    for folder in (package, package.parent):
        (folder / "__init__.py").touch()
    rows = [Row("import", "toy", 0.1, "s", bound="import").to_dict()]
    (package / "__main__.py").write_text(
        "import sys; given = dict(zip(sys.argv[2::2], sys.argv[3::2]))\n"
        f"open(given['--output'], 'w').write({json.dumps(rows)!r})"
    )
    monkeypatch.setattr(programs, "ROOT", tmp_path)
    (row,) = programs.program_rows("import", SMALL, preset="p")
    assert row == Row("import", "toy", 0.1, "s", bound="import") and row.met


def test_help_names_every_row_and_loads_no_network():
    code = (
        "import sys; from faceqgen_core.cli import build_parser; p = build_parser('bench');"
        "sys.exit('tensorflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert np.all([name in bench.NAMES for name in programs.PROGRAMS])

"""No cell of ours is run by a spreadsheet, and every text comes back as it was."""

from __future__ import annotations

import csv

import pytest

from faceqgen_core.tables.csv_cells import plain_cell, safe_cell, safe_list
from faceqgen_core.tables.score_table import ScoreWriter, open_table, read_scores
from faceqgen_core.types import Assessment, Status

NAMES = [
    "=cmd|' /C calc'!A0.jpg",
    "+1.jpg",
    "-1.jpg",
    "@SUM(A1).jpg",
    "\tx.jpg",
    "\rx.jpg",
    "\nx.jpg",
    "'=x.jpg",
    "''-x.jpg",
    "'plain.jpg",
    "'",
    "\uff1dx.jpg",
    "a;=cmd|' /C calc'!A0.jpg",
    "a;'-1.jpg",
    "a;;=1;\t@x.jpg",
    "a\n=1+1\r\n+2.jpg",
    "a;b'=c;'.jpg",
    "a=b.jpg",
    "face.jpg",
]


@pytest.mark.parametrize("name", [*NAMES, ""])
def test_a_text_begins_with_nothing_that_runs_and_comes_back(name):
    cell = safe_cell(name)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d"))
    assert plain_cell(cell) == name


def test_an_ordinary_path_stays_as_it_is():
    for name in ("/data/face.jpg", "a b.png", "'quoted'.jpg", "ä.jpg"):
        assert safe_cell(name) == name


def test_the_scores_file_holds_no_formula_and_gives_the_paths_back(tmp_path):
    path = tmp_path / "scores.csv"
    with open_table(path, "w") as file:
        writer = ScoreWriter(file)
        for index, name in enumerate(NAMES):
            found = Assessment(
                name, index, Status.FAILED, reason="=1+1", preset="@x@1", crop_protocol="-v1"
            )
            writer.add(found, restored_path=f"+{index}.png")
    with open_table(path, "r") as file:
        cells = [cell for line in csv.reader(file) for cell in line]
    assert not [cell for cell in cells if cell[:1] in tuple("=+-@\t\r\n")]
    table = read_scores(path)
    assert table.paths == NAMES
    assert (table.presets, table.protocols) == (["@x@1"], ["-v1"])
    # As where lists are separated by semicolons: quotes in the midst of what is between two of them are no quotes.
    text = path.read_text("utf-8").replace("\r", "\n")
    pieces = [piece for line in text.split("\n") for piece in line.split(";")]
    assert not [piece for piece in pieces if piece.lstrip('"')[:1] in tuple("=+-@\t")]


def test_lists_of_numbers_stay_numbers_behind_their_first():
    assert safe_list("-1;-2;3") == "'-1;-2;3" and safe_list("1;-2") == "1;-2"
    assert plain_cell(safe_list("-1;-2;3")) == "-1;-2;3"

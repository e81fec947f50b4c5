"""The command behind docs/fairness.md: people count once, groups are told apart, the page is filled in its own place."""

from __future__ import annotations

import numpy as np
import pytest

from scripts.fairness.__main__ import END, HELD_OUT, PAGE, SHIPPED, write
from scripts.fairness.groups import TONES, Person, read_people, spreads, table, tone


def test_people_are_known_by_the_numbers_of_their_folders(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text("face_id,face_age,face_sex,face_eth\nX001,24,female,west_asian\n")
    assert read_people(path) == {"001": Person("female", "west asian")}
    path.write_text("id,sex\n1,female\n")
    with pytest.raises(ValueError, match="no column face_eth, face_id, face_sex"):
        read_people(path)


def test_angles_become_classes_from_light_to_dark():
    assert [tone(angle) for angle in (60, 45, 30, 15, 0, -60)] == [
        TONES[0],
        *TONES,
        TONES[-1],
    ]


def test_a_group_that_scores_lower_is_seen_and_one_that_does_not_is_not():
    rng = np.random.default_rng(0)
    quality = {f"a{i}": 90 + rng.normal() for i in range(30)}
    quality |= {f"b{i}": 80 + rng.normal() for i in range(20)}
    apart = spreads(quality, {name: name[0] for name in quality}, acceptable=85)
    low, high = apart["b"].gap_interval
    assert -12 < low < apart["b"].gap < high < -8
    assert (apart["a"].acceptable, apart["b"].acceptable) == (1.0, 0.0)
    assert apart["b"].interval[0] < apart["b"].median < apart["b"].interval[1]
    mixed = {name: str(i % 2) for i, name in enumerate(quality)}
    low, high = spreads(quality, mixed, acceptable=85)["0"].gap_interval
    assert low < 0 < high


def test_of_too_few_people_no_interval_is_given():
    quality = {str(i): 90.0 + i for i in range(10)}
    group = {name: "few" if name in "0123" else "many" for name in quality}
    found = spreads(quality, group, acceptable=50)
    assert found["few"].interval is None and found["few"].gap_interval is None
    text = table("group", found.items())
    assert "| few | 4 | 91.5 | -5.0 | 100% |" in text and "| many | 6 | 96.5 (" in text


@pytest.mark.parametrize(("begin", "other"), [(SHIPPED, HELD_OUT), (HELD_OUT, SHIPPED)])
def test_the_tables_replace_those_that_stand_in_their_place_of_the_page(tmp_path, begin, other):
    copy = tmp_path / "page.md"
    copy.write_text(PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    kept = _block(copy, other)
    write("| one |", copy, begin=begin)
    write("| two |", copy, begin=begin)
    assert _block(copy, begin).strip() == "| two |"
    assert _block(copy, other) == kept
    text = copy.read_text(encoding="utf-8")
    assert (text.count(SHIPPED), text.count(HELD_OUT), text.count(END)) == (1, 1, 2)
    assert "These numbers flatter" in text
    assert text.endswith(PAGE.read_text(encoding="utf-8").rpartition(END)[2])


def _block(page, begin):
    return page.read_text(encoding="utf-8").split(begin)[1].split(END)[0]

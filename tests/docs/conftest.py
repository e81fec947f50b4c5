"""What the pages take for granted: folders of photographs, a table of pairs, data sets, object stores; made once, copied for each page."""

from __future__ import annotations

import csv
import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from demo.images import portraits
from faceqgen_core.degradation import degrade
from faceqgen_core.image_io import save_png

PEOPLE = (0.15, 0.15, 0.7, 0.8)
"""A box about the head of either portrait: left, top, width, height as shares."""


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what pages name.

    photos/, faces/ are six pictures of two people; good/ and poor/ 20 captures each; pairs.csv compares the photos.
    """
    shelf = tmp_path_factory.mktemp("shelf")
    people = portraits()
    for (person, picture), strength in itertools.product(people.items(), (0.0, 0.4, 0.8)):
        rng = np.random.default_rng(0)
        seen = degrade(picture, "gaussian_blur", strength, rng) if strength else picture
        for folder in ("photos", "faces"):
            save_png(shelf / folder / f"{person}_{strength}.png", seen)
    for shot in range(20):
        rng = np.random.default_rng(shot)
        picture = list(people.values())[shot % 2]
        save_png(shelf / "good" / f"{shot}.png", picture[shot // 2 :, shot // 2 :])
        save_png(shelf / "poor" / f"{shot}.png", degrade(picture, "gaussian_blur", 0.9, rng))
    names = sorted(path.name for path in (shelf / "photos").iterdir())
    with open(shelf / "pairs.csv", "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["a", "b", "similarity", "mated"])
        for a, b in itertools.combinations(names, 2):
            mated = a.rpartition("_")[0] == b.rpartition("_")[0]
            blurred = "_0.0" in a and "_0.8" in b  # known again no more
            similarity = 0.9 if mated and not blurred else 0.2
            row = [f"photos/{a}", f"photos/{b}", similarity, int(mated)]
            rows.writerows([row] * (1 if mated else 120))  # a rate of 1 in 1000 needs as many
    return shelf


@pytest.fixture
def place(shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the shelf, which is the current folder."""
    place = tmp_path / "place"
    shutil.copytree(shelf, place)
    monkeypatch.chdir(place)
    return place


@pytest.fixture
def data_set(place: Path) -> Iterator[Callable[[str], Any]]:
    """Makes a data set of the faces by its name, with a box of each person; gone after the test."""
    import fiftyone as fo

    made: list[Any] = []

    def make(name: str) -> Any:
        dataset = fo.Dataset(name)
        made.append(dataset)
        box = fo.Detection(label="person", bounding_box=list(PEOPLE))
        dataset.add_samples(
            fo.Sample(filepath=str(path), people=fo.Detections(detections=[box.copy()]))
            for path in sorted((place / "faces").iterdir())
        )
        return dataset

    yield make
    for dataset in made:
        dataset.delete()

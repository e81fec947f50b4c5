"""Score the London Set by sex, ethnicity and skin tone, and write the tables of docs/fairness.md.

    python -m scripts.fairness --data london --people london_faces_info.csv --write

``--data`` is the folder of the London Set, ``<person>/<image>``; ``--people`` its own table, of the same source (doi
10.6084/m9.figshare.5047666, CC BY 4.0). Without ``--write`` the tables are printed alone. ``--held-out`` says that the preset
has not seen the London Set: its tables have a place of their own on the page.
"""

from __future__ import annotations

import argparse
import sys
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

import numpy as np

from faceqgen_core import FaceQualityAssessor
from faceqgen_core.degradation import degrade
from faceqgen_core.image_io import load_image
from faceqgen_core.image_request import ImageRequest
from faceqgen_core.presets import DEFAULT_PRESET
from faceqgen_core.types import FaceBox, Image
from scripts.fairness.groups import TONES, Person, Spread, read_people, spreads, table, tone
from scripts.model_card.measure.subgroups import typology_angle

PAGE = Path(__file__).resolve().parents[2] / "docs" / "fairness.md"
SHIPPED = "<!-- tables: written by scripts/fairness -->"
HELD_OUT = (
    "<!-- tables of networks that have not seen these people: written by scripts/fairness -->"
)
END = "<!-- end of the tables -->"
FAMILIES = ("dark", "side_light", "gaussian_blur", "low_resolution")
STRENGTH = 0.5


class Faces:
    """The primary face of each image.

    Args:
        data: folder of people.
        preset: name or folder of the preset.
    """

    def __init__(self, data: Path, preset: str) -> None:
        self.assessor = FaceQualityAssessor(preset)
        self.paths = sorted(path for path in data.glob("*/*") if path.suffix in (".jpg", ".png"))
        if not self.paths:
            raise ValueError(f"{data} holds no images: give the folder of <person>/<image>")
        found = list(self.assessor.assess(self.paths))
        self.quality = [one.quality for one in found]
        self.boxes = [one.box for one in found]
        self.crops: list[Image | None] = [
            None if box is None else self.assessor.preset.cut(load_image(path), box).image
            for path, box in zip(self.paths, self.boxes, strict=True)
        ]

    def by_person(self, quality: Sequence[float | None]) -> dict[str, float]:
        """Mean of each person's scored images."""
        people: dict[str, list[float]] = {}
        for path, value in zip(self.paths, quality, strict=True):
            if value is not None:
                people.setdefault(path.parent.name, []).append(value)
        return {person: float(np.mean(values)) for person, values in people.items()}

    def tones(self) -> dict[str, str]:
        """Skin tone of each person, of the mean angle of their images."""
        protocol = self.assessor.preset.protocol
        angles = [None if crop is None else typology_angle(crop, protocol) for crop in self.crops]
        return {person: tone(angle) for person, angle in self.by_person(angles).items()}

    def degraded(self, family: str) -> list[float | None]:
        """Quality of each image after the whole photograph was degraded; the face is where it was."""
        return [one.quality for one in self.assessor.assess(self._requests(family), faces="given")]

    def _requests(self, family: str) -> Iterator[ImageRequest]:
        for path, box in zip(self.paths, self.boxes, strict=True):
            rng = np.random.default_rng(zlib.crc32(f"{path.parent.name}/{path.name}".encode()))
            boxes: tuple[FaceBox, ...] = () if box is None else (box,)
            worse = degrade(load_image(path), family, STRENGTH, rng)
            yield ImageRequest(worse, boxes=boxes)


def report(faces: Faces, people: Mapping[str, Person]) -> str:
    """The tables, and the sentence on what they were made of."""
    unknown = {path.parent.name for path in faces.paths} - set(people)
    if unknown:
        raise ValueError(f"the table of people lacks {', '.join(sorted(unknown)[:5])}")
    preset = faces.assessor.preset
    acceptable = float(preset.training.get("acceptable", 50.0))
    means = faces.by_person(faces.quality)
    tones = faces.tones()
    groups = {
        "sex": {name: people[name].sex for name in means},
        "ethnicity": {name: people[name].ethnicity for name in means},
        "skin tone": {name: tones[name] for name in means},
    }
    missed = sum(value is None for value in faces.quality)
    parts = [
        f"{len(faces.paths)} images of {len(means)} people, `{preset.identifier}`, {date.today():%Y-%m-%d}; "
        f"{missed} images without a score. Acceptable: a quality of {acceptable:g} or more."
    ]
    for title, group in groups.items():
        found = spreads(means, group, acceptable=acceptable)
        parts.append(table(title, _ordered(found)))
    parts.append(
        f"The same photographs made worse, each family at strength {STRENGTH:g}. Mean quality of the group less that of all "
        "others, with 95 % intervals; in bold what is more than chance."
    )
    parts.append(_degraded(faces, groups))
    return "\n\n".join(parts)


def _ordered(found: Mapping[str, Spread]) -> list[tuple[str, Spread]]:
    return sorted(found.items(), key=lambda item: TONES.index(item[0]) if item[0] in TONES else -1)


def _degraded(faces: Faces, groups: Mapping[str, Mapping[str, str]]) -> str:
    shown = [("sex", "female"), ("skin tone", TONES[0]), ("skin tone", TONES[-1])]
    lines = ["| family | median quality | " + " | ".join(name for _, name in shown) + " |"]
    lines.append("|---" * (len(shown) + 2) + "|")
    for family in FAMILIES:
        means = faces.by_person(faces.degraded(family))
        cells = []
        for title, name in shown:
            one = spreads(means, groups[title], acceptable=0.0).get(name)
            if one is None or one.gap is None or one.gap_interval is None:
                cells.append("too few")
                continue
            low, high = one.gap_interval
            cell = f"{one.gap:+.1f} ({low:.1f} to {high:.1f})"
            cells.append(f"**{cell}**" if low * high > 0 else cell)
        lines.append(f"| {family} | {np.median(list(means.values())):.0f} | {' | '.join(cells)} |")
    return "\n".join(lines)


def write(text: str, page: Path = PAGE, *, begin: str = SHIPPED) -> None:
    """Put the tables into the page, in place of those that stand there between ``begin`` and the next end."""
    before, old = page.read_text(encoding="utf-8").split(begin)
    after = old.split(END, 1)[1]
    page.write_text(f"{before}{begin}\n\n{text}\n\n{END}{after}", encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Score, print, write."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.fairness",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the London Set")
    parser.add_argument("--people", type=Path, required=True, help="london_faces_info.csv")
    parser.add_argument("--preset", default=DEFAULT_PRESET, help="name or folder of the preset")
    parser.add_argument("--write", action="store_true", help="write the tables into the page")
    parser.add_argument(
        "--held-out", action="store_true", help="the preset was trained without the London Set"
    )
    chosen = parser.parse_args(arguments)
    try:
        text = report(Faces(chosen.data, chosen.preset), read_people(chosen.people))
    except (ValueError, OSError) as error:
        parser.error(str(error))
    print(text)
    if chosen.write:
        write(text, begin=HELD_OUT if chosen.held_out else SHIPPED)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Is the right reason first? Degrade faces strongly, one family at a time, and count: ``python benchmarks/reasons.py``.

Always on scikit-image's astronaut and matplotlib's Grace Hopper; with ``--data`` also on folders of the user's, laid out
``<root>/<subject>/<image>``. Half of those faces (by a checksum of the name) were used to choose the thresholds, the other
half is reported; ``--tuning`` reports the first. ``--write`` writes docs/reasons.md.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT))

import cv2  # noqa: E402
import numpy as np  # noqa: E402
import skimage.data  # noqa: E402

from benchmarks.reasons_text import Row, document, table  # noqa: E402
from faceqgen_core.alignment import CropProtocol, align  # noqa: E402
from faceqgen_core.degradation import COVER, FAMILIES, degrade  # noqa: E402
from faceqgen_core.detection import MTCNNDetector, primary_face_order  # noqa: E402
from faceqgen_core.image_io import load_image  # noqa: E402
from faceqgen_core.presets import load_preset  # noqa: E402
from faceqgen_core.reasons import REASONS, FaceStatistics, explain, measure_face_statistics  # noqa: E402
from faceqgen_core.reasons.pose import head_pose  # noqa: E402
from faceqgen_core.restoration import Restorer  # noqa: E402
from faceqgen_core.training.data.layouts import list_subjects  # noqa: E402
from faceqgen_core.training.data.subjects import read_landmarks  # noqa: E402
from faceqgen_core.types import FaceBox, Image  # noqa: E402
from scripts.face_model import held_back  # noqa: E402
from tests.images import astronaut, astronaut_face, grace_hopper  # noqa: E402

PROTOCOL = CropProtocol()
WANTED = {family: reason.name for reason in REASONS.values() for family in reason.families}
WANTED |= {"cut off": "off_centre", "few pixels": "low_resolution", "profile": "pose"}
WANTED |= {"restless background": "background"}
# Alignment undoes a rotation, and a tint hardly lowers a score: neither has a reason of its own.
LEFT_OUT = ("rotation", "colour_cast")
CROPS, PHOTOS = "face crop", "photograph"
PROFILE = 38.0  # degrees, by another detector's landmarks than the product's


@dataclass(frozen=True, eq=False)
class Case:
    """One degraded face: what was done where, the image with its face, the seed of what was done."""

    family: str
    where: str
    image: Image
    box: FaceBox


def _seed(*words: object) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(" ".join(map(str, words)).encode()))


def _moved(box: FaceBox, dx: float, dy: float, scale: float = 1.0) -> FaceBox:
    points = (box.landmarks + np.array([dx, dy])) * scale
    return FaceBox(
        (box.x + dx) * scale,
        (box.y + dy) * scale,
        box.width * scale,
        box.height * scale,
        box.confidence,
        points.astype(np.float32),
    )


def _cut_off(
    rng: np.random.Generator, image: Image, box: FaceBox, strength: float
) -> tuple[Image, FaceBox]:
    """Take away one side of the photograph up to near the middle of the face."""
    height, width = image.shape[:2]
    x, y = box.landmarks.mean(axis=0)
    left = (1 - strength) * 1.1 * float(np.linalg.norm(box.landmarks[1] - box.landmarks[0]))
    side = int(rng.integers(4))
    if side == 0:
        edge = int(np.clip(x - left, 0, width - 32))
        return image[:, edge:], _moved(box, -edge, 0)
    if side == 1:
        return image[:, : int(np.clip(x + left, 32, width))], box
    if side == 2:
        edge = int(np.clip(y - left, 0, height - 32))
        return image[edge:], _moved(box, 0, -edge)
    return image[: int(np.clip(y + left, 32, height))], box


def _few_pixels(image: Image, box: FaceBox, strength: float) -> tuple[Image, FaceBox]:
    """Shrink the photograph until its face has as few pixels as ``low_resolution`` leaves."""
    eyes = float(np.linalg.norm(box.landmarks[1] - box.landmarks[0]))
    scale = PROTOCOL.eye_distance * PROTOCOL.size / (1.3 * 8**strength) / eyes
    size = (max(8, round(image.shape[1] * scale)), max(8, round(image.shape[0] * scale)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA), _moved(box, 0, 0, scale)


def _restless(rng: np.random.Generator, image: Image) -> Image | None:
    """Put grass, gravel or bricks in place of a plain background; None if the background is not plain."""
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB).astype(np.float32)
    border = np.concatenate(
        [lab[:12].reshape(-1, 3), lab[:, :6].reshape(-1, 3), lab[:, -6:].reshape(-1, 3)]
    )
    near = np.linalg.norm(lab - np.median(border, axis=0), axis=2) < 30
    _, labels = cv2.connectedComponents(near.astype(np.uint8))
    plain = near & np.isin(labels, np.unique(labels[0]))
    if plain[: len(plain) // 8].mean() < 0.9:
        return None
    texture = (skimage.data.grass, skimage.data.gravel, skimage.data.brick)[int(rng.integers(3))]()
    texture = cv2.resize(texture, (384, 384), interpolation=cv2.INTER_AREA).astype(np.float32)
    texture = np.tile(128 + (texture - texture.mean()) * 60 / texture.std(), (4, 4))
    soft = cv2.GaussianBlur(plain.astype(np.float32), (0, 0), 1.0)[..., None]
    behind = texture[: image.shape[0], : image.shape[1], None]
    return np.asarray(np.clip(np.rint(image * (1 - soft) + behind * soft), 0, 255), np.uint8)


def cases(name: str, image: Image, box: FaceBox, draws: int) -> Iterator[Case]:
    """Degrade one face in all ways: its crop, as in training, and the photograph before it is cut."""
    crop = align(image, box, PROTOCOL)
    points = cv2.transform(box.landmarks[None].astype(np.float64), crop.matrix)[0]
    inside = FaceBox(20, 14, 88, 108, box.confidence, points.astype(np.float32))
    for draw in range(draws):
        for family in FAMILIES:
            if family in LEFT_OUT:
                continue
            rng = _seed(name, family, draw)
            strength = rng.uniform(0.7, 1.0)
            state = rng.bit_generator.state
            label = family
            if family == "jpeg":  # its first number decides the codec
                label = "jpeg (WebP)" if rng.random() < 0.25 else "jpeg (JPEG)"
                rng.bit_generator.state = state
            yield Case(label, CROPS, degrade(crop.image, family, strength, rng), inside)
            if family in COVER or family == "crop":
                continue  # drawn for the place that a face has in a crop
            rng.bit_generator.state = state
            yield Case(label, PHOTOS, degrade(image, family, strength, rng), box)
        rng = _seed(name, "photo", draw)
        yield Case("cut off", PHOTOS, *_cut_off(rng, image, box, rng.uniform(0.7, 1.0)))
        yield Case("few pixels", PHOTOS, *_few_pixels(image, box, rng.uniform(0.7, 1.0)))
        if (restless := _restless(rng, image)) is not None:
            yield Case("restless background", PHOTOS, restless, box)
    yield Case("as it is", PHOTOS, image, box)


class Judge:
    """Scores faces and keeps, for each family, the reasons with and without the network's names."""

    def __init__(self) -> None:
        self.restorer = Restorer(load_preset())
        self.waiting: list[tuple[tuple[str, str], Image, FaceStatistics]] = []
        self.found: dict[tuple[str, str], list[tuple[tuple[str, ...], tuple[str, ...], float]]] = {}
        self.seconds = self.count = 0.0

    def add(self, case: Case) -> None:
        """Queue one face."""
        crop = align(case.image, case.box, PROTOCOL)
        start = time.process_time()
        statistics = measure_face_statistics(case.image, crop)
        self.seconds += time.process_time() - start
        self.count += 1
        self.waiting.append(((case.family, case.where), crop.image, statistics))
        if len(self.waiting) == 256:
            self.flush()

    def flush(self) -> None:
        """Score what waits."""
        if not self.waiting:
            return
        result = self.restorer.restore(np.stack([image for _, image, _ in self.waiting]))
        for (key, _, statistics), similarity, names in zip(
            self.waiting, result.similarity, result.predicted_levels, strict=True
        ):
            quality = self.restorer.preset.calibration.quality(float(similarity))
            both = explain(statistics, quality), explain(statistics, quality, names)
            self.found.setdefault(key, []).append((*both, quality))
        self.waiting = []

    def rows(self) -> list[Row]:
        """One row per family, JPEG and WebP together as well."""
        self.flush()
        found = dict(self.found)
        for where in (CROPS, PHOTOS):
            parts = [v for k, v in self.found.items() if k[0].startswith("jpeg") and k[1] == where]
            if parts:
                found["jpeg", where] = [entry for part in parts for entry in part]
        return [_row(*key, entries) for key, entries in sorted(found.items(), key=_order)]


def _order(item: tuple[tuple[str, str], list]) -> tuple[int, int]:
    family, where = item[0]
    order = [*FAMILIES, "cut off", "few pixels", "profile", "restless background", "as it is"]
    return (where != CROPS, order.index(family.split(" (")[0]) * 3 + ("(" in family))


def _row(family: str, where: str, entries: list) -> Row:
    wanted = WANTED.get(family.split(" (")[0], "")
    first = [
        [reasons[0] if reasons else "" for reasons in column]
        for column in ([entry[i] for entry in entries] for i in (0, 1))
    ]
    others = Counter(f or "none" for f in first[1] if f != wanted)
    return Row(
        family,
        where,
        wanted,
        len(entries),
        float(np.mean([f == wanted for f in first[0]])),
        float(np.mean([f == wanted for f in first[1]])),
        float(np.median([quality for _, _, quality in entries])),
        ", ".join(f"{name} {n}" for name, n in others.most_common(3)),
    )


def permitted() -> Iterator[tuple[str, Image, FaceBox]]:
    """The two portraits that anybody has, cut to the head: the families scale with the picture."""
    faces = {"astronaut": (astronaut(), astronaut_face())}
    faces["grace_hopper"] = grace_hopper(), MTCNNDetector().detect(grace_hopper())[0]
    for name, (image, box) in faces.items():
        reach = 2.2 * float(np.linalg.norm(box.landmarks[1] - box.landmarks[0]))
        x, y = box.landmarks.mean(axis=0)
        left, top = max(0, int(x - reach)), max(0, int(y - reach))
        yield name, image[top : int(y + reach), left : int(x + reach)], _moved(box, -left, -top)


def from_folders(args: argparse.Namespace) -> Iterator[tuple[str, Image, FaceBox, bool]]:
    """Faces of the user's folders: one image a subject, then profiles; True marks these."""
    listed = args.subjects and set(args.subjects.read_text(encoding="utf-8").split())
    keep = listed and {name for name in listed if held_back(name)}
    half = 0 if args.tuning else 1
    items = [
        i for i in list_subjects(args.data, keep=keep) if zlib.crc32(i.name.encode()) % 2 == half
    ]
    chosen = list({item.subject: item for item in items}.values())
    by_root: dict[str, list] = {}
    for item in sorted(chosen, key=lambda i: zlib.crc32(i.name.encode())):
        by_root.setdefault(item.name.split("/")[0], []).append(item)
    chosen = [item for group in by_root.values() for item in group[: args.faces]]
    profiles = []
    if args.landmarks:
        known = read_landmarks(args.landmarks)
        every = list_subjects(args.data, keep=listed or None)
        turned = {n: abs(p.yaw) for n, b in known.items() if (p := head_pose(b.landmarks))}
        profiles = [
            i
            for i in every
            if turned.get(i.name, 0) >= PROFILE and zlib.crc32(i.name.encode()) % 2 == half
        ][: args.faces]
    detector = MTCNNDetector()
    for item, profile in [*((i, False) for i in chosen), *((i, True) for i in profiles)]:
        image = load_image(item.path)
        faces = primary_face_order(detector.detect(image), (image.shape[1], image.shape[0]))
        if faces:
            yield item.name, image, faces[0], profile


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, nargs="+", help="folders <root>/<subject>/<image>")
    parser.add_argument("--subjects", type=Path, help="list of subject folders to draw from")
    parser.add_argument("--landmarks", type=Path, help="CSV by another detector, to find profiles")
    parser.add_argument("--faces", type=int, default=100, help="at most so many of each folder")
    parser.add_argument("--tuning", action="store_true", help="report the half used for tuning")
    parser.add_argument("--write", action="store_true", help="write docs/reasons.md")
    args = parser.parse_args()
    small = Judge()
    for name, image, box in permitted():
        for case in cases(name, image, box, draws=10):
            small.add(case)
    tables = {"permitted": small.rows()}
    print(table(tables["permitted"]))
    speed = small
    if args.data:
        judge = speed = Judge()
        for name, image, box, profile in from_folders(args):
            if profile:
                judge.add(Case("profile", PHOTOS, image, box))
                continue
            for case in cases(name, image, box, draws=1):
                judge.add(case)
        tables["folders"] = judge.rows()
        print(table(tables["folders"]))
    milliseconds = 1000 * speed.seconds / speed.count
    print(f"{milliseconds:.1f} ms a face for the statistics, {int(speed.count)} faces")
    if args.write:
        text = document(tables, small.restorer.preset.identifier, milliseconds)
        (ROOT / "docs" / "reasons.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

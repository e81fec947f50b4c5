"""Learn the face model of ``faceqgen_core.reasons`` from folders of faces, the same that train the networks.

    python scripts/face_model.py --data lfw portraits --subjects train.txt --landmarks landmarks.csv

Every tenth listed subject is held back for ``benchmarks/reasons.py``. Deterministic for the same images.
"""

from __future__ import annotations

import argparse
import sys
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT))

from faceqgen_core.alignment import CropProtocol  # noqa: E402
from faceqgen_core.reasons.face_model import FILE, FaceModel  # noqa: E402
from faceqgen_core.training.data.layouts import list_subjects  # noqa: E402
from faceqgen_core.training.data.subjects import align_faces, read_landmarks  # noqa: E402


def held_back(subject: str) -> bool:
    """True for every tenth subject, by a checksum of the name: its faces are kept for the benchmark."""
    return zlib.crc32(subject.encode()) % 10 == 0


def main() -> None:
    """Learn and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--data", type=Path, nargs="+", required=True, help="<root>/<subject>/<image>"
    )
    parser.add_argument("--subjects", type=Path, help="list of subject folders to learn from")
    parser.add_argument("--landmarks", type=Path, help="CSV of landmarks, spares detection")
    parser.add_argument("--output", type=Path, default=FILE)
    args = parser.parse_args()
    listed = args.subjects and set(args.subjects.read_text(encoding="utf-8").split())
    keep = listed and {name for name in listed if not held_back(name)}
    one_each = {item.subject: item for item in reversed(list_subjects(args.data, keep=keep))}
    known = read_landmarks(args.landmarks) if args.landmarks else None
    faces = align_faces(list(one_each.values())[::-1], CropProtocol(), known=known)
    FaceModel.fit(faces.crops).save(args.output)
    print(f"{len(faces.crops)} faces -> {args.output}")


if __name__ == "__main__":
    main()

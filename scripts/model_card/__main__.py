"""Measure a preset and write its model card.

    python -m scripts.model_card --preset models/faceqgen-128 --data ROOT

ROOT holds the evaluation's folders ``lfw``, ``portraits``, ``london``, ``dev_xq`` and ``splits``, the file ``dev_eval.npz``
and, for the teacher, ``weights``. Written into the preset's folder: ``README.md``, ``validity.json`` with all numbers, and
the pictures. Crops and finished steps are kept in a cache outside the repository: an interrupted run goes on.
"""

from __future__ import annotations

import argparse
import hashlib
import inspect
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceqgen_core.presets import Preset, load_preset
from faceqgen_core.restoration import Restorer
from faceqgen_core.training.data.targets import off_front
from faceqgen_core.training.geometry.face_geometry import FaceGeometry, read_geometry
from faceqgen_core.training.geometry.mesh_reader import MeshReader
from faceqgen_core.whole_files import written_whole
from scripts.model_card.draw import montages, plots
from scripts.model_card.measure import (
    canonical,
    crops,
    distributions,
    families,
    networks,
    restoration,
    subgroups,
    validity,
)
from scripts.model_card.measure.scores import Embed, recognisers, score
from scripts.model_card.write import page, tables

DISCARDED = np.round(np.arange(0, 1.0001, 0.005), 3)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--preset", type=Path, required=True, help="folder of the preset")
    parser.add_argument("--data", type=Path, required=True, help="root of the evaluation's data")
    parser.add_argument("--output", type=Path, help="where to write; the preset's folder")
    parser.add_argument(
        "--recogniser", type=Path, nargs="+", default=[], help="files of more teachers as judges"
    )
    parser.add_argument("--mesh", type=Path, required=True, help="face_landmark.tflite")
    parser.add_argument("--person", type=Path, required=True, help="selfie_segmentation.tflite")
    parser.add_argument("--cache", type=Path, default=crops.cache_folder(), help="%(default)s")
    return parser.parse_args(arguments)


class Steps:
    """Results of finished steps, kept by what they depend on: the preset, the crops and the code of the step."""

    def __init__(self, folder: Path, preset: Preset) -> None:
        self._folder = folder
        of_crops = crops.crop_key((), preset.protocol)
        self._facts = [preset.identifier, str(preset.training.get("acceptable")), of_crops]

    def do(self, name: str, module: ModuleType, make: Callable[[], Any], *, also: str = "") -> Any:
        """Return the result of a step, from the cache if it was done before; ``also``: what else it depends on."""
        key = "\n".join([*self._facts, inspect.getsource(module), also]).encode()
        path = self._folder / f"{name}-{hashlib.sha256(key).hexdigest()[:16]}.json"
        if not path.is_file():
            with written_whole(path) as temporary:
                temporary.write_text(json.dumps(make()), encoding="utf-8")
        return json.loads(path.read_text(encoding="utf-8"))


def canonical_of(
    args: argparse.Namespace,
    restorer: Restorer,
    held: crops.CropSet,
    best: NDArray[np.int64],
    judges: dict[str, Embed],
) -> dict[str, Any]:
    """Choose good and turned faces of held-back subjects and measure what restoration makes of them."""
    geometry = read_geometry(held.faces, mesh=args.mesh, person=args.person, cache=args.cache)
    place = np.cumsum(held.found) - 1
    yaw, pitch = np.abs(off_front(geometry))
    good = [int(i) for i in place[best] if yaw[i] < canonical.FRONTAL and pitch[i] < 12]
    good = good[: canonical.FACES]
    chosen = FaceGeometry(
        *(getattr(geometry, name)[good] for name in ("points", "flag", "person", "pose"))
    )
    turned = np.flatnonzero((yaw >= 20) & (yaw <= 60) & (geometry.flag > 10))[: canonical.FACES]
    return canonical.measure(
        restorer,
        canonical.GoodFaces(held.faces[good], chosen),
        reader=MeshReader(args.mesh),
        real=held.faces[turned],
        judges=judges,
    )


def measure(args: argparse.Namespace, preset: Preset) -> tuple[dict[str, Any], dict[str, Any]]:
    """Measure everything; returns the facts and the EDC curves."""
    root, protocol, cache = args.data, preset.protocol, args.cache
    steps, restorer = Steps(cache, preset), Restorer(preset, batch_size=64)
    run = preset.training["settings"]
    evaluation = validity.read(root)
    developed = crops.cut(root, evaluation.names, protocol, label="development", cache=cache)
    names = [p.relative_to(root).as_posix() for p in sorted((root / "london").rglob("*.jpg"))]
    london = crops.cut(root, names, protocol, label="london", cache=cache)
    names = crops.held_back_names(root, share=run["held_back"], seed=run["seed"])
    held = crops.cut(root, names, protocol, label="held-back", cache=cache)

    def scores_of(faces: crops.CropSet) -> dict[str, list[float]]:
        return {k: v.tolist() for k, v in score(restorer, faces.faces)[0].items()}

    def spread(name: str, faces: crops.CropSet) -> dict[str, Any]:
        scores = steps.do(f"scores-{name}", crops, lambda: scores_of(faces))
        return validity.spread_out(faces, {k: np.array(v) for k, v in scores.items()})

    own, of_held = spread("development", developed), spread("held-back", held)

    def validity_of() -> list[Any]:
        facts, curves = validity.measure(evaluation, own)
        sets = {
            validity.SETS[s]: {m: c.at(DISCARDED).tolist() for m, c in methods.items()}
            for s, methods in curves.items()
        }
        return [facts, {"discarded": DISCARDED.tolist(), "sets": sets}]

    facts: dict[str, Any] = {"name": preset.name, "preset": preset.identifier}
    facts["validity"], curves = steps.do("validity", validity, validity_of)
    facts["remaining"] = validity.remaining_errors(evaluation, own["quality"])
    facts["networks"] = networks.describe(preset)
    best = crops.fittest(held, protocol, restoration.FACES)
    facts["families"] = steps.do(
        "families",
        families,
        lambda: families.measure(restorer, held.crops[best[: families.FACES]]),
    )
    strong = np.array(facts["families"]["strong"].pop("breaking"))
    facts["distributions"] = steps.do(
        "distributions",
        distributions,
        lambda: distributions.measure(
            restorer,
            london=london,
            held_back=held,
            evaluation=evaluation,
            quality=own["quality"],
            strong=strong,
        ),
    )
    judges = recognisers(root, restorer, args.recogniser)
    facts["restoration"] = steps.do(
        "restoration",
        restoration,
        lambda: restoration.measure(restorer, held.crops[best], judges),
        also=",".join(judges),
    )
    facts["canonical"] = steps.do(
        "canonical",
        canonical,
        lambda: canonical_of(args, restorer, held, best, judges),
        also=",".join(judges),
    )
    natural = np.flatnonzero(evaluation.sets == "natural")
    parts = [
        (developed, own["quality"], natural),
        (held, of_held["quality"], np.arange(len(held.names))),
    ]
    acceptable = float(preset.training.get("acceptable", 50.0))
    facts["subgroups"] = steps.do(
        "subgroups",
        subgroups,
        lambda: subgroups.measure(parts, evaluation, protocol, acceptable),
    )
    portraits = montages.faces(protocol)
    for number, (name, face) in enumerate(portraits.items()):
        montages.families(face, number, restorer, args.output / f"montage-{name}.jpg")
    facts["failures"] = montages.failures(
        portraits, restorer, next(iter(judges.values())), args.output / "failures.jpg"
    )
    return facts, curves


def draw(facts: dict[str, Any], curves: dict[str, Any], preset: Preset, output: Path) -> None:
    """Draw the plots; notes in the facts whether there are training curves."""
    for name in validity.SETS.values():
        plots.edc(facts["validity"], curves, name, output / f"edc-{name}.png")
    plots.distributions(facts["distributions"], output / "distributions.png")
    plots.families(facts["families"], output / "families.png")
    plots.subgroups(facts["subgroups"], output / "subgroups.png")
    drawn = plots.training(plots.read_curves(preset.folder), output / "curves.png")
    facts["curves_text"] = (
        "![Training curves](curves.png)" if drawn else "No curves were kept with these weights."
    )


def main() -> None:
    """Measure, draw, write."""
    args = parse()
    preset = load_preset(args.preset)
    args.output = args.output or args.preset
    args.output.mkdir(parents=True, exist_ok=True)
    facts, curves = measure(args, preset)
    draw(facts, curves, preset, args.output)
    template = page.TEMPLATE.read_text(encoding="utf-8")
    text = page.fill(template, page.values(facts, preset.training))
    (args.output / "README.md").write_text(text, encoding="utf-8")
    text = json.dumps(facts, indent=1)
    (args.output / "validity.json").write_text(text + "\n", encoding="utf-8")
    print(tables.targets(facts))
    print(f"written: {args.output / 'README.md'}", file=sys.stderr)


if __name__ == "__main__":
    main()

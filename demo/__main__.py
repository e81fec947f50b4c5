"""The demo: ``python -m demo`` builds a data set in FiftyOne, scores it with the plugin's operator, shows the result.

Run it again and nothing is done twice: images are written anew with the same pixels, samples that are there stay, faces
that have a score keep it. ``--app`` opens the FiftyOne App on the data set.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent

# FiftyOne reads its environment once, when it is imported: before that, name this checkout as the place of the plugin.
os.environ.setdefault("FIFTYONE_PLUGINS_DIR", str(ROOT))
os.environ.setdefault("FIFTYONE_DO_NOT_TRACK", "true")
os.environ.setdefault(
    "FIFTYONE_DATABASE_VALIDATION", "false"
)  # no advice on the version of MongoDB
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

DATASET = "faceqgen-demo"
OPERATOR = "@faceqgen/face-quality/score_faces"
FIELD = "faceqgen"
SHEET_TITLE = (
    "FaceQgen demo, best first: quality 0..100; difference: dark is kept, bright is changed"
)
SHEET_FACES = {"portrait": 24, "lfw": 6}


def default_output() -> Path:
    """``demo-output`` in a checkout; a plugin's folder is deleted when it is updated, so elsewhere ``~/.faceqgen/demo``."""
    home = os.environ.get("FACEQGEN_HOME") or "~/.faceqgen"
    if (ROOT / ".git").exists():
        return ROOT / "demo-output"
    return Path(home).expanduser() / "demo"


def build_dataset(folder: Path, *, name: str = DATASET, **choice: Any) -> Any:
    """Write the demo images into a folder and bring the data set in step with it.

    Args:
        folder: where the images go.
        name: name of the FiftyOne data set; samples of it that lie elsewhere are removed from it.
        **choice: handed to ``demo.images.demo_images``.

    Returns:
        The persistent ``fiftyone.Dataset``.
    """
    import fiftyone as fo
    from tqdm import tqdm

    from demo.images import demo_images, write_images

    images = list(demo_images(**choice))
    written = tqdm(
        write_images(images, folder.resolve()), "images", total=len(images), unit="image"
    )
    paths = {str(path): image for path, image in written}

    exists = fo.dataset_exists(name)
    dataset = fo.load_dataset(name) if exists else fo.Dataset(name, persistent=True)
    known = dict(zip(dataset.values("filepath"), dataset.values("id"), strict=True))
    dataset.delete_samples([known[path] for path in known if path not in paths])
    dataset.add_samples(
        [
            fo.Sample(
                filepath=path,
                tags=[image.kind],
                subject=image.subject,
                degradation=fo.Classification(label=image.degradation),
                strength=image.strength,
            )
            for path, image in paths.items()
            if path not in known
        ],
        progress=False,
    )
    # The App draws fields in colours by chance; a difference map tells most in a strong one.
    colours = {"degradation": "#0f8f8f", FIELD + ".quality": "#1f3f9f", FIELD + "_faces": "#ff8c1a"}
    colours[FIELD + "_heatmap"] = "#ff0030"
    dataset.app_config.color_scheme = fo.ColorScheme(
        fields=[{"path": path, "fieldColor": colour} for path, colour in colours.items()]
    )
    dataset.info["about"] = "FaceQgen demo: known faults, graded; kinds of images are tags"
    dataset.save()
    return dataset


def forget_other_presets(dataset: Any, preset: str) -> None:
    """Remove the scores of another preset: the demo shows one, and numbers of two cannot be compared."""
    from faceqgen_core import load_preset

    path = f"{FIELD}.preset"
    if dataset.has_field(path) and set(dataset.distinct(path)) - {load_preset(preset).identifier}:
        fields = [FIELD, f"{FIELD}_faces", f"{FIELD}_heatmap"]
        dataset.delete_sample_fields([name for name in fields if dataset.has_field(name)])
        print("the scores there were of another preset: scoring anew")


def load_tensorflow() -> None:
    """Import TensorFlow and leave out what it says on the way, before it listens to TF_CPP_MIN_LOG_LEVEL."""
    print("loading TensorFlow", flush=True)
    sys.stderr.flush()
    stderr = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        import tensorflow  # noqa: F401
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)


def score(dataset: Any, **params: Any) -> None:
    """Run the plugin's operator: photographs with face detection, the tight crops as the crops they are.

    Called as a function, the operator draws a progress bar and has no time limit; ``execute_operator`` cuts a run off
    after ten minutes, which a slow machine may need.
    """
    import fiftyone.operators as foo

    operator = foo.get_operator(OPERATOR)
    for tags, faces in ((["portrait", "fault"], "detect"), (["lfw"], "crop")):
        view = dataset.match_tags(tags)
        if len(view):
            print(
                f'scoring {len(view)} images ({", ".join(tags)}) with faces="{faces}"', flush=True
            )
            operator(view, faces=faces, field=FIELD, restored=True, heatmap=True, **params)
    dataset.reload()


def report(dataset: Any, *, count: int = 5) -> str:
    """The best and the worst faces and the counts by status, as text."""
    names, qualities, statuses, degradations, strengths = (
        dataset.values(path)
        for path in (
            "filepath",
            f"{FIELD}.quality",
            f"{FIELD}.status",
            "degradation.label",
            "strength",
        )
    )
    scored = sorted(
        (
            row
            for row in zip(qualities, names, degradations, strengths, strict=True)
            if row[0] is not None
        ),
        key=lambda row: -row[0],
    )
    lines = []
    for title, rows in (("best", scored[:count]), ("worst", scored[-count:])):
        lines.append(f"\nThe {len(rows)} {title} faces (quality 0..100, higher is better)")
        for quality, path, degradation, strength in rows:
            grade = f", strength {strength:g}" if strength else ""
            lines.append(f"  {quality:6.1f}  {Path(path).name:<38} {degradation}{grade}")
    lines.append("\nImages by status")
    for status, number in Counter(statuses).most_common():
        lines.append(f"  {number:6d}  {status or 'not scored'}")
    return "\n".join(lines)


def draw_sheet(dataset: Any, path: Path) -> None:
    """Write the contact sheet: original | restored | difference, evenly over the range, best first."""
    from demo.contact_sheet import SheetRow, contact_sheet
    from faceqgen_core.evaluation.thinning import evenly
    from faceqgen_core.image_io import load_image, save_png

    samples = []
    for tag, number in SHEET_FACES.items():
        view = dataset.match_tags(tag).exists(f"{FIELD}.quality").sort_by(f"{FIELD}.quality")
        ids = view.values("id")
        if ids:
            samples += list(dataset.select(evenly(ids, number)))
    samples.sort(key=lambda sample: -sample[FIELD].quality)
    rows = []
    for sample in samples:  # of a file that is gone, the sheet has no picture
        result, heatmap = sample[FIELD], sample[f"{FIELD}_heatmap"]
        grade = f" {sample.strength:g}" if sample.strength else ""
        restored, difference = result.restored_path, heatmap and heatmap.map_path
        rows.append(
            SheetRow(
                original=load_image(sample.filepath),
                restored=load_image(restored) if restored and Path(restored).is_file() else None,
                difference=read_map(difference)
                if difference and Path(difference).is_file()
                else None,
                name=f"{sample.degradation.label}{grade}"
                if sample.strength is not None
                else sample.subject,
                score=f"quality {result.quality:.1f}",
            )
        )
    save_png(path, contact_sheet(rows, title=SHEET_TITLE))


def read_map(path: str) -> Any:
    """A heatmap's file as (H, W) float32 in [0, 1]."""
    import numpy as np
    from PIL import Image

    values = np.asarray(Image.open(path))
    scale = np.iinfo(values.dtype).max if np.issubdtype(values.dtype, np.integer) else 1
    return np.asarray(values, np.float32) / np.float32(scale)


def open_app(name: str, port: int | None) -> None:
    """Open the App on the data set and stay until it is closed or Ctrl-C."""
    import fiftyone as fo

    desktop = any(os.environ.get(key) for key in ("DISPLAY", "WAYLAND_DISPLAY"))
    session = fo.launch_app(fo.load_dataset(name), port=port, remote=not desktop)
    print(f"\nThe App shows {name} on http://localhost:{session.server_port}/datasets/{name}")
    print("Ctrl-C ends it.", flush=True)
    try:
        session.wait(-1)
    except KeyboardInterrupt:
        print("\nclosed")


def main(arguments: list[str] | None = None) -> int:
    """Build, score, show."""
    parser = argparse.ArgumentParser(prog="faceqgen demo", description=__doc__.split("\n\n")[0])
    parser.add_argument(
        "--output", type=Path, default=default_output(), help="folder of images and contact sheet"
    )
    parser.add_argument("--preset", default="faceqgen-128", help="name or folder of the preset")
    parser.add_argument("--device", default="auto", help="auto, cpu or gpu")
    parser.add_argument("--fresh", action="store_true", help="forget the data set and begin anew")
    parser.add_argument("--app", action="store_true", help="open the App on the demo data set")
    parser.add_argument("--port", type=int, help="port of the App (5151)")
    options = parser.parse_args(arguments)

    print("loading FiftyOne", flush=True)
    import fiftyone as fo

    if options.fresh and fo.dataset_exists(DATASET):
        fo.delete_dataset(DATASET)
    if not (options.app and fo.dataset_exists(DATASET)):
        dataset = build_dataset(options.output / "images")
        load_tensorflow()
        forget_other_presets(dataset, options.preset)
        score(dataset, preset=options.preset, device=options.device)
        sheet = options.output.resolve() / "contact_sheet.png"
        draw_sheet(dataset, sheet)
        print(report(dataset))
        print(f'\nContact sheet (original | restored | difference): {sheet}\nData set: "{DATASET}"')
        if not options.app:
            print("Open the App on it: make app")
    if options.app:
        open_app(DATASET, options.port)
    return 0


if __name__ == "__main__":
    sys.exit(main())

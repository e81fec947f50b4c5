"""The core on a GPU beside the processor: ``python benchmarks/gpu.py [--device gpu] [--output gpu.json]``.

Needs no FiftyOne. Faces per second of crops at several batch sizes, of the bare forward pass and of photographs, and how
far the scores lie from the processor's. Without a GPU it runs on the processor and says so. ``KERAS_BACKEND=jax`` measures the
networks on that backend; photographs are left out where TensorFlow, which finds the faces, is not installed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT))

from faceqgen_core.assessor import FaceQualityAssessor  # noqa: E402
from faceqgen_core.bench.compared.images import write_crops, write_photographs  # noqa: E402
from faceqgen_core.bench.machine import machine  # noqa: E402
from faceqgen_core.detection import DetectorError  # noqa: E402
from faceqgen_core.image_io import load_image  # noqa: E402
from faceqgen_core.presets import DEFAULT_PRESET, load_preset  # noqa: E402
from faceqgen_core.restoration import Restorer  # noqa: E402

MEASURES = ("ssim", "mse", "discriminator", "similarity")


def rate(work, rounds: int) -> float:
    """Median of what ``work`` counts, per second, after one call to warm up."""
    work()
    rates = []
    for _ in range(rounds):
        start = time.perf_counter()
        amount = work()
        rates.append(amount / (time.perf_counter() - start))
    return statistics.median(rates)


def utilisation() -> str:
    """The share of time that the GPU was at work of late, as nvidia-smi says; "" without one."""
    query = ["nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader"]
    try:
        return subprocess.run(query, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", default=DEFAULT_PRESET)
    parser.add_argument("--device", help="gpu or gpu:N; by default gpu where there is one")
    parser.add_argument("--crops", type=int, default=4096)
    parser.add_argument("--photographs", type=int, default=100)
    parser.add_argument("--batches", type=int, nargs="+", default=[64, 128, 256, 512, 1024])
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()

    on = machine()
    device = args.device or ("gpu" if on["gpus"] else "cpu")
    if device == "cpu":
        print("no GPU: measured on the processor")
    preset = load_preset(args.preset)
    result = {"machine": on, "device": device, "preset": preset.identifier, "batches": {}}
    with tempfile.TemporaryDirectory(prefix="faceqgen-gpu-") as folder:
        crops = write_crops(Path(folder) / "crops", args.crops)
        photographs = write_photographs(Path(folder) / "photographs", args.photographs)
        pixels = np.stack([load_image(path) for path in crops])

        def scored(assessor, paths, **options):
            return sum(a.quality is not None for a in assessor.assess(paths, **options))

        for size in args.batches:
            restorer = Restorer(preset, batch_size=size, device=device)
            assessor = FaceQualityAssessor(
                preset, batch_size=size, device=device, workers=args.workers
            )
            count = max(size, len(pixels) // size * size)
            forward = rate(
                lambda r=restorer, n=count: len(
                    r.restore(np.resize(pixels, (n, 128, 128, 3))).ssim
                ),
                args.rounds,
            )
            whole = rate(lambda a=assessor: scored(a, crops, faces="crop"), args.rounds)
            result["batches"][size] = {
                "network faces/s": forward,
                "crops from files, faces/s": whole,
                "share": whole / forward,
                "utilisation": utilisation(),
            }
            print(f"batch {size:5d}: network {forward:9.1f}, from files {whole:9.1f} faces/s")
        assessor = FaceQualityAssessor(preset, device=device, workers=args.workers)
        try:
            found = rate(lambda: scored(assessor, photographs, all_faces=True), args.rounds)
            result["photographs, faces/s"] = found
            print(f"photographs: {found:.1f} faces/s; {utilisation()}")
        except DetectorError as error:
            print(f"photographs left out: {error}")
        few = pixels[:256]
        there = Restorer(preset, device=device).restore(few)
        here = Restorer(preset, device="cpu").restore(few)
    result["largest difference from the processor"] = {
        name: float(np.abs(getattr(there, name) - getattr(here, name)).max()) for name in MEASURES
    }
    print(json.dumps(result["largest difference from the processor"]))
    if args.output:
        args.output.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

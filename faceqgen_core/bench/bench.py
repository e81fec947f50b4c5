"""Everything in one run: sets, sides, agreement, memory and start, as one dictionary."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from faceqgen_core.bench.images import write_crops, write_photographs
from faceqgen_core.bench.limit import ForwardPass, matrix_product
from faceqgen_core.bench.memory import peak, resident
from faceqgen_core.bench.peers import Naive, faceqnet_shape, lightqnet, serfiq_shape
from faceqgen_core.bench.rates import Rate, Side, measure
from faceqgen_core.types import FaceBox

PRODUCT = "product"
RESTORED = "product, restored images"
PHOTOGRAPHS = "product, photographs"
FORWARD = "bare forward pass"
PEAK = "matrix product, float32"
_SMALLEST_FACE, _SAME_FACE = 40, 0.5


@dataclass(frozen=True)
class Sizes:
    """How much is measured.

    Attributes:
        crops: aligned crops, of which slow sides take the first ``slow``.
        photographs: photographs of 1 to 3 megapixels, of which the naive side takes all.
        memory: crops that are scored to see whether memory grows; 0 for none.
        slow: items of a slow side in each round.
        rounds: of everything.
    """

    crops: int = 2000
    photographs: int = 100
    memory: int = 20_000
    slow: int = 64
    rounds: int = 3


def run_bench(
    folder: Path,
    sizes: Sizes,
    *,
    preset: str,
    device: str = "auto",
    lightqnet_file: Path | None = None,
    say: Callable[[str], Any] = lambda text: None,
) -> dict[str, Any]:
    """Measure; the images are written to ``folder``, which must exist.

    Raises:
        ValueError: a size under its least.
        PresetError: the preset is missing, incomplete or altered.
    """
    for name, least in (("crops", 32), ("photographs", 1), ("slow", 1), ("rounds", 1)):
        if getattr(sizes, name) < least:
            raise ValueError(f"{name} must be at least {least}, got {getattr(sizes, name)}")
    from faceqgen_core.assessor import FaceQualityAssessor
    from faceqgen_core.image_io import load_image
    from faceqgen_core.presets import load_preset
    from faceqgen_core.restoration import load_networks

    say("writing images")
    crops = write_crops(folder / "crops", sizes.crops)
    photographs = write_photographs(folder / "photographs", sizes.photographs)
    loaded = load_preset(preset)
    networks = load_networks(loaded)
    assessor = FaceQualityAssessor(loaded, device=device)
    naive = Naive(networks, loaded.protocol.size)
    forward = ForwardPass(networks)
    arrays = [
        load_image(path).astype(np.float32) / np.float32(255)
        for path in crops[: min(sizes.crops, 512)]
    ]
    say("choosing a batch size for the bare forward pass")
    forward.choose_batch(arrays)

    def scored(**options: Any) -> Callable[[Sequence[Path]], float]:
        def work(paths: Sequence[Path]) -> float:
            return float(sum(a.quality is not None for a in assessor.assess(paths, **options)))

        return work

    few = crops[: sizes.slow]
    sides = [
        Side(PRODUCT, "faces", crops, scored(faces="crop"), note="crops from files"),
        Side(RESTORED, "faces", crops, scored(faces="crop", restored=True), note="crops"),
        Side(FORWARD, "faces", arrays, forward.work, PRODUCT, f"batch {forward.batch_size}"),
        Side("naive, crops", "faces", few, naive.crops, PRODUCT, "one at a time"),
        Side("FaceQnet's shape, batch 1", "faces", few, faceqnet_shape(1), PRODUCT, "ResNet-50"),
        Side("FaceQnet's shape, batch 32", "faces", few, faceqnet_shape(32), PRODUCT, "ResNet-50"),
        Side("SER-FIQ's shape", "faces", few[:32], serfiq_shape(), PRODUCT, "100 passes"),
    ]
    if lightqnet_file is not None:
        sides.append(
            Side("LightQNet", "faces", few, lightqnet(lightqnet_file), PRODUCT, "OpenCV, batch 1")
        )
    faces = scored(faces="detect", all_faces=True)
    sides += [
        Side(PEAK, "GFLOP", range(8), matrix_product(), note="2048 x 2048"),
        Side("matrix product, bfloat16", "GFLOP", range(8), matrix_product("bfloat16")),
        Side(PHOTOGRAPHS, "faces", photographs, faces, warm=2),
        Side("naive, photographs", "faces", photographs, naive.photographs, PHOTOGRAPHS, warm=2),
    ]
    rates = measure(sides, rounds=sizes.rounds, say=say)
    say("comparing the faces that were found")
    found = _found(photographs, naive, assessor)
    say("measuring the start")
    started = _start(preset, sizes.rounds)
    memory = {}
    if sizes.memory:
        say(f"scoring {sizes.memory} crops for memory")
        memory = _memory(crops, sizes.memory, assessor)
    return {
        "machine": machine(),
        "preset": loaded.identifier,
        "sizes": asdict(sizes),
        "rates": [{**asdict(rate), "median": rate.median, "cpu_ms": rate.cpu_ms} for rate in rates],
        "shares": _shares(rates, forward),
        "photographs": found,
        "start": started,
        "memory": memory,
    }


def machine() -> dict[str, Any]:
    """What it was measured on, and how busy that was."""
    import tensorflow as tf

    cpu = Path("/proc/cpuinfo")
    names = [
        line.split(":")[1].strip()
        for line in (cpu.read_text(encoding="utf-8").splitlines() if cpu.exists() else [])
        if line.startswith("model name")
    ]
    return {
        "processor": names[0] if names else platform.processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0,
        "gpus": len(tf.config.list_physical_devices("GPU")),
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
    }


def _shares(rates: Sequence[Rate], forward: ForwardPass) -> dict[str, float]:
    median = {rate.side: rate.median for rate in rates}
    gflops = 2e-9 * forward.multiply_adds * median[FORWARD]
    return {
        "product of forward pass": median[PRODUCT] / median[FORWARD],
        "with restored images of forward pass": median[RESTORED] / median[FORWARD],
        "forward pass of matrix product": gflops / median[PEAK],
        "forward pass GFLOP/s": gflops,
    }


def _found(paths: Sequence[Path], naive: Naive, assessor: Any) -> dict[str, int]:
    """How many faces of 40 px or more of the naive side have a box of the product's that covers them by half."""
    from faceqgen_core.detection import overlap

    theirs, same = 0, 0
    for path in paths:
        ours = [a.box for a in assessor.assess([path], all_faces=True) if a.box is not None]
        for box in naive.boxes(path):
            if min(box[2:]) >= _SMALLEST_FACE:
                theirs += 1
                same += any(overlap(FaceBox(*box), o)[0] >= _SAME_FACE for o in ours)
    return {"naive faces": theirs, "found by the product": same}


def _start(preset: str, rounds: int) -> dict[str, float]:
    """Seconds of a fresh process: TensorFlow and the weights alone, and up to the first score of a crop."""
    bare = (
        "import tensorflow; from faceqgen_core.presets import load_preset;"
        "from faceqgen_core.restoration import load_networks;"
        f"load_networks(load_preset({preset!r}))"
    )
    first = (
        "import numpy; from faceqgen_core import FaceQualityAssessor;"
        "crop = numpy.random.default_rng(0).integers(0, 256, (128, 128, 3)).astype('uint8');"
        f"print(next(FaceQualityAssessor({preset!r}).assess([crop], faces='crop')).quality)"
    )
    times: dict[str, list[float]] = {"TensorFlow and weights": [], "first score": []}
    for _ in range(rounds):
        for name, code in zip(times, (bare, first), strict=True):
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
            times[name].append(time.perf_counter() - start)
    medians = {name: float(np.median(values)) for name, values in times.items()}
    return {**medians, "ratio": medians["first score"] / medians["TensorFlow and weights"]}


def _memory(crops: Sequence[Path], count: int, assessor: Any) -> dict[str, float]:
    """Resident MiB when a tenth of the crops is scored and at the end, and the most there was."""
    repeated = (crops[number % len(crops)] for number in range(count))
    early = 0.0
    for number, _ in enumerate(assessor.assess(repeated, faces="crop"), start=1):
        if number == max(1, count // 10):
            early = resident() / 2**20
    end, most = resident() / 2**20, peak() / 2**20
    return {"crops": count, "after a tenth": early, "at the end": end, "most": most}

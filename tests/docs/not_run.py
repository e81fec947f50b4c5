"""The blocks and commands of the pages that ``test_blocks`` does not run, each with the reason. All others run."""

from __future__ import annotations

INSTALLS = "installs packages; scripts/compatibility does so in clean environments"
HOURS = "takes minutes to hours at the size that the page shows"
RAY = "needs Ray, or a cluster: make test-ray has two nodes on this machine"
LONDON = (
    "the London Set is no part of the project; tests/scripts/test_fairness.py has a made-up one"
)
EXPORT = "tests/core/export/test_export.py"

NOT_RUN: dict[tuple[str, str], str] = {
    ("README.md", "make demo"): "sets up an environment; tests/demo/test_demo.py runs the demo",
    ("README.md", "make test"): "is this suite",
    ("README.md", 'pip install -e ".[fiftyone]"'): INSTALLS,
    ("README.md", 'mkdir -p "$(fiftyone config plugins_dir)"'): INSTALLS,
    ("README.md", 'ln -s "$PWD" "$(fiftyone config plugins_dir)/face-quality"'): INSTALLS,
    ("README.md", "faceqgen doctor"): "20 s; each check is run by tests/cli/test_doctor.py",
    (
        "README.md",
        "fiftyone plugins download <address of the repository or of a zip of it>",
    ): INSTALLS,
    ("README.md", "fiftyone plugins requirements @faceqgen/face-quality --install"): INSTALLS,
    (
        "README.md",
        "faceqgen score s3://bucket/faces --engine ray --output s3://bucket/scores",
    ): RAY,
    ("docs/compatibility.md", "python -m scripts.compatibility --write"): HOURS,
    (
        "docs/compatibility.md",
        "python -m scripts.compatibility --only pip newest --no-tests",
    ): HOURS,
    ("docs/compatibility.md", "python -m scripts.compatibility --lines --write"): HOURS,
    (
        "docs/fairness.md",
        "python -m scripts.fairness --data london --people london_faces_info.csv --write",
    ): LONDON,
    (
        "docs/fairness.md",
        'NETWORKS="--teacher face-reid-0095_FP16.xml MobileFaceNet.tflite --mesh face_landmark.tflite --person selfie_segmentation.tflite"',
    ): HOURS,
    (
        "docs/fairness.md",
        'DATA="--data lfw portraits --subjects subjects.txt --landmarks landmarks.csv"',
    ): HOURS,
    (
        "docs/fairness.md",
        "faceqgen train $DATA $NETWORKS --config settings.json --output run",
    ): HOURS,
    (
        "docs/fairness.md",
        "faceqgen calibrate --run run $DATA $NETWORKS --most 8000 --name no-london --output no-london",
    ): HOURS,
    (
        "docs/fairness.md",
        "python -m scripts.fairness --data london --people london_faces_info.csv --preset no-london --held-out --write",
    ): LONDON,
    (
        "docs/from-faceqnet.md",
        "img;score",
    ): "the form of a file; tests/cli/test_score_faceqnet.py compares it byte for byte",
    ("docs/many-machines.md", 'pip install "faceqgen[ray,cloud]"'): INSTALLS,
    (
        "docs/many-machines.md",
        "faceqgen score s3://bucket/faces --engine ray --output s3://bucket/scores --all-faces",
    ): RAY,
    (
        "docs/many-machines.md",
        "faceqgen import-scores s3://bucket/scores --dataset my-faces",
    ): "reads Parquet, which comes with Ray; tests/plugin/scoring/test_import_scores.py",
    ("docs/many-machines.md", "from faceqgen_core.distributed import score"): RAY,
    (
        "docs/many-machines.md",
        "ray job submit --address http://HEAD:8265 -- faceqgen score s3://bucket/faces --engine ray --output s3://bucket/scores",
    ): RAY,
    ("docs/many-machines.md", "FROM rayproject/ray:2.60.0-py311"): "an image for a cluster",
    (
        "docs/many-machines.md",
        "anyscale job submit --name faceqgen --image-uri <your image> --compute-config <your machines> --max-retries 5 "
        "-- faceqgen score s3://bucket/faces --engine ray --output s3://bucket/scores --all-faces",
    ): RAY,
    ("docs/networks.md", 'pip install "faceqgen[export]"'): INSTALLS,
    ("docs/networks.md", 'pip install "faceqgen[onnx]"'): INSTALLS,
    ("docs/performance.md", "make bench"): HOURS,
    ("docs/performance.md", 'make bench BENCH_ARGS="--output bench.json"'): HOURS,
    ("docs/performance.md", 'make bench BENCH_ARGS="--quick"'): HOURS,
    (
        "docs/performance.md",
        'make bench BENCH_ARGS="--only photographs agreement --photographs 20"',
    ): HOURS,
    ("docs/performance.md", "faceqgen bench --only lfw --lfw ~/lfw"): HOURS,
    ("docs/performance.md", "python -m benchmarks.journal"): HOURS,
    ("docs/performance.md", "python benchmarks/gpu.py"): "needs a GPU",
    (
        "docs/reasons.md",
        "python benchmarks/reasons.py --data lfw london --subjects train.txt --landmarks landmarks.csv --write",
    ): HOURS,
    ("docs/reliability.md", "make reliability"): HOURS,
    (
        "docs/reliability.md",
        'make reliability RELIABILITY_ARGS="--write --kills 2 --images 2000 --assessor 100 --faces 24"',
    ): HOURS,
    ("docs/reliability.md", "python -m benchmarks.reliability --only images --images 10000"): HOURS,
    (
        "docs/training.md",
        "faceqgen train --data ROOT... --output RUN [--layout subjects|scface|list] [--teacher FILE...] [--config FILE]",
    ): "the forms of a call; the tutorial on training runs it",
    (
        "docs/training.md",
        "pip download mediapipe==0.10.14 --no-deps --only-binary :all: --python-version 3.11",
    ): INSTALLS,
    (
        "docs/training.md",
        "unzip -j mediapipe-0.10.14-*.whl mediapipe/modules/face_landmark/face_landmark.tflite "
        "mediapipe/modules/selfie_segmentation/selfie_segmentation.tflite",
    ): INSTALLS,
    ("docs/tutorials/train-on-your-own-set.md", 'pip install -e ".[train]"'): INSTALLS,
}
"""(page, the command or the first line of the block) -> why it is not run here."""

ELSEWHERE: dict[tuple[str, str], str] = {
    ("README.md", "import fiftyone.zoo as foz"): "tests/plugin/test_zoo.py",
    ("README.md", "faceqgen export --format onnx --output exported/"): EXPORT,
    ("docs/networks.md", "faceqgen export --format onnx --output exported/"): EXPORT,
    ("docs/networks.md", "faceqgen export --format openvino --output exported/"): EXPORT,
    ("docs/networks.md", "import numpy as np"): EXPORT,
}
"""(page, the command or the first line of the block) -> the test that takes it from the page, or the same from another page, and runs it. Each
takes its time, and that test would otherwise do the same once more."""

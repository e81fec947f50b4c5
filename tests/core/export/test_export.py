"""The exported graph gives what Keras gives, in somebody else's runtime."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from faceqgen_core.cli import main
from faceqgen_core.export.graph import INPUT, OUTPUTS
from faceqgen_core.presets import DEFAULT_PRESET, load_preset
from faceqgen_core.restoration import Pictures, Restorer
from tests.claims import claim
from tests.golden.crops import golden_crops

PAGE = Path(__file__).resolve().parents[3] / "docs" / "networks.md"
PARITY = 1e-3
"""Of every output in its range: of the quality, which goes to 100, that is a tenth. Seen: 1e-5 with ONNX Runtime, 6e-6 with
OpenVINO."""


def shown(form: str) -> str:
    """The command of the documentation that exports to a format: a test of tests/docs leaves it to this one."""
    from tests.docs.pages import blocks, keys_of, language_of

    (command,) = (
        key
        for block in blocks(PAGE)
        for key in keys_of(language_of(block), block.parsed)
        if f"--format {form} " in key
    )
    return command


@pytest.fixture(scope="module")
def crops() -> np.ndarray:
    return np.stack(list(golden_crops().values()))


@pytest.fixture(scope="module")
def expected(crops: np.ndarray, preset: str) -> dict[str, np.ndarray]:
    """What scoring says of the golden crops."""
    loaded = load_preset(preset)
    result = Restorer(loaded, batch_size=8, device="cpu").restore(
        crops, pictures=Pictures(restored=True, drawn=True, trust=True)
    )
    quality = [loaded.calibration.quality(float(s)) for s in result.similarity]
    return {
        "restored": result.restored / 255.0,
        "drawn": result.drawn / 255.0,
        "trust": result.trust,
        "ssim": result.ssim,
        "mse": result.mse,
        "discriminator": result.discriminator,
        "quality": np.array(quality) / 100,
    }


def run_openvino(folder: Path, name: str, crops: np.ndarray) -> dict[str, Any]:
    openvino = pytest.importorskip("openvino")
    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    model = openvino.Core().compile_model(str(folder / f"{name}.xml"), "CPU", exact)
    result = model({INPUT: crops})
    return {output: result[output] for output in OUTPUTS}


def run_onnx(folder: Path, name: str, crops: np.ndarray) -> dict[str, Any]:
    runtime = pytest.importorskip("onnxruntime")
    session = runtime.InferenceSession(
        str(folder / f"{name}.onnx"), providers=["CPUExecutionProvider"]
    )
    return dict(zip(OUTPUTS, session.run(list(OUTPUTS), {INPUT: crops}), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("form", "package", "runtime"),
    [("openvino", "openvino", run_openvino), ("onnx", "tf2onnx", run_onnx)],
)
def test_the_exported_graph_says_of_the_golden_crops_what_scoring_says(
    form, package, runtime, crops, expected, preset, tmp_path, capsys, monkeypatch
):
    for needed in (package, "sybil"):
        pytest.importorskip(needed)
    from tests.docs.pages import run, run_command

    monkeypatch.chdir(tmp_path)
    run_command(f"{shown(form)} --preset {preset}")
    name, folder = load_preset(preset).name, Path("exported")
    printed = capsys.readouterr().out.split()
    assert sorted(map(str, folder.iterdir())) == sorted(printed)
    made = runtime(folder, name, (crops / 255.0).astype(np.float32))
    made["quality"] = made["quality"] / 100
    for output in OUTPUTS:
        assert made[output].shape == expected[output].shape
        # Scoring rounds its pictures to 8 bits.
        rounding = 0.5 / 255 if output in ("restored", "drawn") else 0
        difference = float(np.abs(made[output] - expected[output]).max())
        claim(f"{form}: largest difference of {output}", difference, below=PARITY + rounding)
    # Any number of crops goes in, and none knows of the others.
    alone = runtime(folder, name, (crops[:1] / 255.0).astype(np.float32))
    assert alone["ssim"] == pytest.approx(made["ssim"][:1], abs=1e-4)
    notes = json.loads((folder / f"{name}.json").read_text())
    assert list(notes["outputs"]) == list(OUTPUTS) and notes["preset"].startswith(name)
    assert np.shape(notes["points"]) == (5, 2)
    if form == "onnx" and name == DEFAULT_PRESET:
        found = run(PAGE, skip=lambda key: key != "import numpy as np")
        assert 0 <= found["quality"][0] <= 100 and found["ssim"].shape == (1,)


@pytest.mark.parametrize(("form", "package"), [("openvino", "openvino"), ("onnx", "tf2onnx")])
def test_a_package_that_is_missing_is_named_with_the_extra_that_has_it(
    form, package, tmp_path, preset, monkeypatch, capsys
):
    for module in (package, f"{package}.convert"):
        monkeypatch.setitem(sys.modules, module, None)
    call = ["export", "--format", form, "--output", str(tmp_path / "new"), "--preset", preset]
    assert main(call) == 2
    assert "faceqgen[export]" in capsys.readouterr().err and not (tmp_path / "new").exists()

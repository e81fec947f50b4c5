"""The folder of the presets as a source of FiftyOne's model zoo: from an archive on a server, and linked."""

from __future__ import annotations

import functools
import http.server
import importlib.util
import json
import threading
import zipfile
from pathlib import Path

import fiftyone as fo
import fiftyone.operators as foo
import fiftyone.zoo as foz
import pytest

from faceqgen_core.presets import PresetError, models_folder
from tests.docs.pages import run

ROOT = Path(__file__).resolve().parents[2]
NAME = "faceqgen-128"
KEYS = ("quality", "ssim", "mse", "discriminator", "status", "preset", "crop_protocol")


@pytest.fixture
def zoo(tmp_path, monkeypatch) -> Path:
    """An empty folder for FiftyOne's zoo models."""
    folder = tmp_path / "zoo"
    folder.mkdir()
    monkeypatch.setattr(fo.config, "model_zoo_dir", str(folder))
    return folder


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Address of a zip of the repository, as a server of repositories gives it out: all in one folder."""
    folder = tmp_path_factory.mktemp("served")
    with zipfile.ZipFile(folder / "face-quality.zip", "w") as archive:
        archive.write(ROOT / "fiftyone.yml", "face-quality-main/fiftyone.yml")
        for path in sorted(models_folder().rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                archive.write(path, Path("face-quality-main") / path.relative_to(ROOT))
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/face-quality.zip"
        server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def linked(zoo) -> Path:
    """The folder of this checkout in the zoo, as a link; returns the link."""
    link = zoo / "faceqgen" / "face-quality"
    link.parent.mkdir()
    link.symlink_to(ROOT / "models", target_is_directory=True)
    return link


def _numbers(dataset, field: str) -> list[object]:
    return [dataset.values(f"{field}.{key}")[0] for key in KEYS]


def test_a_model_from_an_archive_writes_what_the_operator_writes(zoo, address, one_face, operator):
    # The block of the README that takes the model from a zoo: the test of its other blocks leaves it to this one.
    run(
        ROOT / "README.md",
        {"dataset": one_face},
        skip=lambda key: key != "import fiftyone.zoo as foz",
        replace={"<address of the repository or of a zip of it>": address},
    )
    assert address in foz.list_zoo_model_sources() and NAME in foz.list_zoo_models(source=address)
    model = foz.load_zoo_model(NAME, faces="detect")
    assert Path(model.config.preset) == zoo / "faceqgen" / "face-quality" / NAME
    operator(one_face, preset=NAME, restored=False, field="operated")
    one_face.reload()
    assert one_face.first().operated.status == "scored"
    assert _numbers(one_face, "faceqgen") == pytest.approx(_numbers(one_face, "operated"), abs=1e-4)
    foz.delete_zoo_model_source(address)
    assert not list(zoo.rglob("*.h5"))


def test_a_linked_folder_is_a_source_without_any_server(linked, one_face):
    model = foz.load_zoo_model(NAME)
    document = model.predict(None, sample=one_face.first())
    assert document.status == "scored" and document.preset.startswith(f"{NAME}@")
    foz.delete_zoo_model(NAME)
    assert (linked / NAME / "config.json").is_file()


def test_altered_weights_are_refused(zoo, address):
    foz.register_zoo_model_source(address)
    weights = zoo / "faceqgen" / "face-quality" / NAME / "quality_head.weights.h5"
    weights.write_bytes(weights.read_bytes()[:-1] + b"?")
    with pytest.raises(PresetError, match="SHA-256"):
        foz.load_zoo_model(NAME)
    (weights.parent / "config.json").unlink()
    with pytest.raises(ValueError, match=r"register_zoo_model_source\(<address>, overwrite=True\)"):
        foz.load_zoo_model(NAME)


def test_weights_of_an_earlier_format_are_refused_with_the_way_to_the_new_ones(zoo, address):
    foz.register_zoo_model_source(address)
    config = zoo / "faceqgen" / "face-quality" / NAME / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"format": 2}))
    with pytest.raises(PresetError, match=r"format 2, .*reads format 3.*<address>, overwrite=True"):
        foz.load_zoo_model(NAME)


def test_without_the_plugin_or_its_packages_the_error_says_what_to_install(
    linked, operator, monkeypatch
):
    def lacking(self, **options):
        raise ModuleNotFoundError("No module named 'keras'")

    monkeypatch.setattr(type(operator), "model", lacking)
    with pytest.raises(ImportError, match=r"No module named 'keras'.*plugins requirements"):
        foz.load_zoo_model(NAME)
    monkeypatch.setattr(fo.config, "plugins_dir", str(linked.parent))
    with pytest.raises(ImportError, match=r"no operator @faceqgen.*fiftyone plugins download"):
        foz.load_zoo_model(NAME)


def test_fiftyones_operator_for_zoo_models_can_ask_for_the_options(linked, one_face):
    one_face.add_sample_field("people", fo.EmbeddedDocumentField, embedded_doc_type=fo.Detections)
    entry = foz.get_zoo_model(NAME)
    asked = []
    for params in ({"faces": "detect"}, {"faces": "field"}):
        request = {"dataset_name": one_face.name, "params": {"remote_params": params}}
        asked.append(entry.resolve_input(foo.executor.ExecutionContext(request)).type.properties)
    assert set(asked[0]) == {"faces", "device"}
    assert asked[1]["faces_field"].type.values == ["people"]
    chosen = {"faces": "detect", "faces_field": "people", "device": ""}
    entry.parse_parameters(None, chosen)
    assert chosen == {"faces": "detect"}


def test_the_entry_says_what_the_model_is_and_needs(linked):
    entry = foz.get_zoo_model(NAME)
    assert entry.license == "Apache-2.0" and {"face-quality", "tf"} <= set(entry.tags)
    assert entry.supports_cpu and entry.supports_gpu
    assert len(entry.description) > 40
    names = [name for name in foz.list_zoo_models() if name in _manifest_names()]
    assert names == sorted(p.parent.name for p in models_folder().glob("*/config.json"))


def test_the_manifest_agrees_with_the_weights_and_the_requirements():
    script = ROOT / "scripts" / "zoo_manifest.py"
    spec = importlib.util.spec_from_file_location("faceqgen_zoo_manifest", script)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = (models_folder() / "manifest.json").read_text(encoding="utf-8")
    assert found == module.up_to_date(), "run: python scripts/zoo_manifest.py"


def _manifest_names() -> list[str]:
    manifest = json.loads((models_folder() / "manifest.json").read_text(encoding="utf-8"))
    return [model["base_name"] for model in manifest["models"]]

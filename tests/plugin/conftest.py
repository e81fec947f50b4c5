"""Data sets of real images in a real database, and the plugin as FiftyOne has loaded it."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from faceqgen_core.image_io import save_png
from tests.images import astronaut, jpeg_bytes, no_face, two_faces

SCORE = "@faceqgen/face-quality/score_faces"
FILTER = "@faceqgen/face-quality/filter_faces"
LOADED_AS = "fiftyone.plugins.orgs.faceqgen.face_quality"


@pytest.fixture(scope="session")
def pictures(tmp_path_factory) -> dict[str, Path]:
    """Four files: one face, two faces, no face, a truncated photograph."""
    folder = tmp_path_factory.mktemp("pictures")
    files = {
        "one": folder / "one.png",
        "two": folder / "two.jpg",
        "none": folder / "none.png",
        "truncated": folder / "truncated.jpg",
    }
    save_png(files["one"], astronaut())
    files["two"].write_bytes(jpeg_bytes(two_faces()))
    save_png(files["none"], no_face())
    content = jpeg_bytes(astronaut())
    files["truncated"].write_bytes(content[: len(content) // 3])
    return files


def make_dataset(*files: Path, **values: Any) -> Any:
    """A data set of image files; ``values`` are set on each sample."""
    import fiftyone as fo

    dataset = fo.Dataset()
    dataset.add_samples([fo.Sample(filepath=str(file), **values) for file in files])
    return dataset


@pytest.fixture
def dataset(pictures) -> Iterator[Any]:
    """The four pictures, not scored."""
    dataset = make_dataset(*pictures.values())
    yield dataset
    dataset.delete()


@pytest.fixture
def one_face(pictures) -> Iterator[Any]:
    """A data set of one picture with one face, not scored."""
    dataset = make_dataset(pictures["one"])
    yield dataset
    dataset.delete()


@pytest.fixture
def score(preset) -> Callable[..., Any]:
    """Run ``score_faces`` as scripts do, with the preset under test; returns the data set, read anew."""
    import fiftyone.operators as foo

    def run(collection: Any, *, context: dict[str, Any] | None = None, **params: Any) -> Any:
        where = {"view": collection.view(), **(context or {})}
        foo.execute_operator(SCORE, where, params={"preset": preset, **params})
        dataset = collection._root_dataset
        dataset.reload()
        return dataset

    return run


@pytest.fixture(scope="session")
def scored(pictures, preset) -> Iterator[Any]:
    """The four pictures, scored once with everything there is to write; for reading only."""
    import fiftyone.operators as foo

    dataset = make_dataset(*pictures.values())
    foo.execute_operator(SCORE, {"dataset": dataset}, params={"preset": preset, "heatmap": True})
    dataset.reload()
    yield dataset
    dataset.delete()


@pytest.fixture(scope="session")
def operator() -> Any:
    """``score_faces`` itself, to be called as in a notebook."""
    import fiftyone.operators as foo

    return foo.get_operator(SCORE)


@pytest.fixture(scope="session")
def part(operator) -> Callable[[str], ModuleType]:
    """Gives a module of the plugin by name, the very one that FiftyOne runs."""
    return lambda name: importlib.import_module(f"{LOADED_AS}.{name}")


def form_of(uri: str, dataset: Any, params: dict[str, Any]) -> dict[str, Any]:
    """The inputs of an operator's form as the App gets them, by name."""
    import fiftyone.operators as foo
    from fiftyone.operators.executor import ExecutionContext

    request = {"dataset_name": dataset.name, "params": params}
    prop = foo.get_operator(uri).resolve_input(ExecutionContext(request))
    return prop.to_json()["type"]["properties"]


def sent_to_app(uri: str, dataset: Any, params: dict[str, Any]) -> list[Any]:
    """What an operator that is a generator sends to the App, in order; each has ``operator_uri`` and ``params``."""
    import fiftyone.operators as foo
    from fiftyone.operators.executor import ExecutionContext, Executor

    request = {"dataset_name": dataset.name, "params": params}
    context = ExecutionContext(request, executor=Executor())
    return [message.body for message in foo.get_operator(uri).execute(context)]


@pytest.fixture
def begin(part, preset, monkeypatch) -> Any:
    """Begin a run with chunks of one sample; it is at work until it is closed."""
    runner, settings = part("scoring.run"), part("scoring.settings")
    monkeypatch.setattr(runner, "CHUNK_SAMPLES", 1)

    def run(view: Any, **params: Any) -> Any:
        chosen = {"preset": preset, "faces": "crop", "batch_size": 1, "restored": False, **params}
        return iter(runner.ScoringRun(view, settings.ScoreSettings(**chosen)))

    return run

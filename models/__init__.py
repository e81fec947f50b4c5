"""This folder as a source of FiftyOne's model zoo: the functions that FiftyOne calls, beside ``manifest.json``.

FiftyOne copies the folder of the manifest and nothing else. The weights are in it; the model itself comes from the
plugin, whose operator gives it out wherever FiftyOne has the plugin from, and which finds the core.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fiftyone as fo
import fiftyone.operators as foo
from fiftyone.operators import types

SCORE = "@faceqgen/face-quality/score_faces"
INSTALL = (
    "the weights are here, the code that uses them is the plugin @faceqgen/face-quality with its core: run 'fiftyone "
    "plugins download <address of the repository or of a zip of it>' and 'fiftyone plugins requirements "
    "@faceqgen/face-quality --install'; or in a clone 'pip install -e .', and link the clone into FiftyOne's folder of "
    "plugins"
)
AGAIN = (
    "the weights come with the source, fetch it again with "
    "fiftyone.zoo.register_zoo_model_source(<address>, overwrite=True)"
)


def download_model(model_name: str, model_path: str) -> None:
    """Check that the weights came with the source: there is nothing else to fetch.

    Args:
        model_name: name of the entry.
        model_path: folder of the preset.

    Raises:
        ValueError: they are not there.
    """
    if not (Path(model_path) / "config.json").is_file():
        raise ValueError(f"{model_name}: there is no preset at {model_path}; {AGAIN}")


def load_model(model_name: str, model_path: str, **options: Any) -> Any:
    """Make the plugin's ``FaceQgenModel`` with the weights that lie beside this file.

    Args:
        model_name: name of the entry.
        model_path: folder of the preset.
        **options: faces, faces_field, batch_size and device, as in ``FaceQgenModel``.

    Returns:
        A model for ``dataset.apply_model``; it writes what the operator ``score_faces`` writes, without files.

    Raises:
        ImportError: the plugin or a package that it needs is not there; the message says how to install it.
        ValueError: the weights are altered or of another format than the plugin reads, or an option is out of range.
    """
    try:
        operator = foo.get_operator(SCORE)
    except ValueError as error:
        raise ImportError(f"{model_name}: FiftyOne has no operator {SCORE}; {INSTALL}") from error
    try:
        return operator.model(preset=model_path, **options)
    except ImportError as error:
        raise ImportError(f"{model_name}: {error}; {INSTALL}") from error
    except ValueError as error:
        if "config.json" not in str(error):  # an option, not the preset
            raise
        raise type(error)(f"{model_name}: {error}; {AGAIN}") from error


def resolve_input(model_name: str, ctx: Any) -> types.Property:
    """Describe the options for FiftyOne's own operator that applies models of the zoo."""
    inputs = types.Object()
    faces = types.RadioGroup()
    faces.add_choice("detect", label="Find the faces")
    faces.add_choice("field", label="Take boxes from a field")
    faces.add_choice("crop", label="Each image is a face crop already")
    inputs.enum("faces", faces.values(), default="detect", label="Faces", view=faces)
    if _options(ctx).get("faces") == "field":
        names = types.DropdownView()
        for name in _box_fields(ctx.view):
            names.add_choice(name, label=name)
        inputs.enum(
            "faces_field", names.values(), label="Field with the boxes", required=False, view=names
        )
    inputs.str(
        "device", default="auto", label="Device", description="auto, cpu, gpu or gpu:<number>"
    )
    return types.Property(inputs)


def parse_parameters(model_name: str, ctx: Any, params: dict[str, Any]) -> None:
    """Drop in place what was left empty or has lost its use: the form keeps what was chosen before."""
    if params.get("faces") != "field":
        params.pop("faces_field", None)
    for key in [key for key, value in params.items() if value in (None, "")]:
        del params[key]


def _options(ctx: Any) -> dict[str, Any]:
    """What the form holds so far; FiftyOne's operator keeps it under a name of its own."""
    return ctx.params.get("remote_params") or {}


def _box_fields(view: Any) -> list[str]:
    return [
        name
        for name, field in view.get_field_schema().items()
        if getattr(field, "document_type", None) in (fo.Detection, fo.Detections)
    ]

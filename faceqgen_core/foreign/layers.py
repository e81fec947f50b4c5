"""The layers that a network from elsewhere may be made of, each with the settings that are taken from its file.

What is not listed is refused: a layer of somebody's own is code, and a setting that is passed over would change numbers
without a word.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from faceqgen_core.preset_checks import shown

NETWORKS = ("Functional", "Model", "Sequential")
"""Class names of networks, which may stand in one another."""

_CONVOLUTION = "filters kernel_size strides padding data_format dilation_rate activation use_bias"
_POOLING = "pool_size strides padding data_format"
_NORM = "axis epsilon center scale"

LAYERS: dict[str, frozenset[str]] = {
    name: frozenset(settings.split())
    for name, settings in {
        "Activation": "activation",
        "Add": "",
        "Average": "",
        "AveragePooling2D": _POOLING,
        "BatchNormalization": _NORM,
        "Concatenate": "axis",
        "Conv2D": f"{_CONVOLUTION} groups",
        "Conv2DTranspose": f"{_CONVOLUTION} output_padding",
        "Cropping2D": "cropping data_format",
        "Dense": "units activation use_bias",
        "DepthwiseConv2D": "kernel_size strides padding depth_multiplier data_format dilation_rate activation use_bias",
        "Dropout": "rate",
        "ELU": "alpha",
        "Flatten": "data_format",
        "GaussianDropout": "rate",
        "GaussianNoise": "stddev",
        "GlobalAveragePooling2D": "data_format keepdims",
        "GlobalMaxPooling2D": "data_format keepdims",
        "GroupNormalization": f"groups {_NORM}",
        "InputLayer": "",
        "LayerNormalization": _NORM,
        "LeakyReLU": "negative_slope",
        "MaxPooling2D": _POOLING,
        "Maximum": "",
        "Minimum": "",
        "Multiply": "",
        "PReLU": "shared_axes",
        "ReLU": "max_value negative_slope threshold",
        "Rescaling": "scale offset",
        "Reshape": "target_shape",
        "SeparableConv2D": f"{_CONVOLUTION} depth_multiplier",
        "Softmax": "axis",
        "SpatialDropout2D": "rate data_format",
        "Subtract": "",
        "UpSampling2D": "size data_format interpolation",
        "ZeroPadding2D": "padding data_format",
    }.items()
}
"""Layer -> settings that are taken over."""

_ALIKE = "elu exponential gelu linear relu selu sigmoid silu softmax softplus softsign swish tanh"
ACTIVATIONS = frozenset(_ALIKE.split())
"""Activations that mean the same in Keras 2 and 3: ``hard_sigmoid`` does not."""

_CODE = ("Lambda", "TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer", "Operation")
_NO_EFFECT = (
    "name trainable dtype batch_input_shape batch_shape input_shape shape sparse ragged input_dtype optional"
    " seed noise_shape momentum renorm_momentum synchronized autocast lora_alpha is_placeholder"
)
_WITHOUT_EFFECT = frozenset(_NO_EFFECT.split())
_ENDINGS = ("_initializer", "_regularizer", "_constraint")
# Whole numbers that decide how much memory is asked for.
_LARGEST = 1 << 20
_HOMES = ("keras.", "tf_keras.", "tensorflow.")


def require_known(spec: Mapping[str, Any]) -> None:
    """Check a stored layer, or a network with all its layers, before anything is built.

    Args:
        spec: ``class_name`` and ``config`` as Keras stores them.

    Raises:
        ValueError: a Lambda layer, a layer or activation of somebody's own, or an unknown setting.
    """
    if not isinstance(spec, Mapping):
        raise ValueError(f"{shown(spec)} is no layer")
    name = spec.get("class_name")
    config = spec.get("config")
    if name in NETWORKS:
        _require_home(spec)
        for inner in layers_of(spec):
            require_known(inner)
        return
    if name in _CODE:
        raise ValueError(
            f"it holds a {name} layer, which is code that would be run; build it of standard layers and save it again"
        )
    if not isinstance(name, str) or name not in LAYERS:
        raise ValueError(
            f"it holds an object of its own, {shown(name)}, whose code is not known; only standard layers of Keras are "
            "used: replace it and save the network again"
        )
    _require_home(spec)
    if not isinstance(config, Mapping):
        raise ValueError(f"its layer {shown(name)} has no settings")
    settings_of(spec)


def _require_home(spec: Mapping[str, Any]) -> None:
    module = spec.get("module")
    registered = spec.get("registered_name")
    ours = module is None or str(module) == "keras" or str(module).startswith(_HOMES)
    if not ours or (registered and registered not in (spec["class_name"], "Functional")):
        raise ValueError(
            f"it holds an object of its own, {shown(registered or module)}, whose code is not known; only standard "
            "layers of Keras are used: replace it and save the network again"
        )


def layers_of(spec: Mapping[str, Any]) -> list[Any]:
    """The stored layers of a stored network.

    Raises:
        ValueError: they are not there.
    """
    config = spec.get("config")
    layers = config.get("layers") if isinstance(config, Mapping) else config  # a list: Keras 2.0
    if not isinstance(layers, list) or not layers:
        raise ValueError("it holds a network without layers")
    return layers


def settings_of(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a stored layer, as the class of Keras 3 takes them.

    Raises:
        ValueError: an unknown setting, an activation of somebody's own, channels first, or a number out of range.
    """
    kind, taken = spec["class_name"], {}
    for key, value in _modern(kind, spec["config"]).items():
        if key in LAYERS[kind]:
            taken[key] = _plain(kind, key, value)
        elif not (
            key in _WITHOUT_EFFECT or key.endswith(_ENDINGS) or value is None or value is False
        ):
            raise ValueError(f"its layer {kind} has an unknown setting {shown(key)}")
    return taken


def _modern(kind: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """Settings under the names of today."""
    values = dict(config)
    if kind == "LeakyReLU" and "alpha" in values:
        values["negative_slope"] = values.pop("alpha")
    if kind.endswith("Normalization") and isinstance(axis := values.get("axis"), list):
        values["axis"] = axis[0] if len(axis) == 1 else axis
    # tf_keras writes it for every convolution, and has no other number for those that do not take it over.
    if values.get("groups") == 1 and "groups" not in LAYERS[kind]:
        del values["groups"]
    if kind == "ReLU" and values.get("negative_slope") is None:
        values.pop("negative_slope", None)
    return values


def _plain(kind: str, key: str, value: Any) -> Any:
    if key == "activation":
        if value is not None and (not isinstance(value, str) or value not in ACTIVATIONS):
            raise ValueError(f"its layer {kind} has an activation of its own, {shown(value)}")
        return value
    if key == "data_format":
        if value not in (None, "channels_last"):
            raise ValueError(f"its layer {kind} has {shown(value)}: only channels last are read")
        return "channels_last"
    for part in value if isinstance(value, (list, tuple)) else [value]:
        inner = part if isinstance(part, (list, tuple)) else [part]
        for number in inner:
            plain = number is None or isinstance(number, (bool, int, float, str))
            if not plain or (isinstance(number, int) and abs(number) > _LARGEST):
                raise ValueError(f"its layer {kind} has {key} {shown(value)}")
    return value

"""One optimiser step on any Keras backend, in full or mixed precision.

The step does the same on TensorFlow, torch and JAX: the loss is compiled where the backend compiles, the loss is scaled
where the optimiser scales it, and what the networks assign to themselves in training mode (spectral normalisation) is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
from keras import ops

POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}
"""Keras dtype policy by the name of the numbers that layers compute in; weights are float32 under each."""

Loss = Callable[..., tuple[Any, Any]]
"""``loss(*tensors) -> (scalar, other)``; ``other`` is what the caller wants back."""


@contextmanager
def precision(name: str) -> Iterator[None]:
    """Networks that are built inside compute in ``name``: float32, bfloat16 or float16.

    Raises:
        ValueError: the name is none of these.
    """
    if name not in POLICIES:
        raise ValueError(f"precision must be one of {', '.join(POLICIES)}, got {name!r}")
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(POLICIES[name])
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def in_float32(outputs: Any) -> Any:
    """Cast a network's outputs: sums over an image overflow float16 and lose the small errors in bfloat16."""
    return keras.tree.map_structure(lambda x: ops.cast(x, "float32"), outputs)


def loss_scaled(
    optimizer: keras.optimizers.Optimizer, network: keras.Model
) -> keras.optimizers.Optimizer:
    """Wrap the optimiser of a network that computes in float16: small gradients would become zero there."""
    if any(layer.compute_dtype == "float16" for layer in network.layers):
        return keras.optimizers.LossScaleOptimizer(optimizer)
    return optimizer


def gradient_step(
    loss: Loss,
    network: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    *,
    reads: Sequence[keras.Model] = (),
) -> Callable[..., Any]:
    """Make a function that takes tensors, changes the network by one step down the loss and returns ``other``.

    Args:
        loss: may call the network in training mode.
        network: what is trained.
        optimizer: built for the network's trainable variables.
        reads: other networks that the loss calls, in inference mode. JAX would take their weights for constants.

    Raises:
        ValueError: the backend is none of TensorFlow, torch and JAX.
    """
    makers = {"tensorflow": _tensorflow_step, "torch": _torch_step}
    backend = keras.backend.backend()
    if backend == "jax":
        return _jax_step(loss, network, optimizer, reads)
    if backend not in makers:
        raise ValueError(
            f"training runs on the backends tensorflow, torch and jax of Keras, not on {backend}: set KERAS_BACKEND"
        )
    return makers[backend](loss, network, optimizer)


def _tensorflow_step(
    loss: Loss, network: keras.Model, optimizer: keras.optimizers.Optimizer
) -> Callable[..., Any]:
    import tensorflow as tf

    @tf.function(reduce_retracing=True, autograph=False)  # type: ignore[untyped-decorator]
    def step(*tensors: Any) -> Any:
        with tf.GradientTape() as tape:
            value, other = loss(*tensors)
            value = optimizer.scale_loss(value)
        gradients = tape.gradient(value, network.trainable_variables)
        optimizer.apply(gradients, network.trainable_variables)
        return other

    compiled: Callable[..., Any] = step
    return compiled


def _torch_step(
    loss: Loss, network: keras.Model, optimizer: keras.optimizers.Optimizer
) -> Callable[..., Any]:
    import torch

    def step(*tensors: Any) -> Any:
        value, other = loss(*[ops.convert_to_tensor(t) for t in tensors])
        variables = network.trainable_variables
        gradients = torch.autograd.grad(
            optimizer.scale_loss(value), [v.value for v in variables], allow_unused=True
        )
        with torch.no_grad():
            optimizer.apply(list(gradients), variables)
        return keras.tree.map_structure(lambda x: x.detach(), other)

    return step


def _jax_step(
    loss: Loss,
    network: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    reads: Sequence[keras.Model],
) -> Callable[..., Any]:
    import jax

    class Scope(keras.StatelessScope):  # type: ignore[misc]
        def add_update(self, update: Any) -> None:
            # As on the other backends: the gradient is taken at the value that the network has given its weight, and
            # does not run through the giving.
            variable, value = update
            if variable.trainable:
                before = self.get_current_value(variable)
                value = before + jax.lax.stop_gradient(value - before)
            super().add_update((variable, value))

    trainable = network.trainable_variables
    fixed = network.non_trainable_variables
    others = [v for model in reads for v in model.variables]

    @jax.jit  # type: ignore[untyped-decorator]
    def pure(
        weights: list[Any], states: list[Any], read: list[Any], moments: list[Any], tensors: Any
    ) -> Any:
        def scaled_loss(weights: list[Any]) -> Any:
            known = [*zip(trainable, weights, strict=True), *zip(fixed, states, strict=True)]
            known += [*zip(others, read, strict=True)]
            known += [*zip(optimizer.variables, moments, strict=True)]
            with Scope(state_mapping=known) as scope:
                value, other = loss(*tensors)
                value = optimizer.scale_loss(value)
            kept = [[scope.get_current_value(v) for v in group] for group in (trainable, fixed)]
            return value, (other, *kept)

        gradients, (other, weights, states) = jax.grad(scaled_loss, has_aux=True)(weights)
        weights, moments = optimizer.stateless_apply(moments, gradients, weights)
        return other, weights, states, moments

    def step(*tensors: Any) -> Any:
        groups = (trainable, fixed, others, optimizer.variables)
        other, *new = pure(*([v.value for v in group] for group in groups), tensors)
        for group, values in zip((trainable, fixed, optimizer.variables), new, strict=True):
            for variable, value in zip(group, values, strict=True):
                variable.assign(value)
        return other

    return step

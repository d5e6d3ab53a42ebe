"""Every layer type does, as PyTorch, what its declaration and `resolve` say."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest
from families import by_family

from nnstudio.compile.lower import compile_network
from nnstudio.compile.patterns import MismatchError
from nnstudio.layers import Layer, load
from nnstudio.layers.initialisation import SCHEMES, Weighted

TYPES = list(load())
LAYERS = [cls for cls in TYPES if cls.role in ("layer", "loss")]
METRICS = [cls for cls in TYPES if cls.role == "metric"]
Working = Callable[..., tuple[Any, ...]]

pytestmark = pytest.mark.usefixtures("one_thread")


def of(types: list[type[Layer]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("cls", types, ids=lambda cls: cls.type_name())


def run(case: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run a compiled case while training: what goes in and what comes out, by name."""
    compiled = case.compiled
    assert not compiled.resolution.errors
    fed = case.fed(compiled.inputs)
    for tensor in fed.values():
        tensor.requires_grad_(tensor.is_floating_point())
    made = compiled.training(*fed.values())
    return fed, {compiled.network.nodes[key.split(".")[0]].name: value for key, value in made.items()}


@of(LAYERS)
def test_what_comes_out_is_of_the_type_that_was_worked_out(cls: type[Layer], working: Working) -> None:
    for case in working(cls):
        _, made = run(case)
        worked_out = case.compiled.resolution.nodes[case.id].outputs
        values = list(made.values()) if cls.role == "layer" else [made["it"]]
        assert len(values) == len(case.layer.outputs)
        for (port, type), value in zip(worked_out.items(), values, strict=True):
            assert tuple(value.shape) == type.shape({"N": 3, "T": 7}), (case, port)
            assert str(value.dtype) == f"torch.{type.dtype}", (case, port)


@of(LAYERS)
def test_values_and_gradients_are_finite(cls: type[Layer], working: Working) -> None:
    import torch

    for case in working(cls, 5):
        compiled = case.compiled
        fed, made = run(case)
        for value in made.values():
            assert torch.isfinite(value).all(), case
        compiled.training.zero_grad()
        learned = dict(compiled.training.named_parameters())
        real = [value.sum() for value in made.values() if value.requires_grad]
        if not real:
            assert not learned
            continue
        torch.stack(real).sum().backward()
        for name, parameter in learned.items():
            assert parameter.grad is not None, f"{name} of {case} is not reached by the gradient"
            assert torch.isfinite(parameter.grad).all(), (case, name)
        ends = {spec.name: compiled.network.outgoing[spec.node][0].input for spec in compiled.inputs}
        for name, tensor in fed.items():
            # an answer may be compared by its sign alone, and of an example of a size nothing but the size counts
            if tensor.requires_grad and not (ends[name] == "like" or (ends[name] == "target" and cls.role == "loss")):
                assert tensor.grad is not None, f"no gradient goes back to {name} of {case}"
            if tensor.grad is not None:
                assert torch.isfinite(tensor.grad).all(), (case, name)


@by_family(LAYERS)
def test_weights_are_kept_under_the_name_of_the_node(cls: type[Layer], working: Working) -> None:
    for case in working(cls):
        compiled = case.compiled
        assert all(key.startswith("it.") for key in compiled.training.state_dict())
        counted = sum(parameter.numel() for parameter in compiled.training.parameters())
        assert counted == compiled.resolution.nodes[case.id].parameters, case


@by_family(TYPES)
def test_what_cannot_work_is_refused_in_our_words(cls: type[Layer], drawn: Callable[..., tuple[Any, ...]]) -> None:
    for case in drawn(cls):
        try:
            found = case.evaluated
        except MismatchError:
            continue  # the wrong rank or size, which `resolve` says
        if not found.error:
            continue
        assert "cannot work on this input" not in found.error, f"PyTorch's own message came through: {found.error}"
        assert found.hint, f"{found.error!r} does not say what to do"
        assert "Symbol(" not in found.error
        assert not found.error[0].isupper()
        assert not found.error.endswith(".")


@of([cls for cls in TYPES if issubclass(cls, Weighted)])
def test_weights_start_in_every_way(cls: type[Layer], working: Working) -> None:
    import torch

    for place, scheme in enumerate(SCHEMES):
        case = working(cls)[place % len(working(cls))]
        layer = case.layer.with_(weight_init=scheme, init_value=0.25, bias_value=0.0)
        network, fields, _ = type(case)(layer, case.types).wired
        compiled = compile_network(network, fields, seed=0)
        weights = {name: p for name, p in compiled.training.named_parameters() if name.startswith("it.weight")}
        assert weights
        for name, parameter in compiled.training.named_parameters():
            assert torch.isfinite(parameter).all(), (scheme, case)
            if scheme != "default" and name not in weights:
                assert (parameter == 0).all(), f"{name} does not start at zero when {scheme}"
            if scheme == "constant" and name in weights:
                assert (parameter == 0.25).all()


@of(METRICS)
def test_a_metric_says_the_same_of_two_batches_as_of_both_at_once(cls: type[Layer], working: Working) -> None:
    for case in working(cls):
        fed = [tensor.detach() for tensor in case.values().values() if tensor is not None]
        whole, parts = case.compiled.metric(case.id), case.compiled.metric(case.id)
        whole.update(*fed)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for rows in (slice(0, 1), slice(1, None)):
                parts.update(*(tensor[rows] for tensor in fed))
        assert isinstance(whole.compute(), float)
        assert parts.compute() == pytest.approx(whole.compute(), nan_ok=True, rel=1e-5, abs=1e-6), case
        parts.reset()
        parts.update(*fed)
        assert parts.compute() == pytest.approx(whole.compute(), nan_ok=True), case

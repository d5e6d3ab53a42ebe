"""Every layer type does, as PyTorch, what its declaration and `resolve` say."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import Phase, given, settings

from nnstudio.compile.lower import compile_network
from nnstudio.compile.patterns import MismatchError
from nnstudio.layers import Layer, load
from nnstudio.layers.initialisation import SCHEMES, Weighted

TYPES = list(load())
LAYERS = [cls for cls in TYPES if cls.role in ("layer", "loss")]
METRICS = [cls for cls in TYPES if cls.role == "metric"]
Drawn = Callable[[type[Layer]], st.SearchStrategy[Any]]
Tensors = Callable[..., dict[str, Any]]


def of(types: list[type[Layer]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("cls", types, ids=lambda cls: cls.type_name())


def few(count: int) -> settings:
    """So many examples (ten times as many under the profile ``search``). None is made smaller: each is small enough to
    be read, and trying smaller ones takes minutes."""
    more = settings.default.max_examples // 100
    return settings(max_examples=count * more, phases=[Phase.explicit, Phase.reuse, Phase.generate])


def run(case: Any, tensors: Tensors) -> tuple[Any, str, dict[str, Any], dict[str, Any]]:
    """Compile a case and run it: the compiled network, the layer's id, what goes in and what comes out, by name."""
    network, fields, id = case.wired()
    compiled = compile_network(network, fields, seed=0)
    assert not compiled.resolution.errors
    ranges = {spec.name: case.ranges()[spec.field] for spec in compiled.inputs if spec.field in case.ranges()}
    given = tensors({spec.name: spec.type for spec in compiled.inputs}, ranges)
    for tensor in given.values():
        tensor.requires_grad_(tensor.is_floating_point())
    made = compiled.training(*given.values())
    return compiled, id, given, {compiled.network.nodes[key.split(".")[0]].name: value for key, value in made.items()}


@of(LAYERS)
@few(7)
@given(data=st.data())
def test_what_comes_out_is_of_the_type_that_was_worked_out(
    cls: type[Layer], drawn: Drawn, tensors: Tensors, data: st.DataObject
) -> None:
    compiled, id, _, made = run(data.draw(drawn(cls)), tensors)
    worked_out = compiled.resolution.nodes[id].outputs
    values = list(made.values()) if cls.role == "layer" else [made["it"]]
    assert len(values) == len(compiled.network.nodes[id].layer.outputs)
    for (port, type), value in zip(worked_out.items(), values, strict=True):
        point = {"N": 3, "T": 7}
        assert tuple(value.shape) == type.shape(point), port
        assert str(value.dtype) == f"torch.{type.dtype}", port


@of(LAYERS)
@few(5)
@given(data=st.data())
def test_values_and_gradients_are_finite(cls: type[Layer], drawn: Drawn, tensors: Tensors, data: st.DataObject) -> None:
    import torch

    compiled, _, given, made = run(data.draw(drawn(cls)), tensors)
    for value in made.values():
        assert torch.isfinite(value).all()
    learned = dict(compiled.training.named_parameters())
    real = [value.sum() for value in made.values() if value.requires_grad]
    if not real:
        assert not learned
        return
    torch.stack(real).sum().backward()
    for name, parameter in learned.items():
        assert parameter.grad is not None, f"{name} is not reached by the gradient"
        assert torch.isfinite(parameter.grad).all(), name
    fed = {spec.name: compiled.network.outgoing[spec.node][0].input for spec in compiled.inputs}
    for name, tensor in given.items():
        # an answer may be compared by its sign alone, and of an example of a size nothing but the size counts
        if tensor.requires_grad and not (fed[name] == "like" or (fed[name] == "target" and cls.role == "loss")):
            assert tensor.grad is not None, f"no gradient goes back to {name}"
        if tensor.grad is not None:
            assert torch.isfinite(tensor.grad).all(), name


@of(LAYERS)
@few(2)
@given(data=st.data())
def test_weights_are_kept_under_the_name_of_the_node(
    cls: type[Layer], drawn: Drawn, tensors: Tensors, data: st.DataObject
) -> None:
    compiled, id, _, _ = run(data.draw(drawn(cls)), tensors)
    assert all(key.startswith("it.") for key in compiled.training.state_dict())
    counted = sum(parameter.numel() for parameter in compiled.training.parameters())
    assert counted == compiled.resolution.nodes[id].parameters


@of(TYPES)
@few(12)
@given(data=st.data())
def test_what_cannot_work_is_refused_in_our_words(cls: type[Layer], drawn_anything: Drawn, data: st.DataObject) -> None:
    case = data.draw(drawn_anything(cls))
    try:
        found = case.evaluated()
    except MismatchError:
        return  # the wrong rank or size, which `resolve` says
    if found.error:
        assert "cannot work on this input" not in found.error, f"PyTorch's own message came through: {found.error}"
        assert found.hint, f"{found.error!r} does not say what to do"
        assert "Symbol(" not in found.error
        assert not found.error[0].isupper()
        assert not found.error.endswith(".")


@of([cls for cls in TYPES if issubclass(cls, Weighted)])
@pytest.mark.parametrize("scheme", SCHEMES)
@few(1)
@given(data=st.data())
def test_weights_start_in_every_way(cls: type[Layer], scheme: str, drawn: Drawn, data: st.DataObject) -> None:
    import torch

    case = data.draw(drawn(cls))
    layer = case.layer.with_(weight_init=scheme, init_value=0.25)
    network, fields, _ = type(case)(layer, case.types).wired()
    compiled = compile_network(network, fields, seed=0)
    weights = {name: p for name, p in compiled.training.named_parameters() if name.startswith("it.weight")}
    assert weights
    for name, parameter in compiled.training.named_parameters():
        assert torch.isfinite(parameter).all()
        if scheme != "default" and name not in weights:
            assert (parameter == 0).all(), f"{name} does not start at zero"
        if scheme == "constant" and name in weights:
            assert (parameter == 0.25).all()


@of(METRICS)
@few(8)
@given(data=st.data())
def test_a_metric_says_the_same_of_two_batches_as_of_both_at_once(
    cls: type[Layer], drawn: Drawn, tensors: Tensors, data: st.DataObject
) -> None:
    case = data.draw(drawn(cls))
    network, fields, id = case.wired()
    compiled = compile_network(network, fields)
    prediction, target = tensors(case.types).values()
    whole, parts = compiled.metric(id), compiled.metric(id)
    whole.update(prediction, target)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for rows in (slice(0, 1), slice(1, None)):
            parts.update(prediction[rows], target[rows])
    assert isinstance(whole.compute(), float)
    assert parts.compute() == pytest.approx(whole.compute(), nan_ok=True, rel=1e-5, abs=1e-6)
    parts.reset()
    parts.update(prediction, target)
    assert parts.compute() == pytest.approx(whole.compute(), nan_ok=True)

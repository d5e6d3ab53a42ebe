"""Between FoldTime and UnfoldTime every layer type does at each step of a sequence what it does by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from drawing import make_tensors
from families import by_family

from nnstudio.compile.lower import Compiled, compile_network
from nnstudio.graph.builder import NetworkBuilder, PortHandle
from nnstudio.layers import Axis, Layer, TensorType, load

STEPS = 2
LAYERS = [cls for cls in load() if cls.role == "layer" and cls.type_name() not in ("FoldTime", "UnfoldTime")]

pytestmark = pytest.mark.usefixtures("one_thread")


def over_time(case: Any) -> tuple[Compiled, dict[str, TensorType]] | None:
    """The layer of a case at each of the steps of a sequence, and the types of the fields by name; None where what
    goes in or comes out has no batch that could be steps."""
    net, types = NetworkBuilder(), {}
    folded: dict[str, list[PortHandle]] = {}
    for port, given in case.fitted.items():
        for type in given if isinstance(given, tuple) else [given] if given is not None else []:
            if not type.has_batch:
                return None
            name = f"field{len(types)}"
            types[name] = TensorType((type.axes[0], Axis("T", STEPS), *type.axes[1:]), type.dtype, type.classes)
            sequence = net.add("Input", field=name, name=name)
            folded.setdefault(port, []).append(net.add("FoldTime", sequence, name=f"fold{len(types)}"))
    many = [port for port, declared in case.layer.inputs.items() if declared.many]
    ports = {port: handles[0] for port, handles in folded.items()}
    it = net.add(case.layer, *folded[many[0]], name="it") if many else net.add(case.layer, name="it", **ports)
    like = PortHandle(net.network.by_name["field0"].id, "output", ())
    outputs = case.evaluated.outputs
    for place, port in enumerate(case.layer.outputs):
        if outputs[port].has_batch:
            unfolded = net.add("UnfoldTime", PortHandle(it.node, port, ()), like=like, name=f"unfold{place}")
            net.add("Output", unfolded, name=f"out{place}")
    return (compile_network(net.network, types, seed=0), types) if net.network.of_role("output") else None


def told(compiled: Compiled, fed: Mapping[str, Any]) -> dict[str, Any]:
    """What its outputs tell, by name."""
    import torch

    fields = {spec.name: fed[spec.field] for spec in compiled.model_inputs}
    with torch.no_grad():
        made = compiled.model.eval()(**fields)
    name = compiled.network.nodes[compiled.outputs[0]].name
    return made if isinstance(made, dict) else {name: made}


@by_family(LAYERS)
def test_each_step_is_worked_out_as_a_sample_by_itself(
    cls: type[Layer], working: Callable[..., tuple[Any, ...]]
) -> None:
    import torch

    for case in working(cls)[:1]:
        made = over_time(case)
        if made is None:
            continue
        compiled, types = made
        compiled.model.load_state_dict(case.compiled.model.state_dict())
        fed = make_tensors(types, case.ranges())
        found = told(compiled, fed)
        for step in range(STEPS):
            alone = told(case.compiled, {name: tensor[:, step] for name, tensor in fed.items()})
            for name, value in found.items():
                torch.testing.assert_close(value[:, step], alone[name], rtol=1e-4, atol=1e-5, msg=f"{case}: {name}")

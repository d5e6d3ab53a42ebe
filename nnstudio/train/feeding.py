"""A compiled network cut in two: what depends on the Input that is fed, and what comes before it and runs once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnstudio.layers.types import Size, Symbol
from nnstudio.train.environment import TrainingError
from nnstudio.train.searching import PAD

if TYPE_CHECKING:
    import torch
    from torch import fx

    from nnstudio.compile.lower import Compiled, InputSpec

#: How many codes are written where nothing says a length.
LENGTH = 200


@dataclass(frozen=True)
class Fed:
    """A network that continues the codes of an Input.

    field: of that Input. width: codes that it takes, None: any number. axis: of the codes in the scores: 1, 2, or 0
    where there are scores N×C of the next code alone. lag: by how many places the scores are fewer than the codes, as
    where the last code is cut off. before: inputs of ``first``, whose results go on to ``then``
    together with the codes.
    """

    field: str
    width: int | None
    axis: int
    lag: int
    before: tuple[InputSpec, ...]
    first: fx.GraphModule
    then: fx.GraphModule
    device: torch.device

    @property
    def length(self) -> int:
        """How many codes are written where nothing else is said."""
        return LENGTH if self.width is None else max(1, self.width - self.lag)

    def begin(self, fields: Mapping[str, NDArray[Any]], rows: int, random: torch.Generator, ways: int = 1) -> Steps:
        """Run what comes before on so many rows, each ``ways`` times, one copy after the other."""
        import torch

        given = []
        for spec in self.before:
            if spec.draw is None:
                made = torch.from_numpy(np.ascontiguousarray(fields[spec.field]))
            else:
                draw = torch.randn if spec.draw.distribution == "normal" else torch.rand
                made = draw(rows, *spec.draw.shape, generator=random)
            given.append(made.to(self.device).repeat_interleave(ways, 0))
        return Steps(self, self.first(*given), self.device)


class Steps:
    """Some rows of which the next codes are asked for, again and again."""

    def __init__(self, fed: Fed, known: tuple[torch.Tensor, ...], device: torch.device) -> None:
        self._fed, self._known, self.device = fed, known, device
        self._grows: bool | None = True if fed.width is None else None

    def scores(self, codes: torch.Tensor, attention: dict[str, NDArray[np.float32]] | None = None) -> torch.Tensor:
        """Scores N×C of the code after N×T codes. ``attention`` takes up where nodes looked, by their names."""
        width = self._fed.width
        if width is not None:
            codes = codes[:, -max(1, width - self._fed.lag) :]
        if self._grows is None and width is not None and codes.shape[1] < width:
            self._grows = self._works_short(codes, width)
        short = self._grows is not False or width is None
        return self._asked(codes, codes.shape[1] if short else width or 0, attention)

    def _works_short(self, codes: torch.Tensor, width: int) -> bool:
        """Whether the network also takes fewer codes than it was drawn for, with the same result."""
        import torch

        try:
            short = self._asked(codes, codes.shape[1], None)
        except Exception:  # whatever a layer says of a length that it does not take
            return False
        if not self._fed.axis:
            return True
        return bool(torch.allclose(short, self._asked(codes, width, None), rtol=1e-3, atol=1e-4))

    def _asked(self, codes: torch.Tensor, width: int, attention: dict[str, Any] | None) -> torch.Tensor:
        import torch

        count = codes.shape[1]
        width = max(width, count + self._fed.lag)
        if count < width:  # scores of the next code alone look at the end, others at the place of the last code
            filler = codes.new_full((len(codes), width - count), PAD)
            codes = torch.cat((codes, filler) if self._fed.axis else (filler, codes), 1)
        then: Any = self._fed.then if attention is None else _looking(self._fed.then, attention, count - 1)
        out: torch.Tensor = then(*self._known, codes)
        if not self._fed.axis:
            return out
        return out[:, count - 1] if self._fed.axis == 2 else out[:, :, count - 1]


def feed(compiled: Compiled, output: str) -> Fed:
    """Cut a network for the output (its id) of tokens that feeds an Input. TrainingError where it feeds none."""
    layer = compiled.network.nodes[output].layer
    feeds = str(getattr(layer, "feeds", ""))
    specs = [spec for spec in compiled.model_inputs if feeds in (spec.name, spec.field) and feeds]
    if not specs:
        names = ", ".join(f"“{spec.name}”" for spec in compiled.model_inputs if spec.type.is_int) or "there is none"
        raise TrainingError(
            f"The output “{compiled.name(output)}” feeds “{feeds}”, which is no Input that it depends on",
            f"set its Feeds to an Input of codes: {names}",
            output,
        )
    from nnstudio.train.evaluate import device_of

    fed = [spec for spec in compiled.model_inputs if spec.field == specs[0].field or spec in specs]
    first, then, before = _cut(compiled, output, {spec.name for spec in fed})
    size = specs[0].type.sizes[1] if specs[0].type.rank > 1 else None
    width = size if isinstance(size, int) else None
    by_name = {spec.name: spec for spec in compiled.model_inputs}
    axis, lag = _axis_of_codes(compiled, output, specs[0])
    device = device_of(compiled.model)
    return Fed(specs[0].field, width, axis, lag, tuple(by_name[name] for name in before), first, then, device)


def _axis_of_codes(compiled: Compiled, output: str, fed: InputSpec) -> tuple[int, int]:
    """Where the codes are in what the output is fed, and by how many its steps are fewer than those that are fed. The
    axis is 0 where it has one row of scores."""
    wire = compiled.network.incoming[output][0]
    scores = compiled.resolution.nodes[wire.source].outputs[wire.output]
    if scores.rank == 2:
        return 0, 0
    if scores.rank != 3 or fed.type.rank != 2:
        raise TrainingError(
            f"The output “{compiled.name(output)}” should get a score for each code at each step, and gets "
            f"{scores.per_sample()}",
            "feed it N×T×C, as a Linear behind a decoder gives",
            output,
        )
    lags = {axis: _fewer(fed.type.sizes[1], scores.sizes[3 - axis]) for axis in (2, 1)}
    fitting = [axis for axis in (2, 1) if lags[axis] in (0, 1)]
    if len(fitting) != 1 and fed.type.classes is not None:
        fitting = [axis for axis in (2, 1) if scores.sizes[axis] == fed.type.classes] or fitting
    if len(fitting) > 1 and scores.labels[2] == "T" != scores.labels[1]:
        fitting = [1]
    axis = fitting[0] if fitting else 2
    return axis, max(0, lags[axis] or 0)


def _fewer(size: Size, other: Size) -> int | None:
    """By how much another size is smaller, where that can be told."""
    if isinstance(size, int) and isinstance(other, int):
        return size - other
    if isinstance(size, Symbol) and isinstance(other, Symbol) and (size.name, size.scale) == (other.name, other.scale):
        return int(size.offset - other.offset)
    return None


def _cut(compiled: Compiled, output: str, fed: set[str]) -> tuple[fx.GraphModule, fx.GraphModule, tuple[str, ...]]:
    """The model's graph in two: what does not depend on the inputs named ``fed``, and the rest. Also the names of the
    inputs of the first."""
    from torch import fx

    model: Any = compiled.model
    returned = next(node for node in model.graph.nodes if node.op == "output").args[0]
    wanted = returned[compiled.name(output)] if isinstance(returned, dict) else returned
    needed = _ancestors(wanted)
    follows: set[fx.Node] = set()
    for node in model.graph.nodes:
        is_fed = node.op == "placeholder" and node.target in fed
        if is_fed or any(source in follows for source in node.all_input_nodes):
            follows.add(node)
    border = [
        node for node in model.graph.nodes
        if node in needed and node not in follows and any(user in follows and user in needed for user in node.users)
    ]  # fmt: skip
    before, after = fx.Graph(), fx.Graph()
    copies: dict[fx.Node, fx.Node] = {}
    names = []
    for node in model.graph.nodes:
        if node in needed and node not in follows:
            copies[node] = before.node_copy(node, copies.__getitem__)
            names += [str(node.target)] if node.op == "placeholder" else []
    before.output(tuple(copies[node] for node in border))
    copies = {node: after.placeholder(f"known{place}") for place, node in enumerate(border)}
    codes = after.placeholder("codes")
    for node in model.graph.nodes:
        if node in needed and node in follows:
            copies[node] = codes if node.op == "placeholder" else after.node_copy(node, copies.__getitem__)
    after.output(copies[wanted])
    return fx.GraphModule(model, before, "Before"), fx.GraphModule(model, after, "Writes"), tuple(names)


def _ancestors(node: fx.Node) -> set[fx.Node]:
    found, waiting = {node}, [node]
    while waiting:
        for source in waiting.pop().all_input_nodes:
            if source not in found:
                found.add(source)
                waiting.append(source)
    return found


def _looking(module: fx.GraphModule, seen: dict[str, Any], place: int) -> Any:
    """The module run node by node; where those that attend look at ``place`` goes into ``seen``, heads × keys."""
    from torch import fx

    from nnstudio.train.attention_maps import attention_map

    class Looking(fx.Interpreter):
        def call_module(self, target: Any, args: Any, kwargs: Any) -> Any:
            weights, made = attention_map(self.fetch_attr(target), args)
            if weights is not None:
                row = min(place, weights.shape[1] - 1)
                seen[str(target)] = weights[:, row].float().cpu().numpy()
            return super().call_module(target, args, kwargs) if made is None else made

    return Looking(module).run

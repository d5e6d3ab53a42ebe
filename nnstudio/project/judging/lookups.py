"""What a network looks up in tables, as inputs of their own, so that gradients reach the codes."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nnstudio.project.judging.taps import behind, prune

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import torch
    from torch import fx


@dataclass(frozen=True, eq=False)
class Lookup:
    """Vectors that were looked up for the codes of an input. place: of the input; table: whose rows they are; codes
    (1, …) as they were looked up; spots: where each of them stands among the input's codes, −1 for one that is put in
    by the network (…)."""

    place: int
    table: Any
    codes: torch.Tensor
    spots: torch.Tensor

    @property
    def vectors(self) -> torch.Tensor:
        """What was found, (1, …, E)."""
        return self._found(self.codes)

    @property
    def nothing(self) -> torch.Tensor:
        """The vectors that say nothing: of sequences (N×T) that of code 0, which fills up; of a category (N), whose
        code 0 is one like the others, the mean of all; what the network puts in stays."""
        import torch

        if self.codes.dim() < 2:
            return self.table.weight.detach().mean(dim=0).expand(len(self.codes), -1)  # type: ignore[no-any-return]
        silent = torch.where((self.spots >= 0)[None], torch.zeros_like(self.codes), self.codes)
        return self._found(silent)

    def _found(self, codes: torch.Tensor) -> torch.Tensor:
        from torch.nn import functional

        return functional.embedding(codes, self.table.weight.detach())

    def gathered(self, values: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
        """Numbers for each vector (1, …, E) as one for each code of the input, (1, …)."""
        import torch

        known = self.spots.reshape(-1) >= 0
        each = values.sum(dim=-1).reshape(-1)[known]
        total = torch.zeros(like.numel(), dtype=each.dtype, device=each.device)
        return total.index_add(0, self.spots.reshape(-1)[known], each).reshape(like.shape)


def looked_up(
    root: torch.nn.Module, graph: fx.Graph, inputs: Sequence[torch.Tensor], coded: Sequence[int]
) -> list[Lookup]:
    """Have the vectors that an Embedding finds for codes of these inputs be further inputs of a graph, behind the
    others and in the order that is returned. Codes that are changed on their way to the table stay as they are."""
    placeholders = [node for node in graph.nodes if node.op == "placeholder"]
    calls = _calls(root, graph, {placeholders[place]: place for place in coded})
    found: list[Lookup] = []
    last = placeholders[-1]
    for node, lookup in _located(root, graph, inputs, calls):
        with graph.inserting_after(last):
            last = graph.placeholder(f"vectors_{len(found)}")
        found.append(lookup)
        for each in _vectors(node, lookup.table):
            each.replace_all_uses_with(last)
    prune(graph)
    return found


def _vectors(node: fx.Node, table: Any) -> list[fx.Node]:
    """Where a call's vectors stand: a table that is handed out beside them stays."""
    from nnstudio.nn import TiedEmbedding

    if not isinstance(table, TiedEmbedding):
        return [node]
    return [user for user in node.users if user.target is operator.getitem and user.args[1] == 0]


def _calls(root: torch.nn.Module, graph: fx.Graph, known: Mapping[fx.Node, int]) -> list[tuple[fx.Node, int]]:
    """Calls of Embeddings whose codes come from one of these inputs alone, with its place."""
    from torch import nn

    found = []
    for node in graph.nodes:
        if node.op != "call_module" or not isinstance(root.get_submodule(str(node.target)), nn.Embedding):
            continue
        index = node.args[0]
        sources = behind(index, set())
        learned = any(
            each.op == "call_module" and any(True for _ in root.get_submodule(str(each.target)).parameters())
            for each in sources
        )
        begins = [each for each in sources if each.op in ("placeholder", "get_attr")]
        if len(begins) == 1 and begins[0] in known and not learned:
            found.append((node, known[begins[0]]))
    return found


def _located(
    root: torch.nn.Module, graph: fx.Graph, inputs: Sequence[torch.Tensor], calls: Sequence[tuple[fx.Node, int]]
) -> list[tuple[fx.Node, Lookup]]:  # fmt: skip
    """Where the codes of each call stand in its input: told by having places go the way of the codes, twice, so that
    those that the network puts in are told from those that come through."""
    import torch

    indices = _indices(root, graph, [node for node, _ in calls])
    wanted = {place for _, place in calls}
    size = max((inputs[place][0].numel() for place in wanted), default=0)
    fed = []
    for shift in (0, size):
        places = {place: torch.arange(shift, shift + inputs[place][0].numel()) for place in wanted}
        fed.append([
            places[at].reshape(tensor.shape).to(tensor) if at in places else tensor for at, tensor in enumerate(inputs)
        ])  # fmt: skip
    codes, first, second = (indices(*each) for each in (inputs, *fed))
    found = []
    for (node, place), said, here, there in zip(calls, codes, first, second, strict=True):
        through = there - here == size
        flat = inputs[place].reshape(-1)
        spots = torch.where(through, here, torch.full_like(here, -1))
        came = spots.max() < len(flat) and bool((flat[spots.clamp(min=0)] == said)[through].all())
        if came and bool((here == said)[~through].all()):
            found.append((node, Lookup(place, root.get_submodule(str(node.target)), said, spots[0])))
    return found


def _indices(root: torch.nn.Module, graph: fx.Graph, calls: Sequence[fx.Node]) -> fx.GraphModule:
    """A module that gives the codes that each call looks up."""
    from torch import fx

    made = fx.Graph()
    copies: dict[fx.Node, fx.Node] = {}
    for node in graph.nodes:
        if node.op != "output":
            copies[node] = made.node_copy(node, copies.__getitem__)
    made.output(tuple(copies[node.args[0]] for node in calls))  # type: ignore[index]
    prune(made)
    return fx.GraphModule(root, made, "Codes")

"""Messages along the edges of graphs that are given as matrices of one size; places without a node have no edges."""

from __future__ import annotations

import torch
from torch.nn import functional


class GraphConv(torch.nn.Module):
    """``norm(A + I) X W + b`` with X N×S×F and A N×S×S, which gives N×S×F'.

    aggregate: ``symmetric`` divides by the roots of both nodes' degrees, ``mean`` by that of the node that is told,
    ``sum`` by nothing. loops: whether each node tells itself, too.
    """

    def __init__(
        self, in_features: int, out_features: int, aggregate: str = "symmetric", loops: bool = True, bias: bool = True
    ) -> None:
        super().__init__()
        self.aggregate, self.loops = aggregate, loops
        self.weight = torch.nn.Parameter(torch.empty(out_features, in_features))
        self.bias = torch.nn.Parameter(torch.zeros(out_features)) if bias else None
        torch.nn.init.xavier_uniform_(self.weight)

    def forward(self, nodes: torch.Tensor, adjacency: torch.Tensor) -> torch.Tensor:
        edges = adjacency.to(nodes.dtype)
        if self.loops:
            edges = edges + torch.eye(edges.shape[-1], dtype=edges.dtype, device=edges.device)
        degree = edges.abs().sum(-1, keepdim=True)
        if self.aggregate == "symmetric":
            known = degree > 0
            root = torch.where(known, degree, torch.ones_like(degree)).rsqrt() * known  # 0 without edges of its own
            edges = edges * root * root.transpose(1, 2)
        elif self.aggregate == "mean":
            edges = edges / degree.clamp(min=1e-6)
        told = edges @ functional.linear(nodes, self.weight)
        return told if self.bias is None else told + self.bias


class RelationalGraphConv(torch.nn.Module):
    """``W₀ xᵢ + b + Σᵣ mean over j of Wᵣ xⱼ``, where an edge of kind r leads from j to i: N×S×F becomes N×S×F'.

    adjacency: N×S×S, the kind of edge from 1 to ``relations``, anything else for none. aggregate: ``mean`` or ``sum``
    over the neighbours of each kind.
    """

    def __init__(
        self, in_features: int, out_features: int, relations: int, aggregate: str = "mean", bias: bool = True
    ) -> None:
        super().__init__()
        self.aggregate, self.relations = aggregate, relations
        self.weight = torch.nn.Parameter(torch.empty(relations + 1, out_features, in_features))
        self.bias = torch.nn.Parameter(torch.zeros(out_features)) if bias else None
        for own in self.weight:
            torch.nn.init.xavier_uniform_(own)

    def forward(self, nodes: torch.Tensor, adjacency: torch.Tensor) -> torch.Tensor:
        made = functional.linear(nodes, self.weight[0], self.bias)
        for kind in range(1, self.relations + 1):
            edges = (adjacency == kind).to(nodes.dtype)
            if self.aggregate == "mean":
                edges = edges / edges.sum(-1, keepdim=True).clamp(min=1)
            made = made + edges @ functional.linear(nodes, self.weight[kind])
        return made


class GATConv(torch.nn.Module):
    """Each node takes from its neighbours and itself as much as a score of the two says: N×S×F becomes N×S×F'.

    adjacency: N×S×S, how strong each edge is, 0 where there is none. Scores are ``leaky_relu(a · W xᵢ + b · W xⱼ)``,
    by head, and count as often as the edge is strong.
    """

    def __init__(self, in_features: int, out_features: int, num_heads: int = 1, slope: float = 0.2) -> None:
        super().__init__()
        self.num_heads, self.slope = num_heads, slope
        self.weight = torch.nn.Parameter(torch.empty(out_features, in_features))
        self.asks = torch.nn.Parameter(torch.empty(num_heads, out_features // num_heads))
        self.told = torch.nn.Parameter(torch.empty(num_heads, out_features // num_heads))
        self.bias = torch.nn.Parameter(torch.zeros(out_features))
        for parameter in (self.weight, self.asks, self.told):
            torch.nn.init.xavier_uniform_(parameter)

    def forward(self, nodes: torch.Tensor, adjacency: torch.Tensor) -> torch.Tensor:
        count = nodes.shape[1]
        seen = functional.linear(nodes, self.weight).reshape(-1, count, *self.asks.shape).transpose(1, 2)
        asks = (seen * self.asks.unsqueeze(1)).sum(-1)
        told = (seen * self.told.unsqueeze(1)).sum(-1)
        scores = functional.leaky_relu(asks.unsqueeze(-1) + told.unsqueeze(-2), self.slope)
        itself = torch.eye(count, dtype=torch.bool, device=nodes.device)
        strong = adjacency.to(nodes.dtype).abs()
        apart = (strong == 0) & ~itself
        strong = torch.where(strong == 0, torch.ones_like(strong), strong).log()
        weights = (scores + strong.unsqueeze(1)).masked_fill(apart.unsqueeze(1), -1e9).softmax(-1)
        return (weights @ seen).transpose(1, 2).flatten(2) + self.bias

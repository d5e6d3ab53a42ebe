"""Graphs: nodes that tell their neighbours what they know. Edges are given as a matrix for each graph."""

from __future__ import annotations

from nnstudio.layers.base import BuildError, Layer, Port, layer, param
from nnstudio.layers.call import Call
from nnstudio.layers.checks import check_codes
from nnstudio.layers.initialisation import Weighted
from nnstudio.layers.types import TensorType

_GRAPH = ("graph", "gnn", "message passing", "molecule", "network", "nodes and edges")
_EDGES = "how strong the edge between each two nodes is, 0 for none; places without a node have no edges"


@layer(family="Graphs", telling=("out_features",), synonyms=(*_GRAPH, "gcn", "graph convolution"))
class GraphConv(Weighted):
    r"""Give each node a weighed mean of its neighbours and itself.

    Use it two to four times in a row with a ReLU between, so that each node knows what lies as many edges away, and
    end with a MaskedPool where the whole graph is to be judged.

    ```math
    Y = \hat D^{-1/2} (A + I) \hat D^{-1/2} X W^{\top} + b
    ```

    Here A are the edges and D the sums of their rows. The mean divides by D, the sum by nothing.

    Shapes: nodes `N×S×F` (node, feature) and edges `N×S×S` become `N×S×F'`.

    Source: Kipf and Welling, "Semi-supervised classification with graph convolutional networks" (2017), equation 2.
    """

    nodes = Port("N S F", help="a vector for each node")
    adjacency = Port("N S S", dtype="number", help=_EDGES)
    output = Port("N S F'")

    out_features: int = param(64, min=1, title="Units", help="how many numbers each node has then")
    aggregate: str = param(
        "symmetric", choices=("symmetric", "mean", "sum"), title="Gather",
        help="a mean by the degrees of both nodes, by that of the node that is told, or a sum",
    )  # fmt: skip
    loops: bool = param(True, title="Itself", help="each node also tells itself")
    bias: bool = param(True, title="Bias", help="add a learned offset")

    def build(self, nodes: TensorType, adjacency: TensorType) -> Call:
        return Call(
            "nnstudio.nn.GraphConv", nodes.last(), self.out_features, aggregate=self.aggregate, loops=self.loops,
            bias=self.bias,
        )  # fmt: skip


@layer(
    family="Graphs", icon="graphconv", telling=("out_features",),
    synonyms=(*_GRAPH, "rgcn", "relational", "edge types", "bonds", "knowledge graph", "heterogeneous"),
)  # fmt: skip
class RelationalGraphConv(Layer):
    r"""Tell neighbours what a node knows, in another way for each kind of edge.

    Use it like GraphConv, for graphs whose edges are of several kinds: single and double bonds, friends and
    colleagues.

    ```math
    y_i = W_0 x_i + b + \sum_r \frac{1}{c_{i,r}} \sum_{j \in N_r(i)} W_r x_j
    ```

    Here r goes over the kinds of edges and c is how many edges of the kind a node has (for the mean; 1 for the sum).

    Shapes: nodes `N×S×F` (node, feature) and codes of edges `N×S×S`, 0 for none, become `N×S×F'`.

    Source: Schlichtkrull et al., "Modeling relational data with graph convolutional networks" (2018), equation 2.
    """

    nodes = Port("N S F", help="a vector for each node")
    adjacency = Port("N S S", dtype="int", help="the kind of edge between each two nodes, from 1; 0 for none")
    output = Port("N S F'")

    out_features: int = param(64, min=1, title="Units", help="how many numbers each node has then")
    relations: int | None = param(
        None, kind="int", min=1, max=1000, title="Kinds of edges", help="left empty, as many as the data has"
    )
    aggregate: str = param("mean", choices=("mean", "sum"), title="Gather", help="of the neighbours along each kind")
    bias: bool = param(True, title="Bias", help="add a learned offset")

    def build(self, nodes: TensorType, adjacency: TensorType) -> Call:
        check_codes(adjacency, "kinds of edges", ("int64", "int32"))
        kinds = self.relations or (adjacency.classes or 0) - 1
        if kinds < 1:
            raise BuildError("does not know how many kinds of edges there are", "set its parameter Kinds of edges")
        return Call(
            "nnstudio.nn.RelationalGraphConv", nodes.last(), self.out_features, kinds, aggregate=self.aggregate,
            bias=self.bias,
        )  # fmt: skip


@layer(family="Graphs", telling=("out_features", "num_heads"), synonyms=(*_GRAPH, "gat", "graph attention"))
class GATConv(Layer):
    r"""Let each node choose how much it takes from each neighbour.

    Use it in place of GraphConv where some neighbours matter more than others: how much each counts is learned,
    several heads at once.

    ```math
    y_i = \sum_{j \in N(i)} \alpha_{ij} W x_j, \qquad
    \alpha_{ij} = \operatorname{softmax}_j \big( \operatorname{LeakyReLU}(a \cdot W x_i + b \cdot W x_j) \big)
    ```

    Shapes: nodes `N×S×F` (node, feature) and edges `N×S×S` become `N×S×F'`; the heads must divide F'.

    Source: Veličković et al., "Graph attention networks" (2018), section 2.1.
    """

    nodes = Port("N S F", help="a vector for each node")
    adjacency = Port("N S S", dtype="number", help=_EDGES)
    output = Port("N S F'")

    out_features: int = param(64, min=1, title="Units", help="how many numbers each node has then, all heads together")
    num_heads: int = param(4, min=1, title="Heads", help="how many choose at once, each a share of the units")
    slope: float = param(0.2, min=0.0, max=1.0, title="Slope", help="how much of a negative score is let through")

    def build(self, nodes: TensorType, adjacency: TensorType) -> Call:
        if self.out_features % self.num_heads:
            raise BuildError(
                f"cannot share {self.out_features} units among {self.num_heads} heads",
                "choose units that the number of heads divides",
            )
        return Call("nnstudio.nn.GATConv", nodes.last(), self.out_features, self.num_heads, self.slope)

"""Blocks and sharing: a named network used as a layer, the ports inside it, and weights that are used twice (DESIGN 5).

None of these is built: `compile.expand` puts what they stand for in their place.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Self

from nnstudio.layers.base import Layer, Port, layer, param
from nnstudio.layers.call import Arg, Function
from nnstudio.layers.io import sample_type
from nnstudio.layers.params import Param, ParameterError
from nnstudio.layers.types import DTYPES, TensorType

#: How often a block can be repeated.
REPEAT_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Interface:
    """What a layer has of the network that it stands for: its ports, and the parameters that it can set."""

    inputs: tuple[tuple[str, Port], ...] = ()
    outputs: tuple[tuple[str, Port], ...] = ()
    parameters: tuple[tuple[str, int | float], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Standin(Layer):
    """A layer whose ports are those of something else. ``interface`` is what that has; `graph.standins` keeps it true,
    and it is no part of what the layer itself is: it is neither saved nor compared."""

    interface: Interface = dataclasses.field(default=Interface(), compare=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "inputs", dict(self.interface.inputs))
        object.__setattr__(self, "outputs", dict(self.interface.outputs))

    def build(self) -> None:
        """Nothing: another network is put in its place before anything is built."""


@layer(family="Blocks", icon="block", role="block", synonyms=("subnetwork", "module", "group", "sequential", "macro"))
class Block(Standin):
    r"""Use a network of your own as one layer, once or repeated.

    Its definition is drawn once: a change in it is a change in every block of that name. Repeated, each copy's first
    output feeds the next copy's first input, while its other inputs get the same each time; copies have weights of
    their own or share one set. The parameters that a definition exposes can be set for each block.

    When to use it: wherever a pattern comes more than once, as the residual blocks of a ResNet, or to keep a large
    drawing readable.

    ```math
    y = (f_r \circ \dots \circ f_2 \circ f_1)(x) \quad \text{for } r \text{ copies}
    ```

    Shapes: those of its definition: where that makes `N×F'` of `N×F` (feature), the block does; repeated, F' must
    be F.

    Source: He et al., "Deep residual learning for image recognition" (2015), section 3.3; PyTorch
    `torch.nn.Sequential`.
    """

    definition: str = param("", help="the name of the definition that this block uses")
    repeat: int = param(1, min=1, max=REPEAT_LIMIT, help="how many copies follow one another")
    weights: str = param("own", choices=("own", "shared"), help="whether each copy has weights of its own")
    settings: tuple[tuple[str, int | float], ...] = param(
        (), kind="values", help="values of the definition's exposed parameters, where they are not its defaults"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        own = {name: declared for name, declared in type(self).params.items() if name in ("repeat", "weights")}
        exposed = {name: _exposed(default) for name, default in self.interface.parameters}
        object.__setattr__(self, "params", {**exposed, **own})

    def __getattr__(self, name: str) -> Any:
        interface = self.__dict__.get("interface")
        for known, default in interface.parameters if interface is not None else ():
            if known == name:
                return dict(self.settings).get(name, default)
        raise AttributeError(f"Block has no {name!r}")

    @property
    def parameters(self) -> dict[str, int | float]:
        """The value of every exposed parameter."""
        return {**dict(self.interface.parameters), **dict(self.settings)}

    def values(self) -> dict[str, Any]:
        """What is saved: the declared parameters, ``settings`` among them."""
        return {name: getattr(self, name) for name in type(self).params}

    def with_(self, **values: Any) -> Self:
        """A copy with other values, of declared or exposed parameters. ParameterError where one is not allowed."""
        settings = dict(self.settings)
        exposed = dict(self.interface.parameters)
        rest = {}
        for name, value in values.items():
            if name in exposed:
                settings[name] = _exposed(exposed[name]).checked("Block", name, value)
            else:
                rest[name] = value
        for name in rest:
            if name not in type(self).params:
                raise ParameterError(self.definition or "Block", name, "is not a parameter of this block")
        return dataclasses.replace(self, **{"settings": tuple(settings.items()), **rest})

    def subtitle(self) -> str:
        """The definition, and how often: ``Bottleneck · ×3``."""
        name = self.definition or "Block"
        return name if self.repeat == 1 else f"{name} · ×{self.repeat}"


def _exposed(default: int | float) -> Param:
    kind = "float" if isinstance(default, float) else "int"
    return Param(kind, default, help="a parameter that the block's definition exposes")


@layer(family="Blocks", icon="shared", role="shared", synonyms=("tied", "siamese", "reuse", "weight sharing"))
class Shared(Standin):
    r"""Run another node's weights on another input.

    The two are one module in training: a gradient through either moves the weights of both. Its input must have the
    sizes that the weights were made for.

    When to use it: for siamese networks, for a discriminator that judges real and generated pictures, for tied
    embeddings of two texts.

    ```math
    y = f_{\theta}(x) \qquad y' = f_{\theta}(x')
    ```

    Shapes: those of the node whose weights it uses: a Linear of `N×F` (feature) to `N×F'` takes `N×F` here too.

    Source: Bromley et al., "Signature verification using a Siamese time delay neural network" (1993).
    """

    of: str = param("", kind="node", help="the node whose weights are used")

    def subtitle(self) -> str:
        return "Shared weights"


@layer(family="Blocks", icon="input", role="port", synonyms=("port", "argument"))
class BlockInput(Layer):
    r"""Bring what is wired to a block into its definition.

    Use one for each input of the block: the node's name is the name of the block's port. The shape counts only
    while no block of this definition is placed.

    ```math
    (y_1,\; \dots,\; y_m) = f(x_1,\; \dots,\; \mathbf{x_k},\; \dots)
    ```

    Here x_k is what this port brings, and f the block.

    Shapes: none in; what is wired to the block comes out, such as `N×C×H×W` (channel, height, width).

    Source: PyTorch `torch.fx.Graph.placeholder`.
    """

    output = Port("*", dtype="any")

    shape: tuple[int, ...] = param(
        (), kind="ints", min=1, optional=True, help="the sizes of one sample while the block is not placed anywhere"
    )
    dtype: str = param("float32", choices=tuple(sorted(DTYPES)), title="Type", help="while it is not placed anywhere")

    def build(self) -> None:
        """A port is not built: what is wired to the block stands in its place."""

    def own_type(self) -> TensorType | None:
        """The type that follows from the shape; None where that is not set."""
        return sample_type(self.shape, self.dtype) if self.shape else None


@layer(family="Blocks", icon="output", role="port", synonyms=("port", "return"))
class BlockOutput(Layer):
    r"""Hand a result out of a block's definition.

    Use one for each result; the node's name is the name of the block's port.

    ```math
    (y_1,\; \dots,\; \mathbf{y_k},\; \dots) = f(x_1,\; \dots,\; x_m)
    ```

    Here y_k is what this port hands out, and f the block.

    Shapes: any, such as `N×C×H×W` (channel, height, width), which the block puts out.

    Source: PyTorch `torch.fx.Graph.output`.
    """

    input = Port("*", dtype="any")

    def build(self, input: TensorType) -> None:
        """A port is not built: what is wired here goes on from the block."""


@layer(family="Blocks", icon="stopgradient", synonyms=("detach", "stop_gradient", "no grad", "freeze branch"))
class StopGradient(Layer):
    r"""Let values through and hold gradients back.

    What lies before it is not trained through this wire.

    When to use it: where a loss must not move a part of the network: targets that a network makes itself, the
    generator while the discriminator learns, the straight-through trick.

    ```math
    y = x \qquad \frac{\partial y}{\partial x} := 0
    ```

    Shapes: any axes, such as `N×T×F` (time, feature), which stay.

    Source: van den Oord et al., "Neural discrete representation learning" (2017), section 3.2; PyTorch
    `torch.detach`.
    """

    input = Port("*s", dtype="any")
    output = Port("*s", dtype="any")

    def build(self, input: TensorType) -> Function:
        return Function("torch.detach", Arg("input"))

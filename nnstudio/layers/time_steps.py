"""The same layers at each step of a sequence: steps become samples of their own, and a sequence again."""

from __future__ import annotations

from nnstudio.layers.base import BuildError, Layer, Port, layer
from nnstudio.layers.call import Arg, Call, Function
from nnstudio.layers.disagreement import example
from nnstudio.layers.types import TensorType, product

_SYNONYMS = ("time distributed", "TimeDistributed", "each step", "per frame", "video", "sequence")


@layer(family="Shape", icon="flatten", synonyms=(*_SYNONYMS, "steps to batch", "merge time into batch"))
class FoldTime(Layer):
    r"""Make each step of a sequence a sample of its own, so that what follows works on every step alike.

    Use it to put any layers into each step of a sequence, as convolutions into each picture of a film: FoldTime, the
    layers, and UnfoldTime, which makes sequences of their answers again. All steps go through the same weights.
    Linear, LayerNorm, activations and recurrent layers take sequences as they are.

    A layer that looks at the batch, as BatchNorm does, looks at all steps of all samples.

    ```math
    y_{n T + t,\,\dots} = x_{n,\,t,\,\dots}
    ```

    Shapes: `N×T×*` becomes `(N·T)×*`.

    Source: PyTorch `torch.flatten`; Keras `TimeDistributed`.
    """

    keeps_codes = True

    input = Port("N T *s", dtype="any", help="sequences: time after the batch")
    output = Port("M *s", dtype="any", help="the steps, each a sample")

    def build(self, input: TensorType) -> Function:
        return Function("torch.flatten", Arg("input"), 0, 1)


@layer(family="Shape", icon="reshape", synonyms=(*_SYNONYMS, "batch to steps", "split batch"))
class UnfoldTime(Layer):
    r"""Make sequences again of steps that FoldTime had made samples of their own.

    Use it behind the layers that work on each step. Wire the sequence that was folded to `like`: it says how many steps
    each sample has.

    ```math
    y_{n,\,t,\,\dots} = x_{n T + t,\,\dots}
    ```

    Shapes: `(N·T)×*` and a sequence `N×T×…` become `N×T×*`.

    Source: PyTorch `torch.unflatten`; Keras `TimeDistributed`.
    """

    keeps_codes = True

    input = Port("M *s", dtype="any", help="the steps, each a sample")
    like = Port("N T *", dtype="any", help="the sequence that was folded; only its sizes are used")
    output = Port("N T *s", dtype="any")

    def build(self, input: TensorType, like: TensorType) -> Call:
        batch, steps = like.sizes[:2]
        if input.sizes[0] != product(batch, steps):
            raise BuildError(
                f"needs a sample for each step of {like.per_sample()}, {product(batch, steps)} in all; it is fed "
                f"{input.sizes[0]}{example(product(batch, steps), input.sizes[0])}",
                "put a FoldTime before the layers that work on each step, and wire what it is fed to like as well",
            )
        return Call("nnstudio.nn.UnfoldTime")

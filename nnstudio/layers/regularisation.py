"""Regularisation: making it harder to learn the training samples by heart."""

from __future__ import annotations

from typing import Any

from nnstudio.layers.base import Layer, Port, layer, param
from nnstudio.layers.call import Call
from nnstudio.layers.types import TensorType

_SYNONYMS = ("regularization", "overfitting", "drop", "noise")


def _share(what: str, default: float = 0.5) -> Any:
    return param(default, min=0.0, max=1.0, title="Share dropped", help=f"probability that {what} is dropped")


@layer(family="Regularisation", telling=("p",), synonyms=_SYNONYMS)
class Dropout(Layer):
    r"""Set a random share of the values to zero while training.

    Put it behind an activation where the network learns its training samples by heart. It does nothing when
    predicting; while training, what is left is scaled up so that the sum stays the same on average.

    ```math
    y = \frac{m\,x}{1 - p}, \qquad m = \begin{cases} 0 & \text{with probability } p \\ 1 & \text{else} \end{cases}
    ```

    Shapes: any axes, such as `N×C×H×W` (channel, height, width), which stay.

    Source: Srivastava et al., "Dropout" (2014), section 4; PyTorch `torch.nn.Dropout`.
    """

    input = Port("*")
    output = Port("*")

    p: float = _share("a value")

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.Dropout", self.p)


@layer(family="Regularisation", telling=("p",), synonyms=(*_SYNONYMS, "spatial dropout", "channel", "signal"))
class Dropout1d(Layer):
    r"""Set a random share of the channels of each signal to zero while training.

    Use it instead of Dropout between Conv1d layers, where neighbouring steps tell each other what was dropped.

    ```math
    y_{c,t} = \frac{m_c\,x_{c,t}}{1 - p}, \qquad P(m_c = 0) = p, \quad P(m_c = 1) = 1 - p
    ```

    Shapes: `N×C×T` (channel, time), which stays.

    Source: Tompson et al., "Efficient object localization using convolutional networks" (2015), section 3.2; PyTorch
    `torch.nn.Dropout1d`.
    """

    input = Port("N C T")
    output = Port("N C T")

    p: float = _share("a channel")

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.Dropout1d", self.p)


@layer(family="Regularisation", telling=("p",), synonyms=(*_SYNONYMS, "spatial dropout", "channel", "image"))
class Dropout2d(Layer):
    r"""Set a random share of the channels of each image to zero while training.

    Use it instead of Dropout between convolutions, where neighbouring pixels tell each other what was dropped.

    ```math
    y_{c,h,w} = \frac{m_c\,x_{c,h,w}}{1 - p}, \qquad P(m_c = 0) = p, \quad P(m_c = 1) = 1 - p
    ```

    Shapes: `N×C×H×W` (channel, height, width), which stays.

    Source: Tompson et al., "Efficient object localization using convolutional networks" (2015), section 3.2; PyTorch
    `torch.nn.Dropout2d`.
    """

    input = Port("N C H W")
    output = Port("N C H W")

    p: float = _share("a channel")

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.Dropout2d", self.p)


@layer(family="Regularisation", telling=("p",), synonyms=(*_SYNONYMS, "spatial dropout", "channel", "volume"))
class Dropout3d(Layer):
    r"""Set a random share of the channels of each volume to zero while training.

    Use it instead of Dropout between Conv3d layers, where neighbouring points tell each other what was dropped.

    ```math
    y_{c,z,h,w} = \frac{m_c\,x_{c,z,h,w}}{1 - p}, \qquad P(m_c = 0) = p, \quad P(m_c = 1) = 1 - p
    ```

    Shapes: `N×C×D×H×W` (channel, depth, height, width), which stays.

    Source: Tompson et al., "Efficient object localization using convolutional networks" (2015), section 3.2; PyTorch
    `torch.nn.Dropout3d`.
    """

    input = Port("N C D H W")
    output = Port("N C D H W")

    p: float = _share("a channel")

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.Dropout3d", self.p)


@layer(family="Regularisation", telling=("p",), synonyms=(*_SYNONYMS, "self-normalizing", "selu"))
class AlphaDropout(Layer):
    r"""Drop a random share of the values so that mean and variance stay as they were.

    Use it in place of Dropout in networks of SELU, whose values keep mean 0 and variance 1.

    ```math
    y = a\,(m\,x + (1 - m)\,\alpha') + b, \qquad a = \big((1 - p)(1 + p\,\alpha'^2)\big)^{-1/2}, \quad
    b = -a\,p\,\alpha'
    ```

    Here m is 0 with probability p, else 1, and α' = −1.7581 is where SELU goes for very negative values.

    Shapes: any axes, such as `N×C×H×W` (channel, height, width), which stay.

    Source: Klambauer et al., "Self-normalizing neural networks" (2017), section 2; PyTorch `torch.nn.AlphaDropout`.
    """

    input = Port("*")
    output = Port("*")

    p: float = _share("a value")

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.AlphaDropout", self.p)


@layer(family="Regularisation", telling=("p",), synonyms=(*_SYNONYMS, "self-normalizing", "selu", "channel"))
class FeatureAlphaDropout(Layer):
    r"""Drop a random share of the channels so that mean and variance stay as they were.

    Use it in place of AlphaDropout behind convolutions: a channel is dropped as a whole.

    ```math
    y_c = a\,(m_c\,x_c + (1 - m_c)\,\alpha') + b, \qquad a = \big((1 - p)(1 + p\,\alpha'^2)\big)^{-1/2}, \quad
    b = -a\,p\,\alpha'
    ```

    Here m is 0 with probability p, else 1, for each channel, and α' = −1.7581.

    Shapes: `N×C×*` (channel first), which stays.

    Source: Klambauer et al., "Self-normalizing neural networks" (2017), section 2; PyTorch
    `torch.nn.FeatureAlphaDropout`.
    """

    input = Port("N C *")
    output = Port("N C *")

    p: float = _share("a channel")

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.FeatureAlphaDropout", self.p)


@layer(family="Regularisation", telling=("p",), synonyms=(*_SYNONYMS, "drop path", "stochastic depth", "residual"))
class StochasticDepth(Layer):
    r"""Drop a whole branch for a random share of the samples while training.

    Put it at the end of a residual branch, before the Add: for some samples the block is then skipped. Deep networks
    and vision transformers train better so.

    ```math
    y_n = \frac{m_n\,x_n}{1 - p}, \qquad P(m_n = 0) = p, \quad P(m_n = 1) = 1 - p
    ```

    Here n is the sample.

    Shapes: `N×*`, which stays.

    Source: Huang et al., "Deep networks with stochastic depth" (2016), section 3.
    """

    input = Port("N *")
    output = Port("N *")

    p: float = _share("the branch", 0.1)

    def build(self, input: TensorType) -> Call:
        return Call("nnstudio.nn.StochasticDepth", self.p)

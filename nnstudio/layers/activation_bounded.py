"""Activations that squash values into a range, and those that set small values to zero."""

from __future__ import annotations

from nnstudio.layers.activation import Elementwise
from nnstudio.layers.base import BuildError, layer, param
from nnstudio.layers.call import Call
from nnstudio.layers.types import TensorType

_SQUASH = ("activation", "nonlinearity", "squash")
_SHRINK = ("activation", "sparse", "denoise", "threshold")


@layer(family="Activation", synonyms=(*_SQUASH, "logistic", "probability"))
class Sigmoid(Elementwise):
    r"""Squash each value to between 0 and 1.

    Use it for gates and for pictures that end between 0 and 1. Between many layers its gradient fades. Leave it out
    before BCEWithLogitsLoss, which has it built in.

    ```math
    y = \sigma(x) = \frac{1}{1 + e^{-x}}
    ```

    Shapes: any axes, such as `N×C×H×W` (channel, height, width), which stay.

    Source: Rumelhart et al., "Learning representations by back-propagating errors" (1986); PyTorch
    `torch.nn.Sigmoid`.
    """

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.Sigmoid")

    def bounds(self) -> tuple[float, float]:
        return (0.0, 1.0)


@layer(family="Activation", synonyms=(*_SQUASH, "log probability"))
class LogSigmoid(Elementwise):
    r"""Take the logarithm of the sigmoid of each value, without losing digits.

    Use it where the logarithm of a yes-or-no probability is wanted, as in losses that are built by hand.

    ```math
    y = \ln \frac{1}{1 + e^{-x}}
    ```

    Shapes: any axes, such as `N×C×H×W` (channel, height, width), which stay.

    Source: PyTorch `torch.nn.LogSigmoid`.
    """

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.LogSigmoid")


@layer(family="Activation", synonyms=(*_SQUASH, "hyperbolic tangent"))
class Tanh(Elementwise):
    r"""Squash each value to between −1 and 1.

    Use it in small and recurrent networks, and at the end of a generator whose pictures lie between −1 and 1.

    ```math
    y = \frac{e^{x} - e^{-x}}{e^{x} + e^{-x}}
    ```

    Shapes: any axes, such as `N×C×H×W` (channel, height, width), which stay.

    Source: LeCun et al., "Efficient backprop" (1998), section 4.4; PyTorch `torch.nn.Tanh`.
    """

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.Tanh")

    def bounds(self) -> tuple[float, float]:
        return (-1.0, 1.0)


@layer(family="Activation", telling=("min_val", "max_val"), synonyms=(*_SQUASH, "clip", "clamp", "piecewise linear"))
class Hardtanh(Elementwise):
    r"""Cut values off below the lower and above the upper limit.

    Use it for networks on small devices: it is a tanh of three straight lines, and cheap.

    ```math
    y = \min(\max(x, a), b)
    ```

    Here a and b are the limits.

    Shapes: any axes, such as `N×C×H×W` (channel, height, width), which stay.

    Source: Collobert, "Large scale machine learning" (2004), chapter 5; PyTorch `torch.nn.Hardtanh`.
    """

    min_val: float = param(-1.0, title="Lower limit", help="the least value that comes out")
    max_val: float = param(1.0, title="Upper limit", help="the largest value that comes out")

    def build(self, input: TensorType) -> Call:
        if self.min_val >= self.max_val:
            raise BuildError(
                f"has a lower limit of {self.min_val:g}, not below its upper limit of {self.max_val:g}",
                f"set its lower limit below {self.max_val:g}",
            )
        return Call("torch.nn.Hardtanh", self.min_val, self.max_val)

    def bounds(self) -> tuple[float, float]:
        return self.min_val, self.max_val

    def _told(self, name: str) -> str:
        return f"{getattr(self, name):.3g}"


@layer(family="Activation", synonyms=(*_SQUASH, "piecewise linear", "mobile", "gate"))
class Hardsigmoid(Elementwise):
    r"""Squash each value to between 0 and 1 by three straight lines.

    Use it as a sigmoid on small devices: no exponential has to be worked out.

    ```math
    y = \min(\max(x / 6 + 1/2, 0), 1)
    ```

    Shapes: any axes, such as `N×C×H×W` (channel, height, width), which stay.

    Source: Courbariaux et al., "BinaryConnect" (2015), section 2.3; Howard et al., "Searching for MobileNetV3" (2019);
    PyTorch `torch.nn.Hardsigmoid`.
    """

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.Hardsigmoid")

    def bounds(self) -> tuple[float, float]:
        return (0.0, 1.0)


@layer(family="Activation", synonyms=("activation", "hard swish", "h-swish", "mobile", "piecewise linear"))
class Hardswish(Elementwise):
    r"""Let each value through by its own hard sigmoid.

    Use it in place of SiLU on small devices, as MobileNetV3 does.

    ```math
    y = x \min(\max(x / 6 + 1/2, 0), 1)
    ```

    Shapes: any axes, such as `N×C×H×W` (channel, height, width), which stay.

    Source: Howard et al., "Searching for MobileNetV3" (2019), section 5.2; PyTorch `torch.nn.Hardswish`.
    """

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.Hardswish")


@layer(family="Activation", synonyms=(*_SQUASH, "rational"))
class Softsign(Elementwise):
    r"""Squash each value to between −1 and 1, slower than tanh.

    Use it in place of Tanh where units get stuck at their limits: it saturates more gently than tanh, so that units
    far out still learn.

    ```math
    y = \frac{x}{1 + |x|}
    ```

    Shapes: any axes, such as `N×C×H×W` (channel, height, width), which stay.

    Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks" (2010),
    section 3; PyTorch `torch.nn.Softsign`.
    """

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.Softsign")

    def bounds(self) -> tuple[float, float]:
        return (-1.0, 1.0)


@layer(family="Activation", telling=("threshold",), synonyms=(*_SHRINK, "step", "cut off"))
class Threshold(Elementwise):
    r"""Let values above a threshold through and replace all others.

    Use it to suppress weak responses. With 0 and 0 it is ReLU.

    ```math
    y = \begin{cases} x & x > t \\ v & x \le t \end{cases}
    ```

    Here t is the threshold and v what stands in its place.

    Shapes: any axes, such as `N×C×H×W` (channel, height, width), which stay.

    Source: PyTorch `torch.nn.Threshold`.
    """

    threshold: float = param(0.1, title="Threshold", help="above it a value is kept")
    value: float = param(0.0, title="Instead", help="what replaces a value that is not above the threshold")

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.Threshold", self.threshold, self.value)


@layer(family="Activation", telling=("lambd",), synonyms=(*_SHRINK, "hard thresholding"))
class Hardshrink(Elementwise):
    r"""Set values near zero to zero and keep the others as they are.

    Use it for sparse codes, where few units should speak at a time.

    ```math
    y = \begin{cases} x & |x| > \lambda \\ 0 & |x| \le \lambda \end{cases}
    ```

    Shapes: any axes, such as `N×C×H×W` (channel, height, width), which stay.

    Source: Donoho and Johnstone, "Ideal spatial adaptation by wavelet shrinkage" (1994); PyTorch
    `torch.nn.Hardshrink`.
    """

    lambd: float = param(0.5, min=0.0, title="Lambda", help="how far from zero a value must be to be kept")

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.Hardshrink", self.lambd)


@layer(family="Activation", telling=("lambd",), synonyms=(*_SHRINK, "soft thresholding", "lasso", "proximal"))
class Softshrink(Elementwise):
    r"""Draw values towards zero by a fixed amount and set those near it to zero.

    Use it for sparse codes; it is what a penalty on absolute values (lasso) does in one step.

    ```math
    y = \operatorname{sign}(x) \max(|x| - \lambda, 0)
    ```

    Shapes: any axes, such as `N×C×H×W` (channel, height, width), which stay.

    Source: Donoho and Johnstone, "Ideal spatial adaptation by wavelet shrinkage" (1994); PyTorch
    `torch.nn.Softshrink`.
    """

    lambd: float = param(0.5, min=0.0, title="Lambda", help="by how much values are drawn towards zero")

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.Softshrink", self.lambd)


@layer(family="Activation", synonyms=(*_SHRINK, "residual of tanh"))
class Tanhshrink(Elementwise):
    r"""Subtract from each value its tanh: small values almost vanish, large ones lose 1.

    Use it for sparse codes: it is a smooth kind of shrinkage.

    ```math
    y = x - \tanh(x)
    ```

    Shapes: any axes, such as `N×C×H×W` (channel, height, width), which stay.

    Source: PyTorch `torch.nn.Tanhshrink`.
    """

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.Tanhshrink")

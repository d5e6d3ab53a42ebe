"""Functions of one number, applied to each number of a tensor."""

from __future__ import annotations

from typing import ClassVar

from nnstudio.layers.base import BuildError, Layer, Port, layer, param
from nnstudio.layers.call import Arg, Function
from nnstudio.layers.types import TensorType


class Elementwise(Layer):
    """Base of functions that are applied to each number by itself."""

    function: ClassVar[str]

    input = Port("*")
    output = Port("*")

    def build(self, input: TensorType) -> Function:
        return Function(self.function, Arg("input"))


class Positive(Elementwise):
    """Base of functions of positive numbers: smaller ones count as ``minimum``, so that no NaN comes out."""

    minimum: float = param(
        1e-6, exclusive_min=0.0, help="numbers below it count as this, so that the result is always a number"
    )

    def build(self, input: TensorType) -> Function:
        return Function(self.function, Function("torch.clamp", Arg("input"), min=self.minimum))


@layer(family="Functions", icon="negate", synonyms=("minus", "opposite", "neg", "invert sign"))
class Negate(Elementwise):
    r"""Change the sign of every number.

    Use it to turn a distance into a similarity, or what is to be made large into what is made small.

    ```math
    y = -x
    ```

    Shapes: any axes, such as `N×T×F` (time, feature), which stay.

    Source: PyTorch `torch.neg`.
    """

    function = "operator.neg"

    input = Port("*", dtype="number")
    output = Port("*", dtype="number")


@layer(family="Functions", icon="abs", synonyms=("absolute value", "magnitude", "modulus"))
class Abs(Elementwise):
    r"""Take every number without its sign.

    Use it to compare two branches where only the size of the difference counts.

    ```math
    y = \lvert x \rvert
    ```

    Shapes: any axes, such as `N×T×F` (time, feature), which stay.

    Source: PyTorch `torch.abs`.
    """

    function = "torch.abs"

    input = Port("*", dtype="number")
    output = Port("*", dtype="number")


@layer(family="Functions", icon="sign", synonyms=("signum", "binarise", "binarize"))
class Sign(Elementwise):
    r"""Say of every number whether it is negative, zero or positive: −1, 0 or 1.

    Use it for binary codes. No gradient passes: what lies before it does not learn through it.

    ```math
    y = \begin{cases} -1 & x < 0 \\ 0 & x = 0 \\ 1 & x > 0 \end{cases}
    ```

    Shapes: any axes, such as `N×T×F` (time, feature), which stay.

    Source: PyTorch `torch.sign`.
    """

    function = "torch.sign"


@layer(family="Functions", icon="exp", synonyms=("exponential", "e^x", "exp"))
class Exp(Elementwise):
    r"""Raise e to the power of every number.

    Use it to make a positive number of any: a standard deviation of its logarithm, as in a variational autoencoder.

    ```math
    y = e^{x}
    ```

    Shapes: any axes, such as `N×T×F` (time, feature), which stay.

    Source: Kingma and Welling, "Auto-encoding variational Bayes" (2013); PyTorch `torch.exp`.
    """

    function = "torch.exp"


@layer(family="Functions", icon="expm1", synonyms=("exponential minus one", "e^x - 1"))
class Expm1(Elementwise):
    r"""Raise e to the power of every number and take one off, exactly also near zero.

    Use it to undo a Log1p.

    ```math
    y = e^{x} - 1
    ```

    Shapes: any axes, such as `N×T×F` (time, feature), which stay.

    Source: PyTorch `torch.expm1`.
    """

    function = "torch.expm1"


@layer(family="Functions", icon="log", telling=("minimum",), synonyms=("logarithm", "ln", "natural log"))
class Log(Positive):
    r"""Take the natural logarithm of every number.

    Use it for quantities that span many orders of magnitude, and for log-probabilities. For a classifier's scores use
    LogSoftmax, which is exact also for small probabilities. Numbers below the minimum count as the minimum.

    ```math
    y = \ln(\max(x, \varepsilon))
    ```

    Shapes: any axes, such as `N×T×F` (time, feature), which stay.

    Source: PyTorch `torch.log`.
    """

    function = "torch.log"


@layer(family="Functions", icon="log1p", synonyms=("log of one plus", "log(1+x)", "log counts"))
class Log1p(Elementwise):
    r"""Take the logarithm of one plus every number; of counts, say, which may be 0.

    Use it to tame counts and intensities. Negative numbers count as 0.

    ```math
    y = \ln(1 + \max(x, 0))
    ```

    Shapes: any axes, such as `N×T×F` (time, feature), which stay.

    Source: PyTorch `torch.log1p`.
    """

    def build(self, input: TensorType) -> Function:
        return Function("torch.log1p", Function("torch.clamp", Arg("input"), min=0.0))


@layer(family="Functions", icon="sqrt", synonyms=("square root", "root"))
class Sqrt(Positive):
    r"""Take the square root of every number.

    Use it for a standard deviation of a variance. Numbers below the minimum count as the minimum, which also keeps the
    gradient finite.

    ```math
    y = \sqrt{\max(x, \varepsilon)}
    ```

    Shapes: any axes, such as `N×T×F` (time, feature), which stay.

    Source: PyTorch `torch.sqrt`.
    """

    function = "torch.sqrt"


@layer(family="Functions", icon="rsqrt", synonyms=("reciprocal square root", "inverse square root", "one over root"))
class Rsqrt(Positive):
    r"""Take one over the square root of every number.

    Use it to normalise by a variance: multiply by the Rsqrt of it. Numbers below the minimum count as the minimum.

    ```math
    y = \frac{1}{\sqrt{\max(x, \varepsilon)}}
    ```

    Shapes: any axes, such as `N×T×F` (time, feature), which stay.

    Source: PyTorch `torch.rsqrt`.
    """

    function = "torch.rsqrt"


@layer(family="Functions", icon="square", synonyms=("x^2", "squared", "power of two"))
class Square(Elementwise):
    r"""Multiply every number by itself.

    Use it for energies and squared differences.

    ```math
    y = x^{2}
    ```

    Shapes: any axes, such as `N×T×F` (time, feature), which stay.

    Source: PyTorch `torch.square`.
    """

    function = "torch.square"

    input = Port("*", dtype="number")
    output = Port("*", dtype="number")


@layer(family="Functions", icon="reciprocal", synonyms=("inverse", "one over", "1/x"))
class Reciprocal(Elementwise):
    r"""Take one over every number.

    Use it to turn a divisor into a factor. One over 0 is infinite: add a small number before it (Scale) where 0 can
    come.

    ```math
    y = \frac{1}{x}
    ```

    Shapes: any axes, such as `N×T×F` (time, feature), which stay.

    Source: PyTorch `torch.reciprocal`.
    """

    function = "torch.reciprocal"


@layer(family="Functions", icon="sin", synonyms=("sine", "siren", "periodic", "fourier features"))
class Sin(Elementwise):
    r"""Take the sine of every number, an angle in radians.

    Use it for periodic features, and as the activation of networks that represent signals (SIREN).

    ```math
    y = \sin(x)
    ```

    Shapes: any axes, such as `N×T×F` (time, feature), which stay.

    Source: Sitzmann et al., "Implicit neural representations with periodic activation functions" (2020); PyTorch
    `torch.sin`.
    """

    function = "torch.sin"


@layer(family="Functions", icon="cos", synonyms=("cosine", "periodic"))
class Cos(Elementwise):
    r"""Take the cosine of every number, an angle in radians.

    Use it together with Sin for features of time of day, direction and other angles.

    ```math
    y = \cos(x)
    ```

    Shapes: any axes, such as `N×T×F` (time, feature), which stay.

    Source: PyTorch `torch.cos`.
    """

    function = "torch.cos"


@layer(family="Functions", icon="erf", synonyms=("error function", "gaussian cdf", "normal distribution"))
class Erf(Elementwise):
    r"""Take the error function of every number: a smooth step from −1 to 1.

    Use it for probabilities under a normal distribution.

    ```math
    y = \frac{2}{\sqrt{\pi}} \int_{0}^{x} e^{-t^{2}} \, dt
    ```

    Shapes: any axes, such as `N×T×F` (time, feature), which stay.

    Source: PyTorch `torch.erf`.
    """

    function = "torch.erf"

    def bounds(self) -> tuple[float, float]:
        return -1.0, 1.0


@layer(family="Functions", icon="floor", synonyms=("round down", "integer part"))
class Floor(Elementwise):
    r"""Round every number down to a whole one.

    Use it to find the cell or bin in which a value lies. No gradient passes.

    ```math
    y = \lfloor x \rfloor
    ```

    Shapes: any axes, such as `N×T×F` (time, feature), which stay.

    Source: PyTorch `torch.floor`.
    """

    function = "torch.floor"


@layer(family="Functions", icon="ceil", synonyms=("round up", "ceiling"))
class Ceil(Elementwise):
    r"""Round every number up to a whole one.

    Use it to find how many whole parts something needs. No gradient passes.

    ```math
    y = \lceil x \rceil
    ```

    Shapes: any axes, such as `N×T×F` (time, feature), which stay.

    Source: PyTorch `torch.ceil`.
    """

    function = "torch.ceil"


@layer(family="Functions", icon="round", synonyms=("nearest integer", "quantise", "quantize"))
class Round(Elementwise):
    r"""Round every number to the nearest whole one, halves to the even one.

    Use it to quantise. No gradient passes; put a StopGradient around the difference for the straight-through trick.

    ```math
    y = \lfloor x \rceil
    ```

    Shapes: any axes, such as `N×T×F` (time, feature), which stay.

    Source: PyTorch `torch.round`.
    """

    function = "torch.round"


@layer(
    family="Functions", icon="clamp", telling=("minimum", "maximum"), synonyms=("clip", "limit", "bound", "saturate")
)
class Clamp(Layer):
    r"""Hold every number within limits.

    Use it where values outside a range make no sense or would grow without bound, such as log-variances. Beyond the
    limits no gradient passes.

    ```math
    y = \min(\max(x, \mathrm{minimum}), \mathrm{maximum})
    ```

    Shapes: any axes, such as `N×T×F` (time, feature), which stay.

    Source: PyTorch `torch.clamp`.
    """

    input = Port("*")
    output = Port("*")

    minimum: float | None = param(0.0, kind="float", optional=True, help="the lower limit; left empty, there is none")
    maximum: float | None = param(1.0, kind="float", optional=True, help="the upper limit; left empty, there is none")

    def build(self, input: TensorType) -> Function:
        if self.minimum is None and self.maximum is None:
            raise BuildError("has neither a lower nor an upper limit", "set one of them, or leave the layer out")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise BuildError(
                f"has a lower limit of {self.minimum:g} above its upper limit of {self.maximum:g}", "exchange the two"
            )
        return Function("torch.clamp", Arg("input"), min=self.minimum, max=self.maximum)

    def bounds(self) -> tuple[float, float] | None:
        return None if self.minimum is None or self.maximum is None else (self.minimum, self.maximum)

    def _told(self, name: str) -> str:
        value = getattr(self, name)
        return ("−∞" if name == "minimum" else "∞") if value is None else f"{value:g}"

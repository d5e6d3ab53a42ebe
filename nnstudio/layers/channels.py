"""Weighing channels, and waves as pictures of their pitch."""

from __future__ import annotations

from nnstudio.layers.base import BuildError, Layer, Port, layer, param
from nnstudio.layers.call import Call
from nnstudio.layers.types import TensorType


@layer(
    family="Attention", telling=("ratio",),
    synonyms=("se", "senet", "channel attention", "squeeze and excitation", "recalibration", "gate"),
)  # fmt: skip
class SqueezeExcitation(Layer):
    r"""Weigh each channel by what all channels say on average.

    Put it at the end of a residual block's branch; it costs little and often gains a point.

    ```math
    y_c = x_c \cdot \sigma\big( W_2 \operatorname{ReLU}(W_1 \bar x + b_1) + b_2 \big)_c
    ```

    Here x̄ are the means of the channels over all places.

    Shapes: `N×C×*` (channel), which stays.

    Source: Hu et al., "Squeeze-and-excitation networks" (2018), section 3.
    """

    input = Port("N C *s")
    output = Port("N C *s")

    ratio: int = param(16, min=1, title="Ratio", help="how many times fewer numbers stand between its Linear layers")

    def build(self, input: TensorType) -> Call:
        return Call("nnstudio.nn.SqueezeExcitation", input["C"], self.ratio)


@layer(
    family="Functions", telling=("mels",),
    synonyms=("audio", "sound", "speech", "stft", "fourier", "spectrum", "filter bank", "waveform"),
)  # fmt: skip
class MelSpectrogram(Layer):
    r"""Turn a sound wave into a picture: how loud each band of pitch is over time.

    Put it before convolutions that hear. Bands are spaced as people hear pitch. It has no weights, and gradients pass
    through it.

    ```math
    y_{m,t} = \ln \Big( \sum_k B_{mk} \Big| \sum_n w_n\, x_{t h + n}\, e^{-2 \pi i k n / W} \Big|^2 + 10^{-6} \Big)
    ```

    Here w is a Hann window of W numbers, h the hop and B the bands.

    Shapes: `N×C×T` (channel, time) becomes `N×C×M×T'` (channel, band, time).

    Source: Davis and Mermelstein, "Comparison of parametric representations for monosyllabic word recognition" (1980);
    mel scale: O'Shaughnessy, "Speech communication" (1987).
    """

    input = Port("N C T", help="the wave, from −1 to 1")
    output = Port("N C H' T'")

    sample_rate: int = param(16000, min=1000, unit="Hz", title="Samples a second", help="as the sound was recorded")
    window: int = param(400, min=2, max=8192, title="Window", help="how many samples are looked at once")
    hop: int = param(160, min=1, title="Hop", help="by how many samples the window moves")
    mels: int = param(40, min=1, max=512, title="Bands", help="how many bands of pitch there are")
    low: float = param(0.0, min=0.0, unit="Hz", title="Lowest", help="where the lowest band begins")
    high: float | None = param(
        None, kind="float", exclusive_min=0.0, unit="Hz", title="Highest",
        help="where the highest band ends; left empty, half of the samples a second",
    )  # fmt: skip
    log: bool = param(True, title="Logarithm", help="take the logarithm, as the ear does")

    def build(self, input: TensorType) -> Call:
        high = self.sample_rate / 2 if self.high is None else self.high
        if not self.low < high <= self.sample_rate / 2:
            raise BuildError(
                f"goes from {self.low:g} to {high:g} Hz, and the sound holds 0 to {self.sample_rate / 2:g}",
                "set Lowest below Highest, and that to at most half of the samples a second",
            )
        return Call(
            "nnstudio.nn.MelSpectrogram", self.sample_rate, self.window, self.hop, self.mels, self.low, high, self.log
        )

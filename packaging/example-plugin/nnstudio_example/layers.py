"""The declaration of Snake: everything that the program shows, checks and saves. Imports no torch."""

from nnstudio.layers import Call, Layer, Port, TensorType, layer, param


@layer(family="Activation", telling=("frequency",), synonyms=("periodic activation", "sin squared"))
class Snake(Layer):
    r"""Bend periodically, and grow like the input.

    Use it for what repeats, such as tides, sounds and seasons: unlike a ReLU it goes on repeating beyond the training
    data. Each channel learns its own frequency.

    ```math
    y = x + \frac{1}{a} \sin^{2}(a x)
    ```

    Source: Ziyin et al., "Neural networks fail to learn periodic functions and how to fix it" (2020).
    """

    input = Port("N C *", help="signals with a channel axis behind the batch")
    output = Port("N C *")

    frequency: float = param(1.0, min=0.125, max=64.0, help="a, with which every channel starts")

    def build(self, input: TensorType) -> Call:
        return Call("nnstudio_example.modules.Snake", input["C"], self.frequency)

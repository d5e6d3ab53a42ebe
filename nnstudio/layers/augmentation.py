"""Augmentation inside a network: inputs that are never quite the same twice."""

from __future__ import annotations

from nnstudio.layers.base import Layer, Port, layer, param
from nnstudio.layers.call import Call
from nnstudio.layers.types import TensorType


@layer(
    family="Regularisation", telling=("degrees", "shift"),
    synonyms=("augmentation", "augment", "rotate", "shift", "zoom", "flip", "mirror", "views", "simclr", "overfitting"),
)  # fmt: skip
class RandomAffine(Layer):
    r"""Turn, shift and resize each picture a little at random while training.

    Put it behind the Input, so that the network never sees quite the same picture twice; it does nothing when
    predicting. Two of them on one Input give two views of each picture, which contrastive learning compares. Mirror
    only what may be mirrored: clothes and faces, not digits.

    ```math
    y(p) = x\big( z\,R_\varphi\,p + t \big)
    ```

    Here φ is drawn evenly from ± the angle, t from ± the shift (a share of the edge) and z from 1 ± the zoom, for each
    picture; what lies outside of it is 0.

    Shapes: `N×C×H×W` (channel, height, width), which stays.

    Source: Simard et al., "Best practices for convolutional neural networks applied to visual document analysis"
    (2003), section 2; PyTorch `torch.nn.functional.grid_sample`.
    """

    input = Port("N C H W")
    output = Port("N C H W")

    degrees: float = param(10.0, min=0.0, max=180.0, title="Angle", unit="°", help="turned by so much at most")
    shift: float = param(0.1, min=0.0, max=1.0, title="Shift", help="shifted by this share of the edge at most")
    zoom: float = param(0.1, min=0.0, max=0.9, title="Zoom", help="made larger or smaller by this share at most")
    mirror: bool = param(False, title="Mirror", help="mirror every other picture, left to right")

    def build(self, input: TensorType) -> Call:
        return Call("nnstudio.nn.RandomAffine", self.degrees, shift=self.shift, zoom=self.zoom, mirror=self.mirror)

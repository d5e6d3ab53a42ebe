"""Classical blocks of networks that look at images."""

from __future__ import annotations

from typing import Any

from nnstudio.graph.builder import NetworkBuilder, PortHandle


def conv_bn(
    net: NetworkBuilder, x: PortHandle, number: str, out_channels: int | str, kernel_size: int = 3,
    activation: str = "ReLU", **more: Any,
) -> PortHandle:  # fmt: skip
    """A convolution without bias, batch normalisation, and an activation ("" for none)."""
    x = net.add("Conv2d", x, name=f"conv{number}", out_channels=out_channels, kernel_size=kernel_size,
                padding=kernel_size // 2, bias=False, **more)  # fmt: skip
    x = net.add("BatchNorm2d", x, name=f"bn{number}")
    return net.add(activation, x, name=f"{activation.lower()}{number}") if activation else x


def _image(net: NetworkBuilder, channels: int = 64, side: int = 56) -> PortHandle:
    return net.add("BlockInput", name="input", shape=(channels, side, side))


# -- residual blocks --------------------------------------------------------------------------------------------------


def residual() -> NetworkBuilder:
    """Two 3×3 convolutions whose result is added to what came in.

    The plain block of ResNet-18 and ResNet-34. What comes in must have **width** channels; to change channels or size
    put a *ResidualProjection* first.

    Source: He et al., "Deep residual learning for image recognition" (2015), figure 2.
    """
    net = NetworkBuilder(width=64)
    x = _image(net)
    y = conv_bn(net, x, "1", "width")
    y = conv_bn(net, y, "2", "width", activation="")
    y = net.add("Add", y, x, name="add")
    y = net.add("ReLU", y, name="relu2")
    net.add("BlockOutput", y, name="output")
    return net


def residual_projection() -> NetworkBuilder:
    """A residual block that changes channels and size: its skip wire has a 1×1 convolution.

    The first block of each stage of ResNet-18 and ResNet-34. It gives **width** channels and is **stride** times
    smaller than what comes in.

    Source: He et al., "Deep residual learning for image recognition" (2015), section 3.3, option B.
    """
    net = NetworkBuilder(width=64, stride=2)
    x = _image(net)
    y = conv_bn(net, x, "1", "width", stride="stride")
    y = conv_bn(net, y, "2", "width", activation="")
    skip = conv_bn(net, x, "_skip", "width", 1, activation="", stride="stride")
    y = net.add("Add", y, skip, name="add")
    y = net.add("ReLU", y, name="relu2")
    net.add("BlockOutput", y, name="output")
    return net


def bottleneck() -> NetworkBuilder:
    """1×1, 3×3 and 1×1 convolutions whose result is added to what came in.

    The block of ResNet-50 and deeper ones: the 3×3 convolution works on **width** channels, and the block takes and
    gives **expansion** times as many. To change channels or size put a *BottleneckProjection* first.

    Source: He et al., "Deep residual learning for image recognition" (2015), figure 5.
    """
    net = NetworkBuilder(width=64, expansion=4)
    x = _image(net, 256)
    y = conv_bn(net, x, "1", "width", 1)
    y = conv_bn(net, y, "2", "width", 3)
    y = conv_bn(net, y, "3", "expansion*width", 1, activation="")
    y = net.add("Add", y, x, name="add")
    y = net.add("ReLU", y, name="relu3")
    net.add("BlockOutput", y, name="output")
    return net


def bottleneck_projection() -> NetworkBuilder:
    """A bottleneck block that changes channels and size: its skip wire has a 1×1 convolution.

    The first block of each stage of ResNet-50 and deeper ones. It gives **expansion** times **width** channels and is
    **stride** times smaller than what comes in; as in torchvision, the 3×3 convolution has the stride (ResNet 1.5).

    Source: He et al., "Deep residual learning for image recognition" (2015), section 3.3, option B.
    """
    net = NetworkBuilder(width=64, stride=1, expansion=4)
    x = _image(net)
    y = conv_bn(net, x, "1", "width", 1)
    y = conv_bn(net, y, "2", "width", 3, stride="stride")
    y = conv_bn(net, y, "3", "expansion*width", 1, activation="")
    skip = conv_bn(net, x, "_skip", "expansion*width", 1, activation="", stride="stride")
    y = net.add("Add", y, skip, name="add")
    y = net.add("ReLU", y, name="relu3")
    net.add("BlockOutput", y, name="output")
    return net


# -- light convolutions -----------------------------------------------------------------------------------------------


def inverted_residual() -> NetworkBuilder:
    """Widen with a 1×1 convolution, filter each channel alone, narrow again, and add what came in.

    The block of MobileNetV2. It takes and gives **width** channels and works on **expansion** times as many inside.
    There is no activation on the narrow end (a *linear bottleneck*). To change channels or size put an
    *InvertedResidualProjection* first.

    Source: Sandler et al., "MobileNetV2: inverted residuals and linear bottlenecks" (2018), figure 4.
    """
    net = NetworkBuilder(width=32, expansion=6)
    x = _image(net, 32, 28)
    y = _inverted(net, x, "expansion*width", 1)
    y = net.add("Add", y, x, name="add")
    net.add("BlockOutput", y, name="output")
    return net


def inverted_residual_projection() -> NetworkBuilder:
    """An inverted residual block that changes channels and size, and so has no skip wire.

    The first block of each stage of MobileNetV2. It takes **entering** channels, works on **expansion** times as many,
    and gives **width** channels, **stride** times smaller.

    Source: Sandler et al., "MobileNetV2: inverted residuals and linear bottlenecks" (2018), figure 4.
    """
    net = NetworkBuilder(width=32, entering=24, stride=2, expansion=6)
    y = _inverted(net, _image(net, 24, 56), "expansion*entering", "stride")
    net.add("BlockOutput", y, name="output")
    return net


def _inverted(net: NetworkBuilder, x: PortHandle, inside: str, stride: int | str) -> PortHandle:
    y = conv_bn(net, x, "1", inside, 1, "ReLU6")
    y = conv_bn(net, y, "2", inside, 3, "ReLU6", groups=inside, stride=stride)
    return conv_bn(net, y, "3", "width", 1, "")


def separable_conv() -> NetworkBuilder:
    """Filter each channel alone, then mix them with a 1×1 convolution.

    Almost as good as a full convolution, for a fraction of its work. It takes **entering** channels and gives
    **width**, **stride** times smaller, with no activation at the end.

    Source: Howard et al., "MobileNets: efficient convolutional neural networks for mobile vision applications" (2017),
    section 3.1; Sandler et al., "MobileNetV2" (2018), table 2, first block.
    """
    net = NetworkBuilder(width=16, entering=32, stride=1)
    y = conv_bn(net, _image(net, 32, 112), "1", "entering", 3, "ReLU6", groups="entering", stride="stride")
    net.add("BlockOutput", conv_bn(net, y, "2", "width", 1, ""), name="output")
    return net


def squeeze_excitation() -> NetworkBuilder:
    """Weigh each channel by what the whole image holds.

    The mean of each channel goes through two small layers that say how much of it passes. Put it behind the last
    convolution of a block. What comes in must have **width** channels; inside are **reduction** times fewer.

    Source: Hu et al., "Squeeze-and-excitation networks" (2017), figure 2.
    """
    net = NetworkBuilder(width=64, reduction=16)
    x = _image(net)
    y = net.add("AdaptiveAvgPool2d", x, name="squeeze", output_size=1)
    y = net.add("Conv2d", y, name="fc1", out_channels="max(width//reduction, 1)", kernel_size=1, padding=0)
    y = net.add("ReLU", y, name="relu")
    y = net.add("Conv2d", y, name="fc2", out_channels="width", kernel_size=1, padding=0)
    y = net.add("Sigmoid", y, name="sigmoid")
    y = net.add("Multiply", x, y, name="excite")
    net.add("BlockOutput", y, name="output")
    return net


# -- several branches -------------------------------------------------------------------------------------------------


def inception() -> NetworkBuilder:
    """Look with filters of several sizes at once and put what they find side by side.

    The module of GoogLeNet: 1×1, 3×3 and 5×5 convolutions and a pooling, with 1×1 convolutions (**reduce3**,
    **reduce5**) that keep the larger ones cheap. It gives **ones** + **threes** + **fives** + **pooled** channels; the
    values here are those of module 3a.

    Source: Szegedy et al., "Going deeper with convolutions" (2014), figure 2b and table 1.
    """
    net = NetworkBuilder(ones=64, reduce3=96, threes=128, reduce5=16, fives=32, pooled=32)
    x = _image(net, 192, 28)

    def branch(source: PortHandle, name: str, channels: str, kernel_size: int) -> PortHandle:
        y = net.add("Conv2d", source, name=f"conv{name}", out_channels=channels, kernel_size=kernel_size,
                    padding=kernel_size // 2)  # fmt: skip
        return net.add("ReLU", y, name=f"relu{name}")

    ones = branch(x, "1", "ones", 1)
    threes = branch(branch(x, "3_reduce", "reduce3", 1), "3", "threes", 3)
    fives = branch(branch(x, "5_reduce", "reduce5", 1), "5", "fives", 5)
    pool = net.add("MaxPool2d", x, name="pool", kernel_size=3, stride=1, padding=1)
    joined = net.add("Concatenate", ones, threes, fives, branch(pool, "_pool", "pooled", 1), name="join")
    net.add("BlockOutput", joined, name="output")
    return net


def dense_layer() -> NetworkBuilder:
    """Make some new channels out of all that came before, and put them beside it.

    Repeated, it is a dense block of DenseNet: each copy sees what all before it have made, and adds **growth**
    channels. A 1×1 convolution to **squeeze** times as many keeps it cheap.

    Source: Huang et al., "Densely connected convolutional networks" (2016), section 3 (DenseNet-B).
    """
    net = NetworkBuilder(growth=32, squeeze=4)
    x = _image(net)
    y = net.add("BatchNorm2d", x, name="norm1")
    y = net.add("ReLU", y, name="relu1")
    y = net.add("Conv2d", y, name="conv1", out_channels="squeeze*growth", kernel_size=1, padding=0, bias=False)
    y = net.add("BatchNorm2d", y, name="norm2")
    y = net.add("ReLU", y, name="relu2")
    y = net.add("Conv2d", y, name="conv2", out_channels="growth", kernel_size=3, padding=1, bias=False)
    y = net.add("Concatenate", x, y, name="join")
    net.add("BlockOutput", y, name="output")
    return net


def dense_transition() -> NetworkBuilder:
    """Between two dense blocks: fewer channels, half the size.

    It gives **width** channels, in DenseNet half of those that come in.

    Source: Huang et al., "Densely connected convolutional networks" (2016), section 3.
    """
    net = NetworkBuilder(width=128)
    y = net.add("BatchNorm2d", _image(net, 256), name="norm")
    y = net.add("ReLU", y, name="relu")
    y = net.add("Conv2d", y, name="conv", out_channels="width", kernel_size=1, padding=0, bias=False)
    y = net.add("AvgPool2d", y, name="pool", kernel_size=2, stride=2)
    net.add("BlockOutput", y, name="output")
    return net


# -- plain and U-shaped -----------------------------------------------------------------------------------------------


def conv_relu() -> NetworkBuilder:
    """A 3×3 convolution and a ReLU.

    Repeated two or three times before a pooling it is a stage of VGG. It gives **width** channels of the same size.

    Source: Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition" (2014).
    """
    net = NetworkBuilder(width=64)
    y = net.add("Conv2d", _image(net), name="conv", out_channels="width", kernel_size=3, padding=1)
    y = net.add("ReLU", y, name="relu")
    net.add("BlockOutput", y, name="output")
    return net


def unet_down() -> NetworkBuilder:
    """A stage on the way down: two convolutions, then half the size.

    **output** goes on to the next stage, **skip** over to the *UNetUp* of the same width. Convolutions are padded here,
    so that nothing need be cropped.

    Source: Ronneberger et al., "U-Net: convolutional networks for biomedical image segmentation" (2015), figure 1.
    """
    net = NetworkBuilder(width=64)
    y = _double(net, _image(net, 32, 128))
    net.add("BlockOutput", net.add("MaxPool2d", y, name="pool", kernel_size=2), name="output")
    net.add("BlockOutput", y, name="skip")
    return net


def unet_up() -> NetworkBuilder:
    """A stage on the way up: twice the size, joined with what was seen there on the way down, then two convolutions.

    Wire **skip** of the *UNetDown* of the same width to its skip.

    Source: Ronneberger et al., "U-Net: convolutional networks for biomedical image segmentation" (2015), figure 1.
    """
    net = NetworkBuilder(width=64)
    x = _image(net, 128, 64)
    skip = net.add("BlockInput", name="skip", shape=(64, 128, 128))
    y = net.add("ConvTranspose2d", x, name="up", out_channels="width", kernel_size=2, stride=2, padding=0)
    y = net.add("Concatenate", skip, y, name="join")
    net.add("BlockOutput", _double(net, y), name="output")
    return net


def _double(net: NetworkBuilder, x: PortHandle) -> PortHandle:
    for number in "12":
        x = net.add("Conv2d", x, name=f"conv{number}", out_channels="width", kernel_size=3, padding=1)
        x = net.add("ReLU", x, name=f"relu{number}")
    return x


# -- films ------------------------------------------------------------------------------------------------------------


def time_distributed() -> NetworkBuilder:
    """Look at each picture of a film with the same convolution, and give a sequence of vectors.

    FoldTime makes each step a sample of its own, UnfoldTime a sequence of the answers again: put any layers between the
    two. Behind it stands a recurrent layer or attention, which reads the **width** features of each picture over time.

    Source: Donahue et al., "Long-term recurrent convolutional networks for visual recognition and description" (2015),
    figure 1.
    """
    net = NetworkBuilder(width=32)
    film = net.add("BlockInput", name="input", shape=(16, 3, 64, 64))
    y = conv_bn(net, net.add("FoldTime", film, name="fold"), "1", "width")
    y = net.add("AdaptiveAvgPool2d", y, name="pool", output_size=1)
    y = net.add("Flatten", y, name="flatten")
    net.add("BlockOutput", net.add("UnfoldTime", y, like=film, name="unfold"), name="output")
    return net

"""Classical networks that look at images."""

from __future__ import annotations

from typing import Any

from page import Page, classifier  # beside this file

from nnstudio.graph.builder import PortHandle
from nnstudio.project.sheet import Sheet

#: As ImageNet's networks were trained, for one device.
SGD = {"epochs": 90, "batch_size": 64, "optimizer": "SGD", "learning_rate": 0.025, "momentum": 0.9,
       "weight_decay": 1e-4, "schedule": "cosine"}  # fmt: skip
THOUSAND = "Tells 1,000 kinds of things in pictures of 224 × 224."


def _image(page: Page) -> PortHandle:
    return page.add("Input", name="image", shape=(3, 224, 224))


def _conv_bn(
    page: Page, x: PortHandle, number: str, channels: int, kernel_size: int, activation: str = "ReLU", **more: Any
) -> PortHandle:
    x = page.add("Conv2d", x, name=f"conv{number}", out_channels=channels, kernel_size=kernel_size,
                 padding=kernel_size // 2, bias=False, **more)  # fmt: skip
    x = page.add("BatchNorm2d", x, name=f"bn{number}")
    return page.add(activation, x, name=f"relu{number}") if activation else x


def _pooled_scores(page: Page, x: PortHandle, name: str, dropout: float = 0.0) -> None:
    x = page.add("AdaptiveAvgPool2d", x, name="avgpool", output_size=1)
    x = page.add("Flatten", x, name="flatten")
    x = page.add("Dropout", x, name="dropout", p=dropout) if dropout else x
    classifier(page, page.add("Linear", x, name=name, out_features=1000))


def lenet_5() -> Sheet:
    """Two convolutions with pooling, three layers of numbers."""
    page = Page()
    x = page.add("Input", name="image", shape=(1, 28, 28))
    x = page.add("Conv2d", x, name="conv1", out_channels=6, kernel_size=5, padding=2)
    x = page.add("Tanh", x, name="tanh1")
    x = page.add("AvgPool2d", x, name="pool1", kernel_size=2, stride=2)
    x = page.add("Conv2d", x, name="conv2", out_channels=16, kernel_size=5, padding=0)
    x = page.add("Tanh", x, name="tanh2")
    x = page.add("AvgPool2d", x, name="pool2", kernel_size=2, stride=2)
    x = page.add("Flatten", x, name="flatten")
    for number, features in ((3, 120), (4, 84)):
        x = page.add("Linear", x, name=f"fc{number}", out_features=features)
        x = page.add("Tanh", x, name=f"tanh{number}")
    classifier(page, page.add("Linear", x, name="fc5", out_features=10), 10)
    page.row("image conv1 tanh1 pool1")
    page.row("conv2 tanh2 pool2 flatten")
    page.row("fc3 tanh3 fc4 tanh4")
    page.row("fc5 output")
    page.row("label loss accuracy")
    return page.sheet(
        "LeNet-5", "Reads handwritten digits of 28 × 28: two convolutions, then three Linear layers. 61,706 "
        "parameters. LeCun et al., “Gradient-based learning applied to document recognition” (1998).",
        {"epochs": 20, "batch_size": 64, "optimizer": "SGD", "learning_rate": 0.05, "momentum": 0.9},
    )  # fmt: skip


def alexnet() -> Sheet:
    """Five convolutions and three large Linear layers."""
    page = Page()
    x = _image(page)
    for number, (channels, kernel, stride, pool) in enumerate(
        ((64, 11, 4, True), (192, 5, 1, True), (384, 3, 1, False), (256, 3, 1, False), (256, 3, 1, True)), start=1
    ):
        padding = 2 if kernel > 3 else 1
        x = page.add("Conv2d", x, name=f"conv{number}", out_channels=channels, kernel_size=kernel, stride=stride,
                     padding=padding)  # fmt: skip
        x = page.add("ReLU", x, name=f"relu{number}")
        x = page.add("MaxPool2d", x, name=f"pool{number}", kernel_size=3, stride=2) if pool else x
    x = page.add("AdaptiveAvgPool2d", x, name="avgpool", output_size=6)
    x = page.add("Flatten", x, name="flatten")
    for number in (6, 7):
        x = page.add("Dropout", x, name=f"dropout{number}", p=0.5)
        x = page.add("Linear", x, name=f"fc{number}", out_features=4096)
        x = page.add("ReLU", x, name=f"relu{number}")
    classifier(page, page.add("Linear", x, name="fc8", out_features=1000))
    page.row("image conv1 relu1 pool1 conv2")
    page.row("relu2 pool2 conv3 relu3 conv4")
    page.row("relu4 conv5 relu5 pool5 avgpool")
    page.row("flatten dropout6 fc6 relu6 dropout7")
    page.row("fc7 relu7 fc8 output")
    page.row(". . label loss accuracy")
    return page.sheet(
        "AlexNet", f"{THOUSAND} Five convolutions and three Linear layers, as torchvision has it. 61,100,840 "
        "parameters. Krizhevsky, “One weird trick for parallelizing convolutional neural networks” (2014).",
        {**SGD, "learning_rate": 0.01},
    )  # fmt: skip


def vgg_16() -> Sheet:
    """Thirteen 3×3 convolutions in five stages."""
    page = Page()
    page.use("ConvReLU")
    x = _image(page)
    stages = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
    for number, (width, repeat) in enumerate(stages, start=1):
        x = page.add("ConvReLU", x, name=f"stage{number}", width=width, repeat=repeat)
        x = page.add("MaxPool2d", x, name=f"pool{number}", kernel_size=2, stride=2)
    x = page.add("Flatten", x, name="flatten")
    for number in (1, 2):
        x = page.add("Linear", x, name=f"fc{number}", out_features=4096)
        x = page.add("ReLU", x, name=f"relu{number}")
        x = page.add("Dropout", x, name=f"dropout{number}", p=0.5)
    classifier(page, page.add("Linear", x, name="fc3", out_features=1000))
    page.row("image stage1 pool1 stage2 pool2")
    page.row("stage3 pool3 stage4 pool4 stage5")
    page.row("pool5 flatten fc1 relu1 dropout1")
    page.row("fc2 relu2 dropout2 fc3 output")
    page.row(". . . label loss")
    page.row(". . . . accuracy")
    return page.sheet(
        "VGG-16", f"{THOUSAND} Thirteen 3 × 3 convolutions in five stages, three Linear layers. 138,357,544 "
        "parameters. Simonyan and Zisserman, “Very deep convolutional networks for large-scale image recognition” "
        "(2014).",
        {**SGD, "learning_rate": 0.01},
    )  # fmt: skip


def _resnet_stem(page: Page) -> PortHandle:
    x = _conv_bn(page, _image(page), "1", 64, 7, stride=2)
    return page.add("MaxPool2d", x, name="maxpool", kernel_size=3, stride=2, padding=1)


_RESNET = "He et al., “Deep residual learning for image recognition” (2015)."


def resnet_18() -> Sheet:
    """Eight residual blocks."""
    page = Page()
    page.use("ResidualProjection", "Residual")
    x = page.add("Residual", _resnet_stem(page), name="layer1", width=64, repeat=2)
    for stage, width in ((2, 128), (3, 256), (4, 512)):
        x = page.add("ResidualProjection", x, name=f"layer{stage}_projection", width=width, stride=2)
        x = page.add("Residual", x, name=f"layer{stage}", width=width)
    _pooled_scores(page, x, "fc")
    page.row("image conv1 bn1 relu1 maxpool")
    page.row("layer1 layer2_projection layer2 layer3_projection layer3")
    page.row("layer4_projection layer4 avgpool flatten")
    page.row("fc output")
    page.row("label loss accuracy")
    return page.sheet(
        "ResNet-18",
        f"{THOUSAND} 18 layers with skip wires, in 8 residual blocks. 11,689,512 parameters. {_RESNET}",
        SGD,
    )


def resnet_50() -> Sheet:
    """Sixteen bottleneck blocks."""
    page = Page()
    page.use("BottleneckProjection", "Bottleneck")
    x = _resnet_stem(page)
    for stage, (width, blocks) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3)), start=1):
        stride = 1 if stage == 1 else 2
        x = page.add("BottleneckProjection", x, name=f"layer{stage}_projection", width=width, stride=stride)
        x = page.add("Bottleneck", x, name=f"layer{stage}", width=width, repeat=blocks - 1)
    _pooled_scores(page, x, "fc")
    page.row("image conv1 bn1 relu1 maxpool")
    page.row("layer1_projection layer1 layer2_projection layer2")
    page.row("layer3_projection layer3 layer4_projection layer4")
    page.row("avgpool flatten fc output")
    page.row(". . label loss accuracy")
    return page.sheet(
        "ResNet-50", f"{THOUSAND} 50 layers with skip wires, in 16 bottleneck blocks. 25,557,032 parameters. {_RESNET}",
        SGD,
    )  # fmt: skip


def mobilenet_v2() -> Sheet:
    """Inverted residual blocks."""
    page = Page()
    page.use("SeparableConv", "InvertedResidualProjection", "InvertedResidual")
    x = _conv_bn(page, _image(page), "0", 32, 3, "ReLU6", stride=2)
    x = page.add("SeparableConv", x, name="stage1", width=16, entering=32)
    entering = 16
    stages = ((24, 2, 2), (32, 3, 2), (64, 4, 2), (96, 3, 1), (160, 3, 2), (320, 1, 1))
    for number, (width, blocks, stride) in enumerate(stages, start=2):
        name = f"stage{number}_first" if blocks > 1 else f"stage{number}"
        x = page.add("InvertedResidualProjection", x, name=name, width=width, entering=entering, stride=stride)
        if blocks > 1:
            x = page.add("InvertedResidual", x, name=f"stage{number}", width=width, repeat=blocks - 1)
        entering = width
    x = _conv_bn(page, x, "8", 1280, 1, "ReLU6")
    _pooled_scores(page, x, "classifier", 0.2)
    page.row("image conv0 bn0 relu0 stage1")
    page.row("stage2_first stage2 stage3_first stage3 stage4_first")
    page.row("stage4 stage5_first stage5 stage6_first stage6")
    page.row("stage7 conv8 bn8 relu8 avgpool")
    page.row("flatten dropout classifier output")
    page.row(". . label loss accuracy")
    return page.sheet(
        "MobileNetV2", f"{THOUSAND} Light enough for a phone: inverted residual blocks filter each channel alone. "
        "3,504,872 parameters. Sandler et al., “MobileNetV2: inverted residuals and linear bottlenecks” (2018).",
        {**SGD, "weight_decay": 4e-5},
    )  # fmt: skip


def densenet_121() -> Sheet:
    """Four dense blocks with transitions between them."""
    page = Page()
    page.use("DenseLayer", "DenseTransition")
    x = page.add("Conv2d", _image(page), name="conv0", out_channels=64, kernel_size=7, stride=2, padding=3, bias=False)
    x = page.add("BatchNorm2d", x, name="norm0")
    x = page.add("ReLU", x, name="relu0")
    x = page.add("MaxPool2d", x, name="pool0", kernel_size=3, stride=2, padding=1)
    channels = 64
    for number, layers in enumerate((6, 12, 24, 16), start=1):
        x = page.add("DenseLayer", x, name=f"denseblock{number}", repeat=layers)
        channels += 32 * layers
        if number < 4:
            channels //= 2
            x = page.add("DenseTransition", x, name=f"transition{number}", width=channels)
    x = page.add("BatchNorm2d", x, name="norm5")
    x = page.add("ReLU", x, name="relu5")
    _pooled_scores(page, x, "classifier")
    page.row("image conv0 norm0 relu0 pool0")
    page.row("denseblock1 transition1 denseblock2 transition2")
    page.row("denseblock3 transition3 denseblock4 norm5 relu5")
    page.row("avgpool flatten classifier output")
    page.row(". . label loss accuracy")
    return page.sheet(
        "DenseNet-121", f"{THOUSAND} Each layer sees all before it. 7,978,856 parameters. Huang et al., “Densely "
        "connected convolutional networks” (2016).", SGD,
    )  # fmt: skip


def u_net() -> Sheet:
    """Down, up again, and across."""
    page = Page()
    page.use("UNetDown", "UNetUp", "ConvReLU")
    x = page.add("Input", name="image", shape=(1, 512, 512))
    skips = []
    for number, width in enumerate((64, 128, 256, 512), start=1):
        x = page.add("UNetDown", x, name=f"down{number}", width=width)
        skips.append(x.skip)
    x = page.add("ConvReLU", x, name="bottom", width=1024, repeat=2)
    x = page.add("Dropout", x, name="dropout", p=0.5)
    for number, width in ((4, 512), (3, 256), (2, 128), (1, 64)):
        x = page.add("UNetUp", x, skips[number - 1], name=f"up{number}", width=width)
    scores = page.add("Conv2d", x, name="scores", out_channels=2, kernel_size=1, padding=0)
    page.add("Output", scores, name="output", kind="class scores")
    mask = page.add("Input", name="mask", shape=(512, 512), dtype="int64", classes=2)
    page.add("CrossEntropyLoss", scores, mask, name="loss")
    page.add("Accuracy", scores, mask, name="accuracy")
    page.row("image down1 up1 scores output")
    page.row(". down2 up2 mask loss")
    page.row(". down3 up3 . accuracy")
    page.row(". down4 up4")
    page.row(". bottom dropout")
    return page.sheet(
        "U-Net", "Says of every pixel of a grey picture to which of two kinds it belongs. Four stages down, four up, "
        "joined across; convolutions are padded, so that the mask is as large as the picture. 31,030,658 parameters. "
        "Ronneberger et al., “U-Net: convolutional networks for biomedical image segmentation” (2015).",
        {"epochs": 100, "batch_size": 1, "optimizer": "SGD", "learning_rate": 0.001, "momentum": 0.99},
    )  # fmt: skip

"""Networks that look at pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from making import rows, sheet, vision_generative, vision_lessons, vision_transfer
from making.vision_parts import bring, classifier
from nnstudio.data.opening import shipped_reference
from nnstudio.graph import View
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.project.sheet import Sheet
from nnstudio.train.plan import Plan


def digits_cnn() -> Sheet:
    """Handwritten digits with two convolutions."""
    net = NetworkBuilder()
    x = net.add("RandomAffine", net.add("Input", name="image", field="image"), name="vary")
    for number, channels in ((1, 16), (2, 32)):
        x = net.add("Conv2d", x, name=f"conv{number}", out_channels=channels, kernel_size=5, padding="same", bias=False,
                    weight_init="he normal")  # fmt: skip
        x = net.add("BatchNorm2d", x, name=f"bn{number}")
        x = net.add("ReLU", x, name=f"relu{number}")
        x = net.add("MaxPool2d", x, name=f"pool{number}", kernel_size=2)
    x = net.add("Flatten", x, name="flatten")
    classifier(net, net.add("Linear", x, name="scores", out_features=10), "digit")
    return sheet(
        net, rows("image vary conv1 bn1 relu1", "pool1 conv2 bn2 relu2 pool2", "flatten scores digit",
                  ". label loss", ". . accuracy", height=1.2),
        Plan.make({"epochs": 15, "batch_size": 64, "optimizer": "AdamW", "learning_rate": 0.005, "weight_decay": 0.01,
                   "schedule": "one-cycle", "keep_best": False}),
        shipped_reference("mnist"),
        "Digits, 28 × 28", "Convolutions and batch normalisation read 5,000 handwritten digits of MNIST.",
    )  # fmt: skip


def similar_images() -> Sheet:
    """Articles of fashion as points: near one another where they are alike."""
    net = NetworkBuilder()
    x = net.add("Input", name="image", field="image")
    for number, channels in ((1, 16), (2, 32)):
        x = net.add("Conv2d", x, name=f"conv{number}", out_channels=channels, kernel_size=3, padding="same", bias=False)
        x = net.add("BatchNorm2d", x, name=f"bn{number}")
        x = net.add("ReLU", x, name=f"relu{number}")
        x = net.add("MaxPool2d", x, name=f"pool{number}", kernel_size=2)
    x = net.add("Flatten", x, name="flatten")
    x = net.add("Linear", x, name="embedding", out_features=32)
    x = net.add("Normalize", x, name="on_sphere")
    net.add("Output", x, name="place", kind="embedding")
    scores = net.add("Scale", net.add("Linear", x, name="likeness", out_features=10, bias=False), name="sharpness",
                     factor=10.0)  # fmt: skip
    label = net.add("Input", name="label", field="label")
    net.add("CrossEntropyLoss", scores, label, name="loss")
    net.add("RecallAtK", x, label, name="recall_at_5", k=5)
    return sheet(
        net, rows("image conv1 bn1 relu1 pool1", "conv2 bn2 relu2 pool2 flatten",
                  "embedding on_sphere likeness sharpness loss", ". . place label recall_at_5"),
        Plan.make({"epochs": 6, "batch_size": 128, "optimizer": "AdamW", "learning_rate": 0.003,
                   "weight_decay": 0.01, "schedule": "one-cycle", "keep_best": False}),
        shipped_reference("fashion"),
        "Similar pictures", "Every article of clothing becomes a point; its nearest neighbours are what looks like it.",
    )  # fmt: skip


def autoencoder() -> Sheet:
    """784 pixels through 32 numbers and back."""
    net = NetworkBuilder()
    image = net.add("Input", name="image", field="image")
    x = net.add("Flatten", image, name="flatten")
    x = net.add("ReLU", net.add("Linear", x, name="encode1", out_features=256), name="relu1")
    code = net.add("Linear", x, name="middle", out_features=32)
    x = net.add("ReLU", net.add("Linear", code, name="decode1", out_features=256), name="relu2")
    x = net.add("Sigmoid", net.add("Linear", x, name="decode2", out_features=784), name="ink")
    rebuilt = net.add("Unflatten", x, name="unflatten", axis=1, unflattened_size=(1, 28, 28))
    net.add("Output", rebuilt, name="rebuilt", kind="image")
    net.add("Output", code, name="bottleneck", kind="embedding")
    net.add("MSELoss", rebuilt, image, name="loss")
    return sheet(
        net, rows("image flatten encode1 relu1", "middle decode1 relu2 decode2", ". bottleneck ink unflatten rebuilt",
                  ". . . . loss"),
        Plan.make({"epochs": 40, "batch_size": 64, "learning_rate": 0.002, "schedule": "one-cycle",
                   "keep_best": False}),
        shipped_reference("mnist"),
        "Autoencoder", "Squeezes a picture of 784 pixels into 32 numbers and draws it again from them alone.",
    )  # fmt: skip


def residual() -> Sheet:
    """Articles of fashion with residual blocks, nested in stages."""
    net, view = NetworkBuilder(), View()
    net, view = bring(net, view, "ResidualProjection", "Residual")
    stage = NetworkBuilder(width=32, stride=2)
    stage, _ = bring(stage, View(), "ResidualProjection", "Residual")
    x = stage.add("BlockInput", name="input", shape=(16, 28, 28))
    x = stage.add("Block", x, name="first", definition="ResidualProjection", width="width", stride="stride")
    x = stage.add("Block", x, name="more", definition="Residual", width="width")
    stage.add("BlockOutput", x, name="output")
    net.define("Stage", stage)
    x = net.add("Input", name="image", field="image")
    x = net.add("RandomAffine", x, name="mirror", degrees=0.0, shift=0.0, zoom=0.0, mirror=True)
    x = net.add("Conv2d", x, name="conv1", out_channels=16, kernel_size=3, padding=1, stride=1, bias=False)
    x = net.add("BatchNorm2d", x, name="bn1")
    x = net.add("ReLU", x, name="relu1")
    for number, width in ((1, 16), (2, 32), (3, 64)):
        x = net.add("Block", x, name=f"stage{number}", definition="Stage", width=width, stride=2)
    x = net.add("AdaptiveAvgPool2d", x, name="average", output_size=1)
    x = net.add("Dropout", net.add("Flatten", x, name="flatten"), name="dropout", p=0.2)
    classifier(net, net.add("Linear", x, name="scores", out_features=10), "article")
    return sheet(
        net, rows("image mirror conv1 bn1 relu1", "stage1 stage2 stage3 average flatten", ". dropout scores article",
                  ". label loss", ". . accuracy", height=1.2),
        Plan.make({"epochs": 12, "batch_size": 64, "optimizer": "AdamW", "learning_rate": 0.01, "weight_decay": 0.02,
                   "schedule": "one-cycle", "keep_best": False}),
        shipped_reference("fashion"),
        "Residual network", "Blocks with a way past them, nested in stages, tell clothes, shoes and bags apart.",
        view,
    )  # fmt: skip


def vit() -> Sheet:
    """Digits as a sequence of patches."""
    net, view = bring(NetworkBuilder(), View(), "ViTBlock")
    x = net.add("Input", name="image", field="image")
    x = net.add("RandomAffine", x, name="vary")
    x = net.add("PatchEmbedding", x, name="patches", patch_size=7, features=64)
    x = net.add("ClassToken", x, name="class_token")
    x = net.add("LearnedPositions", x, name="positions")
    x = net.add("Block", x, name="encoder", definition="ViTBlock", repeat=3, width=64, heads=4, expansion=2)
    x = net.add("LayerNorm", x, name="norm")
    x = net.add("Select", x, name="class_place", axis=1, index=0)
    classifier(net, net.add("Linear", x, name="scores", out_features=10), "digit")
    return sheet(
        net, rows("image vary patches class_token positions", "encoder norm class_place scores digit",
                  ". . . label loss", ". . . . accuracy"),
        Plan.make({"epochs": 40, "batch_size": 64, "optimizer": "AdamW", "learning_rate": 0.002, "weight_decay": 0.05,
                   "schedule": "one-cycle", "clip_norm": 1.0, "keep_best": False}),
        shipped_reference("mnist"),
        "Vision transformer", "Cuts a digit into patches that look at one another; attention shows what it looked at.",
        view,
    )  # fmt: skip


PROJECTS: Mapping[str, Callable[[], Sheet]] = {
    "digits-cnn": digits_cnn, "similar-images": similar_images, "autoencoder": autoencoder, "vit": vit,
    "residual": residual, **vision_lessons.PROJECTS, **vision_generative.PROJECTS, **vision_transfer.PROJECTS,
}  # fmt: skip

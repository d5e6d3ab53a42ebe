"""Networks that draw: generator against discriminator."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from making import rows, sheet
from nnstudio.data.opening import shipped_reference
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.project.sheet import Sheet
from nnstudio.train.phases import Phase
from nnstudio.train.plan import Plan


def vae() -> Sheet:
    """A code that is drawn from a normal distribution, so that any code is a digit."""
    net = NetworkBuilder()
    net.define("Decoder", _decoder())
    image = net.add("Input", name="image", field="image")
    x = net.add("Linear", net.add("Flatten", image, name="flatten"), name="encode", out_features=400)
    x = net.add("ReLU", x, name="bend")
    mean = net.add("Linear", x, name="mean", out_features=10)
    log_variance = net.add("Linear", x, name="log_variance", out_features=10)
    net.add("KLNormalLoss", mean, log_variance, name="divergence")
    latent = net.add("Reparameterise", mean, log_variance, name="latent")
    logits = net.add("Block", latent, name="decoder", definition="Decoder")
    net.add("BCEWithLogitsLoss", logits, image, name="rebuilding", weight=784.0)
    net.add("Output", net.add("Sigmoid", logits, name="ink"), name="rebuilt", kind="image")
    noise = net.add("Noise", name="noise", shape=(10,))
    dreamt = net.add("Shared", noise, name="same_decoder", of=logits.node)
    dreamt = net.add("Sigmoid", net.add("Scale", dreamt, name="contrast", factor=3.0), name="dreamt_ink")
    net.add("Output", dreamt, name="dreamt", kind="image")
    return sheet(
        net, rows("image flatten encode bend mean", ". . . log_variance divergence",
                  "latent decoder ink rebuilt rebuilding", "noise same_decoder contrast dreamt_ink dreamt"),
        Plan.make({"epochs": 60, "batch_size": 64, "learning_rate": 0.002, "schedule": "one-cycle",
                   "keep_best": False}),
        shipped_reference("mnist"),
        "Variational autoencoder", "A code in which every point is a digit: two losses, and new digits out of noise.",
    )  # fmt: skip


def _decoder() -> NetworkBuilder:
    block = NetworkBuilder()
    x = block.add("BlockInput", name="latent", shape=(10,))
    x = block.add("ReLU", block.add("Linear", x, name="widen", out_features=400), name="bend")
    x = block.add("Linear", x, name="pixels", out_features=784)
    x = block.add("Unflatten", x, name="picture", axis=1, unflattened_size=(1, 28, 28))
    block.add("BlockOutput", x, name="logits")
    return block


def gan() -> Sheet:
    """A forger and a judge, who learn from one another; the judge also reads which digit it is."""
    net = NetworkBuilder()
    net.define("Generator", _generator())
    net.define("Discriminator", _discriminator())
    label = net.add("Input", name="label", field="label")
    wanted = net.add("OneHot", label, name="wanted")
    noise = net.add("Noise", name="noise", shape=(32,))
    made = net.add("Block", noise, wanted, name="generator", definition="Generator")
    net.add("Output", made, name="drawn", kind="image")
    image = net.add("Input", name="image", field="image")
    real = net.add("Block", image, name="discriminator", definition="Discriminator")
    fake = net.add("Shared", made, name="same_judge", of=real.node)
    net.add("DiscriminatorLoss", real.score, fake.score, name="tell_apart", smoothing=0.1)
    net.add("GeneratorLoss", fake.score, name="pass_for_real")
    net.add("CrossEntropyLoss", real.digit, label, name="read_real")
    net.add("CrossEntropyLoss", fake.digit, label, name="read_drawn")
    phases = (
        Phase(name="discriminator", losses=("tell_apart", "read_real"), trains=("discriminator",)),
        Phase(name="generator", losses=("pass_for_real", "read_drawn"), trains=("generator",)),
    )
    return sheet(
        net, rows("label wanted generator drawn", "noise image discriminator tell_apart read_real",
                  ". . same_judge pass_for_real read_drawn"),
        Plan.make({"epochs": 60, "batch_size": 32, "learning_rate": 0.0005, "beta1": 0.5, "phases": phases}),
        shipped_reference("mnist"),
        "Generator against discriminator",
        "One network draws digits out of noise, another tells them from real ones; each learns from the other.",
    )  # fmt: skip


def _generator() -> NetworkBuilder:
    block = NetworkBuilder()
    noise = block.add("BlockInput", name="noise", shape=(32,))
    wanted = block.add("BlockInput", name="wanted", shape=(10,))
    x = block.add("Concatenate", noise, wanted, name="asked_for")
    x = block.add("Linear", x, name="plan", out_features=32 * 49, bias=False)
    x = block.add("ReLU", block.add("BatchNorm1d", x, name="bn1"), name="relu1")
    x = block.add("Unflatten", x, name="unflatten", axis=1, unflattened_size=(32, 7, 7))
    x = block.add("ConvTranspose2d", x, name="grow1", out_channels=16, kernel_size=4, stride=2, padding=1, bias=False)
    x = block.add("ReLU", block.add("BatchNorm2d", x, name="bn2"), name="relu2")
    x = block.add("ConvTranspose2d", x, name="grow2", out_channels=1, kernel_size=4, stride=2, padding=1)
    block.add("BlockOutput", block.add("Sigmoid", x, name="ink"), name="drawn")
    return block


def _discriminator() -> NetworkBuilder:
    block = NetworkBuilder()
    x = block.add("BlockInput", name="image", shape=(1, 28, 28))
    for number, channels in ((1, 24), (2, 48)):
        x = block.add("Conv2d", x, name=f"conv{number}", out_channels=channels, kernel_size=4, stride=2, padding=1)
        x = block.add("LeakyReLU", x, name=f"leaky{number}", negative_slope=0.2)
    x = block.add("Dropout", block.add("Flatten", x, name="flatten"), name="dropout", p=0.4)
    x = block.add("LeakyReLU", block.add("Linear", x, name="look", out_features=128), name="leaky3", negative_slope=0.2)
    block.add("BlockOutput", block.add("Linear", x, name="genuine", out_features=1), name="score")
    block.add("BlockOutput", block.add("Linear", x, name="kind", out_features=10), name="digit")
    return block


PROJECTS: Mapping[str, Callable[[], Sheet]] = {"vae": vae, "gan": gan}

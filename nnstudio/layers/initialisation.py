"""Weight initialisation as parameters that every layer type with weights shares."""

from __future__ import annotations

from dataclasses import dataclass

from nnstudio.layers.base import Layer
from nnstudio.layers.call import Init
from nnstudio.layers.params import param

SCHEMES = ("default", "xavier uniform", "xavier normal", "he uniform", "he normal", "orthogonal", "normal", "constant")


@dataclass(frozen=True, kw_only=True)
class Weighted(Layer):
    """Base of layer types that have weights: how they start; biases start at one value unless it is ``default``."""

    weight_init: str = param(
        "default", choices=SCHEMES, title="Initialise",
        help="how the weights start: Xavier (Glorot) for tanh and sigmoid, He (Kaiming) for ReLU; "
        "default is what PyTorch does",
    )  # fmt: skip
    init_std: float = param(
        0.02, exclusive_min=0.0, title="Spread", help="standard deviation of the normal initialisation",
        when=("weight_init", ("normal",)),
    )  # fmt: skip
    init_value: float = param(
        0.0, title="Value", help="the value that every weight starts with", when=("weight_init", ("constant",))
    )
    bias_value: float = param(
        0.0, title="Bias value", when=("weight_init", SCHEMES[1:]),
        help="the value that biases start with; below zero, such as −4, where nearly all of many scores should say no",
    )  # fmt: skip

    def initialise(self) -> tuple[Init, ...]:
        """The calls that fill a new module's weights and biases, in order; none where torch's own values stay."""
        bias = Init("torch.nn.init.zeros_", "bias")
        if self.bias_value:
            bias = Init("torch.nn.init.constant_", "bias", val=self.bias_value)
        match self.weight_init:
            case "default":
                return ()
            case "xavier uniform":
                weight = Init("torch.nn.init.xavier_uniform_", "weight")
            case "xavier normal":
                weight = Init("torch.nn.init.xavier_normal_", "weight")
            case "he uniform":
                weight = Init("torch.nn.init.kaiming_uniform_", "weight", nonlinearity="relu")
            case "he normal":
                weight = Init("torch.nn.init.kaiming_normal_", "weight", nonlinearity="relu")
            case "orthogonal":
                weight = Init("torch.nn.init.orthogonal_", "weight")
            case "normal":
                weight = Init("torch.nn.init.normal_", "weight", mean=0.0, std=self.init_std)
            case _:
                weight = Init("torch.nn.init.constant_", "weight", val=self.init_value)
        return (weight, bias)

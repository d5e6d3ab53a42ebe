"""The labelled runs: what is trained, and what a doctor should say of it. One list for any seed and size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from labelled import bases
from labelled.bases import Rows, cnn, mlp, recurrent, small_net
from nnstudio.graph import Network
from nnstudio.graph.builder import NetworkBuilder, PortHandle
from nnstudio.train.phases import Group, Phase
from nnstudio.train.plan import Plan


@dataclass(frozen=True)
class Labelled:
    """A run to be made. must, may: see `recording.Recording`."""

    name: str
    network: Network
    data: Rows
    plan: Plan
    must: frozenset[str] = frozenset()
    may: frozenset[str] = frozenset()


def plan(**values: Any) -> Plan:
    """A plan for a short run on one thread that is looked at often."""
    return Plan.make({"threads": 1, "device": "cpu", "watching": 1.0, "epochs": 15, "batch_size": 32, **values})


def sgd(rate: float, **values: Any) -> Plan:
    return plan(optimizer="SGD", learning_rate=rate, **values)


def adam(rate: float, **values: Any) -> Plan:
    return plan(optimizer="Adam", learning_rate=rate, **values)


def contest() -> tuple[Phase, ...]:
    """The phases of `bases.gan`."""
    return (
        Phase(name="judge", losses=("real", "fake"), trains=("judge",)),
        Phase(name="maker", losses=("fool",), trains=("first", "second", "made")),
    )


def in_turn(**classes: Any) -> tuple[Phase, ...]:
    """The phases of `bases.code_then_classes`, which do not work against one another."""
    return (
        Phase(name="code", losses=("likeness",), trains=("down", "squeeze", "up", "picture")),
        Phase.make({"name": "classes", "losses": ("loss",), "trains": ("read", "scores"), **classes}),
    )


def cases(seed: int = 0, size: float = 1.0) -> Iterator[Labelled]:
    """All of them. size: the width of layers beside what is usual."""
    made = _Cases(seed, size)
    yield from made.healthy()
    yield from made.hard()
    yield from made.of_gradients()
    yield from made.of_rates()
    yield from made.of_fit()
    yield from made.of_data()
    yield from made.of_the_drawing()
    yield from made.of_phases()


class _Cases:
    def __init__(self, seed: int, size: float) -> None:
        self.seed, self.size = seed, size
        self.digits, self.cancer = bases.digits(seed), bases.cancer(seed)

    def wide(self, *widths: int) -> tuple[int, ...]:
        return tuple(max(2, round(width * self.size)) for width in widths)

    def __call__(self, name: str, network: Network, data: Rows, how: Plan, must: str = "", may: str = "") -> Labelled:
        labels = (frozenset(codes.split()) for codes in (must, may))
        return Labelled(f"{name}-{self.seed}", network, data, how.with_(seed=self.seed), *labels)

    def healthy(self) -> Iterator[Labelled]:
        wide, digits = self.wide, self.digits
        yield self("fine-mlp", mlp(widths=wide(128, 64)), digits, adam(0.001))
        yield self("fine-mlp-sgd", mlp(widths=wide(64, 32)), digits, sgd(0.05))
        yield self("fine-cnn", cnn(), digits, adam(0.002, epochs=6))
        yield self("fine-cnn-plain", cnn(norm=""), digits, sgd(0.05, epochs=8))
        yield self("fine-small-net", small_net(), self.cancer, adam(0.02, epochs=40))
        yield self("fine-small-net-sgd", small_net("Sigmoid"), self.cancer, sgd(0.1, epochs=40))
        yield self("fine-line", bases.line_net(), bases.line(), sgd(0.02, momentum=0.0, batch_size=5, epochs=300))
        yield self("fine-line-adam", bases.line_net(), bases.line(), adam(0.05, batch_size=5, epochs=400))
        yield self("fine-lstm", recurrent(units=wide(32)[0]), digits, adam(0.005, epochs=10))
        yield self("fine-gru", recurrent("GRU", units=wide(32)[0]), digits, adam(0.005, epochs=8))
        yield self("fine-residual", mlp(widths=wide(48) * 8, skip=True), digits, adam(0.001, epochs=10))
        yield self("fine-autoencoder", bases.autoencoder(), digits, adam(0.003))
        yield self("fine-transformer", bases.transformer(), digits, adam(0.003, epochs=8))
        yield self("fine-iris", mlp("features", (16,), 3), bases.iris(self.seed), adam(0.01, batch_size=16, epochs=60))
        regression = mlp("x", wide(64, 64), 1, loss="MSELoss", target="y")
        yield self("fine-regression", regression, bases.waves(self.seed), adam(0.003, epochs=25))
        yield self("fine-rings", mlp("x", wide(32, 32), 2, bend="Tanh"), bases.rings(self.seed), adam(0.01, epochs=30))

    def hard(self) -> Iterator[Labelled]:
        """Healthy, and easily taken for sick."""
        wide, digits = self.wide, self.digits
        yield self("hard-noisy-batches", mlp(widths=wide(64, 32)), digits, sgd(0.01, batch_size=4, epochs=6))
        yield self("hard-slow-start", mlp(widths=wide(64, 32)), digits, sgd(0.003, epochs=4))
        yield self("hard-warm-up", mlp(widths=wide(64, 32)), digits,
                   adam(0.002, schedule="warm-up", warmup_epochs=5.0, epochs=12))  # fmt: skip
        yield self("hard-one-cycle", cnn(), digits, adam(0.01, schedule="one-cycle", epochs=8))
        yield self("hard-long-after", small_net(), self.cancer, adam(0.02, epochs=120, weight_decay=0.001))
        yield self("hard-dropout", mlp(widths=wide(128, 64), dropout=0.5), digits, adam(0.001, epochs=20))
        yield self("hard-three-sigmoids", mlp(widths=wide(64, 64, 64), bend="Sigmoid",
                   weight_init="xavier uniform"), digits, adam(0.003, epochs=20))  # fmt: skip
        yield self("hard-deep-tanh", mlp(widths=wide(48) * 8, bend="Tanh", norm="BatchNorm1d"), digits,
                   adam(0.002, epochs=8))  # fmt: skip
        yield self("hard-gan", bases.gan(), bases.clusters(self.seed),
                   adam(0.003, beta1=0.5, batch_size=128, epochs=60, phases=contest()))  # fmt: skip
        yield self("hard-gan-fast", bases.gan(), bases.clusters(self.seed),
                   adam(0.01, beta1=0.5, batch_size=128, epochs=40, phases=contest()))  # fmt: skip
        yield self("hard-phases", bases.code_then_classes(), digits, adam(0.003, phases=in_turn()))
        yield self("hard-smoothed", mlp(widths=wide(128, 64), options={"label_smoothing": 0.2}), digits, adam(0.003))
        yield self("hard-exact", mlp("x", wide(32, 32), 1, loss="MSELoss", target="y"), self._exact(),
                   adam(0.01, epochs=80, schedule="cosine"))  # fmt: skip
        yield self("hard-uneven", small_net(), self._rarer(0.35), adam(0.02, epochs=40))
        yield self("hard-decay", mlp(widths=wide(64, 32)), digits,
                   plan(optimizer="AdamW", weight_decay=0.1, learning_rate=0.002, epochs=20))  # fmt: skip
        yield self("hard-early-stop", mlp(widths=wide(128, 64)), digits,
                   adam(0.002, early_stopping=True, patience=4, epochs=60))  # fmt: skip
        frozen = self._frozen(mlp(widths=wide(64, 32)), "hidden1")
        yield self("hard-frozen", frozen, digits, adam(0.002, epochs=15))
        yield self("hard-group", mlp(widths=wide(64, 32)), digits,
                   adam(0.002, groups=(Group(nodes=("hidden1",), learning_rate=0.1),)))  # fmt: skip
        yield self("hard-batch-norm-small", cnn(), digits, adam(0.002, batch_size=8, epochs=3))
        yield self("hard-code", bases.autoencoder(3, "Tanh"), digits, adam(0.003, epochs=20))
        yield self("hard-noise", mlp("x", wide(16,), 1, loss="MSELoss", target="y"), bases.waves(self.seed, noise=1.0),
                   adam(0.002, epochs=12))  # fmt: skip

    def of_gradients(self) -> Iterator[Labelled]:
        wide, digits = self.wide, self.digits
        flat = "chance underfitting learning-rate-low dead-output saturated weights-never-move no-gradient"
        for depth, rate in ((20, 0.01), (12, 0.05)):
            yield self(f"vanishing-sigmoids-{depth}", mlp(widths=wide(32) * depth, bend="Sigmoid"), digits,
                       sgd(rate, epochs=8), "vanishing-gradient", flat)  # fmt: skip
        yield self("vanishing-sigmoids-adam", mlp(widths=wide(32) * 20, bend="Sigmoid"), digits,
                   adam(0.001, epochs=8), "vanishing-gradient", flat)  # fmt: skip
        small = {"weight_init": "normal", "init_std": 0.02}
        yield self("vanishing-tanhs", mlp(widths=wide(32) * 12, bend="Tanh", **small), digits, sgd(0.01, epochs=8),
                   "vanishing-gradient", flat)  # fmt: skip
        large = {"weight_init": "normal", "init_std": 0.9}
        burst = "learning-rate-high dead-output chance not-finite no-gradient underfitting saturated"
        yield self("exploding-deep", mlp(widths=(64,) * 8, **large), digits, sgd(1e-6, epochs=5), "exploding-gradient",
                   burst + " learning-rate-low")  # fmt: skip
        yield self("exploding-deep-adam", mlp(widths=(64,) * 6, **large), digits, adam(0.001, epochs=5),
                   "exploding-gradient", burst)  # fmt: skip
        yield self("exploding-relu-rnn", recurrent("RNN", 64, nonlinearity="relu", weight_init="normal", init_std=0.6),
                   digits, adam(0.001, epochs=5), "exploding-gradient", burst)  # fmt: skip
        negative = {"weight_init": "constant", "init_value": -0.1}
        idle = "chance underfitting no-gradient vanishing-gradient weights-never-move learning-rate-low"
        yield self("dead-from-the-start", mlp(widths=wide(64, 32), **negative), digits, adam(0.001), "dead-output",
                   idle)  # fmt: skip
        yield self("dead-cnn", cnn(norm="", **negative), digits, sgd(0.01, epochs=5), "dead-output", idle)
        yield self("dead-middle", self._dead_middle(), digits, adam(0.001), "dead-output", idle)
        wild = {"weight_init": "normal", "init_std": 3.0}
        stuck = "vanishing-gradient chance underfitting overfitting no-gradient"
        yield self("saturated-tanhs", mlp(widths=wide(64, 64, 64), bend="Tanh", **wild), digits, sgd(0.01),
                   "saturated", stuck + " exploding-gradient learning-rate-high")  # fmt: skip
        yield self("saturated-sigmoids", mlp(widths=wide(64, 64), bend="Sigmoid", weight_init="normal", init_std=6.0),
                   digits, sgd(0.01), "saturated", stuck + " exploding-gradient learning-rate-high")  # fmt: skip
        yield self("saturated-cnn", cnn(bend="Tanh", norm="", **wild), digits, sgd(0.005, epochs=6), "saturated",
                   stuck + " exploding-gradient learning-rate-high")  # fmt: skip

    def of_rates(self) -> Iterator[Labelled]:
        wide, digits = self.wide, self.digits
        wild = "dead-output saturated exploding-gradient chance not-finite underfitting no-gradient vanishing-gradient"
        yield self("high-mlp-adam", mlp(widths=wide(64, 32)), digits, adam(0.5), "learning-rate-high", wild)
        yield self("high-mlp-sgd", mlp(widths=wide(64, 32)), digits, sgd(3.0), "learning-rate-high", wild)
        yield self("high-nan", mlp(widths=wide(64, 32), bend="GELU"), digits, sgd(200.0), "learning-rate-high", wild)
        yield self("high-cnn", cnn(norm=""), digits, sgd(1.0, epochs=5), "learning-rate-high", wild)
        yield self("high-lstm", recurrent(), digits, adam(1.0, epochs=6), "learning-rate-high", wild)
        yield self("high-line", bases.line_net(), bases.line(), sgd(0.5, batch_size=5, epochs=120),
                   "learning-rate-high", wild)  # fmt: skip
        yield self("high-autoencoder", bases.autoencoder(last=""), digits, sgd(30.0), "learning-rate-high", wild)
        yield self("high-regression", mlp("x", wide(64, 64), 1, loss="MSELoss", target="y"), bases.waves(self.seed),
                   sgd(1.0), "learning-rate-high", wild)  # fmt: skip
        slow = "chance underfitting"
        yield self("low-mlp", mlp(widths=wide(64, 32)), digits, sgd(1e-5), "learning-rate-low", slow)
        yield self("low-mlp-adam", mlp(widths=wide(64, 32)), digits, adam(1e-6), "learning-rate-low", slow)
        yield self("low-cnn", cnn(), digits, sgd(1e-5, epochs=6), "learning-rate-low", slow)
        yield self("low-lstm", recurrent(), digits, adam(1e-6, epochs=8), "learning-rate-low", slow)
        yield self("low-regression", mlp("x", wide(64, 64), 1, loss="MSELoss", target="y"), bases.waves(self.seed),
                   adam(2e-6), "learning-rate-low", slow)  # fmt: skip

    def of_fit(self) -> Iterator[Labelled]:
        wide, digits = self.wide, self.digits
        few = bases.split({name: array[:160] for name, array in digits.whole.items()}, digits.classes, self.seed, 0.5)
        yield self("overfit-cancer", mlp("features", wide(128, 128), 2), self._noisy(self.cancer, 0.1, 2),
                   adam(0.003, epochs=40), "overfitting")  # fmt: skip
        yield self("overfit-digits", mlp(widths=wide(256, 256)), self._noisy(few, 0.25, 10), adam(0.003, epochs=60),
                   "overfitting")  # fmt: skip
        yield self("overfit-waves", mlp("x", wide(256, 256), 1, loss="MSELoss", target="y"),
                   bases.waves(self.seed, 150, noise=0.8), adam(0.003, epochs=100), "overfitting")  # fmt: skip
        yield self("overfit-lstm", recurrent(units=wide(64)[0]), self._noisy(few, 0.3, 10), adam(0.01, epochs=60),
                   "overfitting")  # fmt: skip
        poor = "learning-rate-low"
        yield self("underfit-straight", mlp("x", (), 2), bases.rings(self.seed), adam(0.01, epochs=30),
                   "chance", "underfitting")  # fmt: skip
        yield self("underfit-rings", mlp("x", (2,), 3), bases.rings(self.seed, 1000, 3), adam(0.02, epochs=40),
                   "underfitting", poor)  # fmt: skip
        yield self("underfit-narrow", mlp(widths=(2,), bend="Sigmoid"), digits,
                   adam(0.03, epochs=40, weight_decay=0.01), "underfitting", poor)  # fmt: skip
        yield self("underfit-decay", mlp(widths=wide(64, 32)), digits, adam(0.003, weight_decay=0.15, epochs=20),
                   "chance", "underfitting dead-output vanishing-gradient no-gradient")  # fmt: skip
        nothing = {"weight_init": "constant", "init_value": 0.0}
        idle = "no-gradient dead-output vanishing-gradient weights-never-move underfitting"
        yield self("chance-zeros", mlp(widths=wide(64, 32), bend="Tanh", head=nothing, **nothing), digits, adam(0.001),
                   "chance", idle)  # fmt: skip
        yield self("chance-blind", mlp(widths=wide(64, 32), between=_blinded), digits, adam(0.001), "chance",
                   "underfitting vanishing-gradient no-gradient learning-rate-low")  # fmt: skip

    def of_data(self) -> Iterator[Labelled]:
        wide, digits, cancer = self.wide, self.digits, self.cancer
        yield self("imbalance-cancer", mlp("features", wide(32), 2), self._rarer(0.04), adam(0.005, epochs=15),
                   "class-imbalance")  # fmt: skip
        yield self("imbalance-digits", cnn(), self._one_digit(), adam(0.002, epochs=3), "class-imbalance",
                   "overfitting")  # fmt: skip
        shaken = "learning-rate-high dead-output chance overfitting saturated exploding-gradient underfitting"
        yield self("unscaled-cancer", mlp("features", wide(32, 16), 2), bases.cancer(self.seed, raw=True),
                   sgd(0.01, epochs=15), "unscaled-inputs", shaken)  # fmt: skip
        yield self("unscaled-tanh", small_net(), bases.cancer(self.seed, raw=True), adam(0.01, epochs=30),
                   "unscaled-inputs", shaken)  # fmt: skip
        pixels = digits.with_(vector=digits.whole["vector"] * 255)
        yield self("unscaled-pixels", mlp(widths=wide(64, 32), bend="Sigmoid"), pixels, sgd(0.05), "unscaled-inputs",
                   shaken)  # fmt: skip
        yield self("unscaled-line", bases.line_net(), bases.line(1000.0), sgd(0.01, batch_size=5, epochs=100),
                   "unscaled-inputs", shaken)  # fmt: skip
        learned = "overfitting chance underfitting labels-shuffled"
        yield self("shifted-digits", mlp(widths=wide(64, 32)), self._moved(digits, 1), adam(0.002), "labels-shifted",
                   learned)  # fmt: skip
        yield self("shifted-cancer", small_net(), self._moved(cancer, -1), adam(0.02, epochs=20), "labels-shifted",
                   learned)  # fmt: skip
        yield self("shuffled-digits", mlp(widths=wide(64, 32)), self._mixed(digits), adam(0.002, epochs=20),
                   "labels-shuffled", learned)  # fmt: skip
        yield self("shuffled-cnn", cnn(), self._mixed(digits), adam(0.002, epochs=5), "labels-shuffled",
                   learned)  # fmt: skip
        yield self("shuffled-waves", mlp("x", wide(64, 64), 1, loss="MSELoss", target="y"),
                   self._mixed(bases.waves(self.seed), "y"), adam(0.003, epochs=25), "labels-shuffled",
                   learned)  # fmt: skip
        yield self("seen-cancer", mlp("features", wide(32), 2), self._doubled(cancer), adam(0.005, epochs=12),
                   "validation-in-training", "overfitting")  # fmt: skip
        yield self("seen-digits", cnn(), self._doubled(bases.digits(self.seed, 500)), adam(0.002, epochs=5),
                   "validation-in-training", "overfitting")  # fmt: skip

    def of_the_drawing(self) -> Iterator[Labelled]:
        wide, digits = self.wide, self.digits
        yield self("softmax-mlp", mlp(widths=wide(64, 32), before_loss="Softmax"), digits, adam(0.001),
                   "softmax-before-loss", "underfitting chance")  # fmt: skip
        yield self("softmax-cnn", cnn(before_loss="Softmax"), digits, sgd(0.01, epochs=5), "softmax-before-loss",
                   "underfitting chance learning-rate-low")  # fmt: skip
        few = bases.digits(self.seed, 240)
        shaken = "learning-rate-high overfitting underfitting chance dead-output"
        yield self("batch-one", cnn(), few, adam(0.002, batch_size=1, epochs=3), "batch-norm-batch-one", shaken)
        yield self("batch-one-sgd", cnn(), few, sgd(0.02, batch_size=1, epochs=3), "batch-norm-batch-one", shaken)
        yield self("stopped", mlp(widths=wide(64, 32), between=_stopped), digits, adam(0.002, epochs=10), "no-gradient",
                   "underfitting")  # fmt: skip
        yield self("stopped-deep", self._stopped_deep(), digits, adam(0.002, epochs=10), "no-gradient", "underfitting")
        still = "chance underfitting learning-rate-low"
        yield self("still-group", mlp(widths=wide(64, 32)), digits,
                   adam(0.002, groups=(Group(nodes=("hidden1",), learning_rate=0.0),)), "weights-never-move",
                   still)  # fmt: skip
        yield self("still-all", mlp(widths=wide(64, 32)), digits, sgd(1e-12), "weights-never-move", still)

    def of_phases(self) -> Iterator[Labelled]:
        """One phase of two is ill."""
        digits, wide = self.digits, self.wide
        wild = "dead-output saturated exploding-gradient chance not-finite underfitting no-gradient vanishing-gradient"
        yield self("phases-high", bases.code_then_classes(), digits, adam(0.003, phases=in_turn(learning_rate=1.0)),
                   "learning-rate-high", wild)  # fmt: skip
        yield self("phases-low", bases.code_then_classes(), digits, adam(0.003, phases=in_turn(learning_rate=1e-6)),
                   "learning-rate-low", "chance underfitting")  # fmt: skip
        few = bases.split({name: array[:160] for name, array in digits.whole.items()}, digits.classes, self.seed, 0.5)
        yield self("phases-overfit", bases.code_then_classes(wide(256)[0]), self._noisy(few, 0.25, 10),
                   adam(0.003, epochs=150, phases=in_turn(learning_rate=0.01)), "overfitting")  # fmt: skip
        yield self("phases-shuffled", bases.code_then_classes(), self._mixed(digits), adam(0.003, phases=in_turn()),
                   "labels-shuffled", "overfitting chance underfitting")  # fmt: skip
        gan = {"beta1": 0.5, "batch_size": 128, "epochs": 60}
        yield self("gan-high", bases.gan(), bases.clusters(self.seed), adam(0.5, phases=contest(), **gan),
                   "learning-rate-high", wild)  # fmt: skip
        yield self("gan-low", bases.gan(), bases.clusters(self.seed), adam(1e-6, phases=contest(), **gan),
                   "learning-rate-low", wild)  # fmt: skip

    # Data and networks that were tampered with.

    def _exact(self) -> Rows:
        data = bases.waves(self.seed, noise=0.0)
        return data.with_(y=data.whole["x"][:, :1] * 2 - data.whole["x"][:, 1:2])

    def _rarer(self, share: float) -> Rows:
        """The cancer data with fewer rows of class 1."""
        label = self.cancer.whole["label"]
        ones, zeros = np.flatnonzero(label == 1), np.flatnonzero(label == 0)
        ones = ones[: max(6, int(share * len(zeros) / (1 - share)))]
        kept = np.sort(np.concatenate([ones, zeros]))
        return bases.split({name: array[kept] for name, array in self.cancer.whole.items()}, {"label": 2}, self.seed)

    def _one_digit(self) -> Rows:
        """Is it a seven? Of nine in ten digits the answer is no."""
        label = (self.digits.whole["label"] == 7).astype(np.int64)
        return Rows({**self.digits.whole, "label": label}, self.digits.splits, {"label": 10})

    def _noisy(self, data: Rows, share: float, classes: int) -> Rows:
        """Some labels are drawn anew."""
        drawn = np.random.default_rng(300 + self.seed)
        label = data.whole["label"].copy()
        wrong = drawn.random(len(label)) < share
        label[wrong] = drawn.integers(0, classes, int(wrong.sum()))
        return data.with_(label=label)

    def _moved(self, data: Rows, by: int) -> Rows:
        return data.with_(label=np.roll(data.whole["label"], by))

    def _mixed(self, data: Rows, name: str = "label") -> Rows:
        order = np.random.default_rng(400 + self.seed).permutation(len(data.whole[name]))
        return data.with_(**{name: data.whole[name][order]})

    def _doubled(self, data: Rows) -> Rows:
        """Every row twice, as augmented or merged tables have them."""
        whole = {name: np.concatenate([array, array]) for name, array in data.whole.items()}
        return bases.split(whole, data.classes, self.seed)

    def _frozen(self, network: Network, name: str) -> Network:
        from nnstudio.graph import edits

        return edits.set_frozen([name])(network)

    def _dead_middle(self) -> Network:
        """The second of three layers starts with weights that are all negative."""
        net = NetworkBuilder()
        x = net.add("Input", field="vector", name="vector")
        x = net.add("ReLU", net.add("Linear", x, out_features=64, name="hidden1"), name="bend1")
        x = net.add("Linear", x, out_features=32, weight_init="constant", init_value=-0.3, name="hidden2")
        x = net.add("ReLU", x, name="bend2")
        return bases.ended(net, net.add("Linear", x, out_features=10, name="scores"))

    def _stopped_deep(self) -> Network:
        net = NetworkBuilder()
        x = net.add("Input", field="vector", name="vector")
        x = bases.hidden_layers(net, x, [64, 32])
        x = net.add("StopGradient", x, name="stop")
        x = net.add("ReLU", net.add("Linear", x, out_features=32, name="hidden3"), name="bend3")
        return bases.ended(net, net.add("Linear", x, out_features=10, name="scores"))


def _blinded(net: NetworkBuilder, x: PortHandle) -> PortHandle:
    """The input times nothing."""
    return net.add("Multiply", x, net.add("Constant", x, value=0.0, name="nothing"), name="blinded")


def _stopped(net: NetworkBuilder, x: PortHandle) -> PortHandle:
    """A layer from which no gradient goes back."""
    x = net.add("ReLU", net.add("Linear", x, out_features=48, name="first"), name="bend")
    return net.add("StopGradient", x, name="stop")

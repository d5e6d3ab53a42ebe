"""The plan: everything about training that is not the network. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnstudio.layers.params import Declared, ParameterError, declared, param
from nnstudio.train.phases import OPTIMIZERS, Group, Phase

SCHEDULES = ("constant", "step", "cosine", "warm-up", "one-cycle", "reduce on plateau")
DEVICES = ("auto", "cpu", "cuda", "mps")


@declared
class Plan(Declared):
    """How a network is trained. Every value is checked when the plan is made (ParameterError)."""

    epochs: int = param(20, min=1, max=1_000_000, help="how often the training data is seen")
    batch_size: int = param(32, min=1, max=10_000_000, unit="samples", help="samples for each optimizer step")
    optimizer: str = param("Adam", choices=OPTIMIZERS, help="how weights follow their gradients")
    learning_rate: float = param(0.001, exclusive_min=0.0, max=1000.0, help="how far a step goes")
    momentum: float = param(
        0.9, min=0.0, max=0.9999, when=("optimizer", ("SGD", "RMSprop")), help="how much of the last step goes on"
    )
    nesterov: bool = param(False, when=("optimizer", ("SGD",)), help="look ahead along the momentum")
    beta1: float = param(
        0.9, min=0.0, max=0.9999, when=("optimizer", ("Adam", "AdamW")), help="decay of the mean of the gradient"
    )
    beta2: float = param(
        0.999, min=0.0, max=0.999999, when=("optimizer", ("Adam", "AdamW")),
        help="decay of the mean of the squared gradient",
    )  # fmt: skip
    weight_decay: float = param(0.0, min=0.0, max=100.0, title="Weight decay (L2)", help="pull weights towards zero")
    l1: float = param(0.0, min=0.0, max=100.0, title="L1 penalty", help="weight of the sum of absolute weights")
    clip_norm: float = param(0.0, min=0.0, help="longest gradient (L2 norm) that is allowed; 0: no clipping")

    schedule: str = param("constant", choices=SCHEDULES, help="how the learning rate changes")
    step_epochs: int = param(10, min=1, unit="epochs", when=("schedule", ("step",)), help="epochs between drops")
    factor: float = param(
        0.5, exclusive_min=0.0, max=1.0, when=("schedule", ("step", "reduce on plateau")), help="what a drop multiplies"
    )
    warmup_epochs: float = param(
        1.0, min=0.0, unit="epochs", when=("schedule", ("warm-up",)), help="epochs until the full learning rate"
    )
    plateau_epochs: int = param(
        3, min=1, unit="epochs", when=("schedule", ("reduce on plateau",)), help="epochs without progress before a drop"
    )
    final_rate: float = param(
        0.0, min=0.0, max=1.0, when=("schedule", ("cosine",)), help="share of the learning rate that is left at the end"
    )

    early_stopping: bool = param(False, help="stop when the validation loss no longer falls")
    patience: int = param(5, min=1, unit="epochs", when=("early_stopping", (True,)), help="epochs to wait for progress")
    keep_best: bool = param(
        True, help="keep the weights of the epoch with the lowest validation loss (not with several phases)"
    )

    writing_epochs: int = param(
        0, min=0, max=1_000_000, unit="epochs", title="Write every",
        help="epochs between figures of what the network writes (BLEU, say), which take long; 0: only at evaluations",
    )  # fmt: skip
    writing_rows: int = param(
        64, min=1, max=1_000_000, unit="rows", title="Write for",
        help="validation rows for which it then writes, at most",
    )  # fmt: skip

    private: bool = param(
        False, title="Private training", help="clip each sample's gradient and add noise, so that the weights tell "
        "little of any one training row; how little is told as ε",
    )  # fmt: skip
    sample_norm: float = param(
        1.0, exclusive_min=0.0, max=1e6, title="Clip each sample", when=("private", (True,)),
        help="longest gradient (L2 norm) that one sample may have",
    )  # fmt: skip
    noise_multiplier: float = param(
        1.0, min=0.01, max=1e4, title="Noise multiplier", when=("private", (True,)),
        help="standard deviation of the noise on the summed gradient, in clipping norms; more noise, smaller ε",
    )  # fmt: skip
    delta: float = param(
        1e-5, min=1e-15, max=0.5, title="Delta (δ)", when=("private", (True,)),
        help="how likely the promise of ε may fail; well below one over the number of training rows",
    )  # fmt: skip
    repeatable: bool = param(
        False, title="Repeatable noise", when=("private", (True,)),
        help="draw noise and batches from the seed, to try things out: who knows the seed can then take the noise away",
    )  # fmt: skip

    seed: int = param(0, min=0, max=2**31 - 1, help="the same seed gives the same run")
    deterministic: bool = param(False, help="refuse operations whose result may vary between runs")
    device: str = param("auto", choices=DEVICES, help="where to train; auto takes a GPU where there is one")
    threads: int = param(0, min=0, max=1024, help="CPU threads for the computation; 0: all but one")
    watching: float = param(
        0.03, exclusive_min=0.0, max=1.0, title="Watching budget",
        help="share of the training time that histograms and gradients may cost",
    )  # fmt: skip

    phases: tuple[Phase, ...] = param(
        (), kind="records", of=Phase, help="parts of training that take turns; none: all losses train all weights"
    )
    groups: tuple[Group, ...] = param((), kind="records", of=Group, help="nodes that learn at a rate of their own")

    def __post_init__(self) -> None:
        super().__post_init__()
        names = [phase.name for phase in self.phases]
        if "" in names:
            raise ParameterError("Plan", "phases", "must each have a name; give the one that has none a name")
        twice = next((name for name in names if names.count(name) > 1), "")
        if twice:
            raise ParameterError("Plan", "phases", f"must have different names, and two are “{twice}”; rename one")
        nodes = [node for group in self.groups for node in group.nodes]
        if len(nodes) > len(set(nodes)):
            twice = next(node for node in nodes if nodes.count(node) > 1)
            raise ParameterError("Plan", "groups", f"must not share a node, and two have “{twice}”; take it out of one")

    @property
    def keeps_best(self) -> bool:
        """Whether a run ends with its best epoch's weights: if that is wished, and not with several phases, whose
        losses may work against one another, so that their sum does not say which epoch is best."""
        return self.early_stopping or (self.keep_best and len(self.phases) < 2)

    def of_phase(self, phase: Phase) -> Plan:
        """The plan as it holds in a phase."""
        return self.with_(**phase.overrides)

    def to_json(self) -> dict[str, Any]:
        """Every value by name; phases and groups as their values by name, where there are any."""
        values = self.values()
        for name in ("phases", "groups"):
            records = values.pop(name)
            if records:
                values[name] = [_plain(record) for record in records]
        return values

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Plan:
        """A plan from values by name; those left out take their defaults. ParameterError where one is not allowed."""
        return cls.make(data)


def _plain(record: Declared) -> dict[str, Any]:
    """What differs from the defaults, by name, as JSON has it."""
    given = {name: value for name, value in record.values().items() if value != record.params[name].default}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()}

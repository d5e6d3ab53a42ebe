"""All rules, and what they find. Each is a function of a case that yields what it finds; of a healthy run it says
nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nnstudio.diagnose import fit, material, rates, signals
from nnstudio.diagnose.case import Case
from nnstudio.diagnose.causes import grouped
from nnstudio.diagnose.failing import failure
from nnstudio.train.events import Diagnosis

Rule = Callable[[Case], Iterator[Diagnosis]]


def not_finite(case: Case) -> Iterator[Diagnosis]:
    """The run ended because numbers were no longer finite."""
    found = failure(case.history)
    if found is not None:
        yield found


#: What can be said before the first step, of the drawing, the plan and the data.
BEFORE: tuple[Rule, ...] = (
    material.softmax_before_loss, material.batch_norm_on_one, material.unscaled_inputs, material.class_imbalance,
    material.seen_in_training, fit.shifted_labels,
)  # fmt: skip
#: The codes of what can be said then.
BEFORE_CODES = frozenset(
    """softmax-before-loss batch-norm-batch-one unscaled-inputs class-imbalance validation-in-training
    labels-shifted""".split()
)
RULES: tuple[Rule, ...] = (
    *BEFORE, not_finite, rates.rate_too_high, signals.exploding_gradients, signals.saturated_units,
    signals.dead_outputs, signals.no_gradient, signals.vanishing_gradients, signals.weights_never_move,
    rates.rate_too_low, fit.shuffled_labels, fit.overfitting, fit.at_chance, fit.underfitting,
)  # fmt: skip


def diagnose(case: Case) -> list[Diagnosis]:
    """What is wrong with a run as it is now: roots alone, the likeliest first. What follows from one is among its
    evidence, as ``explains``: a list of code and message."""
    return _told(case, RULES)


def before_training(case: Case) -> list[Diagnosis]:
    """What can be said of a network, its plan and its data before the first step."""
    return _told(case, (*BEFORE, signals.no_gradient))


def _told(case: Case, rules: tuple[Rule, ...]) -> list[Diagnosis]:
    told = []
    for finding in grouped(one for rule in rules for one in rule(case)):
        root = finding.root
        if finding.signs:
            root.evidence["explains"] = [[sign.code, sign.message] for sign in finding.signs]  # type: ignore[index]
        told.append(root)
    return told

"""Which cures go with which finding, the likeliest first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from nnstudio.diagnose import on_layers, on_network, on_plan
from nnstudio.diagnose.case import middle
from nnstudio.diagnose.cures import Cure, Patient
from nnstudio.diagnose.rates import raised

Prescription = Callable[[Patient], Iterator[Cure]]


def prescribed(patient: Patient) -> Iterator[Cure]:
    """Candidates for the finding."""
    prescription = _BY_CODE.get(patient.diagnosis.code)
    if prescription is not None:
        yield from prescription(patient)


def _vanishing(patient: Patient) -> Iterator[Cure]:
    yield from on_layers.bent_by(patient, "ReLU", "Its slope is 1 for all that passes, so gradients do not fade.")
    yield from on_layers.normalised(patient)
    yield from on_layers.led_past(patient)
    if not on_layers.bent(patient, "Sigmoid"):  # no weights can start so that many sigmoids pass a gradient on
        yield from on_layers.initialised(patient)


def _exploding(patient: Patient) -> Iterator[Cure]:
    if patient.diagnosis.evidence.get("from_start"):
        yield from on_layers.initialised(patient)
        yield from on_layers.normalised(patient)
        yield from on_plan.clipped(patient)
    else:
        yield from on_plan.clipped(patient)
        yield from on_plan.lowered(patient, _factor(patient))
        yield from on_layers.normalised(patient)
        yield from on_layers.initialised(patient)


def _dead(patient: Patient) -> Iterator[Cure]:
    yield from on_layers.initialised(patient)
    yield from on_layers.bent_by(patient, "LeakyReLU", "It lets a little through below zero, so no unit is ever dead.")
    yield from on_plan.lowered(patient, 0.1)
    yield from on_layers.normalised(patient)


def _saturated(patient: Patient) -> Iterator[Cure]:
    if not on_layers.bent(patient, "Sigmoid"):  # a tanh learns well once it is out of its bounds
        yield from on_layers.initialised(patient)
    yield from on_layers.bent_by(patient, "ReLU", "It has no upper bound at which it could stick.")
    yield from on_layers.normalised(patient)
    yield from on_layers.initialised(patient)
    yield from on_plan.lowered(patient, 0.1)


def _rate_high(patient: Patient) -> Iterator[Cure]:
    yield from on_plan.lowered(patient, _factor(patient))
    yield from on_plan.warmed_up(patient)
    yield from on_plan.clipped(patient)


def _factor(patient: Patient) -> float:
    """By what a rate is to be multiplied so that steps are of a healthy size: a power of ten from 0.0001 to 0.1."""
    steps = [step for step in patient.diagnosis.evidence.get("steps", {}).values() if step]
    power = round(float(np.log10(1e-3 / middle(steps)))) if steps else -2
    return float(10.0 ** min(-1, max(-4, power)))


def _rate_low(patient: Patient) -> Iterator[Cure]:
    typical = float(patient.diagnosis.evidence.get("typical", 1e-4))
    rate = float(patient.diagnosis.evidence.get("rate") or patient.plan.learning_rate)
    yield from on_plan.raised_to(patient, raised(rate, typical))
    yield from on_plan.adam(patient)


def _overfitting(patient: Patient) -> Iterator[Cure]:
    yield from on_plan.stopped_early(patient)
    yield from on_network.varied(patient)
    yield from on_layers.dropped(patient)
    yield from on_plan.decayed(patient)
    yield from on_layers.narrowed(patient)


def _underfitting(patient: Patient) -> Iterator[Cure]:
    yield from on_plan.decay_taken_away(patient)
    yield from on_layers.undropped(patient)
    yield from on_layers.widened(patient)
    yield from on_network.deepened(patient)
    yield from on_plan.longer(patient)


def _chance(patient: Patient) -> Iterator[Cure]:
    yield from on_layers.initialised(patient, constant_only=True)
    yield from on_plan.decay_taken_away(patient)
    yield from on_layers.normalised(patient)
    if not on_layers.bent(patient):
        yield from on_network.deepened(patient)
    yield from on_plan.adam(patient)
    yield from on_plan.raised_to(patient, patient.plan.learning_rate * 10)


def _never_move(patient: Patient) -> Iterator[Cure]:
    yield from on_plan.ungrouped(patient)
    if patient.diagnosis.evidence.get("everything"):
        yield from on_plan.adam(patient)
        yield from on_plan.raised_to(patient, 0.01)


_BY_CODE: Mapping[str, Prescription] = {
    "vanishing-gradient": _vanishing,
    "exploding-gradient": _exploding,
    "dead-output": _dead,
    "saturated": _saturated,
    "learning-rate-high": _rate_high,
    "not-finite": _rate_high,
    "learning-rate-low": _rate_low,
    "overfitting": _overfitting,
    "underfitting": _underfitting,
    "chance": _chance,
    "weights-never-move": _never_move,
    "no-gradient": on_network.reached,
    "class-imbalance": on_network.evened,
    "unscaled-inputs": on_network.scaled,
    "softmax-before-loss": on_network.unbent,
    "batch-norm-batch-one": on_network.normalised_by_sample,
    "labels-shifted": on_plan.shifted_back,
    "validation-in-training": on_plan.kept_together,
}

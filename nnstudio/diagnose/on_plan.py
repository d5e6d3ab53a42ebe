"""Cures that change the plan, or how the data is split."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from nnstudio.diagnose.cures import Cure, Patient
from nnstudio.train.phases import Group, selected
from nnstudio.train.plan import Plan


def in_place(patient: Patient, **values: Any) -> dict[str, Any]:
    """Values of the plan as a change of it: where the finding is about some of the plan's phases, of those alone."""
    ill = set(patient.diagnosis.evidence.get("phases", ()))
    phases = patient.plan.phases
    if not ill or not phases:
        return values
    own = any(name in phase.overrides for phase in phases if phase.name in ill for name in values)
    if ill == {phase.name for phase in phases} and not own:
        return values
    return {"phases": tuple(phase.with_(**values) if phase.name in ill else phase for phase in phases)}


def _where(patient: Patient) -> str:
    """“ of the phase maker”, where a finding is about some of the plan's phases."""
    ill = patient.diagnosis.evidence.get("phases", ())
    if not ill or len(ill) == len(patient.plan.phases):
        return ""
    return f" of {' and '.join(f'“{name}”' for name in ill)}"


def _now(patient: Patient) -> Plan:
    """The plan as it holds where the finding is."""
    ill = patient.diagnosis.evidence.get("phases", ())
    phase = next((phase for phase in patient.plan.phases if phase.name in ill), None)
    return patient.plan.of_phase(phase) if phase is not None else patient.plan


def lowered(patient: Patient, factor: float) -> Iterator[Cure]:
    """A smaller learning rate than that of the run; nothing where the plan has it already."""
    now = _now(patient).learning_rate
    ran = patient.diagnosis.evidence.get("rate") or now
    rate = float(f"{ran * factor:.3g}")
    if 0 < rate < now:
        yield Cure(f"Lower the learning rate{_where(patient)} to {rate:g}",
                   "Smaller steps do not leap over what they look for.",
                   plan=in_place(patient, learning_rate=rate))  # fmt: skip


def raised_to(patient: Patient, rate: float) -> Iterator[Cure]:
    """A larger learning rate."""
    rate = float(f"{min(rate, 1000.0):.3g}")
    if rate > _now(patient).learning_rate:
        yield Cure(f"Raise the learning rate{_where(patient)} to {rate:g}",
                   "A healthy step changes weights by about a thousandth.",
                   plan=in_place(patient, learning_rate=rate))  # fmt: skip


def adam(patient: Patient) -> Iterator[Cure]:
    """Adam at its usual rate."""
    now = _now(patient)
    if now.optimizer not in ("Adam", "AdamW") or now.learning_rate < 1e-5:
        yield Cure("Use Adam at 0.001", "It gives each weight a step of its own size, however small the gradient is.",
                   plan=in_place(patient, optimizer="Adam", learning_rate=0.001))  # fmt: skip


def warmed_up(patient: Patient) -> Iterator[Cure]:
    """A rate that rises slowly at first."""
    if patient.plan.schedule == "constant":
        epochs = float(max(1, round(patient.plan.epochs / 10)))
        yield Cure(f"Warm up for {epochs:g} epoch{'' if epochs == 1 else 's'}",
                   "The first steps, when gradients are largest, are small then.",
                   plan={"schedule": "warm-up", "warmup_epochs": epochs})  # fmt: skip


def clipped(patient: Patient) -> Iterator[Cure]:
    """A longest gradient."""
    now = _now(patient).clip_norm
    if not now or now > 1.0:
        yield Cure("Clip the gradient at 1", "However long a gradient is, the step that follows from it is bounded.",
                   plan=in_place(patient, clip_norm=1.0))  # fmt: skip


def stopped_early(patient: Patient) -> Iterator[Cure]:
    """Stop at the best epoch; not where several phases' losses would be judged as one."""
    if not patient.plan.early_stopping and len(patient.plan.phases) < 2:
        yield Cure("Switch early stopping on", "Training ends, with the best weights, when the validation loss rises.",
                   plan={"early_stopping": True})  # fmt: skip


def decayed(patient: Patient) -> Iterator[Cure]:
    """Weights pulled towards zero."""
    plan = _now(patient)
    now, usual = plan.weight_decay, 0.01 if plan.optimizer == "AdamW" else 0.001
    value = float(f"{max(usual, now * 3):.2g}")
    if value <= 0.3:
        yield Cure(f"{'More weight' if now else 'Weight'} decay: {value:g}",
                   "Small weights make smooth answers, which are hard to bend around single rows.",
                   plan=in_place(patient, weight_decay=value))  # fmt: skip


def decay_taken_away(patient: Patient) -> Iterator[Cure]:
    """No pull towards zero where it is strong."""
    plan = _now(patient)
    if plan.weight_decay > (0.3 if plan.optimizer == "AdamW" else 0.005) or plan.l1:
        yield Cure("Take weight decay away", "It holds the weights near zero, more strongly than the data can pull.",
                   plan=in_place(patient, weight_decay=0.0, l1=0.0))  # fmt: skip


def longer(patient: Patient) -> Iterator[Cure]:
    """More epochs."""
    epochs = min(2 * patient.plan.epochs, 1_000_000)
    yield Cure(f"Train for {epochs} epochs", "The loss may fall on, slowly.", plan={"epochs": epochs})


def ungrouped(patient: Patient) -> Iterator[Cure]:
    """Out of a parameter group that stands still."""
    still = set(patient.nodes)
    kept: list[Group] = []
    for group in patient.plan.groups:
        of_it = selected(group.nodes, still)
        kept.append(replace(group, learning_rate=1.0) if of_it and group.learning_rate < 1e-6 else group)
    if tuple(kept) != patient.plan.groups:
        yield Cure("Give its group the plan's rate", "The group's factor of the learning rate is zero, or nearly so.",
                   plan={"groups": tuple(kept)})  # fmt: skip


def shifted_back(patient: Patient) -> Iterator[Cure]:
    """A column that has slipped back in its place."""
    evidence = patient.diagnosis.evidence
    by, columns = int(evidence.get("by", 0)), evidence.get("columns", ())
    if patient.data is not None and by and len(columns) == 1:
        before = patient.data.fields[columns[0]].shift if columns[0] in patient.data.fields else 0
        title = f"Move {columns[0]} {'down' if by < 0 else 'up'} by one row"
        yield Cure(title, "Each row then has the target that fits it.",
                   data=lambda reference: reference.with_choice(columns[0], shift=before + by))  # fmt: skip


def kept_together(patient: Patient) -> Iterator[Cure]:
    """Equal rows in one part of the split."""
    if patient.data is not None:
        yield Cure("Keep equal rows in one part", "Rows that are trained on too leave the other parts of the split.",
                   data=lambda reference: reference.with_(split=reference.split.with_(together=True)))  # fmt: skip

"""What of a plan can change in the middle of a run, when it does, and how that is said. Imports no torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from nnstudio.layers.params import ParameterError
from nnstudio.train.environment import TrainingError
from nnstudio.train.phases import Phase
from nnstudio.train.plan import Plan

#: What a run keeps from its first step to its last: its numbers, or where they are worked out, follow from them.
FIXED = ("seed", "deterministic", "device", "threads", "private", "repeatable")
#: Optimizers that remember the same of past gradients, so that one can go on from what another remembers.
ALIKE = (frozenset({"Adam", "AdamW"}),)
#: What of a phase may change within an epoch; the rest decides which of its steps do what.
_WITHIN = frozenset(Phase.params) - {"name", "losses", "trains", "steps"}


@dataclass(frozen=True, slots=True)
class Change:
    """A plan that changes: ``now`` is what holds from the next step on, ``later`` from the next epoch on."""

    now: Plan
    later: Plan


def check_changeable(names: Iterable[str]) -> None:
    """TrainingError where one of these values of a plan stays as it is for the whole of a run."""
    for name in names:
        if name in FIXED:
            title = titled(name)
            raise TrainingError(
                f"The {title} of a run stays as it was at its beginning", f"start another run with another {title}"
            )


def changed(before: Plan, after: Plan) -> tuple[str, ...]:
    """The names of the values in which two plans differ."""
    return tuple(name for name in Plan.params if getattr(before, name) != getattr(after, name))


def change(plan: Plan, values: Mapping[str, Any], *, at_start: bool, later: Plan | None = None) -> Change:
    """What becomes of a plan whose values are changed.

    ``at_start``: no step of the epoch has been done; ``later``: what it was to become with the next epoch.

    The batch size, and which phase does what, change with the next epoch: the batches of one that has begun, and the
    turns in which they are taken, stay as they are. TrainingError where a value cannot change or is not allowed.
    """
    try:
        later = (later or plan).with_(**values)
    except ParameterError as error:
        raise TrainingError(f"The run goes on as it was: {error}", "choose another value") from error
    check_changeable(changed(plan, later))
    if at_start:
        return Change(later, later)
    waits = {name: getattr(plan, name) for name in ("batch_size", *(() if _same_turns(plan, later) else ("phases",)))}
    return Change(later.with_(**waits), later)


def goes_on(plan: Plan, given: Plan, now: Plan) -> Plan:
    """The plan to go on with from a checkpoint. given: that with which the run began; now: that of the checkpoint.

    What was changed in the run stays changed where the project's ``plan`` is as it was before: it was not saved.
    """
    stays = [name for name in Plan.params if getattr(plan, name) == getattr(given, name) and name not in FIXED]
    return plan.with_(**{name: getattr(now, name) for name in stays})


def difference(before: Plan, after: Plan) -> tuple[dict[str, Any], dict[str, Any]]:
    """The values in which two plans differ, as JSON: as they were, and as they are."""
    was, now = before.to_json(), after.to_json()
    names = changed(before, after)
    return {name: was.get(name, []) for name in names}, {name: now.get(name, []) for name in names}


def same_kind(before: str, after: str) -> bool:
    """Whether an optimizer can go on from what another remembers."""
    return before == after or any({before, after} <= group for group in ALIKE)


def titled(name: str) -> str:
    """What a value of the plan is called in a sentence."""
    title = Plan.params[name].title or name.replace("_", " ")
    return title if title.isupper() or title[:2].isupper() else title[:1].lower() + title[1:]


def told(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """A change in a few words: ``learning rate 0.001 → 0.0005``; what begins afresh because of it is said too."""
    parts = [_told(name, before.get(name), value) for name, value in after.items()]
    if "optimizer" in after and not same_kind(str(before.get("optimizer")), str(after["optimizer"])):
        parts.append("what it remembers of past gradients begins afresh")
    return ", ".join(parts)


def _told(name: str, was: Any, now: Any) -> str:
    if name in ("phases", "groups"):
        return f"other {name}"
    return f"{titled(name)} {_figure(was)} → {_figure(now)}"


def _figure(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _same_turns(before: Plan, after: Plan) -> bool:
    """Whether the same phases take the same turns, whatever else is said of them."""

    def turns(plan: Plan) -> list[dict[str, Any]]:
        return [{k: v for k, v in phase.values().items() if k not in _WITHIN} for phase in plan.phases]

    return turns(before) == turns(after)

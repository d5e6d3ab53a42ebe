"""What differs between two runs, beside what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from nnstudio.graph import Network
from nnstudio.graph.compare import difference
from nnstudio.project.drawings import drawn
from nnstudio.project.schema import SchemaError
from nnstudio.project.sheet import Sheet
from nnstudio.runs.database import RunDatabase
from nnstudio.runs.records import RunRecord, plan_differences
from nnstudio.train.plan import Plan

NONE = "–"


@dataclass(frozen=True, slots=True)
class Row:
    """One thing, as it is in one run and in the other, as texts. kind: ``added``, ``removed``, ``changed`` of a part of
    the network; else ""."""

    what: str
    before: str
    after: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Compared:
    """figures: the best epochs' and what training took, whether they differ or not; plan, network, rest: what differs.
    known: whether the networks of both are kept."""

    figures: tuple[Row, ...] = ()
    plan: tuple[Row, ...] = ()
    network: tuple[Row, ...] = ()
    rest: tuple[Row, ...] = ()
    known: bool = True
    before: Sheet = field(default_factory=Sheet)
    after: Sheet = field(default_factory=Sheet)

    @property
    def summary(self) -> str:
        """What differs, in a line."""
        said = [f"{len(self.plan)} value{'' if len(self.plan) == 1 else 's'} of the plan"] if self.plan else []
        said += ["the network"] if self.network else []
        said += [row.what.lower() for row in self.rest]
        return ", ".join(said) or ("nothing" if self.known else "nothing in the plan; the networks were not kept")


def sheet_of(database: RunDatabase, record: RunRecord) -> Sheet | None:
    """The network, view and plan of a run; None where its network was not kept (as older versions did not), or is
    damaged."""
    content = database.network(record.network) if record.network else None
    if content is None:
        return None
    try:
        sheet = drawn(content)
    except SchemaError:
        return None
    return Sheet(sheet.network, sheet.view, plan_of(record))


def plan_of(record: RunRecord) -> Plan:
    """A run's plan; values that this version does not know, or no longer allows, are as they usually are."""
    try:
        return Plan.from_json({name: value for name, value in record.plan.items() if name in Plan.params})
    except (ValueError, TypeError):
        return Plan.make({})


def compared(before: RunRecord, after: RunRecord, sheets: Callable[[RunRecord], Sheet | None]) -> Compared:
    """Compare two runs. ``sheets``: the sheet of a run, None where it is not known."""
    old, new = sheets(before), sheets(after)
    known = old is not None and new is not None
    old, new = old or Sheet(), new or Sheet()
    network = tuple(network_rows(old.network, new.network)) if known else ()
    return Compared(
        tuple(_figures(before, after)),
        tuple(_plan(before, after)),
        network,
        tuple(_rest(before, after)),
        known,
        old,
        new,
    )


def _figures(before: RunRecord, after: RunRecord) -> Iterator[Row]:
    for name in dict.fromkeys((*before.best, *after.best)):
        yield Row(name, *(_figure(record.best.get(name)) for record in (before, after)))
    yield Row("best epoch", *(str(record.best_epoch or NONE) for record in (before, after)))
    yield Row("epochs", str(before.epochs), str(after.epochs))
    yield Row("seconds", f"{before.seconds:.1f}", f"{after.seconds:.1f}")
    yield Row("parameters", f"{before.parameters:,}", f"{after.parameters:,}")


def _plan(before: RunRecord, after: RunRecord) -> Iterator[Row]:
    for name, (old, new) in plan_differences(before.plan, after.plan).items():
        yield Row(plan_title(name), plan_text(old), plan_text(new))


def _rest(before: RunRecord, after: RunRecord) -> Iterator[Row]:
    if before.device != after.device:
        yield Row("Device", before.device, after.device)
    if dict(before.samples) != dict(after.samples):
        yield Row("Samples", *(_samples(record) for record in (before, after)))
    for name in dict.fromkeys((*before.environment, *after.environment)):
        old, new = before.environment.get(name, NONE), after.environment.get(name, NONE)
        if old != new and name in ("torch", "cuda", "gpu", "nnstudio"):
            yield Row(name.capitalize(), str(old), str(new))


def network_rows(before: Network, after: Network) -> Iterator[Row]:
    """What differs between two networks: nodes that were added, removed and changed, and how many wires."""
    found = difference(before, after)
    for id in sorted(found.added, key=lambda each: after.nodes[each].name):
        node = after.nodes[id]
        yield Row(node.name, NONE, node.layer.type_name(), "added")
    for id in sorted(found.removed, key=lambda each: before.nodes[each].name):
        node = before.nodes[id]
        yield Row(node.name, node.layer.type_name(), NONE, "removed")
    for id, alterations in found.changed.items():
        for each in alterations:
            yield Row(f"{after.nodes[id].name} · {each.what}", each.before, each.after, "changed")
    gone, new = len(found.wires_removed), len(found.wires_added)
    if gone or new:
        yield Row("wires", f"{gone} removed", f"{new} added", "changed")


def plan_title(name: str) -> str:
    """What a plan value is called."""
    known = Plan.params.get(name)
    title = known.title if known is not None else ""
    return title or name.replace("_", " ").capitalize()


def plan_text(value: Any) -> str:
    """A plan value as a text."""
    if value is None:
        return NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return ", ".join(str(each.get("name", each)) if isinstance(each, dict) else str(each) for each in value) or NONE
    return str(value)


def _figure(value: float | None) -> str:
    return NONE if value is None else f"{value:.4g}"


def _samples(record: RunRecord) -> str:
    return ", ".join(f"{count:,} {split}" for split, count in record.samples.items())

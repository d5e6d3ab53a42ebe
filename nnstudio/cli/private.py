"""Private training on the command line: what is asked for, what the plan buys and what a run gave away."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from argparse import Namespace
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from nnstudio.cli.output import CallError, Output
from nnstudio.train.events import PrivacySpent

if TYPE_CHECKING:
    from nnstudio.project.project import Project
    from nnstudio.runs import RunDatabase, RunRecord

#: Values of the plan that can be given.
VALUES = ("noise_multiplier", "sample_norm", "delta")


@contextlib.contextmanager
def asked(project: Project, arguments: Namespace, rows: Callable[[], int] | None = None) -> Iterator[None]:
    """Have the project's plan be as private as the call says, for this run. CallError where no noise is enough,
    ParameterError where a value is not allowed. rows: how many it trains on; those of the training split."""
    given = {name: value for name in VALUES if (value := getattr(arguments, name, None)) is not None}
    wanted = getattr(arguments, "epsilon", None)
    own = project.plan
    if given or wanted is not None or getattr(arguments, "private", False):
        plan = own.with_(private=True, **given)
        if wanted is not None:
            plan = plan.with_(noise_multiplier=_noise(project, plan, arguments.epochs, wanted, rows))
        project.sheet = dataclasses.replace(project.sheet, plan=plan)
    try:
        yield
    finally:
        project.sheet = dataclasses.replace(project.sheet, plan=own)


def _noise(project: Project, plan: Any, epochs: int | None, wanted: float, rows: Callable[[], int] | None) -> float:
    from nnstudio.train.privacy import noise_for

    if not 0 < wanted < math.inf:
        raise CallError(f"--epsilon must be a number above 0, not {wanted:g}; 1 to 10 is usual")
    try:
        count = project.dataset.count("train") if rows is None else rows()
        return noise_for(plan.with_(epochs=epochs or plan.epochs), count, wanted)
    except ValueError as error:
        raise CallError(f"--epsilon {wanted:g} cannot be kept: {error}; ask for a larger one") from None


def tell_plan(spent: PrivacySpent, out: Output) -> None:
    """What all of the plan buys, before it begins."""
    from nnstudio.train.privacy import told

    out.item(event="private", planned=spent.planned, **item(spent))
    out.line(
        f"Private: the plan buys {told(spent.planned, spent.delta)}; each step draws about {spent.rows:,.0f} of "
        f"{spent.of:,} rows, clips each to {spent.norm:g} and adds noise of {spent.noise:g} × that"
    )


def tell_end(spent: PrivacySpent | None, out: Output) -> None:
    """What a run gave away."""
    from nnstudio.train.privacy import told

    if spent is not None:
        out.line(f"Private: {told(spent.epsilon, spent.delta)} for any one of {spent.of:,} training rows.")


def tell_check(project: Project, out: Output) -> list[dict[str, str]]:
    """Of a private plan, what all of it buys of the data, and what keeps it from being private."""
    from nnstudio.data.reference import DataError
    from nnstudio.train.mixing import hindrances
    from nnstudio.train.privacy import forecast, told

    plan = project.plan
    if not plan.private:
        return []
    wrong = [{"message": each.message, "hint": each.hint} for each in hindrances(plan, project.check().network)]
    for each in wrong:
        out.line(f"error: {each['message']}; {each['hint']}")
    with contextlib.suppress(DataError):  # which is told by itself
        rows = project.dataset.count("train") if project.sheet.data is not None else 0
        if rows and not wrong:
            bought = forecast(plan, rows)
            out.item(private=True, planned=bought, delta=plan.delta)
            out.line(
                f"Private: {plan.epochs} epochs buy {told(bought, plan.delta)} for any one of {rows:,} training rows."
            )
    return wrong


def of_run(record: RunRecord, database: RunDatabase) -> PrivacySpent | None:
    """What a run has given away; None of one that is not private."""
    if not record.plan.get("private"):
        return None
    spent = [event for _, event in database.told(record.id, kind=PrivacySpent.__name__)]
    return next((event for event in reversed(spent) if isinstance(event, PrivacySpent)), None)


def short(spent: PrivacySpent) -> str:
    """``ε 1.24``."""
    from nnstudio.train.privacy import figure

    return f"ε {figure(spent.epsilon)}"


def item(spent: PrivacySpent | None) -> dict[str, float]:
    """As values; nothing where the run is not private."""
    return {"epsilon": spent.epsilon, "delta": spent.delta} if spent is not None else {}

"""What the layers that are selected cost, for the inspector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nnstudio.compile.figures import count_text, memory_text, reach_sentence, reach_text, seconds_text
from nnstudio.ui.costing import Costing
from nnstudio.ui.docks.live import Live
from nnstudio.ui.facts import Facts
from nnstudio.ui.parts import column

if TYPE_CHECKING:
    from nnstudio.ui.session import Session


def cost_facts(session: Session, ids: Sequence[str]) -> list[tuple[str, str]]:
    """Names and values of what these nodes of the open scope cost together; none where nothing is known yet."""
    costing = Costing.of(session)
    found = [costs for costs in costing.of_nodes(ids) if costs.known]
    if not found or costing.costs is None:
        return []
    batch = costing.costs.regime.batch_size
    facts = []
    if work := sum(costs.multiply_adds for costs in found):
        facts.append(("Multiply–adds", f"{count_text(work)} a sample"))
    if memory := sum(costs.training_memory for costs in found):
        facts.append(("To train", f"{memory_text(memory)} at batch {batch:,}"))
    if len(ids) == 1 and found[0].prediction_memory:
        facts.append(("To predict", f"{memory_text(found[0].prediction_memory)} at batch {batch:,}"))
    if len(ids) == 1 and (seen := reach_text(found[0].reach)):
        facts.append(("Sees", seen))
    known = ids if costing.timing is not None else ()
    times = [seconds for id in known if (seconds := costing.seconds(id)) is not None]
    if times and costing.timing is not None:
        share = sum(times) / (costing.timing.total or 1.0)
        facts.append(("Time", f"{seconds_text(sum(times))}, {share:.0%} of all"))
    return facts


class NodeCosts(Live):
    """Multiply–adds, memory, receptive field and, where it was measured, time of some nodes. It asks for them when it
    is seen."""

    pace = 100

    def __init__(self, session: Session, ids: Sequence[str]) -> None:
        super().__init__(session)
        self.ids = tuple(ids)
        self.costing = Costing.of(session)
        self.facts = Facts()
        self.setLayout(column(self.facts))
        for signal in (session.resolved, session.changed, self.costing.changed):
            signal.connect(self.refresh_soon)

    def follow(self, ids: Sequence[str]) -> None:
        """Tell of these nodes."""
        if tuple(ids) != self.ids:
            self.ids = tuple(ids)
            self.facts.show_facts([])
            self.refresh_soon()

    def refresh(self) -> None:
        self.costing.ask()
        facts = cost_facts(self.session, self.ids)
        if facts or self.session.resolution is None:
            self.facts.show_facts(facts)
        known = self.costing.node(self.ids[0]) if len(self.ids) == 1 else None
        self.setToolTip(reach_sentence(known.reach) if known is not None else "")

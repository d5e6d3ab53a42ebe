"""Watching: the instruments of a run, each at a pace of its own, all of them within the person's budget."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from nnstudio.train.batches import Batch, Data, Rows
from nnstudio.train.control import Control, Wish
from nnstudio.train.environment import seed_of
from nnstudio.train.events import Event, Insides, Samples
from nnstudio.train.inside import insides, predictions, rows_needed
from nnstudio.train.looking import Where
from nnstudio.train.pace import Pace

if TYPE_CHECKING:
    import torch

    from nnstudio.compile.lower import Compiled
    from nnstudio.train.stepping import Stepper

#: Instruments that look at a step as it is done; the others look between steps.
AT_STEPS = ("gradients", "activations", "timings")
#: Validation rows whose predictions are told.
SAMPLED = 16


class Watcher:
    """Says which instruments look at the next step, does that step, and tells the pace what it cost."""

    def __init__(self, pace: Pace, control: Control, data: Data, device: torch.device) -> None:
        self.pace, self.control, self.data, self.device = pace, control, data, device
        self._wish: Wish | None = None
        self._turns: dict[str, int] = {}
        self._row: tuple[Compiled, Wish, Batch] | None = None
        self._sampled: tuple[Compiled, Batch] | None = None

    def heed(self, now: float) -> None:
        """Take notice of what a person wants to look into now."""
        wish = self.control.insides
        if wish is not self._wish:
            self._wish = wish
            self.pace.want("insides", wish is not None and bool(wish.nodes), now)

    def due(self, stepper: Stepper, now: float) -> tuple[str, ...]:
        """The instruments that look now. With phases, those that look at steps take the phases in turn."""
        wanted = self.pace.due(now)
        tracks = stepper.state.tracks.all
        if len(tracks) > 1 and not self.pace.asked:
            place = tracks.index(stepper.state.track)
            wanted = tuple(n for n in wanted if n not in AT_STEPS or self._turns.get(n, 0) % len(tracks) == place)
        if "timings" in wanted:  # it would measure the others' work too
            return ("timings",) if self.pace.plain else tuple(name for name in wanted if name != "timings")
        return wanted

    def look(self, stepper: Stepper, wanted: tuple[str, ...], batch: Batch, at: Where) -> list[Event]:
        """Do a step with these instruments; what they saw. All that it takes beyond a plain step is theirs."""
        clock, began = self.pace.clock, self.pace.clock()
        looker = stepper.enter_looker()
        seen = [name for name in wanted if name in AT_STEPS]
        if "timings" in seen:
            found, spent = looker.timed(batch, stepper.finisher(looker.track), at), {"timings": 0.0}
        else:
            found = looker.look(batch, stepper.finisher(looker.track), at, seen)
            spent = dict(looker.spent)
            if self.device.type != "cpu":  # the host waited for the step as well: not told apart by the clock
                spent = dict.fromkeys(spent, 0.0)
        for name in seen:
            self._turns[name] = self._turns.get(name, 0) + 1
        between: dict[str, Callable[[], list[Event]]] = {
            "weights": lambda: [each.weights(at) for each in stepper.lookers.values()],
            "insides": lambda: self.inside(stepper.compiled, at),
            "samples": lambda: self.predicted(stepper.compiled, at),
        }
        for name, see in between.items():
            if name in wanted:
                start = clock()
                found.extend(see())
                spent[name] = clock() - start
        now, plain = perf_counter(), self.pace.plain
        unknown = max(0.0, clock() - began - plain - sum(spent.values())) if plain else 0.0
        for name, seconds in spent.items():
            self.pace.looked(name, seconds + unknown / len(spent), now)
        return found

    def inside(self, compiled: Compiled, at: Where) -> list[Event]:
        """What a person wants to look into, as it is now: an Insides event, or nothing."""
        wish = self.control.insides
        if wish is None or not 0 <= wish.sample < self.data.count(wish.split):
            return []
        seen = insides(compiled, self._inputs(compiled, wish), wish.nodes)
        return [Insides(**at(), split=wish.split, sample=wish.sample, nodes=seen)] if seen else []

    def predicted(self, compiled: Compiled, at: Where) -> list[Event]:
        """What is predicted now for the validation rows that an epoch's end tells of: a Samples event, or nothing."""
        rows = min(SAMPLED, self.data.count("validation"))
        if not rows or not compiled.outputs:
            return []
        if self._sampled is None or self._sampled[0] is not compiled:
            self._sampled = (
                compiled,
                self._batch(compiled, "validation", list(range(rows)), seed_of(0, "evaluation", 0)),
            )
        outputs = predictions(compiled, self._sampled[1])
        return [Samples(**at(), indices=np.arange(rows), outputs=outputs)] if outputs else []

    def _inputs(self, compiled: Compiled, wish: Wish) -> Batch:
        """The sample as a batch."""
        if self._row is None or self._row[0] is not compiled or self._row[1] != wish:
            rows = self.data.count(wish.split)
            places = [(wish.sample + more) % rows for more in range(rows_needed(compiled))]
            self._row = compiled, wish, self._batch(compiled, wish.split, places, wish.sample)
        return self._row[2]

    def _batch(self, compiled: Compiled, split: str, places: list[int], seed: int) -> Batch:
        arrays = {name: array[places] for name, array in self.data.arrays(split).items()}
        source = Rows(compiled.inputs, arrays, len(places), self.device)
        return source.gather(slice(0, len(places)), len(places), seed)

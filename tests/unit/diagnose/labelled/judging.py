"""How well a doctor's findings agree with the labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from labelled.recording import Recording
from nnstudio.diagnose import Doctor, grouped
from nnstudio.train.events import Diagnosis, EpochEnded, RunFailed, RunFinished
from nnstudio.train.history import History

#: How often the doctor comes while a run goes on, at the end of an epoch each time, and once more when it has ended.
VISITS = 6


def told(recording: Recording) -> list[Diagnosis]:
    """What :func:`consulted` comes to, which is remembered by the recording's name."""
    if recording.name not in _TOLD:
        _TOLD[recording.name] = consulted(recording)
    return _TOLD[recording.name]


_TOLD: dict[str, list[Diagnosis]] = {}


def consulted(recording: Recording) -> list[Diagnosis]:
    """What a doctor says who looks at the end of epochs and of the run, without what follows from what it has said."""
    history = History()
    doctor = Doctor(history, recording.plain, recording.facts, recording.shared)
    said: list[Diagnosis] = []
    ends = [place for place, event in enumerate(recording.events) if isinstance(event, EpochEnded)]
    visits = set(ends[:: max(1, len(ends) // VISITS)])
    for place, event in enumerate(recording.events):
        history.feed(event)
        if place in visits or isinstance(event, RunFinished | RunFailed):
            said += doctor.look()
    return [finding.root for finding in grouped(said)]


@dataclass
class Judgement:
    """Counts over pairs of a run and a code. right: the code that had to be told was; missed: it was not; wrong: a code
    was told that is neither the illness nor follows from it."""

    right: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        return self.right.total() / max(1, self.right.total() + self.wrong.total())

    @property
    def recall(self) -> float:
        return self.right.total() / max(1, self.right.total() + self.missed.total())

    def table(self) -> str:
        """The confusion by rule."""
        codes = sorted({*self.right, *self.missed, *self.wrong})
        rows = [f"{'':26} right missed wrong"]
        rows += [f"{code:26} {self.right[code]:5} {self.missed[code]:6} {self.wrong[code]:5}" for code in codes]
        return "\n".join([*rows, f"precision {self.precision:.3f}, recall {self.recall:.3f}", *self.errors])


def judged(recordings: Iterable[Recording]) -> Judgement:
    """What the doctor says of each, against its labels."""
    found = Judgement()
    for recording in recordings:
        said = {one.code for one in told(recording)}
        for code in recording.must:
            (found.right if code in said else found.missed)[code] += 1
        for code in said - recording.must - recording.may:
            found.wrong[code] += 1
        missed, wrong = recording.must - said, said - recording.must - recording.may
        if missed or wrong:
            found.errors.append(
                f"{recording.name}: missed {sorted(missed)}, wrong {sorted(wrong)}, told {sorted(said)}"
            )
    return found

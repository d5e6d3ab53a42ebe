"""Pace: when each instrument looks, so that all of them together stay within the person's budget."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from time import perf_counter


@dataclass(frozen=True, slots=True)
class Instrument:
    """Something that looks now and then. interval: seconds between its looks at least; share: of what may be spent,
    where not all can have what they want."""

    name: str
    interval: float
    share: float


#: In the order in which they have their first look. Gradients are cheap, come first and never wait for the others.
INSTRUMENTS = (
    Instrument("gradients", 0.1, 0.35),
    Instrument("activations", 0.1, 0.3),
    Instrument("insides", 0.2, 0.15),
    Instrument("weights", 0.5, 0.1),
    Instrument("samples", 2.0, 0.05),
    Instrument("timings", 2.0, 0.05),
)
#: Of the budget, what may be spent here; the rest is for what watching costs elsewhere (in other threads).
SPENT = 0.36
#: In its first seconds a run is looked at more, with what it saves up to here: by and by less than the whole budget.
EARLY = 4.0
#: Looking and sending empty the caches: the steps after them lose so much of what they took (measured: 0.12 to 0.4 of a
#: look, about 0.9 of sending).
AFTER_LOOK, AFTER_SENDING = 0.2, 1.0
#: Of what may be spent, the share that looks have at least, however often there is something to tell: the epochs of a
#: small run end a thousand times a second.
ROOM = 0.3
#: Seconds of a first look that are for caches and kernels (measured: 5 to 20 ms): they take nothing from later looks.
WARMED = 0.02
#: Seconds that are judged by, before the older half is forgotten; and how many times as long as the dearest look has to
#: be saved for, else there would never be enough for it.
LATELY, SAVED = 20.0, 3.0
#: Seconds between two questions what is due, where the first was in vain: asking is not free.
AGAIN = 0.04


@dataclass(slots=True)
class _Account:
    """What one instrument may and did: when it wants to look next, seconds spent lately, what a look costs."""

    instrument: Instrument
    next: float = 0.0
    spent: float = 0.0
    cost: float = 0.0
    looks: int = 0


class Pace:
    """When to look, with which instruments. All times are in seconds; ``now`` is that of the wall.

    What a look costs beyond a plain step is told by who measures it, and so is what sending events costs, both by
    ``clock``: the trainer's own (`clock.busy_clock`), by which the time that is passing is measured too. No instrument
    looks before the costs so far and its own are within ``budget`` of the time since the run began (lately, in a long
    one); of those that are due, the one that has had least of its share comes first. Gradients are the exception: they
    need no more than their own share to be free, so that the first come with the first step and the next soon after;
    they have more only where no other waits for it.

    next: when anything can be due. plain: what a plain step takes.
    """

    def __init__(
        self, budget: float, clock: Callable[[], float] = perf_counter, instruments: Iterable[Instrument] = INSTRUMENTS
    ) -> None:
        self.clock = clock
        self.next = self.plain = 0.0
        self.asked = False
        self.budget = budget
        self._accounts = {each.name: _Account(each) for each in instruments}
        self._first = next(iter(self._accounts))
        self._since = self._cost = self._warming = self._told = self._wall = 0.0
        self._absent: set[str] = {"insides"} & self._accounts.keys()
        self._urgent: set[str] = set()

    @property
    def share(self) -> float:
        """What watching costs, as a share of the time, 0 to 1."""
        elapsed = self.clock() - self._since
        return min(1.0, (self._cost + self._warming + self._told) / elapsed) if elapsed > 0 else 0.0

    def allow(self, budget: float) -> None:
        """From now on watching may take this share of the time."""
        self.budget = budget

    def began(self, now: float) -> None:
        """The run begins, or goes on after standing still: time before this does not count."""
        self._since, self._wall = self.clock(), now
        self._cost = self._warming = self._told = 0.0
        for account in self._accounts.values():
            account.spent, account.next = 0.0, now
        self.next = now

    def hurry(self) -> None:
        """The next step is to be seen whatever it costs: a person goes step by step, or it is the run's last."""
        self.next, self.asked = -math.inf, True

    def want(self, name: str, wanted: bool, now: float) -> None:
        """Whether an instrument has anything to look at. One that begins to looks once at the next step, whatever it
        costs: a person waits for it; it is then the later looks that wait."""
        if not wanted:
            self._absent.add(name)
            self._urgent.discard(name)
            return
        self._urgent.add(name)
        self._absent.discard(name)
        account = self._accounts[name]
        account.next = now
        account.spent = max(account.spent, min(self._shares(), default=0.0) * account.instrument.share)
        self._settle(now)

    def stepped(self, seconds: float, steps: int) -> None:
        """So many plain steps took so long by the clock."""
        if steps:
            each = seconds / steps
            self.plain = each if not self.plain else 0.7 * self.plain + 0.3 * each

    def due(self, now: float) -> tuple[str, ...]:
        """The instruments that are to look at the step that comes, those first that come first."""
        if self.asked:
            return tuple(name for name in self._accounts if name not in self._absent and name != "timings")
        elapsed = self.clock() - self._since
        found, spending = [], self._spent(elapsed)
        first = self._accounts[self._first]
        if first.next <= now and self._needs(first) <= elapsed:
            found.append(self._first)
            spending += first.cost
        strange = False
        for account in self._waiting(now):
            if spending + account.cost > self._rate(elapsed) * elapsed or (strange and not account.looks):
                break  # the others wait for it: else what is cheap would take all
            strange = strange or not account.looks  # of those whose cost is not known yet, one at a time
            spending += account.cost
            found.append(account.instrument.name)
        found += [name for name in self._urgent if name not in found]
        if not found:
            self._settle(now)
            self.next = max(self.next, now + AGAIN)
        return tuple(found)

    def looked(self, name: str, seconds: float, now: float) -> None:
        """A look of this instrument cost so long beyond a plain step; it ended now."""
        seconds *= 1.0 + AFTER_LOOK
        account = self._accounts[name]
        self.asked = False
        self._urgent.discard(name)
        account.looks += 1
        if account.looks == 1:  # it warms up: what it takes says little of the next
            account.cost = min(seconds, 0.2 * self.budget)
            warmed = min(seconds, WARMED)
            self._warming += warmed
            seconds -= warmed
        else:
            account.cost = seconds if account.looks == 2 else 0.6 * account.cost + 0.4 * seconds
        account.spent += seconds
        account.next = now + account.instrument.interval
        self._cost += seconds
        self._settle(now)

    def sent(self, seconds: float) -> None:
        """Sending events took so long."""
        self._told += (1.0 + AFTER_SENDING) * seconds

    def apart(self, seconds: float, share: float, now: float) -> float:
        """How far apart by the wall things have to be that take so long by the clock, for this share of the time."""
        return seconds / share * self._stretch(now, self.clock())

    def _stretch(self, now: float, at: float) -> float:
        """Seconds of the wall for one of the clock, lately: more than 1 where the machine has other work."""
        wall, busy = now - self._wall, at - self._since
        return wall / busy if 0 < busy < wall else 1.0

    def _needs(self, account: _Account) -> float:
        """How long the run must have gone before there is enough for a look of this instrument."""
        elapsed = self.clock() - self._since
        rate = self._rate(elapsed)
        needs = (self._spent(elapsed) + account.cost) / rate
        if account.instrument.name == self._first:
            room = max(ROOM, 1.0 - self._told / (rate * elapsed)) if elapsed > 0 else 1.0  # what telling leaves
            own = (account.spent + account.cost) / (rate * room * account.instrument.share)
            if not account.looks:
                return 0.0
            return own if self._behind(account) else min(needs, own)
        return needs

    def _rate(self, elapsed: float) -> float:
        """What share of the time since the run began may have been spent by now."""
        return self.budget * (SPENT + (1.0 - SPENT) * max(0.0, 1.0 - elapsed / EARLY))

    def _spent(self, elapsed: float) -> float:
        """What was spent of that: telling is counted up to what it is to leave to looks."""
        return self._cost + min(self._told, (1.0 - ROOM) * self._rate(elapsed) * elapsed)

    def _behind(self, first: _Account) -> bool:
        """Whether another instrument that is due has had less of its share than the first: what is free is for it."""
        used = first.spent / first.instrument.share
        return any(other.spent / other.instrument.share < used for other in self._waiting(first.next))

    def _waiting(self, now: float) -> Sequence[_Account]:
        """Those that are due besides the first, the one that has had least of its share first."""
        names = [name for name in self._accounts if name != self._first and name not in self._absent]
        due = [self._accounts[name] for name in names if self._accounts[name].next <= now]
        return sorted(due, key=lambda account: account.spent / account.instrument.share)

    def _shares(self) -> list[float]:
        return [
            account.spent / account.instrument.share
            for name, account in self._accounts.items()
            if name not in self._absent
        ]

    def _settle(self, now: float) -> None:
        """Say when anything can be due, and forget what is long ago."""
        at = self.clock()
        elapsed, stretch = at - self._since, self._stretch(now, at)
        present = [account for name, account in self._accounts.items() if name not in self._absent]
        blocked = self._waiting(now)[:1]  # the others that are due wait for it
        free = [account for account in present if account.next > now or account.instrument.name == self._first]
        self.next = min(
            (max(account.next, now + (self._needs(account) - elapsed) * stretch) for account in (*free, *blocked)),
            default=math.inf,
        )
        if self._urgent:
            self.next = -math.inf
        dearest = max((account.cost for account in present), default=0.0)
        if elapsed > max(LATELY, SAVED * dearest / self._rate(elapsed)):  # judge by the last seconds
            self._since, self._wall = at - elapsed / 2, (self._wall + now) / 2
            self._cost, self._warming, self._told = self._cost / 2, self._warming / 2, self._told / 2
            for account in self._accounts.values():
                account.spent /= 2

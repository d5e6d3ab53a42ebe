"""Rules that read a run, its network and its data and say what is wrong with the training, why, and what mends it.

``Case`` is all that a rule may look at; ``diagnose(case)`` is what the rules find, the likeliest root first, and
``before_training(case)`` what can be said before the first step. ``Doctor`` follows a run at a gentle pace,
``Rounds`` has it do so in a thread.
``facts_of(data, network)`` is what is known of the data, worked out once (in a thread). ``cures(…)`` are edits and
changes of the plan that mend a finding, each tried before it is offered. May import train, data, compile and graph;
imports no torch and no Qt.
"""

from nnstudio.diagnose.case import Case
from nnstudio.diagnose.causes import Finding, grouped
from nnstudio.diagnose.doctor import Doctor
from nnstudio.diagnose.facts import Facts, facts_of
from nnstudio.diagnose.rounds import Rounds
from nnstudio.diagnose.rules import BEFORE_CODES, RULES, before_training, diagnose

__all__ = [
    "BEFORE_CODES",
    "RULES",
    "Case",
    "Doctor",
    "Facts",
    "Finding",
    "Rounds",
    "before_training",
    "diagnose",
    "facts_of",
    "grouped",
]

"""Rules that read a run's history and say what is wrong with the training and how to mend it.

Each rule is a pure function of a ``History``. May import train; imports no torch and no Qt.
"""

from nnstudio.diagnose.rules import RULES, Doctor, diagnose

__all__ = ["RULES", "Doctor", "diagnose"]

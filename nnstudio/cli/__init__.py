"""The command line (DESIGN 8): arguments, verbs, and what is said when something goes wrong.

Imports neither torch nor Qt before a verb needs it. Exit status: 0 done, 1 the work failed, 2 the call was wrong,
130 interrupted.
"""

from nnstudio.cli.main import main

__all__ = ["main"]

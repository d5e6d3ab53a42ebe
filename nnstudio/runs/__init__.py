"""The run database: every event of every run in a SQLite file, so that an old run can be shown like a live one; and
runs written as files of other programs.

May import train (events, the stream and the history) and layers; imports no torch.
"""

from nnstudio.runs.database import RunDatabase
from nnstudio.runs.errors import RunsError
from nnstudio.runs.recorder import Recorder
from nnstudio.runs.records import RunRecord

__all__ = ["Recorder", "RunDatabase", "RunRecord", "RunsError"]

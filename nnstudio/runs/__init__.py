"""The run database: every event of every run in a SQLite file, so that an old run can be shown like a live one.

May import train (events and the stream) and layers; imports no torch.
"""

from nnstudio.runs.database import RunDatabase, RunRecord, RunsError
from nnstudio.runs.recorder import Recorder

__all__ = ["Recorder", "RunDatabase", "RunRecord", "RunsError"]

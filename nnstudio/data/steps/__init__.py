"""The steps by which data is prepared: declared like layers, saved with the project, learned from training rows alone.

To add a kind, write a `Step` in one of the modules here (or in one of your own, imported below). Importing this package
loads neither NumPy nor polars; what a step does imports them.
"""

from __future__ import annotations

import nnstudio.data.steps.media
import nnstudio.data.steps.numbers
import nnstudio.data.steps.texts
import nnstudio.data.steps.windows  # noqa: F401
from nnstudio.data.steps.base import STEPS as STEPS
from nnstudio.data.steps.base import Step as Step
from nnstudio.data.steps.base import step as step
from nnstudio.data.steps.base import step_from_json as step_from_json
from nnstudio.data.steps.base import step_to_json as step_to_json

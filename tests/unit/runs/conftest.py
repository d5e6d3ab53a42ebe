"""What tests of the run database share stands in `made_up`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

"""The window's fixtures and checks serve here too."""

import importlib.util
import sys
from pathlib import Path

_spec = importlib.util.spec_from_file_location("ui_conftest", Path(__file__).parents[1] / "ui" / "conftest.py")
_module = importlib.util.module_from_spec(_spec)
sys.modules["ui_conftest"] = _module
_spec.loader.exec_module(_module)
globals().update({k: v for k, v in vars(_module).items() if not k.startswith("__")})
sys.path.insert(0, str(Path(__file__).parent))  # for what these tests share in files of their own

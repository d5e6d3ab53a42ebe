"""From process start to a painted window that takes input, as a share of ``python -c "import torch"``.

Both are run in turn, so that what else the machine does weighs on both alike. Prints one JSON line. The floor of
issue 2 is a ratio of at most 0.5.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

WINDOW = """
import gc, sys
gc.disable()
from nnstudio import app
made = app.application()
window = app.open_window()
def seen():
    print("seen", "torch" in sys.modules, flush=True)
    import os
    os._exit(0)
window.painted.connect(seen)
made.exec()
"""


def window_seconds(environment: dict[str, str]) -> float:
    """Seconds until a fresh process tells that its window was painted and its event loop runs."""
    start = time.perf_counter()
    with subprocess.Popen([sys.executable, "-c", WINDOW], stdout=subprocess.PIPE, text=True, env=environment) as child:
        assert child.stdout is not None
        told = child.stdout.readline()
        seconds = time.perf_counter() - start
    if told != "seen False\n":
        raise SystemExit(f"expected a window without torch, got {told!r}")
    return seconds


def torch_seconds(environment: dict[str, str]) -> float:
    """Seconds that ``python -c "import torch"`` takes."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import torch"], check=True, env=environment)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        environment = {"QT_QPA_PLATFORM": "offscreen", **os.environ, "NNSTUDIO_CONFIG_DIR": folder}
        window_seconds(environment), torch_seconds(environment)  # into the file cache
        pairs = [(window_seconds(environment), torch_seconds(environment)) for _ in range(rounds)]
    window, torch = (statistics.median(values) for values in zip(*pairs, strict=True))
    figures = {"window_s": round(window, 3), "import_torch_s": round(torch, 3), "ratio": round(window / torch, 3)}
    print(json.dumps({"benchmark": "startup", **figures, "limit": 0.5}))


if __name__ == "__main__":
    main()

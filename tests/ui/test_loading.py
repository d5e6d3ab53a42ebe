"""When torch comes, and what it leaves to the window."""

from __future__ import annotations

import subprocess
import sys
import threading


def test_the_window_is_painted_before_torch_or_pyqtgraph_is_imported():
    code = (
        "import sys\nfrom nnstudio import app\na = app.application()\nw = app.open_window()\n"
        "w.painted.connect(lambda: (print(sorted({'torch', 'pyqtgraph', 'networkx'} & set(sys.modules))), "
        "sys.stdout.flush(), __import__('os')._exit(0)))\na.exec()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "[]\n", done.stderr


def test_what_works_in_the_background_leaves_a_core_to_the_window(monkeypatch):
    import torch

    from nnstudio.train import environment
    from nnstudio.ui import loading

    before = torch.get_num_threads()
    monkeypatch.setattr(environment, "cores", lambda: 3)
    torch.set_num_threads(3)
    said = []
    try:
        monkeypatch.delattr(torch, "__version__")  # as if it had not been imported yet
        loading.load_torch()
        worker = threading.Thread(target=lambda: said.append(torch.get_num_threads()))
        worker.start()
        worker.join()
        assert said == [2]
        torch.set_num_threads(1)
        loading.load_torch()
        assert torch.get_num_threads() == 1, "fewer, where the person asked for fewer"
    finally:
        torch.set_num_threads(before)

"""What a run leaves unimported: it would take longer than a small run itself."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("optimizer", ["SGD", "Adam", "RMSprop"])
def test_training_does_not_import_torch_s_compiler(optimizer: str) -> None:
    code = f"""
import sys
from dataclasses import replace
from nnstudio.project.project import Project
project = Project.new("line")
project.sheet = replace(project.sheet, plan=project.plan.with_(optimizer={optimizer!r}))
project.train(epochs=3)
print([name for name in ("sympy", "torch._dynamo", "torch._inductor", "torchmetrics") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"

"""What a run leaves unimported: it would take longer than a small run itself."""

from __future__ import annotations

import subprocess
import sys


def test_training_does_not_import_torch_s_compiler() -> None:
    code = """
import sys
from dataclasses import replace
from nnstudio.project.project import Project
for optimizer in ("SGD", "Adam", "RMSprop"):
    project = Project.new("line")
    project.sheet = replace(project.sheet, plan=project.plan.with_(optimizer=optimizer))
    project.train(epochs=3)
    heavy = ("sympy", "torch._dynamo", "torch._inductor", "torchmetrics")
    print(optimizer, [name for name in heavy if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-3:] == ["SGD []", "Adam []", "RMSprop []"]

"""Another package brings a layer: built as a wheel, installed, and used like those of the catalogue."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

USED = """
import nnstudio as nns, torch
from nnstudio.compile.lower import compile_network
from nnstudio.export import source
from nnstudio.layers import layer_from_json, layer_to_json, load

snake = load()["Snake"](frequency=2.0)
assert layer_from_json(layer_to_json(snake)) == snake
net = nns.Network()
x = net.add("Input", shape=(3,), name="x")
y = net.add("Input", shape=(1,), name="y")
guess = net.add("Linear", net.add("Snake", net.add("Linear", x, out_features=4), frequency=2.0), out_features=1)
net.add("MSELoss", prediction=guess, target=y)
net.add("Output", guess, kind="number")
compiled = compile_network(net.network, seed=0)
model, optimizer = compiled.training, torch.optim.SGD(compiled.training.parameters(), 0.05)
x, y = torch.randn(32, 3), torch.randn(32, 1)
losses = []
for _ in range(2):
    (loss,) = [value for key, value in model(x, y).items() if key in compiled.losses]
    optimizer.zero_grad(); loss.backward(); optimizer.step(); losses.append(float(loss))
assert losses[1] < losses[0]
learned = compiled.training.get_submodule("snake").frequency
assert learned.shape == (4,) and not torch.equal(learned, torch.full((4,), 2.0))
text = source(compiled)
assert "class Snake(torch.nn.Module)" in text and "nnstudio_example" not in text
namespace = {}
exec(text, namespace)
print("learned", *losses)
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the plugin's wheel is installed."""
    place = tmp_path_factory.mktemp("plugin")
    shutil.copytree(Path(__file__).resolve().parents[2] / "packaging" / "example-plugin", place / "source")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(place), str(place / "source")]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = place.glob("*.whl")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target"]
    subprocess.run([*pip, str(place / "site"), str(wheel)], check=True, capture_output=True)
    return place / "site"


def run(installed: Path, cwd: Path, *command: str) -> str:
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_XDIST")}
    environment = {**own, "PYTHONPATH": str(installed), "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run([sys.executable, *command], cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def test_its_help_is_that_of_any_layer(installed: Path, checkout: Path) -> None:
    text = run(installed, checkout, "-m", "nnstudio", "layers", "snake")
    assert text.startswith("Snake · Activation\n\nBend periodically")
    assert "y = x + 1 / a sin^2(a x)" in text
    assert "frequency" in text


def test_reading_the_catalogue_with_it_imports_no_torch(installed: Path, checkout: Path) -> None:
    code = "import sys, nnstudio.layers as l; print('Snake' in l.load(), 'torch' in sys.modules)"
    assert run(installed, checkout, "-c", code).split() == ["True", "False"]


def test_it_is_compiled_trained_saved_and_exported(installed: Path, checkout: Path) -> None:
    assert run(installed, checkout, "-c", USED).startswith("learned")


def test_it_passes_the_battery_that_every_layer_passes(installed: Path, checkout: Path) -> None:
    said = run(
        installed, checkout, "-m", "pytest", "tests/contract", "-k", "Snake", "-q", "-p", "no:xdist", "-p",
        "no:cacheprovider",
    )  # fmt: skip
    assert " passed" in said
    assert int(said.strip().splitlines()[-1].split(" passed")[0].split()[-1]) >= 6


def test_without_it_a_project_keeps_the_layer_as_it_was_saved() -> None:
    from nnstudio.layers import Placeholder, layer_from_json, layer_to_json

    saved = {"type": "Snake", "version": 1, "parameters": {"frequency": 2.0}}
    read = layer_from_json(saved)
    assert isinstance(read, Placeholder)
    assert layer_to_json(read) == saved
    assert "a plugin or a newer version may bring it" in read.reason

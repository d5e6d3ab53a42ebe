"""An answer that is a sound: samples from −1 to 1 at the data's rate."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nnstudio.data import describe_file, open_data
from nnstudio.data.dataset import Dataset
from nnstudio.graph import Network
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.project.answers import answers


@pytest.fixture
def sounds(tmp_path: Path) -> Dataset:
    values = (8000 * np.sin(np.arange(20 * 400).reshape(20, 400))).astype(np.int16)
    np.savez(tmp_path / "s.npz", noisy=values, clean=values)
    reference = describe_file(tmp_path / "s.npz").with_(options={"format": "npz", "rate": 4000}, types={})
    reference = reference.with_choice("noisy", kind="sound", role="input")
    return open_data(reference.with_choice("clean", kind="sound", role="target", scaling="standardise").with_(types={}))


def network(kind: str) -> Network:
    net = NetworkBuilder()
    noisy, clean = net.add("Input", field="noisy"), net.add("Input", field="clean")
    made = net.add("Conv1d", noisy, out_channels=1, kernel_size=3, padding="same")
    net.add("L1Loss", made, clean)
    net.add("Output", made, kind=kind, name="heard")
    return net.network


@pytest.mark.parametrize("kind", ["sound", "values"])
def test_a_sound_that_was_scaled_is_answered_as_it_stands_in_the_file(sounds, kind):
    encoded = sounds.arrays("train")["clean"][:1]
    raw = sounds.columns["clean"].values[sounds.indices("train")[:1]] / 32768
    (row,) = answers(network(kind), sounds, {"heard": encoded})
    assert row["heard"]["rate"] == 4000
    assert np.allclose(row["heard"]["sound"], raw[0], atol=1e-4)


def test_a_sound_of_another_length_than_the_data_s_is_answered_as_it_is(sounds):
    (row,) = answers(network("sound"), sounds, {"heard": np.full((1, 7), 0.5, np.float32)})
    assert row["heard"] == {"sound": [[0.5] * 7], "rate": 4000}


def test_without_data_a_sound_has_no_rate():
    (row,) = answers(network("sound"), None, {"heard": np.zeros((1, 1, 3), np.float32)})
    assert row["heard"] == {"sound": [[0.0, 0.0, 0.0]]}

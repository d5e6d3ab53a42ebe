"""A network that is suggested for sounds hears pitches over time, where there are any."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from nnstudio.compile.resolve import resolve
from nnstudio.data.dataset import Dataset
from nnstudio.data.opening import open_file
from nnstudio.project.project import Project
from nnstudio.project.suggesting import suggest


def sweeps(folder: Path, rate: int, seconds: float, count: int = 96) -> Dataset:
    """Tones that rise, and tones that fall, over the same pitches and from any phase."""
    random = np.random.default_rng(3)
    for place in range(count):
        kind = ("rising", "falling")[place % 2]
        low, high = sorted(random.uniform(0.03 * rate, 0.3 * rate, 2))
        pitch = (
            np.linspace(low, high, round(rate * seconds))
            if kind == "rising"
            else np.linspace(high, low, round(rate * seconds))
        )
        tone = 0.5 * np.sin(2 * np.pi * np.cumsum(pitch) / rate + random.uniform(0, 6.28))
        tone += random.normal(0, 0.05, len(tone))
        (folder / kind).mkdir(parents=True, exist_ok=True)
        with wave.open(str(folder / kind / f"{place}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(rate)
            file.writeframes((tone * 20_000).astype("<i2").tobytes())
    return open_file(folder)


def types(dataset: Dataset) -> list[str]:
    sheet = suggest(dataset).sheet
    assert resolve(sheet.network, dataset.types).problems == ()
    return [node.layer.type_name() for node in sheet.network.nodes.values()]


def test_sounds_are_read_by_their_pitches_over_time_and_told_apart(tmp_path: Path) -> None:
    dataset = sweeps(tmp_path / "sweeps", 8_000, 0.5)
    found = suggest(dataset)
    assert any("its pitches over time" in sentence for sentence in found.told)
    assert {"MelSpectrogram", "Conv2d"} <= set(types(dataset))
    project = Project(found.sheet)
    project.sheet = type(found.sheet)(
        found.sheet.network, found.sheet.view, found.sheet.plan.with_(epochs=12), dataset.reference
    )
    project.train()
    assert project.evaluate("test")["accuracy"] >= 0.9


@pytest.mark.parametrize(("rate", "seconds"), [(8_000, 0.1), (1_000, 2.0)], ids=["a click", "a slow signal"])
def test_where_no_pitch_is_heard_filters_run_over_the_signal_itself(tmp_path: Path, rate: int, seconds: float) -> None:
    found = set(types(sweeps(tmp_path / "short", rate, seconds, 24)))
    assert "Conv1d" in found
    assert "MelSpectrogram" not in found


def test_a_long_sound_makes_a_picture_of_some_hundred_moments(tmp_path: Path) -> None:
    dataset = sweeps(tmp_path / "long", 16_000, 8.0, 12)
    sheet = suggest(dataset).sheet
    known = resolve(sheet.network, dataset.types)
    shown = sheet.network.named("spectrogram")
    outputs = known.nodes[shown.id].outputs
    assert outputs is not None
    assert 300 <= outputs["output"].last() <= 402

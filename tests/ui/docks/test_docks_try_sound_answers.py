"""A network whose answer is a sound: seen as a wave over seconds, listened to, and saved."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from nnstudio.data import describe_file, open_data
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.project.project import Project
from nnstudio.project.schema import Sheet
from nnstudio.train.plan import Plan
from nnstudio.ui import playing
from nnstudio.ui.docks.try_answers import AnswersView
from nnstudio.ui.docks.try_panel import TryPanel
from nnstudio.ui.docks.try_sound import SoundAnswer
from nnstudio.ui.session import Session

LEFT = Qt.MouseButton.LeftButton
RATE, LENGTH = 8000, 2000
ANSWER = {"sound": [[0.0, 0.5, -0.25] * 800], "rate": RATE}


@pytest.fixture
def cleaning(tmp_path: Path) -> Path:
    """A trained project that takes the noise out of sounds: their samples are 16 bit."""
    random = np.random.default_rng(0)
    tones = np.sin(2 * np.pi * random.uniform(200, 900, (40, 1)) * np.arange(LENGTH) / RATE)
    clean = (12_000 * tones).astype(np.int16)
    noisy = (clean + random.normal(0, 900, clean.shape)).astype(np.int16)
    np.savez(tmp_path / "tones.npz", noisy=noisy, clean=clean)
    reference = describe_file(tmp_path / "tones.npz", tmp_path).with_(options={"format": "npz", "rate": RATE}, types={})
    reference = reference.with_choice("noisy", kind="sound", role="input")
    reference = reference.with_choice("clean", kind="sound", role="target").with_(types={})
    reference = open_data(reference, tmp_path).reference
    net = NetworkBuilder()
    noisy_, clean_ = net.add("Input", field="noisy"), net.add("Input", field="clean")
    made = net.add("Conv1d", noisy_, out_channels=1, kernel_size=9, padding="same")
    net.add("MSELoss", made, clean_)
    net.add("Output", made, kind="sound", name="cleaned")
    project = Project(Sheet(net.network, data=reference, plan=Plan(epochs=2, device="cpu")), tmp_path / "c.nnstudio")
    project.train()
    return project.save(tmp_path / "c.nnstudio")


def part(view: AnswersView, name: str) -> SoundAnswer:
    found = view._parts[name]["answer"]
    assert isinstance(found, SoundAnswer)
    return found


def shown(qtbot, view: AnswersView) -> SoundAnswer:
    qtbot.addWidget(view)
    view.resize(420, 260)
    view.show_answers({"out": ANSWER})
    view.show()
    qtbot.waitExposed(view)
    return part(view, "out")


def test_a_sound_is_a_wave_over_seconds_and_not_a_word(qtbot, monkeypatch):
    monkeypatch.setattr(playing, "can_play", lambda: False)
    view = AnswersView()
    answer = shown(qtbot, view)
    assert view.headlines == {"out": ""}
    assert answer.wave.accessibleDescription() == "0.30 seconds, 8,000 samples a second"
    assert answer.listening.play.isHidden()
    assert answer.listening.silent.text() == playing.NO_PLAYER
    view.show_answers({"out": {**ANSWER, "rate": 16_000}})
    assert part(view, "out") is answer, "it is the same widget as long as the answer is of the same kind"
    assert answer.wave.accessibleDescription() == "0.15 seconds, 16,000 samples a second"


def test_a_sound_with_numbers_that_are_none_is_shown_as_silence_there(qtbot):
    view = AnswersView()
    answer = shown(qtbot, view)
    view.show_answers({"out": {"sound": [[0.5, float("nan"), float("inf")]], "rate": RATE}})
    assert answer.wave.samples.tolist() == [[0.5, 0.0, 0.0]]
    view.grab()


def test_the_answer_is_played_as_it_is_shown(qtbot, monkeypatch):
    monkeypatch.setattr(playing, "can_play", lambda: True)
    view = AnswersView()
    answer = shown(qtbot, view)
    heard = []
    monkeypatch.setattr(answer.listening.playing, "play", lambda samples, rate: heard.append((samples.shape, rate)))
    QTest.mouseClick(answer.listening.play, LEFT)
    assert heard == [((1, 2400), RATE)]
    answer.listening._soon.stop()


def test_the_answer_is_saved_as_a_wav_file_and_a_folder_that_is_not_there_is_told(qtbot, tmp_path, monkeypatch):
    view = AnswersView()
    answer = shown(qtbot, view)
    places = [tmp_path / "out", tmp_path / "nowhere" / "out.wav"]
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(places[0]), ""))
    QTest.mouseClick(answer.save, LEFT)
    with wave.open(str(tmp_path / "out.wav")) as file:
        assert (file.getframerate(), file.getnframes()) == (RATE, 2400)
        assert np.frombuffer(file.readframes(3), "<i2").tolist() == [0, 16384, -8192]
    places.pop(0)
    QTest.mouseClick(answer.save, LEFT)
    assert answer.told.text().startswith("out.wav cannot be written")


def test_a_network_that_cleans_sounds_answers_with_one_at_the_data_s_rate(qapp, qtbot, cleaning):
    assert qapp is not None
    session = Session()
    try:
        session.open(cleaning)
        qtbot.waitUntil(lambda: session.settled and session.dataset is not None, timeout=60_000)
        panel = TryPanel(session)
        qtbot.addWidget(panel)
        panel.resize(1000, 320)
        panel.show()
        qtbot.waitUntil(lambda: bool(panel.answers.headlines), timeout=60_000)
        wave_ = part(panel.answers, "cleaned").wave
        assert wave_.samples.shape == (1, LENGTH)
        assert wave_.accessibleDescription() == "0.25 seconds, 8,000 samples a second"
        before = wave_.samples.copy()
        panel.trying.put("noisy", np.zeros((1, LENGTH), np.float32))
        qtbot.waitUntil(lambda: not np.array_equal(wave_.samples, before), timeout=60_000)
        assert np.ptp(wave_.samples[:, 20:-20]) < 1e-6, "silence is answered with one value"
        panel.hide()
    finally:
        session.shut_down()

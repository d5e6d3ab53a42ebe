"""`nnstudio predict` with files of the kinds that are trained from, and answers that are sounds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from nnstudio.data import describe_file, open_data
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.project.project import Project
from nnstudio.project.sheet import Sheet
from nnstudio.project.suggesting import suggest
from nnstudio.train.plan import Plan

if TYPE_CHECKING:
    from table_project import Said


def test_a_parquet_file_without_the_target_is_answered_as_a_row_would_be(
    say: Callable[..., Said], trained: str
) -> None:
    pl.DataFrame({"a": [0.5, -1.0], "b": [1.0, 2.0]}).write_parquet("ask.parquet")
    status, lines, told = say("predict", trained, "ask.parquet", "--json")
    assert (status, told) == (0, [])
    _, expected, _ = say("predict", trained, '[{"a": 0.5, "b": 1}, {"a": -1, "b": 2}]', "--json")
    assert [json.loads(line)["outputs"] for line in lines] == [json.loads(line)["outputs"] for line in expected]


def test_a_table_that_lacks_a_column_is_told_in_one_sentence(refused: Callable[..., str], trained: str) -> None:
    pl.DataFrame({"a": [0.5]}).write_parquet("ask.parquet")
    assert refused("predict", trained, "ask.parquet") == "The prediction needs a, b; what was given has a."
    pl.DataFrame({"c": [0.5]}).write_parquet("ask.parquet")
    assert refused("predict", trained, "ask.parquet") == "The prediction needs “a”, “b”; ask.parquet has “c”."


def test_a_network_that_writes_goes_on_with_the_text_of_a_file(say: Callable[..., Said]) -> None:
    Path("rhyme.txt").write_text("the cat sat on the mat and the dog lay on the log\n" * 20)
    project = Project(suggest(open_data(describe_file("rhyme.txt", Path.cwd()), Path.cwd())).sheet, Path("w.nnstudio"))
    project.train(epochs=12)
    project.save("w.nnstudio")
    Path("prompt.txt").write_text("the dog\n")
    status, lines, _ = say("predict", "w.nnstudio", "prompt.txt", "--json")
    assert status == 0
    from_row = say("predict", "w.nnstudio", '{"text": "the dog"}', "--json")[1]
    assert json.loads(lines[0])["outputs"] == json.loads(from_row[0])["outputs"]
    from_nothing = say("predict", "w.nnstudio", "{}", "--json")[1]
    assert json.loads(lines[0])["outputs"] != json.loads(from_nothing[0])["outputs"]
    status, _, sentence = say("predict", "w.nnstudio", '{"other": ""}')
    assert status == 1
    assert "needs “text”; what was given has “other”" in sentence[0]


def test_a_sound_is_told_by_its_length_and_its_samples_are_there_for_a_program(say: Callable[..., Said]) -> None:
    values = (9000 * np.sin(np.arange(30 * 400).reshape(30, 400))).astype(np.int16)
    np.savez("s.npz", noisy=values, clean=values)
    reference = describe_file("s.npz", Path.cwd()).with_(options={"format": "npz", "rate": 4000}, types={})
    reference = reference.with_choice("noisy", kind="sound", role="input")
    reference = reference.with_choice("clean", kind="sound", role="target").with_(types={})
    net = NetworkBuilder()
    noisy, clean = net.add("Input", field="noisy"), net.add("Input", field="clean")
    made = net.add("Conv1d", noisy, out_channels=1, kernel_size=3, padding="same")
    net.add("L1Loss", made, clean)
    net.add("Output", made, kind="sound", name="heard")
    project = Project(Sheet(net.network, data=reference, plan=Plan(epochs=1, device="cpu")), Path("s.nnstudio"))
    project.train()
    project.save("s.nnstudio")
    np.savez("ask.npz", noisy=values[:1])
    assert say("predict", "s.nnstudio", "ask.npz")[:2] == (0, ["heard a sound of 0.10 s"])
    answer = json.loads(say("predict", "s.nnstudio", "ask.npz", "--json")[1][0])["outputs"]["heard"]
    assert answer["rate"] == 4000
    assert np.shape(answer["sound"]) == (1, 400)

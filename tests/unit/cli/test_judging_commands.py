"""`nnstudio evaluate` with figures by class, by group and under attack, and `nnstudio predict --explain`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nnstudio.cli.main import main

ROW = {"worst_radius": 15, "worst_texture": 20, "worst_smoothness": 0.1, "worst_concavity": 0.3}
Asked = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = str(tmp_path_factory.mktemp("judging") / "net.nnstudio")
    assert main(["new", "small-net", "-o", path]) == 0
    assert main(["train", path, "--epochs", "4"]) == 0
    return path


@pytest.fixture
def asked(project: str, capsys: pytest.CaptureFixture[str]) -> Asked:
    def ask(*options: str) -> list[dict[str, Any]]:
        capsys.readouterr()
        assert main(["evaluate", project, "--json", *options]) == 0
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return ask


@pytest.fixture
def told(project: str, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def ask(*options: str) -> str:
        capsys.readouterr()
        assert main(["evaluate", project, *options]) == 0
        return capsys.readouterr().out

    return ask


@pytest.fixture
def refused(project: str, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def ask(*options: str, verb: str = "evaluate") -> str:
        capsys.readouterr()
        assert main([verb, project, *options]) in (1, 2)
        captured = capsys.readouterr()
        assert captured.err.startswith("nnstudio: ")
        assert captured.err.count("\n") == 1
        return captured.err

    return ask


def test_the_confusion_of_each_class_adds_up_to_its_samples(asked: Asked) -> None:
    whole, *classes, calibrated = asked("--confusion")
    assert [each["class"] for each in classes] == ["benign", "malignant"]
    for each in classes:
        assert sum(each["taken_for"].values()) == each["count"]
        assert each["taken_for"].get(each["class"], 0) == pytest.approx(each["recall"] * each["count"])
    assert sum(each["count"] for each in classes) == whole["samples"]
    right = sum(each["taken_for"].get(each["class"], 0) for each in classes)
    assert right == pytest.approx(whole["accuracy"] * whole["samples"])
    assert 0 <= calibrated["expected_calibration_error"] <= 1


def test_groups_come_worst_first_with_their_ranges_and_the_whole_last(asked: Asked) -> None:
    first, *found = asked("--slices", "worst_texture", "--slices", "class")
    texture = [each for each in found if each["slices"] == "worst_texture" and "group" in each]
    assert texture[-1]["group"] is None
    assert texture[-1]["figures"]["accuracy"]["value"] == pytest.approx(first["accuracy"])
    values = [each["figures"]["accuracy"]["value"] for each in texture[:-1]]
    assert values == sorted(values)
    assert sum(each["count"] for each in texture[:-1]) == first["samples"]
    for each in texture:
        figure = each["figures"]["accuracy"]
        assert figure["low"] <= figure["value"] <= figure["high"]
    assert {each["group"] for each in found if each["slices"] == "class" and "group" in each} >= {"benign", "malignant"}


def test_an_attack_tells_each_strength_and_what_noise_of_its_size_does(asked: Asked) -> None:
    _, none, strong, summary = asked("--attack", "fgsm", "--strength", "2", "--strength", "0", "--rows", "40")
    assert (none["strength"], strong["strength"]) == (0.0, 2.0)
    assert none["accuracy"] == none["under_noise"]
    assert strong["accuracy"] < strong["under_noise"]
    assert summary["rows"] == 40
    assert summary["fooled"] > 0


def test_a_person_reads_tables(told: Callable[..., str]) -> None:
    said = told("--confusion", "--worst", "3", "--slices", "class", "--attack", "pgd", "--norm", "2", "--rows", "16")
    for part in ("precision", "AUC", "Worst rows", "95 % confidence", "under noise of that size", "PGD, L2, 16 rows"):
        assert part in said
    assert said.splitlines()[0].startswith("test (")


def test_explaining_says_how_much_each_column_counts(project: str, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["predict", project, json.dumps(ROW), "--explain", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    why = answer["explained"]
    assert why["class"] == answer["outputs"]["answer"]["class"]
    counts = why["fields"]["features"]
    assert counts["names"] == list(ROW)
    assert sum(counts["values"]) == pytest.approx(why["score"] - why["baseline"], rel=0.05)
    assert main(["predict", project, json.dumps(ROW), "--explain", "occlusion"]) == 0
    assert "worst_concavity" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--slices", "worst_textur"), "did you mean “worst_texture”"),
        (("--slices", "class", "--by", "charm"), "There is no figure “charm”"),
        (("--strength", "0.1"), "add --attack fgsm or --attack pgd"),
        (("--attack", "fgsm", "--strength", "-1"), "must be a number from 0 up"),
        (("--attack", "fgsm", "--strength", "much"), "a number was expected, not “much”"),
        (("--worst", "none"), "a whole number from 1 up was expected"),
        (("--confusion", "--output", "nothing"), "There is no output “nothing”"),
    ],
)
def test_what_cannot_be_asked_is_said_in_one_sentence(
    refused: Callable[..., str], options: tuple[str, ...], sentence: str
) -> None:
    assert sentence in refused(*options)


def test_a_project_that_was_not_trained_is_not_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(tmp_path / "net.nnstudio")
    assert main(["new", "small-net", "-o", path]) == 0
    assert main(["evaluate", path, "--confusion"]) == 1
    assert "train it first" in capsys.readouterr().err

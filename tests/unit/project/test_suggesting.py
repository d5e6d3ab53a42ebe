"""A network that is suggested for data: it has no problem, fits a screen, and learns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nnstudio.compile.resolve import resolve
from nnstudio.data import DataError, DataReference, describe_file, open_data, shipped_reference
from nnstudio.data.dataset import Dataset
from nnstudio.project.project import Project
from nnstudio.project.suggesting import suggest
from nnstudio.project.suggesting.drawing import Drawing
from nnstudio.project.suggesting.reading import Size, vector


def arrays(tmp_path: Path, **columns: np.ndarray) -> Dataset:
    path = tmp_path / "made.npz"
    np.savez(path, **columns)
    return open_data(describe_file(path))


def layers(dataset: Dataset) -> list[str]:
    sheet = suggest(dataset).sheet
    resolution = resolve(sheet.network, (open_data(sheet.data) if sheet.data.steps else dataset).types)
    assert resolution.problems == ()
    at = sheet.view.positions
    assert at.keys() == sheet.network.nodes.keys()
    assert len(set(at.values())) == len(at)
    assert max(x for x, _ in at.values()) <= 4 * 240
    return [type(node.layer).__name__ for node in sheet.network.nodes.values()]


def trained(dataset: Dataset, **plan: object) -> dict[str, float]:
    project = Project(suggest(dataset).sheet)
    project.sheet = type(project.sheet)(
        project.network, project.sheet.view, project.plan.with_(**plan), dataset.reference
    )
    project.train()
    return project.evaluate("validation")


def test_a_table_with_classes_gets_hidden_layers_a_score_for_each_class_and_learns() -> None:
    iris = open_data(shipped_reference("iris"))
    assert {"Linear", "CrossEntropyLoss", "Accuracy", "Output"} <= set(layers(iris))
    assert trained(iris)["accuracy"] >= 0.9


def test_pictures_get_convolutions_and_learn() -> None:
    digits = open_data(shipped_reference("digits"))
    assert "Conv2d" in layers(digits)
    assert trained(digits, epochs=5)["accuracy"] >= 0.9


@pytest.mark.parametrize(
    ("rows", "epochs", "edge", "filters"),
    [
        (2_000, 60, 16, [32, 64]),
        (80_000, 7, 16, [64, 128]),  # more rows allow more
        (80_000, 7, 32, [32, 64, 128]),  # but not what would take hours
        (2_000, 32, 224, [16, 32, 64, 128, 256]),
        (1_000_000, 5, 224, [8, 16, 32, 64, 128]),  # something is left of it whatever it takes
    ],
)
def test_pictures_get_no_wider_layers_than_are_trained_in_half_an_hour(
    tmp_path: Path, rows: int, epochs: int, edge: int, filters: list[int]
) -> None:
    dataset = arrays(tmp_path, x=np.zeros((20, 3, edge, edge), np.uint8), y=np.arange(20, dtype=np.int64) % 2)
    drawing = Drawing()
    vector(drawing, dataset, dataset.fields["image"], Size(rows, rows * epochs))
    layers = [node.layer for node in drawing.network.nodes.values()]
    assert [layer.out_channels for layer in layers if type(layer).__name__ == "Conv2d"] == filters


def test_a_number_is_guessed_as_a_number(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(400, 3))
    path = tmp_path / "line.csv"
    rows = "\n".join(",".join(f"{value:.4f}" for value in (*row, row @ (1.0, -2.0, 0.5))) for row in x)
    path.write_text("a,b,c,y\n" + rows)
    data = open_data(describe_file(path))
    assert {"MSELoss", "R2"} <= set(layers(data))
    assert trained(data)["explained"] >= 0.9


def test_rare_classes_count_more() -> None:
    cancer = open_data(shipped_reference("breast_cancer"))
    loss = next(node for node in suggest(cancer).sheet.network.nodes.values() if node.layer.role == "loss")
    assert loss.layer.class_weights is None  # a third of the rows is not rare


def test_rare_classes_are_weighted_so_that_all_count_alike(tmp_path: Path) -> None:
    label = np.array([0] * 180 + [1] * 20)
    made = arrays(tmp_path, x=np.random.default_rng(0).normal(size=(200, 4)).astype(np.float32), label=label)
    loss = next(node for node in suggest(made).sheet.network.nodes.values() if node.layer.role == "loss")
    common, rare = loss.layer.class_weights
    assert rare / common == pytest.approx(9, rel=0.1)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((6,), "Linear"), ((20, 3), "GRU"), ((1, 12, 12), "Conv2d"), ((3, 33, 47), "Conv2d"), ((1, 5, 5), "Linear")],
)
def test_every_shape_of_input_has_its_reader(tmp_path: Path, shape: tuple[int, ...], expected: str) -> None:
    x = np.random.default_rng(0).normal(size=(60, *shape)).astype(np.float32)
    assert expected in layers(arrays(tmp_path, x=x, label=np.arange(60) % 3))


def test_where_nothing_is_to_be_predicted_the_input_is_rebuilt(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(60, 12)).astype(np.float32)
    data = open_data(DataReference.file(_saved(tmp_path, x=x)).with_choice("x", role="input"))
    assert layers(data).count("Input") == 1


def test_texts_become_tokens_and_what_stands_beside_them_is_predicted(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    words = {"good": ["lovely", "great", "fine"], "bad": ["awful", "poor", "stale"]}
    rows = ["review,mood"]
    for place in range(300):
        mood = ("good", "bad")[place % 2]
        chosen = [*random.choice(["the", "soup", "was", "it", "and", "bread"], 6), random.choice(words[mood])]
        rows.append(" ".join(random.permutation(chosen)) + f",{mood}")
    path = tmp_path / "reviews.csv"
    path.write_text("\n".join(rows))
    data = open_data(describe_file(path))
    found = suggest(data)
    assert [step.kind for step in found.sheet.data.steps] == ["tokens"]
    project = Project(found.sheet)
    assert project.check().problems == ()
    project.train(epochs=4)
    assert project.evaluate("validation")["accuracy"] >= 0.9
    assert project.predict({"review": ["the soup was awful", "lovely bread"]})[0]["answer"]["class"] == "bad"


def test_a_text_alone_is_continued(tmp_path: Path) -> None:
    path = tmp_path / "prose.txt"
    path.write_text("the cat sat on the mat and the dog lay on the log\n" * 200)
    found = suggest(open_data(describe_file(path)))
    project = Project(found.sheet)
    assert project.check().problems == ()
    project.train(epochs=15)
    assert project.evaluate("validation")["loss"] < 1.0


WORDS = {"the": "le", "cat": "chat", "dog": "chien", "eats": "mange", "sees": "voit", "bread": "pain"}


def test_a_text_is_written_from_another_and_read_word_by_word(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    sentences = [random.choice(list(WORDS), random.integers(3, 6)) for _ in range(400)]
    rows = [f"{' '.join(said)},{' '.join(WORDS[word] for word in said)}" for said in sentences]
    path = tmp_path / "pairs.csv"
    path.write_text("english,french\n" + "\n".join(rows))
    data = open_data(describe_file(path))
    assert {"GRU", "MultiheadAttention", "SequenceCrossEntropyLoss"} <= set(layers(data))
    project = Project(suggest(data).sheet)
    project.train(epochs=12)
    assert project.predict({"english": ["the dog sees the cat"]})[0]["answer"]["text"] == "le chien voit le chat"


def test_short_texts_are_taken_apart_into_characters_where_one_is_to_be_written(tmp_path: Path) -> None:
    path = tmp_path / "plurals.csv"
    path.write_text("one,many\n" + "\n".join(f"{a}{b}o,{a}{b}oes" for a in "abcdefgh" for b in "klmnprst"))
    found = suggest(open_data(describe_file(path).with_choice("many", role="target")))
    assert [step.by for step in found.sheet.data.steps] == ["characters", "characters"]


def test_each_word_is_labelled_where_a_label_stands_beside_it(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    animals, sentences = {"dog", "cat"}, [random.choice(list(WORDS), random.integers(3, 8)) for _ in range(300)]
    said = ["\n".join(f"{word} {'B-ANIMAL' if word in animals else 'O'}" for word in words) for words in sentences]
    path = tmp_path / "words.conll"
    path.write_text("\n\n".join(said))
    data = open_data(describe_file(path))
    assert "SequenceCrossEntropyLoss" in layers(data)
    assert "Permute" not in layers(data)
    assert trained(data, epochs=6)["accuracy"] >= 0.99


def test_boxes_are_found_in_pictures() -> None:
    data = open_data(shipped_reference("digit-scenes"))
    assert {"HeatmapLoss", "BoxLoss", "PeakBoxes", "MeanAveragePrecision"} <= set(layers(data))


def test_data_that_no_network_can_read_is_told_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "names.csv"
    path.write_text("name,kind\n" + "\n".join(f"person{n},{'ab'[n % 2]}" for n in range(60)))
    data = open_data(describe_file(path).with_choice("name", kind="text").with_choice("kind", role="target"))
    with pytest.raises(DataError, match="role input"):
        suggest(data)


def dated(tmp_path: Path, names: str, days: int = 300, chance: int = 0) -> DataReference:
    """A table with a column of days, and columns of numbers."""
    random = np.random.default_rng(chance)
    day = np.datetime64("2022-01-03")
    rows = [[str(day + place), *(f"{value:.3f}" for value in random.random(names.count(",")))] for place in range(days)]
    path = tmp_path / "dated.csv"
    path.write_text("\n".join([names, *map(",".join, rows)]))
    return describe_file(path)


def test_a_date_becomes_numbers_beside_the_others(tmp_path: Path) -> None:
    data = open_data(dated(tmp_path, "when,size,price", 400))
    found = suggest(data)
    (step,) = found.sheet.data.steps
    assert (step.kind, step.column, step.year, step.hour) == ("dates", "when", True, False)
    assert {"size", "when_year", "when_month_sin"} <= set(found.dataset.fields["features"].columns)
    assert "“when” is a date: 5 numbers are made of it" in found.told
    assert {"MSELoss", "R2"} <= set(layers(data))


def test_a_number_is_predicted_from_its_date_alone_where_it_is_the_target(tmp_path: Path) -> None:
    data = open_data(dated(tmp_path, "when,price").with_choice("price", role="target"))
    assert {"Linear", "MSELoss"} <= set(layers(data))
    project = Project(suggest(data).sheet)
    project.train(epochs=1)
    assert "answer" in project.predict({"when": ["2022-05-01"]})[0]


def test_a_date_is_nothing_that_a_network_answers_with(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="“when” holds dates, .* a column of numbers in its place, such as the days"):
        suggest(open_data(dated(tmp_path, "when,size,price").with_choice("when", role="target")))


def test_a_date_that_is_ignored_stays_so(tmp_path: Path) -> None:
    data = open_data(dated(tmp_path, "when,size,price").with_choice("when", role="ignored"))
    assert suggest(data).sheet.data.steps == ()


def test_a_column_of_one_date_makes_no_numbers(tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    path.write_text("when,size,price\n" + "\n".join(f"2024-01-01,{n % 7}.5,{n}.25" for n in range(60)))
    assert suggest(open_data(describe_file(path))).sheet.data.steps == ()


def test_a_series_of_which_nothing_is_said_is_forecast_from_windows(tmp_path: Path) -> None:
    data = open_data(dated(tmp_path, "when,price"))
    found = suggest(data)
    assert [(step.kind, step.past, step.order) for step in found.sheet.data.steps] == [("windows", 24, "when")]
    assert found.sheet.data.split.by_time
    assert {"GRU", "MSELoss"} <= set(layers(data))
    project = Project(found.sheet)
    project.train(epochs=1)
    assert np.isfinite(project.evaluate("test")["loss"])


def test_a_table_that_is_split_by_time_is_forecast_from_windows(tmp_path: Path) -> None:
    reference = dated(tmp_path, "when,size,price")
    data = open_data(reference.with_(split=reference.split.with_(by_time=True, time_column="when")))
    (step,) = suggest(data).sheet.data.steps
    assert (step.kind, step.target) == ("windows", "price")
    assert "GRU" in layers(data)


def test_numbers_with_dates_far_and_near_are_no_series(tmp_path: Path) -> None:
    reference = dated(tmp_path, "when,price", 200)
    lines = (tmp_path / "dated.csv").read_text().splitlines()
    (tmp_path / "dated.csv").write_text("\n".join([lines[0], *(lines[1 + n * n // 200] for n in range(200))]))
    found = suggest(open_data(reference.with_(sha256="")))
    assert [step.kind for step in found.sheet.data.steps] == ["dates"]
    assert found.dataset.fields["price"].role == "target"


@pytest.mark.parametrize("edge", [4, 8, 12])
def test_volumes_get_convolutions_in_three_directions(tmp_path: Path, edge: int) -> None:
    x = np.random.default_rng(0).normal(size=(40, 1, edge, edge, edge)).astype(np.float32)
    made = arrays(tmp_path, x=x, y=np.arange(40) % 2)
    assert {"Conv3d", "BatchNorm3d", "AdaptiveAvgPool3d", "CrossEntropyLoss"} <= set(layers(made))
    assert any("a volume" in sentence for sentence in suggest(made).told)
    assert np.isfinite(trained(made, epochs=1)["loss"])


def test_masks_are_judged_by_how_well_areas_overlap(tmp_path: Path) -> None:
    from PIL import Image

    random = np.random.default_rng(0)
    for part in ("images", "masks"):
        (tmp_path / "m" / part).mkdir(parents=True)
    for place in range(20):
        mask = (random.random((8, 8)) > 0.7).astype(np.uint8)
        Image.fromarray((mask * 200).astype(np.uint8)).save(tmp_path / "m" / "images" / f"{place}.png")
        Image.fromarray(mask).save(tmp_path / "m" / "masks" / f"{place}.png")
    data = open_data(describe_file(tmp_path / "m"))
    assert {"MeanIoU", "Accuracy", "CrossEntropyLoss"} <= set(layers(data))
    assert 0.0 <= trained(data, epochs=1)["overlap"] <= 1.0


def test_a_target_of_one_class_is_told_and_nothing_is_drawn(tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    path.write_text("a,b\n1,x\n2,x\n")
    with pytest.raises(DataError, match="another class"):
        suggest(open_data(describe_file(path)))


def _saved(tmp_path: Path, **columns: np.ndarray) -> Path:
    path = tmp_path / "alone.npz"
    np.savez(path, **columns)
    return path

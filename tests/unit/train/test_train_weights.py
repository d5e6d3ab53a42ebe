"""A column with the role weight says how much each row counts; one with the role group keeps rows together."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from nnstudio import cli
from nnstudio.compile.lower import CompileError, compile_network
from nnstudio.data import DataError, describe_file, open_data
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.nn.losses import CTCLoss
from nnstudio.nn.losses_areas import FocalLoss
from nnstudio.nn.losses_padded import MaskedLoss, SequenceCrossEntropyLoss
from nnstudio.nn.weighting import SampleWeighted
from nnstudio.project.project import Project
from nnstudio.project.schema import project_to_json
from nnstudio.project.sheet import Sheet
from nnstudio.train.evaluate import evaluate
from nnstudio.train.plan import Plan


def table(path, weights=lambda _: 1.0):
    draw = np.random.default_rng(0)
    lines = ["a,b,patient,trust,kind"]
    for row in range(80):
        a, b = draw.random(2)
        lines.append(f"{a:.4f},{b:.4f},p{row // 4},{weights(row)},{'xy'[int(a > b)]}")
    path.write_text("\n".join(lines) + "\n")
    return path


def opened(path, role="weight"):
    reference = describe_file(path)
    for name, chosen in (("kind", "target"), ("patient", "group"), ("trust", role)):
        reference = reference.with_choice(name, role=chosen)
    return open_data(reference.with_(types={}))


def network(loss="CrossEntropyLoss", **options):
    net = NetworkBuilder()
    scores = net.add("Linear", net.add("Input", field="features"), out_features=2, name="scores")
    net.add(loss, scores, net.add("Input", field="kind"), name="loss", **options)
    net.add("Output", scores, kind="class scores", name="answer")
    return net.network


def test_a_column_of_weights_and_of_groups_is_not_fed_to_the_network(tmp_path):
    data = opened(table(tmp_path / "t.csv"))
    assert data.fields["features"].columns == ("a", "b")
    assert "patient" not in data.fields
    assert data.fields["trust"].role == "weight"


def test_rows_of_a_group_go_to_one_part(tmp_path):
    data = opened(table(tmp_path / "t.csv"))
    parts = [set((data.indices(split) // 4).tolist()) for split in ("train", "validation", "test")]
    assert all(parts)
    assert not parts[0] & parts[1] | parts[0] & parts[2] | parts[1] & parts[2]


def test_where_all_weights_are_alike_losses_are_those_without(tmp_path):
    plain, weighed = (
        Project(
            Sheet(network(), plan=Plan(epochs=2), data=opened(table(tmp_path / "t.csv", lambda _: 3.0), role).reference)
        )
        for role in ("ignored", "weight")
    )
    for project in (plain, weighed):
        project.train()
    assert plain.evaluate("train")["loss"] == pytest.approx(weighed.evaluate("train")["loss"], rel=1e-5)
    assert weighed.evaluate("test").keys() == {"loss"}


def test_figures_are_means_in_which_each_row_counts_as_its_weight_says(tmp_path):
    data = opened(table(tmp_path / "t.csv", lambda row: row % 3))
    compiled = compile_network(network(), data.types, 0)
    arrays = data.arrays("train")
    scores = compiled.model(torch.from_numpy(arrays["features"].copy())).detach()
    each = nn.functional.cross_entropy(scores, torch.from_numpy(arrays["kind"].copy()), reduction="none").numpy()
    weights = arrays["trust"][:, 0]
    assert weights.mean() == pytest.approx(1.0)
    assert (weights == 0).any()
    assert evaluate(compiled, data, "train")["loss"] == pytest.approx(float((each * weights).mean()), rel=1e-5)


@pytest.mark.parametrize(
    "loss", [nn.CrossEntropyLoss(weight=torch.tensor([1.0, 5.0])), nn.CrossEntropyLoss(reduction="sum"), FocalLoss()]
)
def test_weights_of_one_change_nothing_and_weights_of_nought_take_rows_out_of_gradients(loss):
    scores = torch.randn(6, 2, generator=torch.Generator().manual_seed(0), requires_grad=True)
    codes = torch.tensor([0, 1, 1, 0, 1, 0])
    weighted = SampleWeighted(loss)
    torch.testing.assert_close(weighted(torch.ones(6, 1), scores, codes), loss(scores, codes))
    (gradient,) = torch.autograd.grad(weighted(torch.tensor([[1.0], [0], [2], [0], [1], [2]]), scores, codes), scores)
    assert (gradient[[1, 3]] == 0).all()
    assert (gradient[[0, 2, 4, 5]] != 0).any(1).all()


def _ending(*lengths: int) -> torch.Tensor:
    return torch.arange(5) >= torch.tensor(lengths).unsqueeze(1)


@pytest.mark.parametrize(
    "loss", [SequenceCrossEntropyLoss(None), FocalLoss(axis=-1, ignore_index=0)], ids=lambda x: type(x).__name__
)
def test_a_long_sequence_counts_as_often_as_it_has_steps_with_weights_and_without(loss):
    draw = torch.Generator().manual_seed(0)
    scores = torch.randn(3, 5, 4, generator=draw, requires_grad=True)
    padding = _ending(5, 1, 2)
    codes = torch.randint(1, 4, (3, 5), generator=draw)
    fed = (
        (scores, codes, padding)
        if isinstance(loss, SequenceCrossEntropyLoss)
        else (scores, codes.masked_fill(padding, 0))
    )
    plain, weighed = loss(*fed), SampleWeighted(loss)(torch.ones(3, 1), *fed)
    torch.testing.assert_close(weighed, plain)
    torch.testing.assert_close(*(torch.autograd.grad(each, scores)[0] for each in (weighed, plain)))
    alone = SampleWeighted(loss)(torch.tensor([[0.0], [8.0], [0.0]]), *fed)
    steps = nn.functional.cross_entropy(scores.transpose(1, 2), codes, reduction="none")
    if isinstance(loss, SequenceCrossEntropyLoss):
        torch.testing.assert_close(alone, 8 * steps[1, 0] / 8)  # one of eight steps


@pytest.mark.parametrize("kind", ["squared", "absolute"])
def test_numbers_that_are_filled_up_are_weighed_by_their_steps(kind):
    draw = torch.Generator().manual_seed(0)
    found, right = torch.randn(2, 3, 5, 2, generator=draw)
    weights, padding = torch.tensor([[2.0], [0.5], [1.0]]), _ending(5, 1, 2)
    each = (found - right).square() if kind == "squared" else (found - right).abs()
    expected = (each * weights.unsqueeze(2))[~padding].sum() / (8 * 2)
    torch.testing.assert_close(SampleWeighted(MaskedLoss(kind))(weights, found, right, padding), expected)


def test_a_weighed_ctc_is_the_mean_over_samples_by_their_lengths():
    draw = torch.Generator().manual_seed(0)
    scores = torch.randn(3, 12, 4, generator=draw).log_softmax(2).requires_grad_()
    codes = torch.tensor([[1, 2, 3, 1, 2], [3, 0, 0, 0, 0], [2, 1, 0, 0, 0]])
    each = nn.CTCLoss(reduction="none")(scores.transpose(0, 1), codes, torch.tensor([12] * 3), torch.tensor([5, 1, 2]))
    weights = torch.tensor([[2.0], [0.0], [0.5]])
    expected = (each / torch.tensor([5.0, 1.0, 2.0]) * weights[:, 0]).mean()
    torch.testing.assert_close(SampleWeighted(CTCLoss())(weights, scores, codes), expected)


def test_losses_that_compare_samples_cannot_weigh_them(tmp_path):
    data = opened(table(tmp_path / "t.csv"))
    with pytest.raises(CompileError, match="compares samples with one another"):
        compile_network(network("BatchTripletLoss"), data.types, 0)


@pytest.mark.parametrize(("weights", "match"), [
    (lambda row: -1.0 if row == 5 else 1.0, "has -1 among its values"), (lambda _: 0, "no training row has more"),
    (lambda row: "much" if row % 2 else "little", "holds category"),
])  # fmt: skip
def test_weights_that_cannot_be_are_refused_in_a_sentence(tmp_path, weights, match):
    with pytest.raises(DataError, match=match):
        opened(table(tmp_path / "t.csv", weights))


def test_two_columns_of_weights_are_refused(tmp_path):
    reference = describe_file(table(tmp_path / "t.csv")).with_choice("a", role="weight").with_choice("b", role="weight")
    with pytest.raises(DataError, match="“a” and “b” are both to weigh the rows"):
        open_data(reference)


def test_weights_and_groups_are_chosen_on_the_command_line_and_saved(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table(tmp_path / "t.csv")
    assert cli.main("new --data t.csv --target kind --weight trust --group patient -o p.nnstudio".split()) == 0
    project = Project.open("p.nnstudio")
    roles = {name: choice.role for name, choice in project.sheet.data.fields.items()}
    assert roles == {"kind": "target", "trust": "weight", "patient": "group"}
    assert project_to_json(project.sheet)["format"] == 4

"""Answers at places, and networks whose answers are compared with no one target."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from nnstudio.compile.lower import compile_network
from nnstudio.data.columns import Column, Source
from nnstudio.data.dataset import Dataset
from nnstudio.data.reference import DataReference, Split
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.project.errors import ProjectError
from nnstudio.project.judging import classes, explaining, places, slices
from nnstudio.project.judging.attacks import Attack, attacked
from nnstudio.project.judging.judge import Judge

CODES, ROWS, STEPS = 5, 30, 6


def dataset() -> Dataset:
    """Codes of a text with zeros that fill it up at the end, tags that are right where the code is even."""
    random = np.random.default_rng(1)
    text = random.integers(1, CODES, (ROWS, STEPS))
    lengths = random.integers(2, STEPS + 1, ROWS)
    text[np.arange(STEPS)[None] >= lengths[:, None]] = 0
    columns = {
        "text": Column("text", "codes", text, size=CODES),
        "tags": Column("tags", "codes", text.copy(), role="target", size=CODES),
        "kind": Column("kind", "category", np.arange(ROWS) % 2, ("a", "b"), "target"),
    }
    split = Split.everything()
    return Dataset(DataReference("file:none", split=split), Source(columns, ROWS, False, {}), "texts")


@pytest.fixture
def tagger() -> Judge:
    """Says of each code itself, but 1 of all odd ones, with the scores of codes last."""
    data = dataset()
    net = NetworkBuilder()
    text, tags = net.add("Input", field="text"), net.add("Input", field="tags")
    vectors = net.add("Embedding", text, embedding_dim=CODES, name="vectors")
    scores = net.add("Linear", vectors, out_features=CODES, name="scores")
    net.add("SequenceCrossEntropyLoss", scores, tags, name="loss")
    net.add("Output", scores, name="answer")
    compiled = compile_network(net.network, data.types, seed=0)
    table = next(m for m in compiled.modules.values() if isinstance(m, torch.nn.Embedding))
    linear = next(m for m in compiled.modules.values() if isinstance(m, torch.nn.Linear))
    with torch.no_grad():
        table.weight.copy_(torch.eye(CODES))
        linear.weight.copy_(4 * torch.eye(CODES))
        linear.weight[:, 3] = 4 * torch.eye(CODES)[1]
        linear.bias.zero_()
    return Judge(compiled, data)


def test_tokens_are_judged_place_by_place_and_what_fills_up_does_not_count(tagger: Judge) -> None:
    judged, text = tagger.judged("train"), tagger.dataset.arrays("train")["text"]
    assert judged.kind == "places"
    assert ((judged.target == -1) == (text == 0)).all()
    shares, counts = places.by_position(judged)
    assert counts.tolist() == (text > 0).sum(axis=0).tolist()
    for at in range(STEPS):
        known = text[:, at][text[:, at] > 0]
        assert shares[at] == pytest.approx((known != 3).mean())
    figures = {each.name: each for each in classes.by_class(classes.confusion(judged))}
    assert figures["3"].recall == 0
    threes, ones = int((text == 3).sum()), int((text == 1).sum())
    assert figures["1"].iou == pytest.approx(ones / (ones + threes))


def test_signs_around_a_text_that_neither_occur_nor_are_said_have_no_line_in_the_matrix(tagger: Judge) -> None:
    judged = tagger.judged("train")
    named = replace(judged, subject=replace(judged.subject, classes=("<pad>", "<unknown>", "O", "B-name", "I-name")))
    found = classes.confusion(named)
    assert found.classes == ("<unknown>", "O", "B-name", "I-name")
    assert found.codes.tolist() == [1, 2, 3, 4]
    whole = classes.confusion(judged)
    assert (found.among(range(4)) == whole.among(range(1, 5))).all()
    assert [each.name for each in classes.by_class(found)] == list(found.classes)


def test_the_loss_of_a_row_leaves_out_what_fills_up(tagger: Judge) -> None:
    judged, text = tagger.judged("train"), tagger.dataset.arrays("train")["text"]
    log = np.log(np.exp(4) + CODES - 1)
    by_hand = [np.where(row[row > 0] == 3, log, log - 4).mean() for row in text]
    np.testing.assert_allclose(judged.losses, by_hand, rtol=1e-5)
    assert (text[judged.worst[0]] == 3).any()


def test_sequences_are_sliced_by_their_length(tagger: Judge) -> None:
    found = slices.sliced(tagger.judged("train"), tagger.dataset, "text")
    assert all(each.name.startswith("length ") for each in found.slices)
    assert sum(each.count for each in found.slices) == ROWS


def test_a_tag_is_explained_by_its_own_word(tagger: Judge) -> None:
    text = tagger.dataset.arrays("train")["text"]
    place = next(at for at in range(ROWS) if 2 in text[at])
    (part,) = explaining.explained(tagger, place, "gradients", "train", code=2).parts
    assert (part.values[text[place] == 2] > 3.9).all()
    assert np.abs(part.values[text[place] != 2]).max() < 1e-4


def test_of_a_sequence_the_answer_at_one_place_is_explained_and_by_itself_the_last(tagger: Judge) -> None:
    text = tagger.dataset.arrays("train")["text"]
    place = next(at for at in range(ROWS) if 1 < (text[at] > 0).sum() < STEPS)
    last = int((text[place] > 0).sum()) - 1
    said = {code: str(1 if code == 3 else code) for code in range(CODES)}
    found = explaining.explained(tagger, place, "gradients", "train")
    assert (found.at, found.asked) == (last, said[int(text[place][last])])
    assert found.told == f"“{found.asked}” at place {last + 1}"
    assert np.flatnonzero(np.abs(found.parts[0].values) > 1e-4).tolist() == [last]
    first = explaining.explained(tagger, place, "gradients", "train", at=0)
    assert (first.at, first.asked) == (0, said[int(text[place][0])])
    assert np.flatnonzero(np.abs(first.parts[0].values) > 1e-4).tolist() == [0]


def test_embeddings_are_judged_by_losses_and_cannot_be_attacked() -> None:
    data = dataset()
    net = NetworkBuilder()
    vectors = net.add("Embedding", net.add("Input", field="text"), embedding_dim=3, name="vectors")
    made = net.add("Linear", net.add("Flatten", vectors), out_features=4, name="made")
    net.add("BatchTripletLoss", made, net.add("Input", field="kind"), name="apart")
    net.add("Output", made, kind="embedding", name="answer")
    judge = Judge(compile_network(net.network, data.types, seed=0), data)
    judged = judge.judged("train")
    assert judged.kind == "losses"
    assert slices.sliced(judged, data, "kind").figure == "loss"
    with pytest.raises(ProjectError, match="nothing to attack or explain"):
        attacked(judge, Attack(), "train")


def test_a_forecast_is_judged_in_the_unit_of_the_file() -> None:
    random = np.random.default_rng(2)
    future = random.normal(500, 20, (ROWS, 3))
    columns = {
        "past": Column("past", "array", random.normal(500, 20, (ROWS, 4)), standardise=True),
        "future": Column("future", "array", future, standardise=True, role="target"),
    }
    data = Dataset(DataReference("file:none", split=Split.everything()), Source(columns, ROWS, False, {}), "demand")
    net = NetworkBuilder()
    ahead = net.add("Linear", net.add("Input", field="past"), out_features=3, name="ahead")
    net.add("MSELoss", ahead, net.add("Input", field="future"))
    net.add("Output", ahead, name="demand")
    compiled = compile_network(net.network, data.types, seed=0)
    with torch.no_grad():
        for parameter in compiled.training.parameters():
            parameter.zero_()
    judged = Judge(compiled, data).judged("train")
    np.testing.assert_allclose(judged.target, future[judged.rows], rtol=1e-4)
    usual = np.broadcast_to(future.mean(axis=0), future.shape)
    np.testing.assert_allclose(judged.predicted, usual, rtol=1e-4)
    np.testing.assert_allclose(judged.absolute, np.abs(future[judged.rows] - usual).mean(axis=1), rtol=1e-3)
    found = attacked(Judge(compiled, data), Attack("fgsm", strengths=(0.0, 0.5)), "train")
    np.testing.assert_allclose(found.before, judged.absolute[found.places], rtol=1e-4)
    np.testing.assert_allclose(found.before.mean(), found.right[0], rtol=1e-4)


def test_of_a_mask_the_share_of_pixels_falls_under_attack_and_what_is_marked_is_explained() -> None:
    picture = np.random.default_rng(4).normal(0, 1, (ROWS, 1, 4, 4)).astype(np.float32)
    names = ("outside", "cell")
    columns = {
        "image": Column("image", "image", picture),
        "mask": Column("mask", "mask", (picture[:, 0] > 0.7).astype(np.int64), names, "target", size=2),
    }
    data = Dataset(DataReference("file:none", split=Split.everything()), Source(columns, ROWS, False, {}), "cells")
    net = NetworkBuilder()
    scores = net.add("Conv2d", net.add("Input", field="image"), out_channels=2, kernel_size=1, name="scores")
    net.add("CrossEntropyLoss", scores, net.add("Input", field="mask"))
    net.add("Output", scores, name="cells")
    compiled = compile_network(net.network, data.types, seed=0)
    with torch.no_grad():
        weight, bias = compiled.training.parameters()
        weight.copy_(torch.tensor([0.0, 1.0]).reshape(2, 1, 1, 1))
        bias.copy_(torch.tensor([0.5, 0.0]))
    judge = Judge(compiled, data)
    judged = judge.judged("train")
    found = attacked(judge, Attack("fgsm", strengths=(0.0, 0.5, 1.0), rows=ROWS), "train")
    assert found.right[0] == pytest.approx((judged.target == judged.predicted).mean(), abs=1e-6)
    assert found.right[0] > found.right[1] > found.right[2]
    assert explaining.explained(judge, 0, "saliency", "train").asked == "cell"

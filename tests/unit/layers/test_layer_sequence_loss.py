"""Scores of a sequence have their classes last; a loss says so and offers to turn them."""

from __future__ import annotations

from nnstudio.compile.resolve import resolve
from nnstudio.graph.builder import NetworkBuilder


def test_classes_at_the_end_are_turned_by_a_permute() -> None:
    net = NetworkBuilder()
    text = net.add("Input", shape=(7, 4), name="text")
    next_one = net.add("Input", shape=(7,), dtype="int64", classes=5, name="next_one")
    scores = net.add("Linear", net.add("LSTM", text), out_features=5)
    net.add("CrossEntropyLoss", scores, next_one, name="loss")
    net.add("Output", scores)
    (found,) = resolve(net.network).errors
    assert "loss (CrossEntropyLoss) gets scores 7×5 with the classes last" in found.message
    assert "Permute with the order 2, 1" in found.hint
    assert [fix.title for fix in found.fixes] == ["Insert Permute"]
    assert not resolve(found.fixes[0].edit(net.network)).errors


def test_too_few_scores_are_mended_at_the_last_linear() -> None:
    net = NetworkBuilder()
    label = net.add("Input", shape=(), dtype="int64", classes=10, name="label")
    scores = net.add("Linear", net.add("Input", shape=(64,)), out_features=5, name="scores")
    net.add("CrossEntropyLoss", net.add("Dropout", scores), label, name="loss")
    net.add("Output", scores)
    (found,) = resolve(net.network).errors
    assert found.message == "loss (CrossEntropyLoss) gets 5 scores but the target has 10 classes"
    assert found.hint == "give the last Linear 10 outputs"
    assert not resolve(found.fixes[0].edit(net.network)).errors


def test_a_yes_or_no_loss_on_many_classes_becomes_cross_entropy() -> None:
    net = NetworkBuilder()
    label = net.add("Input", shape=(), dtype="int64", classes=3, name="label")
    scores = net.add("Linear", net.add("Input", shape=(64,)), out_features=3, name="scores")
    net.add("BCEWithLogitsLoss", scores, label, name="loss")
    net.add("Output", scores)
    (found,) = resolve(net.network).errors
    assert not resolve(found.fixes[0].edit(net.network)).errors

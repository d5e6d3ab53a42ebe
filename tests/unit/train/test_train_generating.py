"""Networks write: what they choose goes back into them, greedily, over several ways, or drawn at random."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest
import torch

from nnstudio.compile.lower import Compiled, compile_network
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.layers import TensorType
from nnstudio.train.environment import TrainingError
from nnstudio.train.evaluate import evaluate, predict
from nnstudio.train.generating import END, PAD, START, Writer, generate

pytestmark = pytest.mark.usefixtures("one_thread")

LETTERS = 9
NEVER = {PAD, 1, START}


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Torch on one thread: on tensors as small as these, more of them only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def decoder_only(body: str = "attention", **output: Any) -> Compiled:
    """A small language model over eight steps, with random weights."""
    net = NetworkBuilder()
    codes = net.add("Input", field="text", name="text")
    x = net.add("Embedding", codes, num_embeddings=LETTERS, embedding_dim=8)
    if body == "attention":
        x = net.add("LearnedPositions", x)
        options = {"nhead": 2, "dim_feedforward": 16, "dropout": 0.0, "is_causal": True}
        x = net.add("TransformerEncoderLayer", x, name="look", **options)
    else:
        x = net.add("LSTM", x, hidden_size=12).sequence
    scores = net.add("Linear", x, out_features=LETTERS, name="scores")
    net.add("Output", scores, name="out", kind="tokens", feeds="text", **output)
    types = {"text": TensorType.of("N T", "N", 8, dtype="int64", classes=LETTERS)}
    compiled = compile_network(net.network, types, seed=1)
    with torch.no_grad():
        compiled.modules[scores.node].weight.mul_(6)  # so that it has opinions
    return compiled


def encoder_decoder(cut: bool = False, **output: Any) -> Compiled:
    """Reads four codes and writes; with figures of what it writes. cut: what is fed and what is to be written are one
    field, without its last and without its first code, and the scores have the codes before the steps."""
    net = NetworkBuilder()
    read, written = net.add("Input", field="read", name="read"), net.add("Input", field="written", name="written")
    if cut:
        goal = net.add("Slice", written, start=1)
        written = net.add("Slice", written, end=-1)
    else:
        goal = net.add("Input", field="goal", name="goal")
    memory = net.add(
        "GRU", net.add("Embedding", read, num_embeddings=6, embedding_dim=8), hidden_size=12, name="encoder"
    )
    x = net.add("Embedding", written, num_embeddings=LETTERS, embedding_dim=8)
    x = net.add("GRU", x, initial=memory.last, hidden_size=12).sequence
    scores = net.add("Linear", x, out_features=LETTERS, name="scores")
    net.add("SequenceCrossEntropyLoss", scores, goal, name="loss")
    told = net.add("Permute", scores, order=(2, 1)) if cut else scores
    net.add("Output", told, name="out", kind="tokens", feeds="written", **output)
    net.add("ErrorRate", scores, goal, name="errors")
    net.add("ExactMatch", scores, goal, name="exact")
    if not cut:  # a step whose right code is 8 does not count here
        net.add("ErrorRate", scores, goal, padding=net.add("PaddingMask", goal, code=8), name="others")
    return compile_network(net.network, TYPES, seed=2)


TYPES = {
    "read": TensorType.of("N T", "N", 4, dtype="int64", classes=6),
    "written": TensorType.of("N T", "N", 6, dtype="int64", classes=LETTERS),
    "goal": TensorType.of("N T", "N", 6, dtype="int64", classes=LETTERS),
}


def asked(compiled: Compiled, codes: list[int], width: int) -> torch.Tensor:
    """Log probabilities of the next code, by one pass over the codes filled up to the width."""
    filled = torch.tensor([(codes + [PAD] * width)[:width]])
    with torch.no_grad():
        scores = compiled.model.eval()(filled)[0, len(codes) - 1]
    scores[list(NEVER)] = -math.inf
    return scores.log_softmax(0)


@pytest.mark.parametrize("body", ["attention", "recurrent"])
def test_the_most_probable_code_goes_back_in(body: str) -> None:
    compiled = decoder_only(body)
    codes, expected = [START, 5], []
    while len(codes) < 8:
        best = int(asked(compiled, codes, 8).argmax())
        if best == END:
            break
        codes.append(best)
        expected.append(best)
    found = generate(compiled, {"text": np.array([[START, 5, 0, 0, 0, 0, 0, 0]])}, length=6)
    assert found[0].tolist() == expected
    streamed = list(Writer(compiled).stream({"text": np.array([[START, 5]])}, length=6))
    assert [token.code for token in streamed] == expected
    first = asked(compiled, [START, 5], 8)
    assert streamed[0].code == int(first.argmax())
    assert streamed[0].probabilities.sum() == pytest.approx(1, abs=1e-5)


def test_it_goes_on_beyond_its_width_with_the_last_codes() -> None:
    compiled = decoder_only()
    with torch.no_grad():
        compiled.modules[compiled.network.named("scores").id].bias[END] = -99
    found = generate(compiled, {"text": np.array([[START, 4, 5]])}, length=20)[0].tolist()
    assert len(found) == 20
    codes = [START, 4, 5, *found]
    for place in (9, 15, 22):
        assert codes[place] == int(asked(compiled, codes[place - 8 : place], 8).argmax())


def test_several_ways_find_what_is_more_probable_as_a_whole() -> None:
    compiled = decoder_only("recurrent")
    steps = 3

    @functools.cache
    def next_logs(codes: tuple[int, ...]) -> list[float]:
        return list(asked(compiled, list(codes), 8).tolist())

    def total(codes: tuple[int, ...]) -> float:
        logs = [next_logs((START, *codes[:place]))[code] for place, code in enumerate(codes)]
        return sum(logs) / len(codes)

    choices = [code for code in range(LETTERS) if code not in NEVER]
    every = {}
    for codes in itertools.product(choices, repeat=steps):
        every[codes[: codes.index(END) + 1] if END in codes else codes] = 0.0
    every = {codes: total(codes) for codes in every}
    best = max(every, key=every.__getitem__)
    found = generate(compiled, {}, decoder="beam", beams=60, length=steps)[0].tolist()
    assert [*found, END][: len(best)] == list(best)
    several = generate(compiled, {"text": np.array([[START], [START]])}, decoder="beam", beams=60, length=steps)
    assert several[0].tolist() == several[1].tolist() == found


def test_drawn_codes_follow_the_probabilities() -> None:
    compiled = decoder_only()
    shares = asked(compiled, [START], 8).exp()
    drawn = generate(compiled, {}, rows=1500, decoder="sample", length=1, seed=3)[:, 0]
    for code in range(4, LETTERS):
        assert (drawn == code).mean() == pytest.approx(float(shares[code]), abs=0.05)
    again = generate(compiled, {}, rows=1500, decoder="sample", length=1, seed=3)[:, 0]
    assert (drawn == again).all()
    few = set(generate(compiled, {}, rows=100, decoder="sample", top_k=2, length=1).ravel().tolist()) - {PAD}
    likeliest = {int(code) for code in shares.topk(2).indices} - {END}
    assert few == likeliest
    calm = generate(compiled, {}, rows=50, decoder="sample", temperature=0.01, length=1)
    assert set(calm.ravel().tolist()) == {int(shares.argmax())} - {END} or int(shares.argmax()) == END


def test_what_is_read_is_read_once() -> None:
    compiled = encoder_decoder()
    encoder, passes = compiled.modules[compiled.network.named("encoder").id], []
    encoder.register_forward_hook(lambda *_: passes.append(1))
    read = np.array([[1, 2, 3, 4], [4, 3, 2, 1], [5, 5, 0, 0]])
    found = generate(compiled, {"read": read})
    assert len(passes) == 1
    single = [generate(compiled, {"read": read[row : row + 1]})[0].tolist() for row in range(3)]
    for row, codes in zip(found.tolist(), single, strict=True):
        assert [code for code in row if code] == [code for code in codes if code]
    assert predict(compiled, {"read": read})["out"].tolist() == found.tolist()


def test_beams_read_as_greedy_does() -> None:
    compiled = encoder_decoder()
    read = np.array([[1, 2, 3, 4], [4, 3, 2, 1]])
    one = generate(compiled, {"read": read}, decoder="beam", beams=1)
    assert one.tolist() == generate(compiled, {"read": read}).tolist()


class Pairs:
    """Rows to read and what should be written of them."""

    def __init__(self, read: np.ndarray, goal: np.ndarray) -> None:
        self.rows = {"read": read, "written": np.roll(goal, 1, 1), "goal": goal}
        self.rows["written"][:, 0] = START

    def count(self, split: str) -> int:
        return len(self.rows["read"])

    def arrays(self, split: str) -> Mapping[str, Any]:
        return self.rows


def test_the_field_that_is_fed_may_hold_what_is_to_be_written() -> None:
    apart, cut = encoder_decoder(), encoder_decoder(cut=True)
    cut.model.load_state_dict(apart.model.state_dict())
    read = np.array([[1, 2, 3, 4], [4, 3, 2, 1], [5, 5, 0, 0]])
    written = generate(apart, {"read": read}, length=5)
    assert generate(cut, {"read": read}, length=5).tolist() == written.tolist()
    rows = np.zeros((3, 6), np.int64)
    rows[:, 0] = START
    rows[:, 1 : 1 + written.shape[1]] = written

    class Together(Pairs):
        def __init__(self) -> None:
            self.rows = {"read": read, "written": rows}

    assert evaluate(cut, Together())["exact"] == 1


def test_what_is_written_is_compared_at_the_end() -> None:
    compiled = encoder_decoder()
    read = np.array([[1, 2, 3, 4], [4, 3, 2, 1], [5, 5, 0, 0]])
    written = generate(compiled, {"read": read})
    goal = np.zeros((3, 6), np.int64)
    goal[:, : written.shape[1]] = written
    figures = evaluate(compiled, Pairs(read, goal))
    assert figures["errors"] == 0
    assert figures["exact"] == 1
    goal[0, 0] = 8 if goal[0, 0] != 8 else 7
    figures = evaluate(compiled, Pairs(read, goal))
    assert figures["errors"] == pytest.approx(1 / (goal > 3).sum())
    assert figures["exact"] == pytest.approx(2 / 3)
    assert "errors" not in evaluate(compiled, Pairs(read, goal), generated=False)
    goal[:, -1] = 8
    without = evaluate(compiled, Pairs(read, np.where(goal == 8, PAD, goal)))
    figures = evaluate(compiled, Pairs(read, goal))
    assert figures["others"] == without["errors"] != figures["errors"]


def test_it_says_where_it_looked() -> None:
    writer = Writer(decoder_only())
    tokens = list(writer.stream({"text": np.array([[START, 4]])}, attention=True, length=3, decoder="sample"))
    for place, token in enumerate(tokens, 2):
        looked = token.attention["look"]
        assert looked.shape[0] == 2  # heads
        assert looked.sum(1) == pytest.approx([1, 1], abs=1e-5)
        assert (looked[:, place:] == 0).all()


def test_what_feeds_nothing_is_said() -> None:
    net = NetworkBuilder()
    codes = net.add("Input", field="text", name="text")
    scores = net.add("Embedding", codes, num_embeddings=LETTERS, embedding_dim=LETTERS)
    net.add("Output", scores, name="out", kind="tokens", feeds="words")
    types = {"text": TensorType.of("N T", "N", 8, dtype="int64", classes=LETTERS)}
    with pytest.raises(TrainingError, match="feeds “words”") as said:
        generate(compile_network(net.network, types), {})
    assert "“text”" in said.value.hint


def test_while_training_it_writes_at_the_pace_that_the_plan_says() -> None:
    from nnstudio.train.events import EpochEnded, RunFinished
    from nnstudio.train.loop import run
    from nnstudio.train.plan import Plan

    random = np.random.default_rng(0)
    read, goal = random.integers(2, 6, (12, 4)), random.integers(4, LETTERS, (12, 6))
    compiled = encoder_decoder()
    found: dict[int, Mapping[str, float]] = {}
    plan = Plan(epochs=5, batch_size=4, threads=1, writing_epochs=2, writing_rows=3)
    for event in run(compiled, Pairs(read, goal), plan):
        if isinstance(event, EpochEnded):
            found[event.epoch] = event.validation
    assert [epoch for epoch, figures in found.items() if {"errors", "exact"} <= figures.keys()] == [2, 4, 5]
    assert isinstance(event, RunFinished)

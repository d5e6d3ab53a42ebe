"""Networks that write: the next character, a text, a pronunciation, a translation; and one that finds answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from making import rows, sheet
from making.texts_parts import chunks, gpt_block, prepared, reading_block, tokens, told_apart, vocabulary, writing_block
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.project.sheet import Sheet
from nnstudio.train.plan import Plan

#: Different characters in the plays; parts of words; features of the transformers.
LETTERS, PARTS, WIDTH = 84, 1000, 96


def lstm_text() -> Sheet:
    """Which character comes next?"""
    net = NetworkBuilder()
    text = net.add("Input", name="text", field="text")
    before = net.add("Slice", text, name="all_but_last", end=-1)
    x = net.add("Embedding", before, name="letters", embedding_dim=64)
    x = net.add("LSTM", x, name="memory", hidden_size=256)
    scores = net.add("Linear", x, name="scores", out_features=LETTERS)
    told_apart(net, scores, net.add("Slice", text, name="all_but_first", start=1), "text", decoder="sample",
               temperature=0.7, length=400)  # fmt: skip
    return sheet(
        net, rows("text all_but_last letters memory", ". . . scores classes_first", ". all_but_first . loss answer"),
        Plan.make({"epochs": 3, "batch_size": 32, "optimizer": "AdamW", "learning_rate": 0.005, "weight_decay": 0.01,
                   "clip_norm": 1.0, "schedule": "one-cycle"}),
        prepared("plays", chunks(128), tokens("text", "characters", 129)),
        "Writing like Shakespeare", "An LSTM reads thirteen plays character by character and learns to write on.",
    )  # fmt: skip


def gpt() -> Sheet:
    """Which part of a word comes next?"""
    net = NetworkBuilder()
    gpt_block(net, WIDTH)
    text = net.add("Input", name="text", field="text")
    x = net.add("Embedding", net.add("Slice", text, name="all_but_last", end=-1), name="tokens", embedding_dim=WIDTH,
                weight_init="normal", init_std=0.1)  # fmt: skip
    x = net.add("Block", x, definition="GPTBlock", name="blocks", repeat=3)
    scores = net.add("Linear", net.add("LayerNorm", x, name="norm"), name="scores", out_features=PARTS)
    told_apart(net, scores, net.add("Slice", text, name="all_but_first", start=1), "text", decoder="sample",
               temperature=0.7, top_k=40)  # fmt: skip
    return sheet(
        net,
        rows("text all_but_last tokens blocks", ". all_but_first norm scores classes_first", ". . . loss answer"),
        Plan.make({"epochs": 3, "batch_size": 8, "optimizer": "AdamW", "learning_rate": 0.005, "weight_decay": 0.1,
                   "beta2": 0.98, "clip_norm": 1.0, "schedule": "one-cycle"}),
        prepared("plays", chunks(192), tokens("text", "bpe", 80, vocabulary=PARTS)),
        "A small GPT", "A transformer that sees only what came before writes Shakespeare in parts of words.",
    )  # fmt: skip


def seq2seq() -> Sheet:
    """Spelling to sound: an encoder, attention, a decoder."""
    net = NetworkBuilder()
    word = net.add("Input", name="word", field="word")
    x = net.add("Embedding", word, name="letters", embedding_dim=48, padding_idx=0)
    encoder = net.add("GRU", x, name="encoder", hidden_size=96, bidirectional=True)
    pads = net.add("Equal", word, name="no_letter", value=0)
    first = net.add("Tanh", net.add("Linear", encoder.last, name="hand_over", out_features=128), name="begin")
    sound = net.add("Input", name="sound", field="sound")
    x = net.add("Embedding", net.add("Slice", sound, name="said_so_far", end=-1), name="sounds", embedding_dim=48)
    decoder = net.add("GRU", x, name="decoder", hidden_size=128, initial=first)
    looked = net.add("MultiheadAttention", decoder, encoder, name="attention", num_heads=1, need_weights=True,
                     padding=pads)  # fmt: skip
    x = net.add("Concatenate", decoder, looked, name="both", axis=2)
    x = net.add("Tanh", net.add("Linear", x, name="mix", out_features=128), name="bend")
    scores = net.add("Linear", x, name="scores", out_features=43)
    following = net.add("Slice", sound, name="said_next", start=1)
    told_apart(net, scores, following, "sound")
    net.add("ErrorRate", scores, following, name="wrong_sounds")
    return sheet(
        net,
        rows("word letters encoder hand_over begin", "sound said_so_far sounds . decoder",
             "no_letter . . attention both", "mix bend scores classes_first",
             ". said_next wrong_sounds loss answer", height=1.2),
        Plan.make({"epochs": 2, "batch_size": 64, "optimizer": "AdamW", "learning_rate": 0.004, "weight_decay": 0.001,
                   "clip_norm": 1.0, "schedule": "one-cycle"}),
        prepared("sounds", tokens("word", "characters"), tokens("sound", "spaces", start=True, end=True)),
        "From spelling to sound", "An encoder reads a word; a decoder says it sound by sound and looks back.",
    )  # fmt: skip


def qa() -> Sheet:
    """Where in the passage does the answer begin, where does it end?"""
    net = NetworkBuilder()
    point = NetworkBuilder()
    x = point.add("Linear", point.add("BlockInput", name="input", shape=(16, 128)), name="score", out_features=1)
    point.add("BlockOutput", point.add("Squeeze", x, name="one_each", axis=2), name="output")
    net.define("Point", point)
    passage = net.add("Input", name="passage", field="passage")
    words = net.add("Embedding", passage, name="words", embedding_dim=64, padding_idx=0)
    asked = net.add("Slice", net.add("Input", name="question", field="question"), name="asked", end=16)
    pads = net.add("Equal", asked, name="no_word", value=0)
    question = net.add("Shared", asked, name="same_words", of=words.node)
    question = net.add("GRU", question, name="question_reader", hidden_size=32, bidirectional=True)
    found = net.add("MultiheadAttention", words, question, name="looking_up", num_heads=2, padding=pads)
    both = net.add("Concatenate", words, found, name="both", axis=2)
    read = net.add("GRU", both, name="reader", hidden_size=64, bidirectional=True)
    for name, field in (("begin", "start"), ("finish", "end")):
        scores = net.add("Block", read, definition="Point", name=name)
        target = net.add("Input", name=field, field=field)
        net.add("CrossEntropyLoss", scores, target, name=f"{field}_loss")
        net.add("Output", scores, name=f"{field}_answer", kind="class scores")
    return sheet(
        net,
        rows("passage words no_word", "question asked same_words question_reader looking_up",
             "both reader begin finish", "start start_loss start_answer . end_answer", ". . end end_loss", height=1.2),
        Plan.make({"epochs": 6, "batch_size": 32, "optimizer": "AdamW", "learning_rate": 0.004, "weight_decay": 0.01,
                   "clip_norm": 1.0, "schedule": "one-cycle"}),
        prepared("facts", tokens("passage", "words", 72, also=("question",))),
        "Questions and answers (composite)",
        "Readers of passage and question point at where the answer begins and ends.",
    )  # fmt: skip


def translate() -> Sheet:
    """English to Spanish by a transformer."""
    data = prepared(
        "sentences",
        tokens("english", "words", lower=True),
        tokens("spanish", "words", start=True, end=True, lower=True),
    )
    net = NetworkBuilder()
    reading_block(net, WIDTH)
    writing_block(net, WIDTH)
    english = net.add("Input", name="english", field="english")
    pads = net.add("Equal", english, name="no_word", value=0)
    x = net.add("Embedding", english, name="words", embedding_dim=WIDTH)
    x = net.add("LearnedPositions", x, name="places")
    x = net.add("Block", x, definition="ReadingBlock", name="encoder", repeat=2, padding=pads)
    memory = net.add("LayerNorm", x, name="understood")
    spanish = net.add("Input", name="spanish", field="spanish")
    x = net.add("Embedding", net.add("Slice", spanish, name="so_far", end=-1), name="palabras", embedding_dim=WIDTH)
    x = net.add("LearnedPositions", x, name="lugares")
    x = net.add("Block", x, definition="WritingBlock", name="decoder", repeat=2, memory=memory, padding=pads)
    scores = net.add(
        "Linear", net.add("LayerNorm", x, name="norm"), name="scores", out_features=len(vocabulary(data, "spanish"))
    )
    following = net.add("Slice", spanish, name="next", start=1)
    told_apart(net, scores, following, "spanish")
    net.add("ChrF", scores, following, name="likeness")
    return sheet(
        net,
        rows("english words places encoder understood", ". no_word", "spanish so_far palabras lugares decoder",
             ". norm scores classes_first", ". next likeness loss answer", height=1.2),
        Plan.make({"epochs": 5, "batch_size": 64, "optimizer": "AdamW", "learning_rate": 0.003, "weight_decay": 0.01,
                   "clip_norm": 1.0, "schedule": "one-cycle"}),
        data,
        "English to Spanish (composite)", "A transformer reads an English sentence and writes it in Spanish.",
    )  # fmt: skip


PROJECTS: Mapping[str, Callable[[], Sheet]] = {
    "lstm-text": lstm_text, "seq2seq": seq2seq, "translate": translate, "gpt": gpt, "qa": qa,
}  # fmt: skip

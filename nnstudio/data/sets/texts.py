"""Sets of texts."""

from __future__ import annotations

from nnstudio.data.described import Packaged, Shipped, choice
from nnstudio.data.reference import Split
from nnstudio.data.steps.texts import Chunks, Tokens

ROWS, LINES = "packaged_texts:read_rows", "packaged_texts:read_lines"
_TEXT, _TARGET = choice(kind="text", role="input"), choice(kind="text", role="target")
_KIND = choice(kind="category", role="target")
SHIPPED: tuple[Shipped, ...] = (
    Shipped(
        "names", "Names by kind", "26,325 names of men, women and families, as many of each",
        "names.csv.gz", fields={"name": _TEXT, "kind": _KIND}, reader=ROWS,
        split=Split.make({"train": 0.8, "validation": 0.1, "test": 0.1}),
        steps=(Tokens.make({"column": "name", "by": "characters"}),),
    ),
    Shipped(
        "reviews", "Reviews of food", "4,973 reviews of food by customers: five stars (great) or fewer (other)",
        "reviews.csv.gz", fields={"review": _TEXT, "score": _KIND}, reader=ROWS,
        split=Split.make({"train": 0.8, "validation": 0.08, "test": 0.12}),
        steps=(Tokens.make({"column": "review", "length": 128, "vocabulary": 5000, "lower": True}),),
    ),
    Shipped(
        "films", "Reviews of films", "7,077 snippets of reviews of films that people felt to be good or bad",
        "films.csv.gz", fields={"review": _TEXT, "mood": _KIND}, reader=ROWS,
        split=Split.make({"train": 0.8, "validation": 0.08, "test": 0.12}),
        steps=(Tokens.make({"column": "review", "length": 48, "vocabulary": 6000, "lower": True}),),
    ),
    Shipped(
        "plays", "Plays of Shakespeare", "thirteen plays, line by line, 1.7 million characters",
        "plays.txt.gz", fields={"text": _TEXT}, reader=LINES,
        split=Split.make({"train": 0.9, "validation": 0.05, "test": 0.05, "by_time": True}),
        steps=(Chunks.make({"column": "text"}), Tokens.make({"column": "text", "by": "characters"})),
    ),
    Shipped(
        "sounds", "How words sound", "124,246 English words, each with its sounds",
        "sounds.csv.gz", fields={"word": _TEXT, "sound": _TARGET}, reader=ROWS,
        split=Split.make({"train": 0.94, "validation": 0.02, "test": 0.04}),
        steps=(
            Tokens.make({"column": "word", "by": "characters"}),
            Tokens.make({"column": "sound", "by": "spaces", "start": True, "end": True}),
        ),
    ),
    Shipped(
        "addresses", "Messages with addresses (composite)",
        "7,683 messages composed around real addresses and names, with a label for each word",
        "addresses.csv.gz", fields={"message": _TEXT, "labels": _TARGET}, reader=ROWS,
        steps=(Tokens.make({"column": "message", "lower": True}), Tokens.make({"column": "labels", "by": "spaces"})),
    ),
    Shipped(
        "facts", "Questions on facts (composite)",
        "11,993 questions on passages that are composed of facts about countries",
        "facts.csv.gz", fields={"passage": _TEXT, "question": _TEXT, "start": _KIND, "end": _KIND}, reader=ROWS,
        split=Split.make({"train": 0.8, "validation": 0.1, "test": 0.1, "stratify": False}),
        steps=(Tokens.make({"column": "passage", "also": ("question",)}),),
    ),
    Shipped(
        "sentences", "Sentences in two languages (composite)",
        "24,000 short English sentences composed by a grammar, and the same in Spanish",
        "sentences.csv.gz", fields={"english": _TEXT, "spanish": _TARGET}, reader=ROWS,
        split=Split.make({"train": 0.9, "validation": 0.03, "test": 0.07}),
        steps=(
            Tokens.make({"column": "english", "lower": True}),
            Tokens.make({"column": "spanish", "lower": True, "start": True, "end": True}),
        ),
    ),
)  # fmt: skip
PACKAGED: tuple[Packaged, ...] = ()

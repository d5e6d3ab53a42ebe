"""A prediction is asked with tables as people keep them: below a title, with units, blanks, stray quotation marks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nnstudio.data import Split, describe_file, open_data
from nnstudio.data.dataset import Dataset
from nnstudio.project.errors import ProjectError
from nnstudio.project.inputs import read_inputs


def opened(path: Path, content: str, **options: Any) -> Dataset:
    path.write_text(content, encoding="utf-8")
    reference = describe_file(path, options=options).with_(split=Split.everything())
    return open_data(reference.with_choice("price", role="target"))


def asked(data: Dataset, path: Path, content: str) -> list[list[float]]:
    path.write_text(content, encoding="utf-8")
    (rows,) = read_inputs([str(path)], data, ["features"], data.reference)
    values: list[list[float]] = data.prepared.encode(rows)["features"].tolist()
    return values


ROWS = "".join(f"{i},{i % 5},{i * 2}.5\n" for i in range(30))


@pytest.mark.parametrize(
    "content",
    [
        "Houses 2026\n\nsize,rooms\n5,2\n7,3\n",
        "# to be told\nsize,rooms\n5,2\n7,3\n",
        "Houses 2026,\n,\nsize,rooms\n5,2\n7,3\n",
    ],
)
def test_what_stands_above_the_header_is_left_out(tmp_path, content):
    data = opened(tmp_path / "t.csv", "size,rooms,price\n" + ROWS)
    plain = asked(data, tmp_path / "a.csv", "size,rooms\n5,2\n7,3\n")
    assert len(plain) == 2
    assert asked(data, tmp_path / "b.csv", content) == plain


def test_below_a_title_a_wrong_line_is_named_as_in_the_file(tmp_path):
    data = opened(tmp_path / "t.csv", "size,rooms,price\n" + ROWS)
    with pytest.raises(ProjectError, match="line 5: 2 values were expected, 1 came"):
        asked(data, tmp_path / "a.csv", "Houses 2026\n\nsize,rooms\n5,2\n7\n")


def test_blanks_part_columns_as_in_the_data(tmp_path):
    lines = "".join(f" {i:5} {i % 5:3}   {i * 2}.5\n" for i in range(30))
    data = opened(tmp_path / "t.csv", f"size  rooms  price\n{lines}")
    plain = asked(data, tmp_path / "a.csv", "size,rooms\n5,2\n7,3\n")
    assert asked(data, tmp_path / "b.csv", "  size rooms\n 5   2\n  7     3\n") == plain


def test_a_unit_is_read_as_in_the_data_whatever_commas_mean_elsewhere(tmp_path):
    lines = "".join(f"${i},000.50;{i},5;{i}\n" for i in range(1, 30))
    data = opened(tmp_path / "t.csv", f"size;rooms;price\n{lines}")
    assert data.columns["size"].values[:2].tolist() == [1000.5, 2000.5]
    assert data.columns["rooms"].values[:2].tolist() == [1.5, 2.5]
    (one,) = asked(data, tmp_path / "a.csv", "size;rooms\n$2,000.50;2,5\n")
    assert one == data.prepared.encode({"size": [2000.5], "rooms": [2.5]})["features"][0].tolist()


def test_an_answer_has_the_unit_of_the_target(tmp_path):
    import numpy as np

    from nnstudio.cli.verbs import _spoken
    from nnstudio.project.answers import _unit

    lines = "".join(f"{i};{i % 5};{i},50 €\n" for i in range(30))
    data = opened(tmp_path / "t.csv", f"size;rooms;price\n{lines}")
    assert _unit(data, "price") == {"unit": "€"}
    assert np.allclose(data.columns["price"].values[:2], [0.5, 1.5])
    assert _spoken("price", {"value": 1.5, "unit": "€"}) == "price 1.5 €"


def test_a_stray_quotation_mark_joins_no_rows(tmp_path):
    lines = "".join(f"film {i}\t{i}\t{i}\n" for i in range(30))
    data = opened(tmp_path / "t.tsv", f"name\tsize\tprice\n{lines}")
    rows = asked(data, tmp_path / "a.tsv", 'name\tsize\n"film\t5\nfilm 2\t6\nan "other\t7\n')
    assert len(rows) == 3

"""The gallery: as its script makes it, without problems, drawn so that it reads well, and answering rightly."""

from __future__ import annotations

import importlib.util
import itertools
from pathlib import Path
from types import ModuleType

import pytest

from nnstudio.project.errors import ProjectError
from nnstudio.project.files import load
from nnstudio.project.gallery import ORDER, template, templates
from nnstudio.project.project import Project

WIDTH, HEIGHT = 150, 58


@pytest.fixture(scope="module")
def make() -> ModuleType:
    path = Path(__file__).resolve().parents[3] / "resources" / "gallery" / "make.py"
    spec = importlib.util.spec_from_file_location("gallery_make", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_gallery_is_in_its_order_with_a_sentence_each() -> None:
    found = templates()
    assert [each.id for each in found] == list(ORDER)
    assert all(each.title and each.summary.endswith(".") for each in found)


@pytest.mark.parametrize("id", ORDER)
def test_the_files_are_what_the_script_makes(id: str, make: ModuleType) -> None:
    assert load(template(id).path).sheet == make.GALLERY[id]()


@pytest.mark.parametrize("id", ORDER)
def test_it_has_no_problems_and_a_prediction_that_belongs_to_its_target(id: str) -> None:
    project = Project.new(id)
    assert project.notes == ()
    resolution = project.check()
    assert resolution.problems == ()
    assert all(resolution.nodes[node.id].ok for node in resolution.network.nodes.values())


@pytest.mark.parametrize("id", ORDER)
def test_the_drawing_fits_a_screen_and_nothing_overlaps(id: str) -> None:
    sheet = Project.new(id).sheet
    at = sheet.view.positions
    assert at.keys() == sheet.network.nodes.keys()
    for (x1, y1), (x2, y2) in itertools.combinations(at.values(), 2):
        assert abs(x1 - x2) >= WIDTH + 40 or abs(y1 - y2) >= HEIGHT + 40
    across = max(x for x, _ in at.values()) - min(x for x, _ in at.values()) + WIDTH
    down = max(y for _, y in at.values()) - min(y for _, y in at.values()) + HEIGHT
    assert across <= 1280
    assert down <= 640


@pytest.mark.parametrize("id", ORDER)
def test_wires_run_to_the_right_or_to_a_row_below(id: str) -> None:
    sheet = Project.new(id).sheet
    for wire in sheet.network.wires:
        (x1, y1), (x2, y2) = sheet.view.positions[wire.source], sheet.view.positions[wire.target]
        assert x2 >= x1 + 240 or y2 >= y1 + 110


def test_a_project_that_is_not_there_names_one_that_is() -> None:
    with pytest.raises(ProjectError, match="did you mean digits-mlp"):
        template("digits-mpl")


@pytest.mark.parametrize("id", ORDER)
def test_its_page_says_what_it_is_what_to_try_and_what_to_look_at(id: str) -> None:
    made = template(id)
    lines = made.page.splitlines()
    assert lines[0] == f"# {made.title}"
    assert [line for line in lines if line.startswith("## ")] == [
        "## What it is", "## What to try", "## What to look at",
    ]  # fmt: skip
    assert 80 <= len(made.page.split()) <= 400

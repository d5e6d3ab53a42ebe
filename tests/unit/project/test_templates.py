"""The classical networks: as their script makes them, of the published size, without problems, and drawn readably."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import pytest

from nnstudio.compile.lower import compile_network
from nnstudio.export import export
from nnstudio.graph.blocks import blocks_of, in_block
from nnstudio.graph.edits import set_params
from nnstudio.graph.places import node_size
from nnstudio.layers.blocks import Block
from nnstudio.project.files import load
from nnstudio.project.gallery import CLASSICAL_ORDER, classical, template
from nnstudio.project.project import Project
from nnstudio.project.sheet import Sheet
from nnstudio.resources import resource_path

#: Trainable numbers as published: torchvision's for those that look at pictures, Hugging Face's for the others.
PUBLISHED = {
    "lenet-5": 61_706, "alexnet": 61_100_840, "vgg-16": 138_357_544, "resnet-18": 11_689_512, "resnet-50": 25_557_032,
    "mobilenet-v2": 3_504_872, "densenet-121": 7_978_856, "vit-b-16": 86_567_656, "gpt-2-small": 124_439_808,
    "bert-base": 109_482_240,
}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of what the script makes."""
    folder = tmp_path_factory.mktemp("templates")
    subprocess.run([sys.executable, resource_path("templates", "make.py"), folder], check=True)
    return folder


def test_they_are_listed_in_their_order_with_a_sentence_and_a_source_each() -> None:
    found = classical()
    assert [each.id for each in found] == list(CLASSICAL_ORDER)
    assert {each.kind for each in found} == {"classical"}
    assert all(each.title and "parameters" in each.summary and "(" in each.summary for each in found)


@pytest.mark.parametrize("id", CLASSICAL_ORDER)
def test_the_files_are_what_the_script_makes(id: str, made: Path) -> None:
    assert load(template(id).path).sheet == load(made / f"{id}.nnstudio").sheet


@pytest.mark.parametrize("id", CLASSICAL_ORDER)
def test_it_has_as_many_parameters_as_was_published_and_no_problems(id: str) -> None:
    project = Project.new(id)
    resolution = project.check()
    assert resolution.problems == ()
    assert resolution.parameters == PUBLISHED.get(id, u_net_parameters())
    assert f"{resolution.parameters:,} parameters" in template(id).summary


def u_net_parameters() -> int:
    """Of the original U-Net: 3×3 convolutions with offsets, 2×2 ones on the way up, one channel in, two classes."""

    def conv(kernel: int, entering: int, width: int) -> int:
        return kernel * kernel * entering * width + width

    widths = (64, 128, 256, 512, 1024)
    down = sum(conv(3, a, b) + conv(3, b, b) for a, b in itertools.pairwise((1, *widths)))
    up = sum(conv(2, 2 * b, b) + conv(3, 2 * b, b) + conv(3, b, b) for b in widths[:-1])
    return down + up + conv(1, 64, 2)


@pytest.mark.parametrize("id", CLASSICAL_ORDER)
def test_every_node_and_all_in_blocks_has_a_place_and_none_covers_another(id: str) -> None:
    sheet = Project.new(id).sheet
    inside = [(inner, sheet.view.blocks[name]) for name, inner in sheet.network.blocks.items()]
    for network, view in [(sheet.network, sheet.view), *inside]:
        assert view.positions.keys() == network.nodes.keys()
        for a, b in itertools.combinations(network.nodes, 2):
            (x1, y1), (x2, y2) = view.positions[a], view.positions[b]
            (w1, h1), (w2, h2) = node_size(network.nodes[a].layer), node_size(network.nodes[b].layer)
            assert abs(x1 - x2) >= (w1 + w2) / 2 + 16 or abs(y1 - y2) >= (h1 + h2) / 2 + 16
    xs, ys = zip(*sheet.view.positions.values(), strict=True)
    assert max(xs) - min(xs) <= 1100  # five columns: what is written on the nodes can still be read
    assert max(ys) - min(ys) <= 640


def test_what_was_trained_is_called_as_one_reads_it() -> None:
    names = set(compile_network(Project.new("resnet-18").network).model.state_dict())
    assert {"conv1.weight", "layer1.0.conv1.weight", "layer2_projection.conv_skip.weight", "fc.bias"} <= names


def test_a_block_is_edited_once_for_all_that_use_it() -> None:
    network = Project.new("resnet-50").network
    changed = Project(Sheet(in_block("Bottleneck", set_params("conv2", kernel_size=5, padding=2))(network)))
    stages = tuple(f"{id}/" for id in blocks_of(network, "Bottleneck"))
    kernels = [
        node.layer.values()["kernel_size"] for id, node in changed.check().flat.nodes.items()
        if id.startswith(stages) and id.endswith("/conv2")
    ]  # fmt: skip
    assert kernels == [5] * 12


@pytest.mark.parametrize("id", ["lenet-5"])
def test_it_is_exported_to_onnx_and_answers_alike(id: str, tmp_path: Path) -> None:
    proof = export(compile_network(Project.new(id).network, seed=0), tmp_path / "model.onnx", "onnx")
    assert proof.samples > 0
    assert proof.largest_difference < 1e-3


def test_resnet_50_is_sixteen_blocks() -> None:
    nodes = Project.new("resnet-50").sheet.network.nodes.values()
    assert sum(node.layer.repeat for node in nodes if isinstance(node.layer, Block)) == 16

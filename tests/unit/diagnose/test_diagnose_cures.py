"""Cures: what is offered for a finding, that it brings no new problem, and that it does mend."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from labelled import bases
from labelled.cases import Labelled, adam, cases, sgd
from labelled.judging import told
from labelled.recording import FOLDER, load

from nnstudio.compile.resolve import resolve
from nnstudio.data import ColumnChoice, DataReference, open_data, shipped_reference
from nnstudio.diagnose import Case, Facts, before_training, facts_of
from nnstudio.diagnose.cures import Cure, cures
from nnstudio.graph import Network
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.project import files
from nnstudio.project.gallery import template
from nnstudio.train.events import Diagnosis, RunFinished

MADE = {case.name: case for case in cases(0)}


def finding(name: str) -> tuple[Diagnosis, Labelled]:
    """What the doctor says of a labelled run, and the run."""
    one = next(iter(told(load(FOLDER / f"{name}-0.run"))))
    return one, MADE[f"{name}-0"]


def offered(name: str) -> dict[str, Cure]:
    one, case = finding(name)
    return {cure.title: cure for cure in cures(one, resolve(case.network, case.data.types), case.plan)}


#: A finding that no click can mend, since only the file can be.
INCURABLE = {"labels-shuffled", "labels-shifted", "validation-in-training"}


@pytest.mark.parametrize("name", sorted(MADE))
def test_every_finding_has_cures_that_bring_no_new_problem(name: str) -> None:
    case = MADE[name]
    if not case.must or name.startswith("seen"):
        return
    one = next(each for each in told(load(FOLDER / f"{name}.run")) if each.code in case.must)
    resolution = resolve(case.network, case.data.types)
    found = cures(one, resolution, case.plan)
    assert bool(found) is (one.code not in INCURABLE)
    for cure in found:
        after = resolve(cure.network_after(case.network), case.data.types)
        assert {problem.code for problem in after.problems} <= {problem.code for problem in resolution.problems}
        assert after.network != case.network or cure.plan_after(case.plan) != case.plan


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("vanishing-sigmoids-12", "Use ReLU for Sigmoid, with He initialisation"),
        ("exploding-deep", "Start the weights with He initialisation"),
        ("dead-cnn", "Start the weights with He initialisation"),
        ("saturated-tanhs", "Start the weights with Xavier initialisation"),
        ("low-mlp", "Raise the learning rate to 0.01"),
        ("overfit-digits", "Switch early stopping on"),
        ("underfit-rings", "Make the hidden layers 4 times as wide"),
        ("imbalance-digits", "Give each class the same say"),
        ("softmax-mlp", "Feed the loss from before squashed"),
        ("batch-one", "Take batches of 32 samples"),
        ("stopped", "Let the gradient through"),
        ("still-group", "Give its group the plan's rate"),
        ("phases-high", "Lower the learning rate of “classes” to 0.1"),
        ("phases-low", "Raise the learning rate of “classes” to 0.0001"),
        ("gan-low", "Raise the learning rate of “judge” to 0.0001"),
    ],
)
def test_the_likeliest_cure_comes_first(name: str, first: str) -> None:
    assert next(iter(offered(name))) == first


def test_a_cure_of_one_phase_leaves_the_others_as_they_are() -> None:
    one, case = finding("phases-high")
    cure = next(iter(offered("phases-high").values()))
    before, after = case.plan, cure.plan_after(case.plan)
    assert one.evidence["phases"] == ["classes"]
    assert after.phases[0] == before.phases[0]
    assert after.phases[1].learning_rate == 0.1
    assert after.learning_rate == before.learning_rate


def by_heart(id: str) -> tuple[Network, tuple[Cure, ...]]:
    """A project of the gallery, and what is offered where it learns by heart."""
    sheet = files.load(template(id).path).sheet
    types = sheet.data.types if sheet.data is not None else {}
    told = Diagnosis(step=0, time=0.0, code="overfitting", message="", hint="")
    return sheet.network, cures(told, resolve(sheet.network, types), sheet.plan)


def test_pictures_that_are_learned_by_heart_can_be_varied() -> None:
    network, found = by_heart("overfit")
    cure = next(cure for cure in found if cure.title == "Vary the pictures")
    after = cure.network_after(network)
    (wire,) = after.outgoing["image"]
    assert after.nodes[wire.target].layer.type_name() == "RandomAffine"


@pytest.mark.parametrize("id", ["small-net", "digits-cnn", "autoencoder", "segment"])
def test_only_pictures_are_varied_which_are_not_yet_and_in_which_no_place_is_asked_for(id: str) -> None:
    _, found = by_heart(id)
    assert "Vary the pictures" not in {cure.title for cure in found}


def test_the_focal_loss_is_a_cure_of_uneven_classes_that_is_not_offered_twice() -> None:
    one, case = finding("imbalance-digits")
    cure = offered("imbalance-digits")["Use the focal loss"]
    network = cure.network_after(case.network)
    assert {node.layer.type_name() for node in network.of_role("loss")} == {"FocalLoss"}

    def found(network: Network) -> set[str]:
        return {
            each.code
            for each in before_training(Case(network=network, facts=facts_of(case.data, network), given=case.plan))
        }

    assert one.code in found(case.network)
    assert one.code not in found(network)


def test_a_cure_mends_a_network_of_twelve_sigmoids() -> None:
    """The cure of the book against a real run."""
    from nnstudio.compile.lower import compile_network
    from nnstudio.train.loop import run

    one, case = finding("vanishing-sigmoids-12")
    assert one.code == "vanishing-gradient"
    cured = offered("vanishing-sigmoids-12")["Put BatchNorm1d before Sigmoid"].network_after(case.network)
    plan = case.plan.with_(epochs=12, watching=0.01)
    losses = []
    for network in (case.network, cured):
        ended = list(run(compile_network(network, case.data.types, 0), case.data, plan))
        assert isinstance(ended[-1], RunFinished)
        losses.append([event.training["loss"] for event in ended if hasattr(event, "training")][-1])
    assert losses[0] > 2.2
    assert losses[1] < 1.0


def test_layers_inside_a_block_are_cured_in_its_definition_once_for_all_copies() -> None:
    block = NetworkBuilder()
    x = block.add("BlockInput", name="x")
    x = block.add("Sigmoid", block.add("Linear", x, out_features=16, name="linear"), name="bend")
    block.add("BlockOutput", x, name="y")
    net = NetworkBuilder()
    net.define("Step", block)
    x = net.add("Linear", net.add("Input", field="vector", name="vector"), out_features=16, name="first")
    x = net.add("Block", x, definition="Step", repeat=6, name="steps")
    network = bases.ended(net, net.add("Linear", x, out_features=10, name="scores"))
    types = bases.digits().types
    resolution = resolve(network, types)
    nodes = [id for id in resolution.flat.nodes if id.endswith("/linear")]
    one = Diagnosis(
        step=1, time=0.0, code="vanishing-gradient", message="", hint="", node=nodes[0], evidence={"nodes": nodes}
    )
    cure = cures(one, resolution, adam(0.001))[0]
    after = resolve(cure.network_after(network), types)
    kinds = [node.layer.type_name() for node in after.flat.nodes.values()]
    assert kinds.count("ReLU") == 6
    assert "Sigmoid" not in kinds


def test_equal_rows_can_be_kept_in_one_part_of_the_split(tmp_path) -> None:
    numbers = np.random.default_rng(0).normal(size=(100, 5))
    lines = [",".join(f"{n:.3f}" for n in row) + ("," + "yes" if row[0] > 0 else ",no") for row in numbers]
    rows = ["a,b,c,d,e,label", *lines, *lines]
    (tmp_path / "twice.csv").write_text("\n".join(rows))
    reference = DataReference.file(tmp_path / "twice.csv", fields={"label": ColumnChoice.make({"role": "target"})})
    net = NetworkBuilder()
    x = net.add("Linear", net.add("Input", field="features", name="features"), out_features=2, name="scores")
    network = bases.ended(net, x)

    def findings(reference: DataReference) -> tuple[Facts, list[Diagnosis]]:
        facts = facts_of(open_data(reference), network)
        return facts, before_training(Case(network=network, facts=facts, given=adam(0.001)))

    facts, found = findings(reference)
    assert facts.shared > 0.5
    (one,) = (each for each in found if each.code == "validation-in-training")
    data = open_data(reference)
    (cure,) = cures(one, resolve(network, data.types), adam(0.001), reference)
    cured = cure.data_after(reference)
    assert cured is not None
    facts, found = findings(cured)
    assert facts.shared == 0.0
    assert "validation-in-training" not in {each.code for each in found}


def test_unscaled_columns_are_standardised_as_they_are_read() -> None:
    reference = shipped_reference("breast_cancer")
    names = [name for name, column in open_data(reference).columns.items() if column.kind == "number"]
    for name in names:
        reference = reference.with_choice(name, scaling="none")
    data = open_data(reference)
    net = NetworkBuilder()
    x = net.add("Linear", net.add("Input", field="features", name="features"), out_features=2, name="scores")
    network = bases.ended(net, x, target="diagnosis")
    facts = facts_of(data, network)
    (one,) = (e for e in before_training(Case(network=network, facts=facts)) if e.code == "unscaled-inputs")
    cure = cures(one, resolve(network, data.types), sgd(0.1), reference)[0]
    cured = cure.data_after(reference)
    assert cured is not None
    scaled = open_data(cured).arrays("train")["features"]
    assert np.abs(scaled.mean(axis=0)).max() < 1e-3
    assert before_training(Case(network=network, facts=facts_of(open_data(cured), network))) == []


def test_a_sound_project_has_nothing_said_of_it_before_training() -> None:
    for name in ("fine-cnn-0", "fine-small-net-0", "fine-line-0", "hard-gan-0", "fine-iris-0"):
        case = MADE[name]
        resolution = resolve(case.network, case.data.types)
        facts = facts_of(case.data, resolution.flat)
        assert before_training(Case(network=resolution.flat, facts=facts, given=case.plan)) == []


def test_facts_of_large_data_are_taken_from_a_sample() -> None:
    rows = 60_000
    drawn = np.random.default_rng(0)
    x = drawn.normal(size=(rows, 20)).astype(np.float32)
    data = bases.split({"x": x, "label": (x[:, 0] > 0).astype(np.int64)}, {"label": 2}, 0)
    net = NetworkBuilder()
    x = net.add("Linear", net.add("Input", field="x", name="x"), out_features=2, name="scores")
    facts = facts_of(data, bases.ended(net, x))
    assert facts.targets[0].rows <= 2_000
    assert facts.targets[0].score > 0.8
    assert sum(facts.targets[0].classes) <= 20_000


def test_importing_the_doctor_and_its_cures_leaves_torch_out() -> None:
    import subprocess

    code = "import sys, nnstudio.diagnose, nnstudio.diagnose.prescribing; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_of_values_that_are_read_when_asked_for_a_few_hundred_rows_are_read() -> None:
    from nnstudio.data.lazy import Stored

    read: list[int] = []

    class Counting(Stored):
        def take(self, rows: np.ndarray) -> np.ndarray:
            read.append(len(rows))
            return super().take(rows)

    drawn = np.random.default_rng(0)
    pictures = drawn.random((3000, 1, 8, 8), np.float32) * 255

    class Folder:
        def count(self, split: str) -> int:
            return 3000 if split == "train" else 0

        def arrays(self, split: str) -> dict[str, np.ndarray]:
            labels = drawn.integers(0, 10, self.count(split))
            return {"image": Counting(pictures[: self.count(split)]), "label": labels}  # type: ignore[dict-item]

    facts = facts_of(Folder(), bases.cnn())
    assert facts.inputs[0].greatest > 100
    assert 0 < sum(read) < 1500


def test_a_target_that_has_slipped_by_a_row_is_read_from_its_place(tmp_path) -> None:
    reference = shipped_reference("breast_cancer")
    columns = open_data(reference).columns
    names = [name for name, column in columns.items() if column.kind == "number"][:8]
    kinds = columns["diagnosis"]
    said = [kinds.categories[code] for code in kinds.values]
    lines = [",".join([*names, "diagnosis"])]
    for row in range(len(said)):
        slipped = said[row - 1] if row else said[0]
        lines.append(",".join([*(f"{columns[name].values[row]:.5g}" for name in names), slipped]))
    (tmp_path / "slipped.csv").write_text("\n".join(lines))
    reference = DataReference.file(tmp_path / "slipped.csv")
    data = open_data(reference)
    net = NetworkBuilder()
    x = net.add("Linear", net.add("Input", field="features", name="features"), out_features=2, name="scores")
    network = bases.ended(net, x, target="diagnosis")
    facts = facts_of(data, network)
    (one,) = before_training(Case(network=network, facts=facts))
    assert one.code == "labels-shifted"
    assert "the inputs fit the target of the row after them" in one.message
    (cure,) = cures(one, resolve(network, data.types), adam(0.001), reference)
    assert cure.title == "Move diagnosis up by one row"
    cured = cure.data_after(reference)
    assert cured is not None
    mended = open_data(cured)
    assert before_training(Case(network=network, facts=facts_of(mended, network))) == []
    assert "1 row has no value in “diagnosis”; no split uses it" in mended.warnings

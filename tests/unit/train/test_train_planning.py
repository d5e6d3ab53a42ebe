"""Phases and groups are edited as values, and follow the drawing."""

from __future__ import annotations

import pytest

from nnstudio.graph import Network, edits
from nnstudio.graph.blocks import make_block, unpack_block
from nnstudio.graph.builder import NetworkBuilder, with_names_as_ids
from nnstudio.graph.document import Document
from nnstudio.layers.params import ParameterError
from nnstudio.project.sheet import Sheet, in_step
from nnstudio.train import planning
from nnstudio.train.plan import Plan


def gan() -> Network:
    """z → first → second → made; a block, the discriminator, judges points and what is made."""
    block = NetworkBuilder()
    hidden = block.add("Linear", block.add("BlockInput", name="point"), out_features=4, name="hidden")
    block.add("BlockOutput", block.add("Linear", hidden, out_features=1, name="score"), name="judged")
    net = NetworkBuilder()
    net.define("Discriminator", block)
    made = net.add("Noise", shape=(4,), name="z")
    for name in ("first", "second", "made"):
        made = net.add("Linear", made, out_features=2, name=name)
    points = net.add("Input", field="point", shape=(2,), name="point")
    score = net.add("Block", points, definition="Discriminator", name="discriminator")
    again = net.add("Shared", made, of=score.node, name="again")
    yes, no, fooled = (net.add("Constant", of, value=value) for of, value in ((score, 1.0), (again, 0.0), (again, 1.0)))
    net.add("BCEWithLogitsLoss", score, yes, name="real")
    net.add("BCEWithLogitsLoss", again, no, name="fake")
    net.add("BCEWithLogitsLoss", again, fooled, name="fool")
    return with_names_as_ids(net.network)


TWO = Plan.make(
    {
        "phases": [
            {"name": "discriminator", "losses": ["real", "fake"], "trains": ["discriminator"]},
            {"name": "generator", "losses": ["fool"], "trains": ["first", "second", "made"]},
        ],
        "groups": [{"nodes": ["first"], "learning_rate": 0.5}],
    }
)


def document(plan: Plan = TWO, network: Network | None = None) -> Document[Sheet]:
    return Document(Sheet(network=network or gan(), plan=plan), follow=in_step)


def names(plan: Plan) -> list[str]:
    return [phase.name for phase in plan.phases]


def test_phases_are_added_moved_changed_and_removed() -> None:
    plan = planning.add_phase()(planning.add_phase(losses=("real",))(Plan.make({})))
    assert names(plan) == ["phase 1", "phase 2"]
    assert names(planning.move_phase(1, -1)(plan)) == ["phase 2", "phase 1"]
    assert planning.change_phase(1, steps=5)(plan).phases[1].steps == 5
    assert names(planning.remove_phase(0)(plan)) == ["phase 2"]
    with pytest.raises(ParameterError, match="different names"):
        planning.change_phase(1, name="phase 1")(plan)


def test_a_node_is_in_one_group_at_most() -> None:
    plan = planning.add_group(("second",), learning_rate=0.1)(TWO)
    plan = planning.change_group(1, nodes=("second", "first"))(plan)
    assert [group.nodes for group in plan.groups] == [(), ("second", "first")]
    assert planning.group_of(plan, "first") == 1
    assert [group.nodes for group in planning.add_group(("second", "first"))(plan).groups] == [(), ("second", "first")]


def test_what_trains_a_node_is_told() -> None:
    assert [phase.name for phase in planning.phases_of(TWO, "made")] == ["generator"]
    assert [phase.name for phase in planning.phases_of(TWO, "discriminator/score")] == ["discriminator"]
    plan = planning.train_in(0, ["made"], wanted=True)(TWO)
    assert [phase.name for phase in planning.phases_of(plan, "made")] == ["discriminator", "generator"]


def test_a_deleted_node_is_taken_out_of_the_plan_in_the_same_step() -> None:
    made = document()
    made.do("Delete", edits.remove(["second", "fake"]))
    assert made.value.plan.phases[0].losses == ("real",)
    assert made.value.plan.phases[1].trains == ("first", "made")
    made.undo()
    assert made.value.plan == TWO
    assert made.steps == ("Delete",)


def test_a_phase_or_group_that_has_lost_all_goes_with_it() -> None:
    made = document()
    made.do("Delete", edits.remove(["fool", "first"]))
    assert names(made.value.plan) == ["discriminator"]
    assert made.value.plan.groups == ()
    made.undo()
    assert made.value.plan == TWO


def test_renaming_changes_nothing_of_the_plan() -> None:
    made = document()
    made.do("Rename", edits.rename("made", "points"))
    assert made.value.plan is TWO
    assert planning.name_at(made.value.network, "made") == "points"


def test_what_goes_into_a_block_and_comes_out_again_stays_in_its_phase() -> None:
    made = document()
    made.do("Group", make_block(["first", "second", "made"], "Generator", id="g"))
    assert [planning.name_at(made.value.network, id) for id in made.value.plan.phases[1].trains]
    assert set(made.value.plan.phases[1].trains) == {"g/first", "g/second", "g/made"}
    assert made.value.plan.groups[0].nodes == ("g/first",)
    made.do("Unpack", unpack_block("g"))
    assert set(made.value.plan.phases[1].trains) == {"first", "second", "made"}
    made.do("Unpack", unpack_block("discriminator"))
    inside = made.value.plan.phases[0].trains
    assert {made.value.network.nodes[id].layer.type_name() for id in inside} >= {"Linear"}


def test_what_a_plan_names_and_the_network_has_not_is_told() -> None:
    assert planning.plan_problems(TWO, gan()) == ()
    plan = planning.change_phase(0, losses=("real", "gone"), trains=("discriminator/gone",))(TWO)
    plan = planning.change_group(0, nodes=("away",))(plan)
    problems = planning.plan_problems(plan, gan())
    assert [(problem.phase, problem.group) for problem in problems] == [(0, -1), (0, -1), (-1, 0)]
    assert problems[0].message == "The phase “discriminator” names the loss “gone”, which the network has not"
    assert all(problem.hint for problem in problems)
    score = next(id for id, node in gan().blocks["Discriminator"].nodes.items() if node.name == "score")
    inside = planning.change_phase(0, trains=(f"discriminator/{score}",))(TWO)
    assert planning.plan_problems(inside, gan()) == ()
    assert planning.name_at(gan(), f"discriminator/{score}") == "discriminator.score"

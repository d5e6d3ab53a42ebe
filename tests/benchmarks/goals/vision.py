"""Networks that look at pictures."""

from __future__ import annotations

import dataclasses
import functools
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from goals import Goal, nnstudio

if TYPE_CHECKING:
    import torch

    from nnstudio.project.project import Project
    from nnstudio.project.sheet import Sheet
    from nnstudio.runs.records import RunRecord
    from nnstudio.train.events import Diagnosis

#: Pictures that a network that draws is judged by, and how sure the one that reads must be of each.
DRAWN, SURE = 1000, 0.9


# -- what several have in common --------------------------------------------------------------------------------------


def opened(project: Path) -> Project:
    from nnstudio.project.project import Project

    return Project.open(project)


def figure(project: Project, name: str, split: str = "test") -> float:
    return float(project.evaluate(split)[name])


def trained(sheet: Sheet, seed: int, *, keep: Path | None = None) -> Project:
    """A project of this sheet, trained from this seed in a folder of its own (from the weights of ``keep``)."""
    from nnstudio.project.project import Project

    folder = Path(tempfile.mkdtemp())
    project = Project(sheet, folder / "other.nnstudio", opened(keep).weights if keep is not None else None)
    project.train(seed=seed, keep=keep is not None)
    return project


def last_run(project: Path) -> RunRecord:
    """The project's last run."""
    from nnstudio.project.places import RUNS
    from nnstudio.runs.database import RunDatabase

    with RunDatabase(opened(project).runs / RUNS) as database:
        return max(database.runs(), key=lambda record: record.started)


def told(project: Path) -> list[Diagnosis]:
    """What the doctor said of the project's last run."""
    from nnstudio.project.places import RUNS
    from nnstudio.runs.replaying import load

    return list(load(opened(project).runs / RUNS, last_run(project).id).diagnoses)


def seed_of(project: Path) -> int:
    """The seed by which the project's last run was trained."""
    return int(last_run(project).plan["seed"])


@functools.cache
def reader_of_digits() -> Callable[[torch.Tensor], torch.Tensor]:
    """What digits-cnn, trained as its project says, makes of pictures N×1×28×28: probabilities N×10."""
    from nnstudio.train.evaluate import evaluating

    project = Path(tempfile.mkdtemp()) / "reader.nnstudio"
    nnstudio("new", "digits-cnn", "-o", str(project))
    nnstudio("train", str(project))
    model = opened(project).compiled().model

    def read(pictures: torch.Tensor) -> torch.Tensor:
        with evaluating(model):
            made: torch.Tensor = model(pictures).softmax(1)
        return made

    return read


def drawn(project: Path, output: str) -> torch.Tensor:
    """Pictures that the project draws out of noise, N×1×28×28; of each digit as many, where it is told which."""
    import torch

    from nnstudio.train.evaluate import evaluating

    compiled = opened(project).compiled()
    random = torch.Generator().manual_seed(0)
    given = {"image": torch.zeros(DRAWN, 1, 28, 28), "label": torch.arange(DRAWN) % 10}
    inputs = [
        given[spec.field] if spec.draw is None else torch.randn(DRAWN, *spec.draw.shape, generator=random)
        for spec in compiled.model_inputs
    ]
    with evaluating(compiled.model):
        made = compiled.model(*inputs)
    return made if isinstance(made, torch.Tensor) else made[output]


# -- lessons ----------------------------------------------------------------------------------------------------------


def difference(project: Path) -> float:
    """By how much batch normalisation is ahead; 0 where the doctor does not name a layer of the plain network."""
    named = {
        node
        for one in told(project)
        for node in (one.node, one.evidence.get("loss", ""), *one.evidence.get("nodes", ()))
    }
    if not any("plain" in node for node in named):
        return 0.0
    made = opened(project)
    return figure(made, "accuracy_normalised") - figure(made, "accuracy_plain")


def cured(project: Path) -> float:
    """The worst accuracy of the cures that the doctor offers for the vanishing gradient, each tried by itself; 0 where
    the sick network learns, or where fewer than three are offered."""
    from nnstudio.diagnose.cures import cures

    sick = opened(project)
    found = next((one for one in told(project) if one.code == "vanishing-gradient"), None)
    if found is None or figure(sick, "accuracy") > 0.30:
        return 0.0
    offered = cures(found, sick.check(), sick.plan, sick.sheet.data)
    reached = []
    for cure in offered:
        network, plan = cure.network_after(sick.network), cure.plan_after(sick.plan)
        healthy = trained(dataclasses.replace(sick.sheet, network=network, plan=plan), seed_of(project))
        reached.append(figure(healthy, "accuracy"))
        print(f"  {cure.title}: {reached[-1]:.3f}")
    return min(reached) if len(reached) >= 3 else 0.0


def fallen(project: Path) -> float:
    """The share of the loss that is left of what knowing nothing costs; infinite where compiling takes over 3 s of the
    processor. The clock does not run while the program is loaded."""
    import math

    import torch  # noqa: F401  before the clock runs, like the data

    import nnstudio.compile.lower  # noqa: F401

    made = opened(project)
    made.dataset  # noqa: B018  read before the clock runs
    start = time.process_time()
    made.compiled(trained=False)
    if time.process_time() - start > 3.0:
        return math.inf
    return figure(made, "loss") / math.log(10)


def narrowed(project: Path) -> float:
    """What is left of the gap between the losses of training and test rows, by the best of the doctor's cures; 1 where
    the doctor does not name it."""
    from nnstudio.diagnose.cures import cures

    sick = opened(project)
    found = next((one for one in told(project) if one.code == "overfitting"), None)
    if found is None:
        return 1.0
    before = _gap(sick)
    left = []
    for cure in cures(found, sick.check(), sick.plan, sick.sheet.data):
        network, plan = cure.network_after(sick.network), cure.plan_after(sick.plan)
        healthy = trained(dataclasses.replace(sick.sheet, network=network, plan=plan), seed_of(project))
        left.append(_gap(healthy) / before)
        print(f"  {cure.title}: {left[-1]:.2f} of {before:.3f} left, accuracy {figure(healthy, 'accuracy'):.3f}")
    return min(left, default=1.0)


def _gap(project: Project) -> float:
    return figure(project, "loss") - figure(project, "loss", "train")


# -- networks that draw -----------------------------------------------------------------------------------------------


def recognised(project: Path) -> float:
    """Share of the digits that a variational autoencoder draws out of noise which digits-cnn takes for one digit rather
    than for all others together."""
    return float((reader_of_digits()(drawn(project, "dreamt")).amax(1) > 0.5).float().mean())


def convincing(project: Path) -> float:
    """Share of a generator's pictures of which digits-cnn is sure; 0 where not all ten digits are among them."""
    chances = reader_of_digits()(drawn(project, "drawn"))
    sure = chances.amax(1) >= SURE
    return float(sure.float().mean()) if len(set(chances.argmax(1)[sure].tolist())) == 10 else 0.0


# -- what was learned before ------------------------------------------------------------------------------------------


def ahead_of_scratch(project: Path) -> float:
    """By how much the probe of features that were learned without labels is more accurate than what the hundred
    labelled pictures alone teach: the better of the same network with the same plan and few_labels_by_hand.py. Those
    see the pictures as they are; turned and shifted as the views are, a hundred pictures alone reach 0.92: what the
    views tell is most of what is learned."""
    from few_labels_by_hand import accuracy

    from nnstudio.graph import edits

    made = opened(project)
    network = edits.chain(
        edits.remove(["find_other_view", "projection", "same_projection", "same_encoder", "view2"]),
        edits.set_bypassed(["as_it_is", "view1"]),
    )(made.network)
    scratch = figure(trained(dataclasses.replace(made.sheet, network=network), seed_of(project)), "accuracy")
    by_hand = accuracy(made.dataset, seed_of(project))
    print(f"  probe {figure(made, 'accuracy'):.3f}, from scratch {scratch:.3f}, by hand {by_hand:.3f}")
    return figure(made, "accuracy") - max(scratch, by_hand)


def ahead_with_transfer(project: Path) -> float:
    """By how much the network that kept what it learned from digits is more accurate than the same network from
    scratch, with the same plan."""
    made = opened(project)
    network = made.network
    loose = dataclasses.replace(
        network, nodes={id: dataclasses.replace(node, frozen=False) for id, node in network.nodes.items()}
    )
    scratch = trained(dataclasses.replace(made.sheet, network=loose), seed_of(project))
    print(f"  kept {figure(made, 'accuracy'):.3f}, from scratch {figure(scratch, 'accuracy'):.3f}")
    return figure(made, "accuracy") - figure(scratch, "accuracy")


GOALS: dict[str, Goal] = {
    "digits-cnn": Goal(90, "accuracy", 0.97),
    "similar-images": Goal(120, "recall_at_5", 0.93),
    "batchnorm": Goal(120, "accuracy ahead", 0.10, judge=difference),
    "vanishing": Goal(120, "worst cured accuracy", 0.95, judge=cured),
    "thousand-layers": Goal(180, "share of the loss left", most=0.5, judge=fallen),
    "overfit": Goal(60, "share of the gap left", most=0.5, judge=narrowed),
    "autoencoder": Goal(120, "loss", most=0.015),
    "vae": Goal(180, "share recognised", 0.80, judge=recognised),
    "gan": Goal(480, "share convincing", 0.70, judge=convincing),
    "vit": Goal(240, "accuracy", 0.95),
    "residual": Goal(300, "accuracy", 0.88),
    "self-supervised": Goal(360, "accuracy ahead", 0.05, judge=ahead_of_scratch),
    "transfer": Goal(120, "accuracy ahead", 0.001, judge=ahead_with_transfer, train=("--keep",)),
    "faces": Goal(240, "equal_error", most=0.10),
}

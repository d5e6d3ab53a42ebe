"""Rules about the data and the drawing, which hold before the first step: rare classes, inputs of odd size, rows that
stand in two splits, a softmax too many, batch normalisation on single samples."""

from __future__ import annotations

from collections.abc import Iterator

from nnstudio.data.evenness import uneven
from nnstudio.diagnose.case import Case
from nnstudio.diagnose.facts import InputFacts, TargetFacts
from nnstudio.diagnose.reading import BATCH_NORMS, PASSING, family
from nnstudio.train.events import Diagnosis

#: The size of inputs beyond which, and below which, a layer that starts as usual cannot work well; and how much wider
#: the widest feature may be than the narrowest.
LARGE, SMALL, UNEVEN = 20.0, 1e-3, 300.0
#: Share of the validation rows that may stand in the training rows too.
SHARED = 0.1

#: Losses that bend scores themselves, and what must not have bent them before.
_BENT = {
    "CrossEntropyLoss": ("Softmax", "LogSoftmax", "Sigmoid", "Softmax2d"),
    "BCEWithLogitsLoss": ("Sigmoid", "Softmax"),
}


def class_imbalance(case: Case) -> Iterator[Diagnosis]:
    """A class is so rare that a network may do well without ever naming it."""
    for target in case.facts.targets if case.facts is not None else ():
        ignored = getattr(getattr(case.node(target.node), "layer", None), "ignore_index", None)
        counts = [count for code, count in enumerate(target.classes) if count and code != ignored]
        shares = uneven(counts)
        if shares is None or _weighted(case, target):
            continue
        yield case.diagnosis(
            "class-imbalance",
            f"The classes of “{target.field}” are uneven: {shares[0]:.0%} of the training rows are of the commonest, "
            f"{shares[1]:.1%} of the rarest; a network may do well without ever naming the rare ones",
            "give the rare classes more weight in the loss, or use the focal loss, and judge by balanced accuracy",
            nodes=[target.node], measure="training rows by class", field=target.field, counts=list(target.classes),
            by_node={str(place): count for place, count in enumerate(target.classes) if count},
        )  # fmt: skip


def _weighted(case: Case, target: TargetFacts) -> bool:
    """Whether the loss does something about it already."""
    node = case.node(target.node)
    return node is not None and (
        node.layer.type_name() == "FocalLoss"
        or any(getattr(node.layer, name, None) is not None for name in ("class_weights", "pos_weight"))
    )


def unscaled_inputs(case: Case) -> Iterator[Diagnosis]:
    """Inputs are far larger or smaller than the ones that layers start for, and nothing scales them."""
    for known in case.facts.inputs if case.facts is not None else ():
        if _scaled_after(case, known.node):
            continue
        told = _odd(known)
        if not told:
            continue
        yield case.diagnosis(
            "unscaled-inputs", f"“{known.field}” is not scaled: {told}",
            "standardise it, so that its mean is 0 and its spread 1", nodes=[known.node], field=known.field,
            columns=known.columns,
            measure="size of the inputs", log=True,
            by_node={"smallest feature": known.least, "largest feature": known.greatest, "as it should be": 1.0},
        )  # fmt: skip


def _odd(known: InputFacts) -> str:
    if known.greatest > LARGE:
        return f"its numbers are as large as {known.greatest:,.4g}, and layers start for numbers of about 1"
    if 0 < known.greatest < SMALL:
        return f"its numbers are as small as {known.greatest:.2g}, and layers start for numbers of about 1"
    if known.narrow > 0 and known.wide / known.narrow > UNEVEN and known.wide > 3.0:
        return f"one feature spreads {known.wide / known.narrow:,.0f} times as wide as another, and outweighs it"
    return ""


def _scaled_after(case: Case, id: str) -> bool:
    """Whether all that an input goes to normalises it first."""
    network = case.network
    if network is None or id not in network.nodes:
        return False
    following = [network.nodes[wire.target] for wire in network.outgoing.get(id, ()) if wire.target in network.nodes]
    following = [node for node in following if node.layer.role == "layer"]
    return bool(following) and all(
        family(node) in ("Normalisation", "Arithmetic")
        or node.layer.type_name() == "Normalize"
        or (node.layer.type_name() in PASSING and _scaled_after(case, node.id))
        for node in following
    )


def seen_in_training(case: Case) -> Iterator[Diagnosis]:
    """Rows to be judged by are trained on as well."""
    facts = case.facts
    if facts is None or not facts.surprising or facts.shared < SHARED:
        return
    yield case.diagnosis(
        "validation-in-training",
        f"{facts.shared:.0%} of the validation rows ({facts.shared_rows:,}) stand among the training rows too, so the "
        "validation figures are better than they should be",
        "keep rows that are the same in one part of the split", measure="validation rows",
        by_node={"also trained on": facts.shared, "held back": 1.0 - facts.shared},
    )  # fmt: skip


def softmax_before_loss(case: Case) -> Iterator[Diagnosis]:
    """A loss that bends scores itself is fed by a layer that has bent them already."""
    network = case.network
    for node in network.of_role("loss") if network is not None else ():
        assert network is not None
        at = next((wire.source for wire in network.incoming.get(node.id, ()) if wire.input == "prediction"), "")
        while case.kind(at) in PASSING:
            at = next((wire.source for wire in network.incoming.get(at, ())), "")
        if case.kind(at) not in _BENT.get(node.layer.type_name(), ()):
            continue
        does = "a softmax" if node.layer.type_name() == "CrossEntropyLoss" else "a sigmoid"
        yield case.diagnosis(
            "softmax-before-loss",
            f"“{node.name}” ({node.layer.type_name()}) has {does} of its own and is fed by “{case.name(at)}” "
            f"({case.kind(at)}); twice bent, the network learns slowly and never becomes sure",
            f"feed it the raw scores from before “{case.name(at)}”", nodes=[node.id, at],
        )  # fmt: skip


def batch_norm_on_one(case: Case) -> Iterator[Diagnosis]:
    """Batch normalisation in training with batches of one sample."""
    if case.network is None or case.plan.batch_size != 1:
        return
    nodes = [id for id, node in case.network.nodes.items() if node.layer.type_name() in BATCH_NORMS and not node.frozen]
    if nodes:
        yield case.diagnosis(
            "batch-norm-batch-one",
            f"{case.names(nodes)} {'normalises' if len(nodes) == 1 else 'normalise'} over a batch, and a batch has one "
            "sample: what it learns from does not fit what it is judged by",
            "take batches of at least 8 samples, or use GroupNorm or LayerNorm", nodes=nodes, batch_size=1,
        )  # fmt: skip

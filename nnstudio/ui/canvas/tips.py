"""What a tooltip on the canvas says."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from nnstudio.compile.patterns import parse
from nnstudio.graph import Wire
from nnstudio.layers import Placeholder
from nnstudio.train.planning import phases_of
from nnstudio.ui.canvas.face import signs_of
from nnstudio.ui.canvas.fitting import End
from nnstudio.ui.canvas.glyphs import MEANINGS
from nnstudio.ui.fix_buttons import fixes_now
from nnstudio.ui.inspect_costs import cost_facts

#: What the signs on a card mean.
_STATES = {name: meaning for name, meaning in MEANINGS.items() if name != "block"}

if TYPE_CHECKING:
    from nnstudio.ui.canvas.scene import CanvasScene, Hit


def tip_for(scene: CanvasScene, hit: Hit) -> str:
    """The tip for what is under the pointer, as rich text; "" for nothing."""
    if hit.end is not None:
        lines = _of_port(scene, hit.end)
    elif hit.node:
        lines = _of_node(scene, hit.node)
    elif hit.wire is not None:
        lines = _of_wire(scene, hit.wire)
    else:
        return ""
    return "<qt>" + "<br>".join(lines) + "</qt>"


def _of_node(scene: CanvasScene, id: str) -> list[str]:
    node = scene.network.nodes[id]
    lines = [f"<b>{html.escape(node.name)}</b> · {html.escape(node.layer.type_name())}"]
    for problem in scene.resolution.problems_of(id) if scene.resolution is not None else ():
        lines.append(_sentence(problem.message))
        if problem.hint:
            lines.append(f"<i>{_sentence(problem.hint)}</i>")
        fixes = fixes_now(scene.session, problem)
        if fixes:
            lines.append(f"Ctrl+. : {html.escape(fixes[0].title)}")
    lines += [html.escape(_STATES[sign]) for sign in signs_of(node) if sign in _STATES]
    lines += ["bypassed: what arrives goes on as it is"] if node.bypassed else []
    lines += [f"<i>{html.escape(line)}</i>" for line in scene.comparison.lines(id)]
    lines += _trained_in(scene, id)
    told = scene.magnitudes.told_of(id)
    if len(lines) == 1 and not isinstance(node.layer, Placeholder):
        lines.append(html.escape(node.layer.summary()))
        facts = cost_facts(scene.session, (id,))
        lines += [html.escape(" · ".join(f"{name} {value}" for name, value in facts))] if facts else []
    lines += [html.escape(told)] if told else []
    return lines


def _trained_in(scene: CanvasScene, id: str) -> list[str]:
    """Which of the plan's phases train a node with weights."""
    session = scene.session
    known = scene.resolution.nodes.get(id) if scene.resolution is not None else None
    if not session.plan.phases or known is None or not known.parameters:
        return []
    names = [phase.name for phase in phases_of(session.plan, session.scope.prefix + id)]
    return [html.escape(f"trained in {' and '.join(names)}" if names else "trained in no phase")]


def _of_port(scene: CanvasScene, end: End) -> list[str]:
    port = getattr(scene.network.nodes[end.node].layer, end.side).get(end.port)
    lines = [f"<b>{html.escape(end.port)}</b>"]
    if port is None:
        return lines
    if end.side == "inputs":
        needs = {"float": "real numbers", "int": "whole numbers", "number": "numbers"}.get(port.dtype, "anything")
        lines.append(html.escape(f"takes {parse(port.pattern).described()}: {needs}"))
        lines += ["optional"] if port.optional else []
        lines += ["takes several wires"] if port.many else []
    else:
        node = scene.resolution.nodes.get(end.node) if scene.resolution is not None else None
        type = node.outputs.get(end.port) if node is not None else None
        lines.append(html.escape(f"gives {type}" if type is not None else f"gives {parse(port.pattern).described()}"))
    if port.help:
        lines.append(html.escape(port.help))
    return lines


def _of_wire(scene: CanvasScene, wire: Wire) -> list[str]:
    nodes = scene.network.nodes
    lines = [html.escape(f"{nodes[wire.source].name} → {nodes[wire.target].name}, {wire.input}")]
    type = scene.resolution.wire_type(wire) if scene.resolution is not None else None
    lines.append(html.escape(str(type)) if type is not None else "its type is not known yet")
    told = scene.magnitudes.told_of_wire(wire)
    lines += [html.escape(told)] if told else []
    return lines


def _sentence(text: str) -> str:
    return html.escape(text[:1].upper() + text[1:])

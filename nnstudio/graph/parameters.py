"""Edits of a network's named parameters, and of the expressions in its nodes that name them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from nnstudio.graph.computed import is_all_plain, normal, value_of
from nnstudio.graph.edits import Edit, EditError, chain, changed_layer
from nnstudio.graph.expressions import ExpressionError, Number, is_parameter_name, names_in, renamed
from nnstudio.graph.network import Network, Node
from nnstudio.layers import Param, ParameterError, Placeholder


def evaluated(node: Node, parameters: Mapping[str, Number]) -> Node:
    """The node with its expressions worked out anew; itself where nothing changes.

    Raises:
        EditError: an expression has no value, or one that its parameter cannot have.
    """
    if not node.expressions or isinstance(node.layer, Placeholder):
        return node
    values = {}
    for name, text in node.expressions:
        try:
            values[name] = value_of(_declared(node, name), text, parameters)
        except ExpressionError as error:
            raise EditError(f"{node.name}.{name} = {text}: {error}") from error
    try:
        layer = node.layer.with_(**values)
    except ParameterError as error:
        raise EditError(f"{node.name}: {error.parameter} {error.message}") from error
    return node if layer == node.layer else replace(node, layer=layer)


def _declared(node: Node, name: str) -> Param:
    declared = None if isinstance(node.layer, Placeholder) else node.layer.params.get(name)
    if declared is None:
        raise EditError(f"{node.name} has no parameter {name} that could be worked out")
    return declared


def reevaluated(network: Network) -> Network:
    """The network with every expression worked out anew. EditError where one cannot be."""
    nodes = {id: evaluated(node, network.parameters) for id, node in network.nodes.items() if node.expressions}
    if all(nodes[id] is network.nodes[id] for id in nodes):
        return network
    return replace(network, nodes={**network.nodes, **nodes})


def set_expression(id: str, parameter: str, text: str) -> Edit:
    """Work a node's parameter out of an expression; plain numbers make it a plain value again, as "" does (the value
    that it has). Of a parameter with several numbers each place may be an expression: ``3, 2*width``, ``k × 3``.

    EditError and ParameterError where the expression or its value cannot be.
    """

    def edit(network: Network) -> Network:
        node = network.nodes[id]
        others = tuple(pair for pair in node.expressions if pair[0] != parameter)
        if not text.strip():
            made = replace(node, expressions=others)
        else:
            made = _computed(replace(node, expressions=others), parameter, text, network.parameters)
        return network if made == node else changed_layer(network, made)

    return edit


def _computed(node: Node, parameter: str, text: str, parameters: Mapping[str, Number]) -> Node:
    if isinstance(node.layer, Placeholder):
        raise EditError(f"{node.name} is of a type that this program lacks; its parameters cannot be changed")
    declared = _declared(node, parameter)
    try:
        said = normal(declared, text)
        if is_all_plain(declared, said):
            value: Any = value_of(declared, said, {})
            return replace(node, layer=node.layer.with_(**{parameter: value}))
    except ExpressionError as error:
        raise EditError(f"{node.name}.{parameter} = {text}: {error}") from error
    return evaluated(replace(node, expressions=(*node.expressions, (parameter, said))), parameters)


def set_expressions(ids: Iterable[str], said: Iterable[Iterable[tuple[str, str]]]) -> Edit:
    """Work parameters of several nodes out of expressions: for each node its (parameter, text)."""
    return chain(*(set_expression(id, name, text) for id, each in zip(ids, said, strict=False) for name, text in each))


def set_network_parameter(name: str, value: Number) -> Edit:
    """Add a named parameter or change its value; every expression that names it follows.

    EditError where the name cannot be used, or an expression cannot have the value that comes of it.
    """

    def edit(network: Network) -> Network:
        if not is_parameter_name(name):
            raise EditError(f"a parameter cannot be named {name!r}: use letters, digits and _, not first a digit")
        if name in network.parameters and network.parameters[name] == value:
            return network
        return reevaluated(replace(network, parameters={**network.parameters, name: value}))

    return edit


def remove_network_parameter(name: str) -> Edit:
    """Take a parameter away. Expressions that name it become the plain values that they have."""

    def edit(network: Network) -> Network:
        nodes = dict(network.nodes)
        for id, node in network.nodes.items():
            kept = tuple(pair for pair in node.expressions if name not in names_in(pair[1]))
            if kept != node.expressions:
                nodes[id] = replace(node, expressions=kept)
        rest = {known: value for known, value in network.parameters.items() if known != name}
        return replace(network, nodes=nodes, parameters=rest)

    return edit


def rename_network_parameter(name: str, new: str) -> Edit:
    """Call a parameter otherwise, in every expression too. EditError where the name is taken or cannot be used."""

    def edit(network: Network) -> Network:
        if new == name:
            return network
        if not is_parameter_name(new):
            raise EditError(f"a parameter cannot be named {new!r}: use letters, digits and _, not first a digit")
        if new in network.parameters:
            raise EditError(f"another parameter is named {new!r}; choose another name")
        parameters = {(new if known == name else known): value for known, value in network.parameters.items()}
        nodes = dict(network.nodes)
        for id, node in network.nodes.items():
            said = tuple((parameter, renamed(text, name, new)) for parameter, text in node.expressions)
            if said != node.expressions:
                nodes[id] = replace(node, expressions=said)
        return replace(network, nodes=nodes, parameters=parameters)

    return edit


def users(network: Network, name: str) -> tuple[tuple[str, str], ...]:
    """(node id, parameter) of every expression that names this parameter."""
    return tuple(
        (node.id, parameter)
        for node in network.nodes.values()
        for parameter, text in node.expressions
        if name in names_in(text)
    )


def expose(targets: Iterable[tuple[str, str]], name: str) -> Edit:
    """Make one named parameter of these (node id, parameter): its value is the first's, and all follow it from then.

    In a definition this is what its blocks can set. EditError where the name is taken or a value is not a number.
    """
    pairs = tuple(targets)

    def edit(network: Network) -> Network:
        if not pairs:
            raise EditError("choose a parameter to expose")
        if name in network.parameters:
            raise EditError(f"another parameter is named {name!r}; choose another name")
        first = getattr(network.nodes[pairs[0][0]].layer, pairs[0][1], None)
        if isinstance(first, tuple) and first and len(set(first)) == 1:
            first = first[0]
        if isinstance(first, bool) or not isinstance(first, int | float):
            raise EditError(f"{network.nodes[pairs[0][0]].name}.{pairs[0][1]} is not a number; expose a number")
        network = set_network_parameter(name, first)(network)
        for id, parameter in pairs:
            network = set_expression(id, parameter, name)(network)
        return network

    return edit

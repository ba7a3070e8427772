"""Figures of a directed graph: its arrows, its rings, and the levels that it has once each ring counts as one node."""

from __future__ import annotations

from collections.abc import Mapping

Graph = Mapping[str, frozenset[str]]  # each node with the nodes that its arrows point to, all of them nodes themselves


def arrows(graph: Graph) -> int:
    """Return the number of imports between two nodes."""
    return sum(map(len, graph.values()))


def rings(graph: Graph) -> list[list[str]]:
    """Return the sets of nodes that reach one another, the largest first."""
    reached = {node: _reached(graph, node) for node in graph}
    found = {frozenset(other for other in reached[node] if node in reached[other]) for node in graph}
    return sorted((sorted(ring) for ring in found if len(ring) > 1), key=lambda ring: (-len(ring), ring))


def _reached(graph: Graph, start: str) -> set[str]:
    """Return the nodes at the ends of paths from a node; itself is one of them only if a path leads back."""
    found: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        if (node := waiting.pop()) not in found:
            found.add(node)
            waiting.extend(graph[node])
    return found


def levels(graph: Graph) -> dict[str, int]:
    """Return the level of each node: 1 if it imports nothing outside its ring, else one above what it imports."""
    ring_of = {node: frozenset(ring) for ring in rings(graph) for node in ring}
    found: dict[str, int] = {}

    def level(node: str) -> int:
        if node not in found:
            ring = ring_of.get(node, frozenset([node]))
            below = {other for one in ring for other in graph[one]} - ring
            found.update(dict.fromkeys(ring, 1 + max(map(level, below), default=0)))
        return found[node]

    return {node: level(node) for node in graph}

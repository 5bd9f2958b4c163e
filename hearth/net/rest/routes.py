"""Finds the operation of a method and path; pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from hearth.core.errors import METHOD_NOT_ALLOWED, ROUTE_NOT_FOUND, Refused
from hearth.core.operations import Operation
from hearth.core.wire import path_id


class _Node:
    """One path segment: what may follow it, and which methods end here."""

    __slots__ = ("literal", "methods", "parameter")

    def __init__(self) -> None:
        self.literal: dict[str, _Node] = {}
        self.parameter: tuple[str, _Node] | None = None
        self.methods: dict[str, Operation] = {}


class Routes:
    """A trie of the operations' paths. A literal segment goes before a parameter."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._root = _Node()
        for operation in operations:
            if not operation.path:
                continue
            node = self._root
            for segment in operation.path.strip("/").split("/"):
                if segment.startswith("{"):
                    if node.parameter is None:
                        node.parameter = segment[1:-1], _Node()
                    node = node.parameter[1]
                else:
                    node = node.literal.setdefault(segment, _Node())
            node.methods[operation.method] = operation

    def find(self, method: str, path: str) -> tuple[Operation, dict[str, str]]:
        """The operation, and the path's parameters as they stand there; refuses with 404, 405."""
        segments = path.strip("/").split("/")
        found = self._walk(self._root, segments, 0, [])
        if found is None:
            raise Refused(ROUTE_NOT_FOUND)
        node, values = found
        operation = node.methods.get(method)
        if operation is None:
            raise Refused(METHOD_NOT_ALLOWED, headers={"Allow": ", ".join(sorted(node.methods))})
        return operation, dict(zip(_names(operation.path), values, strict=True))

    def _walk(
        self, node: _Node, segments: list[str], index: int, values: list[str]
    ) -> tuple[_Node, list[str]] | None:
        if index == len(segments):
            return (node, values) if node.methods else None
        segment = segments[index]
        literal = node.literal.get(segment)
        if literal is not None:
            found = self._walk(literal, segments, index + 1, values)
            if found is not None:
                return found
        if node.parameter is not None and segment:
            return self._walk(node.parameter[1], segments, index + 1, [*values, segment])
        return None


def parameters(operation: Operation, values: Mapping[str, str]) -> dict[str, Any]:
    """The path's parameters as their types: ids as ints; refuses with 50035."""
    return {
        name: value if operation.parameters.get(name) is str else path_id(name, value)
        for name, value in values.items()
    }


_known_names: dict[str, list[str]] = {}


def _names(path: str) -> list[str]:
    names = _known_names.get(path)
    if names is None:
        names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
        _known_names[path] = names
    return names

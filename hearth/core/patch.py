"""Partial changes: a noun with the fields of a PATCH put in, and what that changed."""

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, Struct

T = TypeVar("T", bound=Struct)


class Change(Struct, frozen=True, gc=False):
    """One changed field, as the audit log shows it; None is an absent value."""

    key: str
    old: Any = None
    new: Any = None

    @property
    def moved(self) -> bool:
        """Whether the value is another one."""
        return self.old != self.new

    def object(self) -> dict[str, Any]:
        """The audit log change object; absent values are left out."""
        shown: dict[str, Any] = {"key": self.key}
        if self.old is not None:
            shown["old_value"] = self.old
        if self.new is not None:
            shown["new_value"] = self.new
        return shown


def apply(noun: T, patch: Struct, fields: Sequence[str]) -> T:
    """`noun` with the given `fields` of `patch`; those that are UNSET keep their value."""
    values = {name: getattr(patch, name) for name in fields}
    return msgspec.structs.replace(
        noun, **{name: value for name, value in values.items() if value is not UNSET}
    )


def changes(before: Struct | None, after: Struct | None, fields: Sequence[str]) -> list[Change]:
    """What differs in `fields` between two nouns, or between one and nothing."""
    return [
        Change(name, getattr(before, name, None), getattr(after, name, None)) for name in fields
    ]

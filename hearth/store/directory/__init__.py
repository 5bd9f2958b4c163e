"""The Directory port in SQL, one file per resource."""

from hearth.store.directory.directory import SqlDirectory

__all__ = ["SqlDirectory"]

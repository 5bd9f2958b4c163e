"""How a noun becomes a row and a row a noun, derived from the noun's fields."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from types import UnionType
from typing import Any, Generic, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

from hearth.store.sql.database import Connection, Row, Value

Noun = TypeVar("Noun", bound=Struct)


class Table(Generic[Noun]):
    """The table of one type of noun: a column for each field, under the field's name.

    Booleans are 0 and 1, tuples and lists JSON text, the fields named in `json` (bytes that are
    JSON already) text too. `delete_by` is what a delete goes by where that is not the whole key.
    With `follows`, pairs of another table and our column that holds its id, a row is written
    only while those are there: for nouns whose makers follow behind.
    """

    def __init__(
        self,
        noun: type[Noun],
        name: str,
        key: Sequence[str] = ("id",),
        *,
        ids: Sequence[str] = (),
        json: Sequence[str] = (),
        delete_by: Sequence[str] = (),
        follows: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.noun = noun
        self.name = name
        self.key = tuple(key)
        self.columns = noun.__struct_fields__
        self.ids = tuple(ids)
        """Columns that hold ids which the server made, for `greatest_id`."""
        self._to_column, self._to_field = _conversions(noun, json)
        self._follows = tuple(follows)
        self._delete_by = tuple(delete_by) or self.key
        self.noun_of = self.reader()
        # Names of tables and columns are ours, values are parameters: hence each S608 here.
        self._all = f"SELECT {', '.join(self.columns)} FROM {name}"  # noqa: S608

    @property
    def json_columns(self) -> list[str]:
        """The columns that hold JSON text."""
        return [self.columns[i] for i, convert in self._to_field if convert is not bool]

    def row(self, noun: Struct) -> list[Value]:
        """The columns of `noun`, in order."""
        row = [getattr(noun, column) for column in self.columns]
        for i, convert in self._to_column:
            if row[i] is not None:
                row[i] = convert(row[i])
        return row

    def reader(self, **instead: Callable[[Any], Any]) -> Callable[[Sequence[Any]], Noun]:
        """A function that makes the noun of a row of all columns, in order.

        `instead` names columns to be converted by other means than usual.
        """
        fields = [f"row[{i}]" for i in range(len(self.columns))]
        names: dict[str, Any] = {"noun": self.noun}
        for i, convert in self._to_field:
            names[f"convert{i}"] = instead.get(self.columns[i], convert)
            fields[i] = f"None if row[{i}] is None else convert{i}(row[{i}])"
        # Written out: a dict of the fields takes eight times as long, and half of the time of a
        # large guild's load.
        given = ", ".join(
            f"{name}={field}" for name, field in zip(self.columns, fields, strict=True)
        )
        return eval(f"lambda row: noun({given})", names)  # noqa: S307 - all names are ours

    def field(self, column: str, value: Any) -> Any:
        """What the noun holds for `value` in `column`; raises what decoding raises."""
        return dict(self._to_field)[self.columns.index(column)](value)

    def save(self, connection: Connection, nouns: Sequence[Struct]) -> None:
        """Write `nouns` over what has their keys; of several with one key the last counts."""
        rows = {tuple([getattr(noun, name) for name in self.key]): noun for noun in nouns}
        for batch in _batches([self.row(noun) for noun in rows.values()]):
            connection.execute(self._upsert(len(batch)), [*chain.from_iterable(batch)])

    def delete(self, connection: Connection, nouns: Sequence[Struct]) -> None:
        """Delete what has the keys of `nouns`."""
        keys = [[getattr(noun, name) for name in self._delete_by] for noun in nouns]
        # Row values in an IN would be shorter, but SQLite scans the whole table for them.
        key = f"({' AND '.join(f'{name} = ?' for name in self._delete_by)})"
        for batch in _batches(keys):
            where = " OR ".join([key] * len(batch))
            values = [*chain.from_iterable(batch)]
            connection.execute(f"DELETE FROM {self.name} WHERE {where}", values)  # noqa: S608

    def one(
        self, connection: Connection, where: str, parameters: Sequence[Value] = ()
    ) -> Noun | None:
        """The noun for which `where` holds."""
        row = connection.one(f"{self._all} WHERE {where}", parameters)
        return None if row is None else self.noun_of(row)

    def few(
        self, connection: Connection, rest: str, parameters: Sequence[Value] = ()
    ) -> list[Noun]:
        """The nouns of a short answer; `rest` is what follows FROM and the table's name."""
        return [self.noun_of(row) for row in connection.all(f"{self._all} {rest}", parameters)]

    def many(
        self, connection: Connection, rest: str, parameters: Sequence[Value] = ()
    ) -> list[Noun]:
        """The nouns of a long answer, of a table without bytes."""
        rows: list[Row] = [*connection.bulk(self.columns, f"FROM {self.name} {rest}", parameters)]
        return [self.noun_of(row) for row in rows]

    def _upsert(self, size: int) -> str:
        """The statement that writes `size` rows."""
        source = _marks(len(self.columns), size)
        if self._follows:
            # column1 and so on are what SQL engines call the columns of VALUES.
            there = [
                f"EXISTS (SELECT 1 FROM {table} WHERE id = v.column{self.columns.index(name) + 1})"  # noqa: S608
                for table, name in self._follows
            ]
            source = f"SELECT v.* FROM ({source}) AS v WHERE {' AND '.join(there)}"  # noqa: S608
        others = [column for column in self.columns if column not in self.key]
        sets = ", ".join(f"{column} = excluded.{column}" for column in others)
        return (
            f"INSERT INTO {self.name} ({', '.join(self.columns)}) {source}"
            f" ON CONFLICT ({', '.join(self.key)}) DO {f'UPDATE SET {sets}' if sets else 'NOTHING'}"
        )


# sqlite3 lets go of the interpreter lock for each statement and must win it back, which beside a
# busy loop can take milliseconds each time: hence few statements of many rows.
_BATCH = 64


def _batches(rows: list[list[Value]]) -> Iterator[list[list[Value]]]:
    return (rows[i : i + _BATCH] for i in range(0, len(rows), _BATCH))


def _marks(columns: int, rows: int) -> str:
    row = f"({', '.join('?' * columns)})"
    return f"VALUES {', '.join([row] * rows)}"


Conversions = list[tuple[int, Callable[[Any], Any]]]


def _conversions(noun: type[Struct], json: Sequence[str]) -> tuple[Conversions, Conversions]:
    """What is done to which columns of a noun on their way in, and to fields on their way out."""
    to_column: Conversions = []
    to_field: Conversions = []
    hints = get_type_hints(noun)
    for i, name in enumerate(noun.__struct_fields__):
        kind = hints[name]
        if get_origin(kind) in (Union, UnionType):
            (kind,) = [part for part in get_args(kind) if part is not type(None)]
        if kind is bool:
            to_column.append((i, int))
            to_field.append((i, bool))
        elif name in json:
            to_column.append((i, bytes.decode))
            to_field.append((i, str.encode))
        elif get_origin(kind) in (tuple, list, dict):
            to_column.append((i, _json_text))
            to_field.append((i, msgspec.json.Decoder(kind).decode))
        elif kind not in (int, str, bytes):
            raise TypeError(f"{noun.__name__}.{name}: no column can hold a {kind}")
    return to_column, to_field


def _json_text(value: object) -> str:
    return msgspec.json.encode(value).decode()

"""Cursors of the journal's consumers in SQL."""

from hearth.store.sql.database import Connection


def cursor(connection: Connection, consumer: str) -> int:
    """The last journal row that `consumer` has finished; 0 at first."""
    row = connection.one("SELECT n FROM cursors WHERE consumer = ?", (consumer,))
    return 0 if row is None else row[0]


def advance(connection: Connection, consumer: str, n: int) -> bool:
    """Set the cursor to `n`; False, and nothing done, when it is there or further."""
    if n <= cursor(connection, consumer):
        return False
    connection.execute(
        "INSERT INTO cursors (consumer, n) VALUES (?, ?)"
        " ON CONFLICT (consumer) DO UPDATE SET n = excluded.n",
        (consumer, n),
    )
    return True

"""Parameters that wait for a later issue: each is refused by name instead of being ignored.

`tests/conformance/deferred.json` publishes this table; a test keeps the two equal.
"""

from collections import defaultdict
from typing import Any

from msgspec import UNSET, Struct

from hearth.core.errors import (
    FEATURE_DISABLED,
    Error,
    Refused,
    form_errors,
)


class Deferred(Struct, frozen=True, gc=False):
    """One row: `parameter` of `operation` waits for the issue on `issue`, because `why`.

    Only the `values` wait, or the `bits`, where these are named. A dot leads into an object.
    """

    operation: str
    parameter: str
    issue: str
    why: str
    values: tuple[int, ...] = ()
    bits: int = 0
    error: Error = FEATURE_DISABLED


_FORUMS = "forum and media channels come with threads"
_OAUTH2 = "bots gather people with the OAuth2 scope gdm.join"

ROWS: tuple[Deferred, ...] = (
    *(
        row
        for operation in ("create_message", "update_message")
        for row in (
            Deferred(operation, "components", "bots", "components come with interactions"),
            Deferred(operation, "flags", "bots", "components come with interactions", bits=1 << 15),
        )
    ),
    Deferred("create_message", "poll", "community", "there are no polls yet"),
    Deferred("create_message", "shared_client_theme", "client", "themes belong to the client"),
    Deferred(
        "create_message",
        "message_reference.type",
        "community",
        "forwards come with message snapshots",
        values=(1,),
    ),
    *(
        row
        for operation in ("create_guild_channel", "update_channel")
        for row in (
            Deferred(operation, "type", "community", _FORUMS, values=(15, 16)),
            Deferred(operation, "available_tags", "community", _FORUMS),
            Deferred(operation, "default_reaction_emoji", "community", _FORUMS),
            Deferred(operation, "default_sort_order", "community", _FORUMS),
            Deferred(operation, "default_forum_layout", "community", _FORUMS),
            Deferred(operation, "default_tag_setting", "community", _FORUMS),
        )
    ),
    Deferred("update_channel", "archived", "community", "there are no threads yet"),
    Deferred("update_channel", "locked", "community", "there are no threads yet"),
    Deferred("update_channel", "invitable", "community", "there are no threads yet"),
    Deferred("update_channel", "auto_archive_duration", "community", "there are no threads yet"),
    Deferred("update_channel", "applied_tags", "community", _FORUMS),
    Deferred("update_channel", "flags", "community", _FORUMS),
    Deferred("create_dm", "access_tokens", "bots", _OAUTH2),
    Deferred("create_dm", "nicks", "bots", _OAUTH2),
    Deferred("add_group_dm_user", "access_token", "bots", _OAUTH2),
    Deferred("add_group_dm_user", "nick", "bots", _OAUTH2),
    Deferred("update_guild", "home_header", "community", "headers come with the server guide"),
    Deferred("add_guild_member", "access_token", "bots", "OAuth2 comes with bots"),
    *(
        Deferred(
            "create_channel_invite", parameter, "community", "targeted invites come with community"
        )
        for parameter in ("target_type", "target_user_id", "target_application_id", "role_ids")
    ),
)

_BY_OPERATION: dict[str, list[tuple[str, Deferred]]] = defaultdict(list)
"""Each row with the field of the body in which it begins."""

for _row in ROWS:
    _BY_OPERATION[_row.operation].append((_row.parameter.partition(".")[0], _row))


def refuse_deferred(operation: str, body: Struct | None) -> None:
    """Raise Refused if `body` uses what waits for a later issue.

    Null, false and empty values use nothing. Of the rows that are used, the first decides the
    error; all that share it are named.
    """
    rows = _BY_OPERATION.get(operation, ())
    used = [row for field, row in rows if getattr(body, field, None) and _uses(row, body)]
    if used:
        error = used[0].error
        named = [
            (
                tuple(row.parameter.split(".")),
                "NOT_SUPPORTED_YET",
                f"Hearth does not take this yet: {row.why}.",
            )
            for row in used
            if row.error is error
        ]
        raise Refused(error, {"errors": form_errors(*named)})


def _uses(row: Deferred, body: Struct | None) -> bool:
    value: Any = body
    for name in row.parameter.split("."):
        value = getattr(value, name, UNSET)
    if value is UNSET or not value:
        return False
    if row.bits:
        return bool(value & row.bits)
    return value in row.values if row.values else True

"""Writes what the web client's permissions are held to: random guilds, and what `resolve` says.

`PYTHONPATH=. .venv/bin/python tests/conformance/web_vectors.py`
"""

import json
from pathlib import Path
from typing import Any

from hearth.core.permissions import resolve
from tests.conformance.test_permission_worlds import GUILD_ID, NOW_MS, hearth_world, make_world

FILE = Path(__file__).resolve().parents[2] / "hearth/web/tests/vectors/permissions.json"
WORLDS = 24


def vectors() -> list[dict[str, Any]]:
    """Each world in the API's form; a timeout is in hours from now, `bits` by member and place."""
    return [_vector(f"web-{number}") for number in range(WORLDS)]


def _vector(seed: str) -> dict[str, Any]:
    world = make_world(seed)
    snapshot = hearth_world(world)
    places = [None, *snapshot.channels.values()]
    return {
        "guild": str(GUILD_ID),
        "owner": str(world["owner"]),
        "roles": [
            {"id": str(x["id"]), "name": x["name"], "permissions": str(x["permissions"])}
            for x in world["roles"]
        ],
        "members": [
            {"id": str(x["id"]), "roles": [str(role) for role in x["roles"]], "out": x["out"]}
            for x in world["members"]
        ],
        "channels": [
            {
                "id": str(x["id"]),
                "type": x["type"],
                "parent_id": None if x["parent"] is None else str(x["parent"]),
                "owner_id": str(x.get("owner", 0)),
                "permission_overwrites": [
                    {
                        "id": str(each["id"]),
                        "type": each["type"],
                        "allow": str(each["allow"]),
                        "deny": str(each["deny"]),
                    }
                    for each in x["overwrites"]
                ],
            }
            for x in world["channels"] + world["threads"]
        ],
        "bits": [
            [str(resolve(snapshot, member, place, NOW_MS)) for place in places]
            for member in snapshot.members.values()
        ],
    }


def text() -> str:
    """The file: a world a line."""
    return "[\n" + ",\n".join(json.dumps(each) for each in vectors()) + "\n]\n"


if __name__ == "__main__":
    FILE.write_text(text())

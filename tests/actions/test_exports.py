"""Exports of one's own data: what is in them, who gets them, and what an interruption leaves."""

import asyncio
import base64
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hearth.actions.exports import DAY_MS, PAGE, finish_exports, tidy_exports
from hearth.actions.gate import call
from hearth.core.errors import (
    FEATURE_DISABLED,
    RATE_LIMITED,
    ROUTE_NOT_FOUND,
    STORAGE_FULL,
    USERS_ONLY,
    Refused,
)
from hearth.core.models.accounts import Account
from hearth.core.models.exports import COMPLETED, FAILED, KEEP_MS, QUEUED, Harvest
from hearth.core.models.messages import Message
from hearth.core.models.users import Application, Credential, Token, User
from hearth.core.operations import OPERATIONS, OPERATOR
from hearth.core.ports import Entry, Kind
from hearth.core.record import encode
from hearth.core.wire import decode
from tests.actions.house import ANN, BOB, CAT, GUILD, HIDDEN, TEXT, House
from tests.pictures import data_uri, still


@pytest.fixture
def folder(house: House, tmp_path: Path) -> Path:
    """Where the owner of the data keeps files."""
    house.owner.data = tmp_path
    return tmp_path / "exports"


async def made(house: House) -> None:
    """Wait until no export is being made."""
    await asyncio.sleep(0)
    while any(task.get_name() == "export" for task in asyncio.all_tasks()):  # noqa: ASYNC110
        await asyncio.sleep(0)
    house.told()


def files(folder: Path) -> list[str]:
    """The names of the files that are there, sorted."""
    return sorted(path.name for path in folder.glob("*"))


def read(path: Path) -> dict[str, Any]:
    """What is in an export, by the name of the file."""
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        names = [name for name in archive.namelist() if not name.startswith("pictures/")]
        texts = {name: archive.read(name).decode() for name in names}
    assert texts.pop("README.txt")
    lines = texts.pop("messages.jsonl").splitlines()
    return {
        "messages": [json.loads(line) for line in lines],
        **{name.removesuffix(".json"): json.loads(text) for name, text in texts.items()},
    }


async def export(house: House, who: int) -> dict[str, Any]:
    """A person's export."""
    asked = await house.call("create_harvest", who)
    await made(house)
    told = await house.call("get_harvest", who)
    assert (told["harvest_id"], told["status"]) == (asked["harvest_id"], COMPLETED)
    path = f"/api/v10/users/@me/harvest/{told['harvest_id']}/download"
    assert told["download_url"] == path
    file = await house.call("download_harvest", who, harvest_id=int(told["harvest_id"]))
    assert file["name"] == f"data-{told['harvest_id']}.zip"
    return read(Path(file["path"]))


async def test_all_that_is_ones_own_is_in_it(house: House, folder: Path) -> None:
    for who, text in ((BOB, "mine"), (ANN, "not mine"), (BOB, "mine too")):
        await house.call("create_message", who, {"content": text}, channel_id=TEXT)
    await house.call("create_message", CAT, {"content": "secret"}, channel_id=HIDDEN)
    dm = await house.call("create_dm", BOB, {"recipient_id": CAT})
    dm_id = int(dm["id"])
    await house.call("create_message", BOB, {"content": "hi <@1003>"}, channel_id=dm_id)
    await house.call("create_message", CAT, {"content": "private"}, channel_id=dm_id)
    group = await house.call("create_dm", CAT, {"recipients": [str(ANN), str(BOB)]})
    group_id = int(group["id"])
    icon = {"icon": data_uri(still())}
    icon = (await house.call("update_channel", ANN, icon, channel_id=group_id))["icon"]
    await house.call("create_relationship", BOB, {}, user_id=ANN)
    await house.call("update_note", BOB, {"note": "the boss"}, user_id=ANN)
    await house.call("update_user_settings", BOB, {"theme": "light"})
    await house.call("update_my_nick", BOB, {"nick": "Bobby"}, guild_id=GUILD)
    await house.owner.save(
        [
            Account(user_id=BOB, bio="I am bob"),
            Credential(user_id=BOB, password_hash="$argon2id$hash"),
            Token(
                hash=b"\xaa" * 32, user_id=BOB, created_at_ms=1, os="Linux", address=b"\xbb" * 16
            ),
            User(id=4001, username="helper", bot=True),
            Application(id=4001, bot_id=4001, owner_id=BOB, name="Helper"),
        ]
    )
    await made(house)
    found = await export(house, BOB)
    assert [each["content"] for each in found["messages"]] == ["mine", "mine too", "hi <@1003>"]
    assert {each["author"]["id"] for each in found["messages"]} == {str(BOB)}
    assert found["account"]["user"]["bio"] == "I am bob"
    assert [each["os"] for each in found["account"]["sessions"]] == ["Linux"]
    assert [each["name"] for each in found["account"]["applications"]] == ["Helper"]
    (friend,) = found["relationships"]
    assert (friend["id"], friend["user"]["username"]) == (str(ANN), "ann")
    assert [each["note"] for each in found["notes"]] == ["the boss"]
    assert found["settings"]["0"]["theme"] == "light"
    (guild,) = found["guilds"]
    assert (guild["name"], guild["nick"], guild["owner"]) == ("Den", "Bobby", False)
    dms = {int(each["id"]): each for each in found["dms"]}
    assert {
        id: sorted(other["username"] for other in each["recipients"]) for id, each in dms.items()
    } == {dm_id: ["cat"], group_id: ["ann", "cat"]}
    assert icon
    assert dms[group_id]["icon"] == icon
    assert found["channels"] == [
        {"id": str(TEXT), "guild_id": str(GUILD), "name": "text"},
        {"id": str(dm_id), "guild_id": None, "name": None},
    ]
    # Nothing that proves who they are, and nothing that others wrote.
    text = json.dumps(found)
    for secret in ("argon2", "aaaaaaaa", "qqqqqq", "u7u7u7", "not mine", "secret", "private"):
        assert secret not in text, secret


async def test_pictures_of_oneself_and_ones_groups_are_in_it(house: House, folder: Path) -> None:
    avatar, banner = still("png"), still("webp", 30, 10)
    uri = f"data:image/png;base64,{base64.b64encode(avatar).decode()}"
    await house.call("update_my_user", BOB, {"avatar": uri})
    uri = f"data:image/webp;base64,{base64.b64encode(banner).decode()}"
    await house.call("update_my_guild_member", BOB, {"banner": uri}, guild_id=GUILD)
    icon = still("png", 20, 20)
    ids: list[int] = []
    for _ in range(2):
        group = await house.call("create_dm", CAT, {"recipients": [str(ANN), str(BOB)]})
        ids.append(int(group["id"]))
        await house.call("update_channel", CAT, {"icon": data_uri(icon)}, channel_id=ids[-1])
    await house.call("delete_channel", BOB, channel_id=ids[1])  # He leaves it.
    await house.call("create_harvest", BOB)
    await made(house)
    with zipfile.ZipFile(folder / files(folder)[0]) as archive:
        found = {
            name: archive.read(name) for name in archive.namelist() if name.startswith("pictures/")
        }
    assert found == {
        "pictures/avatar.png": avatar,
        f"pictures/{GUILD}-banner.webp": banner,
        f"pictures/{ids[0]}-icon.png": icon,
    }


async def test_where_one_is_no_more_only_what_one_wrote_is_shown(
    house: House, folder: Path
) -> None:
    await house.call("create_message", CAT, {"content": "once"}, channel_id=HIDDEN)
    await house.call("delete_guild_member", ANN, user_id=CAT, guild_id=GUILD)
    house.told()
    found = await export(house, CAT)
    assert [each["content"] for each in found["messages"]] == ["once"]
    assert found["channels"] == [{"id": str(HIDDEN), "guild_id": None, "name": None}]
    assert found["guilds"] == []
    assert "hidden" not in json.dumps(found)


async def test_more_than_a_page_of_messages(house: House, folder: Path) -> None:
    posted = []
    for i in range(2 * PAGE + 1):
        author = BOB if i % 2 else ANN
        message = Message(id=9000 + i, channel_id=TEXT, author_id=author, type=0, content=str(i))
        entry = Entry(Kind.CREATE, TEXT, message.id, encode(message))
        home = await house.owner.home(GUILD)
        posted.append(house.owner.post(home, entry))
    await asyncio.gather(*posted)
    found = await export(house, BOB)
    assert [int(each["content"]) for each in found["messages"]] == [*range(1, 2 * PAGE + 1, 2)]


async def test_once_a_day_and_kept_for_a_week(house: House, folder: Path) -> None:
    assert await house.call("get_harvest", BOB) is None
    first = await house.call("create_harvest", BOB)
    refused = await house.refused(RATE_LIMITED, "create_harvest", BOB)
    assert refused.more["retry_after"] == DAY_MS / 1000
    await made(house)
    await house.refused(RATE_LIMITED, "create_harvest", BOB)
    assert files(folder) == [f"{first['harvest_id']}.zip"]
    house.clock.seconds += DAY_MS / 1000
    second = await house.call("create_harvest", BOB)
    await made(house)
    # There is one file of each person's at most.
    assert files(folder) == [f"{second['harvest_id']}.zip"]
    await house.refused(
        ROUTE_NOT_FOUND, "download_harvest", BOB, harvest_id=int(first["harvest_id"])
    )
    house.clock.seconds += KEEP_MS / 1000 - 1
    await tidy_exports(house.owner)
    assert files(folder)
    house.clock.seconds += 1
    await tidy_exports(house.owner)
    assert files(folder) == []
    assert await house.call("get_harvest", BOB) is None


async def test_nobody_gets_anothers(house: House, folder: Path) -> None:
    asked = await house.call("create_harvest", BOB)
    id = int(asked["harvest_id"])
    assert f"{id}.zip" not in files(folder)
    await made(house)
    await house.refused(ROUTE_NOT_FOUND, "download_harvest", ANN, harvest_id=id)
    await house.refused(ROUTE_NOT_FOUND, "download_harvest", BOB, harvest_id=id + 1)
    assert await house.call("get_harvest", ANN) is None
    house.bots.add(CAT)
    for name, more in (
        ("create_harvest", {}),
        ("get_harvest", {}),
        ("download_harvest", {"harvest_id": id}),
    ):
        await house.refused(USERS_ONLY, name, CAT, **more)
    assert [os.stat(path).st_mode & 0o777 for path in (folder, folder / f"{id}.zip")] == [
        0o700,
        0o600,
    ]


async def test_one_that_was_interrupted_is_made_at_the_start(house: House, folder: Path) -> None:
    now = house.owner.wall_ms()
    waiting = Harvest(user_id=BOB, id=house.owner.make_id(), created_at_ms=now)
    gone = Harvest(user_id=CAT, id=house.owner.make_id(), created_at_ms=now, status=COMPLETED)
    await house.owner.directory.commit([waiting, gone], [])
    os.mkdir(folder)
    for name in (f"{waiting.id}.zip.new", "12.zip", f"{gone.id}.zip"):
        (folder / name).write_bytes(b"half")
    house.clock.seconds += 1
    await finish_exports(house.owner)
    assert files(folder) == sorted([f"{waiting.id}.zip", f"{gone.id}.zip"])
    assert read(folder / f"{waiting.id}.zip")["account"]["user"]["username"] == "bob"
    told = await house.call("get_harvest", BOB)
    assert told["status"] == COMPLETED


async def test_one_that_is_stopped_leaves_nothing_half(house: House, folder: Path) -> None:
    log, reached = house.owner.log, asyncio.Event()

    async def held(*args: Any, **more: Any) -> list[bytes]:
        reached.set()
        await asyncio.Event().wait()
        return []

    await house.call("create_message", BOB, {"content": "x"}, channel_id=TEXT)
    page, log.page = log.page, held
    asked = await house.call("create_harvest", BOB)
    await reached.wait()
    assert files(folder) == [f"{asked['harvest_id']}.zip.new"]
    await house.owner.tasks.close()
    assert files(folder) == []
    log.page = page
    told = await house.owner.directory.harvest(BOB)
    assert told is not None
    assert told.status == QUEUED


async def test_a_full_disk_fails_it_and_it_may_be_asked_for_again(
    house: House, folder: Path
) -> None:
    house.owner.reserve_bytes = 1 << 62
    await house.call("create_harvest", BOB)
    await made(house)
    told = await house.call("get_harvest", BOB)
    assert (told["status"], told["download_url"]) == (FAILED, None)
    assert files(folder) == []
    with pytest.raises(Refused) as caught:
        await operate(house, "bob")
    assert caught.value.error is STORAGE_FULL
    house.owner.reserve_bytes = 0
    assert (await export(house, BOB))["account"]


async def test_who_is_deleted_leaves_no_export(house: House, folder: Path) -> None:
    await export(house, BOB)
    operation = OPERATIONS["delete_user"]
    form = decode(operation.body, msgspec.json.encode({"user": "bob"}))
    await call(house.entry, operation, OPERATOR, {}, form)
    assert files(folder) == []
    assert await house.owner.directory.harvest(BOB) is None


async def operate(house: House, user: str) -> Path:
    """The operator's export, by the process that has the data."""
    operation = OPERATIONS["export_user"]
    form = decode(operation.body, msgspec.json.encode({"user": user}))
    reply = await call(house.owner, operation, OPERATOR, {"uid": 7}, form)
    return Path(reply.value.path)


async def test_the_operator_exports_and_the_log_says_so(house: House, folder: Path) -> None:
    await house.call("create_message", BOB, {"content": "mine"}, channel_id=TEXT)
    path = await operate(house, "bob")
    assert [each["content"] for each in read(path)["messages"]] == ["mine"]
    (entry,) = await house.owner.directory.operator_log(5)
    assert (entry.uid, entry.action, entry.target_id) == (7, "export_user", BOB)
    # A file that nobody took away goes after a day.
    house.clock.seconds += DAY_MS / 1000 - 1
    await tidy_exports(house.owner)
    assert files(folder) == [path.name]
    house.clock.seconds += 2
    await tidy_exports(house.owner)
    assert files(folder) == []


async def test_where_nothing_is_kept_on_a_disk_there_is_no_export(house: House) -> None:
    await house.refused(FEATURE_DISABLED, "create_harvest", BOB)
    with pytest.raises(Refused) as caught:
        await operate(house, "bob")
    assert caught.value.error is FEATURE_DISABLED

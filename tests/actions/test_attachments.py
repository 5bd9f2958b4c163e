"""Files of messages by the gate: put to a message, kept and left out, sent before, seen again."""

from typing import Any

import pytest
from msgspec.structs import replace

from hearth.actions.assets import keep
from hearth.actions.attachments import put_upload
from hearth.actions.collection import GRACE_S, LAPSE_S, collect_blobs, collect_files
from hearth.actions.consumers import attachments
from hearth.actions.gate import admits
from hearth.core.errors import (
    BODY_TOO_LARGE,
    EMPTY_MESSAGE,
    FILE_TOO_LARGE,
    INVALID_FORM,
    MISSING_PERMISSIONS,
    RATE_LIMITED,
    UNKNOWN_UPLOAD,
    Refused,
)
from hearth.core.models.attachments import MediaLimits, Upload
from hearth.core.operations import OPERATIONS, Principal
from hearth.core.permissions import P
from tests.actions.house import ANN, BOB, GUILD, HIDDEN, TEXT, House
from tests.contract.test_blobs import pieces
from tests.pictures import SECRET, photograph


async def sent(house: House, part: str = "files[0]", data: bytes = b"hello", **more: Any) -> Upload:
    """A file as the door hands it over."""
    blob = await keep(house.owner, data)
    values = {"filename": "a.txt", "content_type": "text/plain", **more}
    return Upload(part=part, blob=blob.hash, size=blob.size, **values)


async def post(house: House, *uploads: Upload, who: int = BOB, **body: Any) -> Any:
    return await house.call("create_message", who, body, uploads=uploads, channel_id=TEXT)


async def stored(house: House, shown: Any) -> list[Any]:
    return [await house.owner.directory.file(int(each["id"])) for each in shown["attachments"]]


async def follow(house: House) -> None:
    while await attachments.step(house.owner):
        pass


async def test_a_message_may_be_a_file_alone(house: House) -> None:
    upload = await sent(house, width=3, height=2, placeholder="AA", content_type="image/png")
    shown = await post(house, upload, attachments=[{"id": 0, "description": "what it is"}])
    (file,) = shown["attachments"]
    url = file.pop("url")
    assert url.startswith(f"http://localhost/cdn/attachments/{TEXT}/{file['id']}/a.txt?ex=")
    assert file.pop("proxy_url") == url.replace("/cdn/", "/media/")
    assert file == {
        "id": file["id"],
        "filename": "a.txt",
        "size": 5,
        "content_type": "image/png",
        "width": 3,
        "height": 2,
        "placeholder": "AA",
        "placeholder_version": 1,
        "description": "what it is",
    }
    for name, more in (
        ("get_message", {"message_id": int(shown["id"])}),
        ("list_messages", {}),
    ):
        again = await house.call(name, ANN, channel_id=TEXT, **more)
        again = again[0] if isinstance(again, list) else again
        assert again["attachments"][0]["url"] == url, "the same for an hour"
    house.clock.seconds += 7200
    again = await house.call("get_message", ANN, channel_id=TEXT, message_id=int(shown["id"]))
    assert again["attachments"][0]["url"] != url
    event = next(each for commit in house.commits for each in commit.tell)
    assert event.data(house.owner.homes[GUILD]).attachments[0].id == file["id"]
    assert event.blank(house.owner.homes[GUILD]).attachments == ()


async def test_names_numbers_and_order(house: House) -> None:
    uploads = [
        await sent(house, "files[7]", b"7", filename="sev en.txt"),
        await sent(house, "files[3]", b"3", filename="drei€.txt"),
        await sent(house, "file", b"x", filename="../../etc/passwd"),
    ]
    wishes = [{"id": 3, "is_spoiler": True, "title": "Drei"}, {"id": "7", "filename": "x.md"}]
    shown = await post(house, *uploads, attachments=wishes)
    names = [each["filename"] for each in shown["attachments"]]
    assert names == ["SPOILER_drei.txt", "x.md", "passwd"]
    assert shown["attachments"][0]["title"] == "Drei"
    assert [each.message_id for each in await stored(house, shown)] == [None] * 3
    await follow(house)
    assert [each.message_id for each in await stored(house, shown)] == [int(shown["id"])] * 3


@pytest.mark.parametrize("wish", [{"id": 1}, {"id": 5 << 22}, {}, {"uploaded_filename": "nope"}])
async def test_what_names_no_file(house: House, wish: Any) -> None:
    upload = await sent(house)
    with pytest.raises(Refused) as caught:
        await post(house, upload, attachments=[wish])
    assert caught.value.error is INVALID_FORM
    assert list(caught.value.more["errors"]) == ["attachments"]


async def test_who_may(house: House) -> None:
    upload = await sent(house)
    body = {"permissions": str(P.VIEW_CHANNEL | P.SEND_MESSAGES | P.READ_MESSAGE_HISTORY)}
    await house.call("update_guild_role", ANN, body, guild_id=GUILD, role_id=GUILD)
    house.told()
    await house.refused(
        MISSING_PERMISSIONS, "create_message", BOB, {}, uploads=[upload], channel_id=TEXT
    )
    wish = {"files": [{"filename": "a", "file_size": 5}]}
    await house.refused(MISSING_PERMISSIONS, "create_attachments", BOB, wish, channel_id=TEXT)
    own = await house.call("create_message", BOB, {"content": "x"}, channel_id=TEXT)
    house.told()
    where = {"channel_id": TEXT, "message_id": int(own["id"])}
    await house.refused(MISSING_PERMISSIONS, "update_message", BOB, {}, uploads=[upload], **where)


async def test_an_edit_keeps_adds_and_leaves_out(house: House) -> None:
    shown = await post(house, await sent(house), await sent(house, "files[1]", b"two"))
    await follow(house)
    first, second = shown["attachments"]
    where = {"channel_id": TEXT, "message_id": int(shown["id"])}
    edited = await house.call("update_message", BOB, {"content": "x"}, **where)
    assert [each["id"] for each in edited["attachments"]] == [first["id"], second["id"]]
    more = await sent(house, "files[0]", b"three", filename="c.txt")
    body = {"attachments": [{"id": second["id"], "description": "kept"}, {"id": 0}]}
    edited = await house.call("update_message", BOB, body, uploads=[more], **where)
    assert [each["filename"] for each in edited["attachments"]] == ["a.txt", "c.txt"]
    assert edited["attachments"][0]["description"] == "kept"
    await follow(house)
    assert await house.owner.directory.file(int(first["id"])) is None
    assert None not in await stored(house, edited)
    house.told()
    await house.call("update_message", BOB, {"attachments": []}, **where)
    house.told()
    await house.refused(EMPTY_MESSAGE, "update_message", BOB, {"content": ""}, **where)


async def test_ten_and_no_more(house: House) -> None:
    uploads = [await sent(house, f"files[{i}]", bytes([i])) for i in range(10)]
    shown = await post(house, *uploads)
    where = {"channel_id": TEXT, "message_id": int(shown["id"])}
    more = [await sent(house)]
    house.told()
    await house.refused(INVALID_FORM, "update_message", BOB, {}, uploads=more, **where)


async def test_files_go_with_their_message_and_blobs_after_them(house: House) -> None:
    world = house.owner
    kept, gone = (
        await post(house, await sent(house)),
        await post(house, await sent(house, data=b"y")),
    )
    await follow(house)
    await house.call("delete_message", BOB, channel_id=TEXT, message_id=int(gone["id"]))
    await follow(house)
    assert await stored(house, gone) == [None]
    (file,) = await stored(house, kept)
    house.clock.seconds += GRACE_S + 1
    assert await collect_blobs(world) == 1
    assert await world.blobs.size(file.blob) == 5
    await house.call("delete_channel", ANN, channel_id=TEXT)
    assert await stored(house, kept) == [None]
    assert await collect_blobs(world) == 1


async def test_a_file_whose_message_never_came_goes_after_a_day(house: House) -> None:
    world = house.owner
    shown = await post(house, await sent(house))
    (row,) = await stored(house, shown)
    orphan = replace(row, id=world.make_id())
    await world.write([orphan])
    house.clock.seconds += LAPSE_S + 1
    assert await collect_files(world) == 0, "the journal was not followed yet"
    await follow(house)
    assert await collect_files(world) == 1
    assert await world.directory.file(orphan.id) is None
    assert await stored(house, shown) != [None]


async def announced(house: House, who: int = BOB, size: int = 5, name: str = "a.txt") -> str:
    wish = {"files": [{"id": "7", "filename": name, "file_size": size}]}
    made = await house.call("create_attachments", who, wish, channel_id=TEXT)
    (place,) = made["attachments"]
    assert place["id"] == "7"
    assert place["upload_url"] == f"http://localhost/upload/{place['upload_filename']}"
    return place["upload_filename"]


async def test_a_file_sent_before_its_message(house: House) -> None:
    name = await announced(house, size=5000, name="p.jpg")
    wish = {"attachments": [{"id": "0", "filename": "p.jpg", "uploaded_filename": name}]}
    await house.refused(INVALID_FORM, "create_message", BOB, wish, channel_id=TEXT)
    await put_upload(house.owner, name, pieces(photograph()))
    await house.refused(INVALID_FORM, "create_message", ANN, wish, channel_id=TEXT)
    shown = await house.call("create_message", BOB, wish, channel_id=TEXT)
    (file,) = shown["attachments"]
    assert (file["filename"], file["content_type"]) == ("p.jpg", "image/jpeg")
    assert (file["width"], file["height"]) == (40, 20)
    (row,) = await stored(house, shown)
    data = b"".join([piece async for piece in house.owner.blobs.read(row.blob)])
    assert SECRET not in data
    house.told()
    await house.refused(INVALID_FORM, "create_message", BOB, wish, channel_id=TEXT)


async def test_what_is_announced_lapses_or_is_taken_back(house: House) -> None:
    world = house.owner
    name, other = await announced(house), await announced(house)
    await house.refused(UNKNOWN_UPLOAD, "delete_attachment", ANN, upload_filename=name)
    await house.call("delete_attachment", BOB, upload_filename=name)
    for unknown in (name, "nope"):
        with pytest.raises(Refused):
            await put_upload(world, unknown, pieces(b"hello"))
    with pytest.raises(Refused) as caught:
        await put_upload(world, other, pieces(b"longer"))
    assert caught.value.error is FILE_TOO_LARGE
    house.clock.seconds += LAPSE_S + 1
    assert await collect_files(world) == 1
    assert await world.directory.upload(other) is None


async def test_limits_by_size_user_and_guild(house: House) -> None:
    world = house.owner
    world.media = MediaLimits(file_bytes=10, user_bytes_per_hour=12, guild_bytes=9)
    house.entry.media = world.media
    wish = {"files": [{"filename": "a", "file_size": 11}]}
    await house.refused(FILE_TOO_LARGE, "create_attachments", BOB, wish, channel_id=TEXT)
    await put_upload(world, await announced(house, size=10), pieces(b"x" * 10))
    name = await announced(house, size=3)
    with pytest.raises(Refused) as caught:
        await put_upload(world, name, pieces(b"abc"))
    assert caught.value.error is RATE_LIMITED
    house.clock.seconds += 3600
    await put_upload(world, name, pieces(b"abc"))
    shown = await post(house, await sent(house), await sent(house, "files[1]", b"1234"))
    assert len(shown["attachments"]) == 2
    with pytest.raises(Refused) as caught:
        await post(house, await sent(house))
    assert caught.value.error is BODY_TOO_LARGE


async def test_how_much_one_person_has_in_all(house: House) -> None:
    world = house.owner
    world.media = house.entry.media = MediaLimits(user_bytes=12)
    shown = await post(house, await sent(house), await sent(house, "files[1]", b"12345"))
    for more in (b"abc", b"12345"):
        with pytest.raises(Refused) as caught:
            await post(house, await sent(house, data=more))
        assert caught.value.error is BODY_TOO_LARGE
    await post(house, await sent(house, data=b"abc"), who=ANN)
    await post(house, await sent(house, data=b"ab"))
    await follow(house)
    where = {"channel_id": TEXT, "message_id": int(shown["id"])}
    await house.call("delete_message", BOB, **where)
    await follow(house)
    await post(house, await sent(house, data=b"abc"))


async def test_which_files_are_taken(house: House) -> None:
    world = house.owner
    await post(house, await sent(house, filename="a.exe"))
    name = await announced(house, size=100)
    world.media = house.entry.media = MediaLimits(denied=(".exe", "text/*"))

    async def refusal(*uploads: Upload, **body: Any) -> list[str]:
        with pytest.raises(Refused) as caught:
            await post(house, *uploads, **body)
        assert caught.value.error is INVALID_FORM
        return list(caught.value.more["errors"])

    assert await refusal(await sent(house, filename="A.EXE", content_type=None)) == ["attachments"]
    plain = await sent(house, filename="a.bin", content_type=None)
    assert await refusal(plain, attachments=[{"id": 0, "filename": "b.exe"}]) == ["attachments"]
    assert await refusal(await sent(house)) == ["attachments"]
    await post(house, plain)
    # As its bytes come already.
    with pytest.raises(Refused) as caught:
        await put_upload(world, name, pieces(b"hello"))
    assert caught.value.more["errors"]["file"]["_errors"][0]["code"] == "FILE_TYPE_NOT_ALLOWED"
    assert (await world.directory.upload(name)).blob is None


@pytest.mark.parametrize(
    ("allowed", "denied", "filename", "kind", "taken"),
    [
        ((), (), "a.exe", None, True),
        ((), (".exe",), "a.exe", None, False),
        ((), (".exe",), "a.EXE. ", None, False),
        ((), (".exe",), "a.exe.txt", "text/plain", True),
        ((), ("application/octet-stream",), "a", None, False),
        (("image/*",), (), "a.png", "image/png", True),
        (("image/*",), (), "a.png", None, False),
        (("image/*", ".pdf"), (), "a.pdf", "application/pdf", True),
        (("image/*",), ("image/gif",), "a.gif", "image/gif", False),
        (("image/*",), ("image/gif",), "a.png", "image/png", True),
    ],
)
def test_types_and_endings(
    allowed: tuple[str, ...], denied: tuple[str, ...], filename: str, kind: str | None, taken: bool
) -> None:
    assert MediaLimits(allowed=allowed, denied=denied).takes(filename, kind) == taken


async def test_addresses_are_given_anew_to_who_may_see(house: House) -> None:
    shown = await post(house, await sent(house))
    hidden = await house.call(
        "create_message", ANN, {}, uploads=[await sent(house)], channel_id=HIDDEN
    )
    urls = [each["attachments"][0]["url"] for each in (shown, hidden)]
    asked = [*urls, "http://x/cdn/attachments/1/2/a", "nonsense", "http://[", urls[0].split("?")[0]]
    house.clock.seconds += 86_400 * 3
    for who, seen in ((ANN, 2), (BOB, 1)):
        made = await house.call("refresh_attachment_urls", who, {"attachment_urls": asked})
        fresh = made["refreshed_urls"]
        assert [each["original"] for each in fresh] == asked
        assert [bool(each["refreshed"]) for each in fresh] == [
            True, seen == 2, False, False, False, True,
        ]  # fmt: skip
        assert fresh[0]["refreshed"] not in asked


async def test_files_of_who_will_be_refused_are_not_taken_in(house: House) -> None:
    operation = OPERATIONS["create_message"]
    bob, at = Principal(kind="user", user_id=BOB), {"channel_id": TEXT}
    for number in range(5):
        await admits(house.owner, operation, bob, at, P.ATTACH_FILES)
        await house.call("create_message", BOB, {"content": str(number)}, channel_id=TEXT)
    with pytest.raises(Refused) as caught:
        await admits(house.owner, operation, bob, at, P.ATTACH_FILES)
    assert caught.value.error is RATE_LIMITED
    house.clock.seconds += 5
    await admits(house.owner, operation, bob, at, P.ATTACH_FILES)
    for who, where in ((BOB, HIDDEN), (1, TEXT)):
        principal = Principal(kind="user", user_id=who)
        with pytest.raises(Refused):
            await admits(house.owner, operation, principal, {"channel_id": where}, 0)

"""Names, methods, paths and statuses of operations are Discord's, as facts.json has them."""

import json
from http import HTTPStatus
from pathlib import Path

import pytest

from hearth.actions.all import MODULES
from hearth.core.operations import OPERATIONS

assert MODULES

FACTS = json.loads((Path(__file__).parents[1] / "conformance" / "facts.json").read_text())[
    "operations"
]

BEYOND = {
    "create_attachments": "people's clients and bots send files before their message",
    "delete_attachment": "and take them back",
    "refresh_attachment_urls": "addresses of files lapse",
    "login": "people log in by name and password",
    "logout": "and out",
    "register": "people make their accounts",
    "login_with_totp": "the second step of a log-in",
    "login_with_backup_code": "and the way around it",
    "forgot_password": "people's clients ask, and are told to ask the operator",
    "reset_password": "people set a password by a link",
    "list_auth_sessions": "people see where they are logged in",
    "logout_auth_sessions": "and log out there",
    "enable_totp": "people add a second factor",
    "disable_totp": "and remove it",
    "regenerate_backup_codes": "and print its codes",
    "set_guild_mfa_level": "owners ask it of moderators",
    "disable_my_account": "people go for a while",
    "delete_my_account": "or for good",
    "create_harvest": "people take their data along",
    "get_harvest": "see whether it is there",
    "download_harvest": "and fetch it",
    "get_user_profile": "people look at each other",
    "update_my_profile": "and say who they are",
    "check_voice": "guests' browsers try the ways to the media server",
    "list_private_channels": "people's clients and bots alike list their DMs",
    "list_relationships": "people have friends",
    "create_relationship": "make them, and block others",
    "send_friend_request": "ask them by name",
    "update_relationship": "give them nicknames",
    "delete_relationship": "and part",
    "list_notes": "people write down what they think of others",
    "get_note": "read it",
    "update_note": "and change it",
    "get_user_settings": "people's clients share settings",
    "update_user_settings": "and change them",
    "get_proto_settings": "some of them as protocol buffers",
    "update_proto_settings": "which nobody else reads",
    "update_notification_settings": "people say what they want to be told of",
    "update_all_notification_settings": "of many guilds at once",
    "ack_message": "people's clients say what has been read",
    "delete_ack": "and forget it",
    "ack_bulk": "of many channels at once",
    "ack_guild": "of a whole guild",
    "ack_pins": "and of pins",
    "list_recent_mentions": "people see who named them",
    "delete_recent_mention": "and forget it",
    "accept_invite": "people join by an invite",
    "create_my_guild": "people make guilds",
    "delete_guild": "and delete them",
    "delete_guild_by_post": "as their clients do",
    "update_my_nick": "of the reference, and not of its document",
    "channel_search": "people search one channel",
    "get_call": "people call each other",
    "update_call": "ask for another region",
    "ring_call": "ring",
    "stop_ringing": "and do not answer",
}
"""Paths that Discord's document has not: what people's own clients call, and why it is there."""

STATUSES = {"trigger_typing_indicator": 204}
"""Where the document has two: the one of the reference (topic "Channel resource")."""


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name in FACTS])
def test_an_operation_is_where_discord_has_it(name: str) -> None:
    facts, operation = FACTS[name], OPERATIONS[name]
    assert (operation.method, operation.path) == (facts["method"], facts["path"])
    assert operation.status in facts["statuses"]
    assert operation.status == STATUSES.get(name, operation.status)
    assert (operation.body is not None) == bool(facts["body"])


def test_every_path_is_discords() -> None:
    assert {name for name, each in OPERATIONS.items() if each.path} - FACTS.keys() == {*BEYOND}


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_declaration_is_whole(name: str) -> None:
    operation = OPERATIONS[name]
    in_path = [part[1:-1] for part in operation.path.split("/") if part.startswith("{")]
    # What the verb does not take, its scope has found already.
    assert {*operation.parameters} <= {*in_path}
    assert {*in_path} - {*operation.parameters} <= {"guild_id", "channel_id"}
    assert operation.status in {
        HTTPStatus.OK,
        HTTPStatus.CREATED,
        HTTPStatus.ACCEPTED,
        HTTPStatus.NO_CONTENT,
    }
    assert operation.rate.limit > 0
    assert operation.rate.per > 0
    if operation.method == "GET":
        assert operation.body is None
        assert not operation.commits


def test_no_two_operations_have_one_place() -> None:
    places = [(each.method, each.path) for each in OPERATIONS.values() if each.path]
    assert len({*places}) == len(places)
    buckets = [each.bucket for each in OPERATIONS.values()]
    assert len({*buckets}) == len(buckets)

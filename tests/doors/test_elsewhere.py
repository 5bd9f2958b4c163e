"""Every operation of Discord's that Hearth does not have answers as one that has nothing.

Libraries read lists at log-in, and bots on the way: a list is empty and of Discord's form, what
is asked for by id is unknown, what would make something is refused. Nothing is a missing route.
"""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from hearth.actions.all import MODULES
from hearth.actions.elsewhere import ELSEWHERE
from hearth.actions.scopes import AsBot, InGuild, Open
from hearth.core.errors import ROUTE_NOT_FOUND
from hearth.core.operations import OPERATIONS
from hearth.net.rest.routes import Routes, parameters
from tests.conformance.facts import FACTS, reply_faults
from tests.doors.conftest import Den
from tests.harness import Answer, Client, Server

assert MODULES

DISCORD: dict[str, dict[str, Any]] = FACTS["operations"]
ROUTES = Routes([*OPERATIONS.values(), *ELSEWHERE.values()])

BEYOND = {"list_skus": "of the reference, and not of its document"}

READS = {
    "get_active_guild_threads",
    "get_answer_voters",
    "get_application_role_connections_metadata",
    "get_application_user_role_connection",
    "get_current_user_application_entitlements",
    "get_entitlements",
    "get_guild_join_requests",
    "get_guild_new_member_welcome",
    "get_guild_vanity_url",
    "get_guild_webhooks",
    "get_guild_welcome_screen",
    "get_guild_widget_settings",
    "get_guilds_onboarding",
    "get_public_keys",
    "get_sku_subscriptions",
    "list_application_emojis",
    "list_auto_moderation_rules",
    "list_channel_webhooks",
    "list_guild_application_command_permissions",
    "list_guild_application_commands",
    "list_guild_integrations",
    "list_guild_scheduled_events",
    "list_guild_soundboard_sounds",
    "list_guild_templates",
    "list_my_connections",
    "list_my_private_archived_threads",
    "list_private_archived_threads",
    "list_public_archived_threads",
    "list_skus",
    "thread_search",
}
"""Reads that say: nothing. A feature that comes takes its own out of here."""

NO_CODE = {
    "applications_get_activity_instance",
    "get_sku_subscription",
    "get_auto_moderation_rule",
    "update_auto_moderation_rule",
    "delete_auto_moderation_rule",
    "action_guild_join_request",
}
"""Things by id for whose lack Discord's reference has no code of its own: 404 with code 0."""

WIDGETS = {"get_guild_widget", "get_guild_widget_png"}
"""Refused as switched off: 403 with code 50004."""

THREADS = {
    "add_thread_member",
    "delete_thread_member",
    "get_thread_member",
    "join_thread",
    "leave_thread",
    "list_thread_members",
}
"""Called on a channel that is no thread: 400 with code 50024."""


class House(Den):
    """A guild with a bot that may do everything, and somebody who is not in it."""

    def __init__(self, server: Server) -> None:
        super().__init__(server)
        self.administrator = self.bot(8)
        self.stranger = self.person("cat")


@pytest.fixture(scope="module")
def place(server: Server) -> House:
    """The guild; all tests share it, for nothing changes."""
    return House(server)


@pytest.fixture
async def house(place: House) -> AsyncIterator[House]:
    """The guild; connections end with the test, whose loop they belong to."""
    yield place
    for client in place.clients:
        if client.session is not None:
            await client.session.close()


def path(name: str, house: House) -> str:
    """The path of an operation, with ids that are there where there can be some."""
    operation = ELSEWHERE[name]
    names = [part[1:-1] for part in operation.path.split("/") if part.startswith("{")]
    there = {
        "guild_id": house.guild,
        "channel_id": house.channel,
        "application_id": house.administrator.id,
        "user_id": house.bob.id,
    }
    values = {each: there.get(each, house.guild + 1) for each in names}
    return operation.path.format(**values)


async def call(who: Client, name: str, house: House) -> Answer:
    method = ELSEWHERE[name].method
    json = None if method in ("GET", "DELETE") else {}
    return await who.call(method, path(name, house), json=json)


def test_all_of_discords_operations_answer() -> None:
    assert {*DISCORD} <= {*OPERATIONS, *ELSEWHERE}
    assert not {*OPERATIONS} & {*ELSEWHERE}
    assert {*ELSEWHERE} - {*DISCORD} == {*BEYOND}
    assert {*ELSEWHERE} >= READS | NO_CODE | WIDGETS | THREADS


@pytest.mark.parametrize("name", DISCORD)
def test_an_operation_is_where_discord_has_it(name: str) -> None:
    facts = DISCORD[name]
    found, values = ROUTES.find(facts["method"], facts["path"].replace("{", "").replace("}", ""))
    assert found.name == name
    # Its parameters are ids, or words where Discord's are.
    words = {each for each in values if found.parameters.get(each) is str}
    ids = {each: "1" for each in values if each not in words}
    assert parameters(found, {**values, **ids}).keys() == values.keys()


@pytest.mark.parametrize("name", ELSEWHERE)
async def test_what_is_not_there_says_so(house: House, name: str) -> None:
    operation = ELSEWHERE[name]
    answer = await call(house.administrator, name, house)
    if name in READS:
        assert answer.status == operation.status
        assert answer.status == 204 or answer.body is not None
        assert reply_faults(name, answer.body) == [] or answer.status == 204
    elif name in WIDGETS:
        assert (answer.status, answer.code) == (403, 50004)
    elif name in THREADS:
        assert (answer.status, answer.code) == (400, 50024)
    elif name in NO_CODE:
        assert (answer.status, answer.body) == (404, {"message": ROUTE_NOT_FOUND.text, "code": 0})
    else:
        assert (answer.status, answer.code) == (403, 40006) or (
            answer.status == 404 and 10_000 < answer.code < 20_000
        )
    if answer.status >= 400:
        assert {*answer.body} == {"message", "code"}


@pytest.mark.parametrize("name", ELSEWHERE)
async def test_who_may_not_be_there_learns_nothing(house: House, name: str) -> None:
    scope: type = ELSEWHERE[name].scope
    nobody = Client(house.server, 0, "", name="anonymous")
    house.clients.append(nobody)
    answer = await call(nobody, name, house)
    expected = (await call(house.bob, name, house)).status if issubclass(scope, Open) else 401
    assert answer.status == expected
    answer = await call(house.stranger, name, house)
    if issubclass(scope, InGuild):
        assert (answer.status, answer.code) == (403, 50001)
    elif issubclass(scope, AsBot):
        assert answer.code == 20002
    if ELSEWHERE[name].needs & ~0x10400:  # More than to view and to read back.
        assert (await call(house.bob, name, house)).code == 50013


async def test_a_refusal_without_a_token_counts_for_nobody(house: House) -> None:
    answer = await call(house.administrator, "list_guild_templates", house)
    assert answer.headers["X-RateLimit-Remaining"]
    anonymous = Client(house.server, 0, "", name="anonymous")
    house.clients.append(anonymous)
    answer = await call(anonymous, "execute_webhook", house)
    assert (answer.status, answer.code) == (404, 10015)

"""CONTRIBUTING.md's recipe: one function is an operation, and everything else follows from it."""

from collections.abc import Iterator
from typing import Annotated

import pytest
from msgspec import Meta, Struct

from hearth.actions.scopes import InGuild
from hearth.core.errors import Refused
from hearth.core.limits import Rate
from hearth.core.operations import OPERATIONS, operation
from hearth.core.permissions import P
from hearth.core.wire import decode_query
from hearth.net.rest.openapi import document
from hearth.net.rest.reference import page
from hearth.net.rest.routes import Routes
from tests.unit import test_docs_api


class WeatherQuery(Struct, kw_only=True):
    """Query of get_weather."""

    days: Annotated[int, Meta(ge=1, le=7)] = 1


class WeatherObject(Struct, kw_only=True):
    """The weather of some days."""

    days: list[str]


@pytest.fixture
def declared() -> Iterator[None]:
    """The function, and nothing else."""

    @operation("GET", "/guilds/{guild_id}/weather", needs=P.MANAGE_GUILD, rate=Rate(3, per=60))
    async def get_weather(here: InGuild, query: WeatherQuery) -> WeatherObject:
        """What the weather will be."""
        return WeatherObject(days=["fine"] * query.days)

    assert get_weather
    yield
    del OPERATIONS["get_weather"]


@pytest.mark.usefixtures("declared")
def test_what_follows_from_a_function() -> None:
    found, values = Routes(OPERATIONS.values()).find("GET", "/guilds/9/weather")
    assert (found.name, values) == ("get_weather", {"guild_id": "9"})
    assert found.query is WeatherQuery
    with pytest.raises(Refused) as refused:
        decode_query(found.query, {"days": "8"})
    assert list(refused.value.body["errors"]) == ["days"]

    shown = document()
    described = shown["paths"]["/guilds/{guild_id}/weather"]["get"]
    assert described["x-permissions"] == ["MANAGE_GUILD"]
    assert described["x-rate-limit"] == {"calls": 3, "seconds": 60}
    days = {"type": "integer", "minimum": 1, "maximum": 7, "default": 1}
    assert [each["schema"] for each in described["parameters"] if each["in"] == "query"] == [days]
    assert "WeatherObject" in shown["components"]["schemas"]
    shown["tags"].append({"name": "test_recipe", "description": ""})
    assert 'id="get_weather"' in page(shown)

    row = "| `GET /guilds/{guild_id}/weather` | `get_weather` | members of the guild |"
    assert f"{row} `MANAGE_GUILD` | 3 in 60 s | What the weather will be. |" in test_docs_api.page()


def test_without_it_there_is_nothing() -> None:
    with pytest.raises(Refused):
        Routes(OPERATIONS.values()).find("GET", "/guilds/9/weather")
    assert "get_weather" not in test_docs_api.page()

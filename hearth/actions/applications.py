"""A bot's application, and the empty lists that libraries read at log-in."""

from typing import Any

from hearth.actions.scopes import AsBot, SignedIn
from hearth.core.errors import UNKNOWN_APPLICATION, Refused
from hearth.core.models.users import ApplicationObject, application_object
from hearth.core.operations import operation


async def _application(here: AsBot) -> ApplicationObject:
    world = here.world
    application = await world.directory.application_of(here.who.user_id)
    if application is None:
        raise Refused(UNKNOWN_APPLICATION)
    await world.load_users([application.bot_id, application.owner_id])
    guilds = await world.directory.guilds_of(application.bot_id)
    return application_object(
        application,
        world.user(application.bot_id),
        world.user(application.owner_id),
        len(guilds),
    )


@operation("GET", "/applications/@me")
async def get_my_application(here: AsBot) -> ApplicationObject:
    """The calling bot's application."""
    return await _application(here)


@operation("GET", "/oauth2/applications/@me")
async def get_my_oauth2_application(here: AsBot) -> ApplicationObject:
    """The calling bot's application, as its token's owner."""
    return await _application(here)


@operation("GET", "/soundboard-default-sounds")
async def get_soundboard_default_sounds(here: SignedIn) -> list[Any]:
    """The sounds that everybody has: none. py-cord reads them while it logs in."""
    return []


@operation("GET", "/sticker-packs")
async def list_sticker_packs(here: SignedIn) -> dict[str, list[Any]]:
    """The sticker packs that everybody has: none."""
    return {"sticker_packs": []}


@operation("GET", "/applications/{application_id}/commands")
async def list_application_commands(here: AsBot, application_id: int) -> list[Any]:
    """The commands of an application: none before interactions."""
    return []

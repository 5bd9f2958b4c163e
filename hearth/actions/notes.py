"""Notes about other users, which only their writer sees (discord-userdoccers, "Users")."""

from hearth.actions.scopes import AsPerson
from hearth.actions.world import World
from hearth.core.errors import UNKNOWN_USER, Refused, invalid_form
from hearth.core.limits import Rate
from hearth.core.models.social import MOST_NOTES, Note, NoteObject, NotePut, note_object
from hearth.core.operations import operation
from hearth.core.social_events import UserNoteUpdate


async def notes_of(world: World, user_id: int) -> dict[str, str]:
    """What somebody wrote down, by whom it is about."""
    return {str(each.other_id): each.note for each in await world.directory.notes(user_id)}


@operation("GET", "/users/@me/notes")
async def list_notes(here: AsPerson) -> dict[str, str]:
    """All notes of the caller's, by the id of whom they are about."""
    return await notes_of(here.world, here.who.user_id)


@operation("GET", "/users/@me/notes/{user_id}")
async def get_note(here: AsPerson, user_id: int) -> NoteObject:
    """The caller's note about a user."""
    for note in await here.world.directory.notes(here.who.user_id):
        if note.other_id == user_id:
            return note_object(note)
    raise Refused(UNKNOWN_USER)


@operation("PUT", "/users/@me/notes/{user_id}", rate=Rate(30, per=60), status=204, commits=True)
async def update_note(here: AsPerson, user_id: int, body: NotePut) -> None:
    """Write a note about a user, in place of the one before; an empty one is none."""
    world, me = here.world, here.who.user_id
    await world.load_users([user_id])
    if world.known_user(user_id) is None:
        raise Refused(UNKNOWN_USER)
    note = Note(user_id=me, other_id=user_id, note=(body.note or "").strip())
    before = {each.other_id: each for each in await world.directory.notes(me)}
    if note == before.get(user_id) or (not note.note and user_id not in before):
        return
    if note.note and user_id not in before and len(before) >= MOST_NOTES:
        message = f"Must be {MOST_NOTES} or fewer notes."
        raise invalid_form((("note",), "BASE_TYPE_MAX_LENGTH", message))
    tell = [UserNoteUpdate(me, user_id, note.note)]
    if note.note:
        await world.commit(here.home, [], [], tell, [note])
    else:
        await world.commit(here.home, [], [note], tell)

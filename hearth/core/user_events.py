"""Events of one's own account."""

from typing import Any

from hearth.core.events import PEOPLE, Context, Event, event
from hearth.core.models.users import PrivateUserObject


@event("USER_UPDATE", to="user")
class UserUpdate(Event):
    """One's own account changed; `d` is all of it."""

    user: int
    shown: PrivateUserObject

    @property
    def user_id(self) -> int:
        return self.user

    def data(self, at: Context) -> Any:
        return self.shown


@event("AUTH_SESSION_CHANGE", intent=PEOPLE, to="user")
class AuthSessionChange(Event):
    """The token of a session was replaced by another; the session goes on with that."""

    user: int
    before: bytes
    after: bytes
    id_hash: str

    @property
    def user_id(self) -> int:
        return self.user

    def data(self, at: Context) -> Any:
        return {"auth_session_id_hash": self.id_hash}

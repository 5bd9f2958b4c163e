"""Which names people may have, and which look alike (Discord, "Usernames"; UTS #39).

A name is taken in compatibility form and lower case, and is 2 to 32 of a to z, digits, dots and
underscores. What looks like another's name is refused like the name itself: `skeleton` is the same
for both.
"""

import re
import unicodedata

from hearth.core.wire import Problem

_NAME = re.compile(r"[a-z0-9._]{2,32}")

RESERVED = frozenset(
    (
        "everyone", "here", "system", "discord", "hearth", "admin", "administrator", "moderator",
        "operator", "owner", "root", "server", "staff", "support", "official", "webhook", "bot",
        "clyde", "deleted_user", "deleteduser",
    )
)  # fmt: skip
"""Names that would speak for the server, or mean everybody."""

_ALIKE = str.maketrans(
    {
        # Within what people's names are made of.
        "0": "o", "1": "l", "|": "l", "m": "rn", "w": "vv",
        # Cyrillic and Greek letters that bots could borrow.
        "а": "a", "в": "b", "с": "c", "ԁ": "d", "е": "e", "һ": "h", "і": "i",  # noqa: RUF001
        "ӏ": "l", "ј": "j", "к": "k", "ո": "n", "о": "o", "р": "p", "ѕ": "s",  # noqa: RUF001
        "т": "t", "у": "y", "х": "x", "ѵ": "v", "ѡ": "vv", "м": "rn", "α": "a",  # noqa: RUF001
        "ε": "e", "ι": "i", "κ": "k", "ν": "v", "ο": "o", "ρ": "p", "τ": "t",  # noqa: RUF001
        "υ": "u", "χ": "x", "ı": "i", "ɑ": "a", "ɡ": "g",  # noqa: RUF001
    }
)  # fmt: skip
"""The characters of UTS #39's table that matter in names in Latin letters, and what they are taken
for."""


_BAD_LENGTH: Problem = (
    ("username",), "BASE_TYPE_BAD_LENGTH", "Must be between 2 and 32 in length."
)  # fmt: skip


def normal(text: str) -> str:
    """A name as it is kept and looked for."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).strip()


def skeleton(name: str) -> str:
    """What a name looks like: two that are taken for each other have one skeleton."""
    parts = unicodedata.normalize("NFD", normal(name))
    bare = "".join(each for each in parts if not unicodedata.combining(each))
    return bare.translate(_ALIKE)


_RESERVED = frozenset(map(skeleton, RESERVED))
_EVERYBODY = frozenset(map(skeleton, ("everyone", "here")))


def problem(name: str, *, by_operator: bool = False) -> Problem | None:
    """What is wrong with a person's name that is in normal form; None when it may be had.

    The operator may give out the names that speak for the server.
    """
    at = ("username",)
    if not 2 <= len(name) <= 32:
        return _BAD_LENGTH
    if _NAME.fullmatch(name) is None:
        said = "Username can only use letters, numbers, underscores and periods."
        return at, "USERNAME_INVALID_CHARACTERS", said
    if ".." in name:
        return at, "USERNAME_INVALID_CHARACTERS", "Username cannot contain consecutive periods."
    reserved = _EVERYBODY if by_operator else _RESERVED
    if skeleton(name) in reserved or name.startswith("deleted_user"):
        return at, "USERNAME_INVALID", "Username is reserved."
    return None


def bot_problem(name: str) -> Problem | None:
    """What is wrong with a bot's name that is in normal form; it may be of any letters."""
    at = ("username",)
    if not 2 <= len(name) <= 32:
        return _BAD_LENGTH
    if not name.isprintable():
        return at, "USERNAME_INVALID_CHARACTERS", "Username cannot contain control characters."
    if skeleton(name) in _EVERYBODY or name.startswith("deleted_user"):
        return at, "USERNAME_INVALID", "Username is reserved."
    return None

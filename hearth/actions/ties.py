"""What two users are to each other, remembered where it was asked; commits keep it true."""

from hearth.core.commits import Commit
from hearth.core.models.social import Relationship, RelationshipType
from hearth.core.ports import Directory

MOST = 65_536
"""So many answers are remembered."""


class Ties:
    """Answers of the directory about pairs of users: a DM asks with every message."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._known: dict[tuple[int, int], int] = {}
        self._changes = 0

    async def of(self, user_id: int, other_id: int) -> int:
        """What `other_id` is to `user_id`, a `RelationshipType`."""
        key = user_id, other_id
        known = self._known.get(key)
        while known is None:
            changes = self._changes
            row = await self._directory.relationship(user_id, other_id)
            if self._changes == changes:
                known = int(RelationshipType.NONE) if row is None else row.type
                if len(self._known) >= MOST:
                    del self._known[next(iter(self._known))]
                self._known[key] = known
            # Else something changed meanwhile, perhaps this.
        return known

    async def blocked(self, one: int, other: int) -> bool:
        """Whether one of two users blocks the other."""
        blocked = RelationshipType.BLOCKED
        return await self.of(one, other) == blocked or await self.of(other, one) == blocked

    def learn(self, commit: Commit) -> None:
        """Take what a commit changed."""
        for noun in commit.save:
            if isinstance(noun, Relationship):
                self._changes += 1
                if (noun.user_id, noun.other_id) in self._known:
                    self._known[noun.user_id, noun.other_id] = noun.type
        for noun in commit.delete:
            if isinstance(noun, Relationship):
                self._changes += 1
                self._known.pop((noun.user_id, noun.other_id), None)

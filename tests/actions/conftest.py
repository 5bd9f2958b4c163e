"""A house in one World and in two, for every test of a verb."""

from collections.abc import AsyncIterator, Iterator

import pytest
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST

from hearth.actions import auth
from tests.actions.house import House


@pytest.fixture(autouse=True, scope="module")
def _cheap_hashes() -> Iterator[None]:
    """What is tested here is who may log in: passwords are hashed as fast as the library can."""
    hasher = PasswordHasher.from_parameters(CHEAPEST)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(auth, "_hasher", hasher)
        patch.setattr(auth, "_NOBODY", hasher.hash("nobody"))
        yield


@pytest.fixture(params=[1, 2], ids=["one world", "two worlds"])
async def house(request: pytest.FixtureRequest) -> AsyncIterator[House]:
    """A guild whose calls enter at its owner, or at another process."""
    made = await House.build(request.param)
    yield made
    await made.close()

"""A house in one World and in two, for every test of a verb."""

from collections.abc import AsyncIterator

import pytest

from tests.actions.house import House


@pytest.fixture(params=[1, 2], ids=["one world", "two worlds"])
async def house(request: pytest.FixtureRequest) -> AsyncIterator[House]:
    """A guild whose calls enter at its owner, or at another process."""
    made = await House.build(request.param)
    yield made
    await made.close()

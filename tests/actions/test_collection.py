"""Blobs that nothing refers to go after a grace period, and no other does."""

from hearth.actions.assets import keep
from hearth.actions.collection import CACHE_S, GRACE_S, collect_blobs
from tests.actions.house import ANN, GUILD, House
from tests.actions.test_emojis import make, picture
from tests.pictures import still


async def test_only_what_nothing_refers_to_is_collected(house: House) -> None:
    world = house.owner
    emoji = await make(house)
    orphan = (await keep(world, b"orphan")).hash
    assert await collect_blobs(world) == 0
    house.clock.seconds += GRACE_S
    young = (await keep(world, b"young")).hash
    assert await collect_blobs(world) == 0, "not before the grace period is over"
    house.clock.seconds += 1
    assert await collect_blobs(world) == 1
    assert await world.blobs.size(orphan) is None
    assert await world.blobs.size(young) == 5
    assert await picture(house, emoji["id"]) is not None
    await house.call("delete_guild_emoji", ANN, guild_id=GUILD, emoji_id=int(emoji["id"]))
    assert await collect_blobs(world) == 1
    house.clock.seconds += GRACE_S
    assert await collect_blobs(world) == 1
    assert [some async for some in world.blobs.older(1e12)] == [[]]


async def test_what_is_kept_again_while_it_is_looked_up_stays(house: House) -> None:
    world = house.owner
    hash = (await keep(world, b"again")).hash
    house.clock.seconds += GRACE_S + 1
    than = world.clock.wall() - GRACE_S
    assert await world.directory.referenced([hash]) == set()
    assert (await keep(world, b"again")).hash == hash
    assert not await world.blobs.delete(hash, than)


async def test_what_was_made_of_a_picture_goes_when_nobody_asks(house: House) -> None:
    world = house.owner
    hash = (await keep(world, still())).hash
    for asked in range(2):
        house.clock.seconds += CACHE_S
        await world.blobs.touch(hash)
        key = await world.pictures.variant(hash, "webp", 16, moving=False)
        await collect_blobs(world)
        assert await world.pictures.cache.size(key) is not None, asked
    house.clock.seconds += CACHE_S + 1
    await collect_blobs(world)
    assert await world.pictures.cache.size(key) is None


async def test_the_check_names_what_is_gone(house: House) -> None:
    world = house.owner
    emoji = await make(house)
    assert [fault for fault in await world.check() if "File" in fault] == []
    asset = await world.directory.asset(f"emojis/{emoji['id']}")
    assert asset is not None
    assert await world.blobs.delete(asset.blob, 1e12)
    assert f"File {asset.blob.hex()} is gone, and something refers to it." in await world.check()

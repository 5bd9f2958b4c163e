"""Exports of one's own data: asked for, made, and fetched (discord-userdoccers, "Harvest")."""

from msgspec import Struct

from hearth.core.wire import timestamp

QUEUED, RUNNING, FAILED, COMPLETED = range(4)
"""What `Harvest.status` says; stored, so values never change. RUNNING is not written down."""

KEEP_MS = 7 * 24 * 3_600_000
"""A file is kept for a week."""


class Harvest(Struct, frozen=True, gc=False, kw_only=True):
    """The last export that a person has asked for; its file is called by `id`."""

    user_id: int
    id: int
    created_at_ms: int
    status: int = QUEUED
    completed_at_ms: int | None = None


class HarvestMetadata(Struct, frozen=True, gc=False, kw_only=True):
    """What clients expect to be told of an export's making."""

    user_is_staff: bool = False
    sla_email_sent: bool = False
    bypass_cooldown: bool = False
    is_provisional: bool = False


class HarvestObject(Struct, gc=False, kw_only=True):
    """An export as its person sees it; with `download_url`, a path, once it can be fetched."""

    harvest_id: str
    user_id: str
    status: int
    created_at: str
    updated_at: str
    completed_at: str | None
    expires_at: str
    download_url: str | None
    polled_at: None = None
    backends: dict[str, str] = {}
    shadow_run: bool = False
    harvest_metadata: HarvestMetadata = HarvestMetadata()


def harvest_object(harvest: Harvest) -> HarvestObject:
    """An export as its person sees it."""
    done = harvest.completed_at_ms
    there = harvest.status == COMPLETED
    return HarvestObject(
        harvest_id=str(harvest.id),
        user_id=str(harvest.user_id),
        status=harvest.status,
        created_at=timestamp(harvest.created_at_ms),
        updated_at=timestamp(done or harvest.created_at_ms),
        completed_at=None if done is None else timestamp(done),
        expires_at=timestamp(harvest.created_at_ms + KEEP_MS),
        download_url=f"/api/v10/users/@me/harvest/{harvest.id}/download" if there else None,
    )

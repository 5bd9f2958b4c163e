"""The second factor: an authenticator, and codes that stand in for it (discord-userdoccers)."""

import secrets

from msgspec.structs import replace

from hearth.actions.auth import attempt, bare_code, hash_of_code, prove, spend_code
from hearth.actions.scopes import AsPerson, Audit, InGuild
from hearth.actions.sessions import renew_token
from hearth.actions.users import my_user
from hearth.actions.world import World
from hearth.core.errors import (
    INVALID_MFA_CODE,
    MFA_ENABLED_ALREADY,
    MFA_NEEDED,
    MFA_NOT_ENABLED,
    MISSING_PERMISSIONS,
    Refused,
    invalid_form,
)
from hearth.core.events import GuildUpdate
from hearth.core.models.accounts import (
    BackupCodeObject,
    BackupCodes,
    BackupCodesAsked,
    CodeGiven,
    MfaLevelObject,
    MfaLevelPut,
    RecoveryCode,
    SecondFactor,
    TokenObject,
    TotpDisable,
    TotpEnable,
    TotpEnabled,
)
from hearth.core.models.audit import AuditAction
from hearth.core.operations import operation
from hearth.core.patch import changes
from hearth.core.seal import seal
from hearth.core.totp import secret_of, step_of
from hearth.core.user_events import UserUpdate

RECOVERY_CODES = 10
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without those that are taken for others when they are read from paper."""


@operation("POST", "/users/@me/mfa/totp/enable", commits=True)
async def enable_totp(here: AsPerson, body: TotpEnable) -> TotpEnabled:
    """Take an authenticator as second factor; gives codes to recover with, shown this once.

    All other sessions of the caller's end.
    """
    world, me = here.world, here.who.user_id
    await prove(here, body.password)
    if await world.directory.second_factor(me) is not None:
        raise Refused(MFA_ENABLED_ALREADY)
    secret = secret_of(body.secret) if body.secret else None
    if secret is None:
        said = "The secret must be 10 to 64 bytes in Base32."
        raise invalid_form((("secret",), "INVALID_SECRET", said))
    tried = await attempt(here, f"mfa {me}", me)
    step = step_of(secret, bare_code(body.code), world.clock.wall()) if body.code else None
    if step is None:
        raise Refused(INVALID_MFA_CODE)
    tried.succeed()
    sealed = seal(world.key, f"totp {me}", secret, secrets.token_bytes(16))
    factor = SecondFactor(user_id=me, secret=sealed, step=step)
    shown, kept = _make_codes(world, me)
    left = await world.directory.recovery_codes(me)
    told = UserUpdate(me, await my_user(world, me, mfa=True))
    token = await renew_token(here, beside=[factor, *kept], delete=left, tell=[told])
    return TotpEnabled(token=token, backup_codes=shown)


@operation("POST", "/users/@me/mfa/totp/disable", commits=True)
async def disable_totp(here: AsPerson, body: TotpDisable) -> TokenObject:
    """Do without a second factor; all other sessions of the caller's end."""
    world, me = here.world, here.who.user_id
    factor = await world.directory.second_factor(me)
    if factor is None:
        raise Refused(MFA_NOT_ENABLED)
    tried = await attempt(here, f"mfa {me}", me)
    await spend_code(world, me, CodeGiven(body.code))
    tried.succeed()
    left = await world.directory.recovery_codes(me)
    told = UserUpdate(me, await my_user(world, me, mfa=False))
    return TokenObject(token=await renew_token(here, delete=[factor, *left], tell=[told]))


@operation("POST", "/users/@me/mfa/codes-verification", commits=True)
async def regenerate_backup_codes(here: AsPerson, body: BackupCodesAsked) -> BackupCodes:
    """Make new codes to recover with; the old are void. What was shown cannot be shown again."""
    world, me = here.world, here.who.user_id
    await prove(here, body.password)
    if await world.directory.second_factor(me) is None:
        raise Refused(MFA_NOT_ENABLED)
    if not body.regenerate:
        said = "Codes are shown when they are made and never again: regenerate them."
        raise invalid_form((("regenerate",), "CODES_NOT_KEPT", said))
    shown, kept = _make_codes(world, me)
    await world.write(kept, await world.directory.recovery_codes(me))
    return BackupCodes(backup_codes=shown)


@operation("POST", "/guilds/{guild_id}/mfa", commits=True)
async def set_guild_mfa_level(here: InGuild, body: MfaLevelPut) -> MfaLevelObject:
    """Ask moderators for a second factor, or no more; its owner may, who must have one too."""
    guild = here.guild
    if here.member is not None and here.member.user_id != guild.owner_id:
        raise Refused(MISSING_PERMISSIONS)
    if here.who.kind == "user" and not here.who.mfa:
        raise Refused(MFA_NEEDED)
    after = replace(guild, mfa_level=body.level)
    if after != guild:
        moved = changes(guild, after, ["mfa_level"])
        await here.commit(
            save=[after],
            audit=[Audit(AuditAction.GUILD_UPDATE, guild.id, moved)],
            tell=[GuildUpdate()],
        )
    return MfaLevelObject(level=body.level)


def _make_codes(world: World, user_id: int) -> tuple[list[BackupCodeObject], list[RecoveryCode]]:
    """New codes as they are shown, and what is kept of them."""
    shown: list[BackupCodeObject] = []
    kept: list[RecoveryCode] = []
    for _ in range(RECOVERY_CODES):
        bare = "".join(secrets.choice(LETTERS) for _ in range(10))
        shown.append(BackupCodeObject(user_id=str(user_id), code=f"{bare[:5]}-{bare[5:]}"))
        kept.append(RecoveryCode(user_id=user_id, hash=hash_of_code(world, user_id, bare)))
    return shown, kept

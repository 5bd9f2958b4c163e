"""A small world in which no field of a noun is only ever at its default, and ways to look at it."""

from collections.abc import Iterable

from msgspec import Struct

from hearth.core.ids import EPOCH_MS
from hearth.core.models.accounts import (
    Account,
    OneTimeLink,
    RecoveryCode,
    SecondFactor,
    TokenUse,
)
from hearth.core.models.assets import Asset
from hearth.core.models.attachments import PendingUpload, StoredFile
from hearth.core.models.audit import AuditEntry
from hearth.core.models.bans import Ban, BanSweep
from hearth.core.models.channels import Channel, Overwrite
from hearth.core.models.emojis import Emoji, EmojiImage
from hearth.core.models.exports import Harvest
from hearth.core.models.guilds import Guild
from hearth.core.models.invites import Invite
from hearth.core.models.members import Member
from hearth.core.models.mentions import Mention
from hearth.core.models.operators import OperatorEntry
from hearth.core.models.private import Recipient
from hearth.core.models.roles import Role
from hearth.core.models.settings import (
    ChannelOverride,
    DismissedMention,
    NotificationSettings,
    PinAck,
    Setting,
)
from hearth.core.models.social import Note, Relationship
from hearth.core.models.stickers import Sticker
from hearth.core.models.users import Application, Credential, ReadState, Token, User
from hearth.core.ports import Directory
from hearth.store.directory import SqlDirectory
from hearth.store.directory.nouns import TABLES
from hearth.store.sql.database import Connection

GUILD, CATEGORY, CHANNEL, ROLE = 1000, 1001, 1002, 1003
ANN, BOB, BOT = 100, 101, 102

ann = User(
    id=ANN,
    username="ann",
    global_name="Ann",
    avatar="a1",
    bot=True,
    flags=1 << 40,
    skeleton="ann",
)
bob = User(id=BOB, username="bob")
bot = User(id=BOT, username="bot", bot=True)
credential = Credential(user_id=ANN, password_hash="$argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA")
token = Token(
    hash=bytes(range(224, 256)),
    user_id=ANN,
    created_at_ms=1_760_000_000_000,
    os="Linux",
    platform="Firefox",
    address=b"\x00\xff",
)
token_use = TokenUse(hash=token.hash, used_at_ms=1_760_000_000_003)
account = Account(
    user_id=ANN,
    operator=True,
    disabled=1,
    locale="de",
    bio="It's me",
    pronouns="she",
    accent_color=0xFFFFFF,
    claim=b"\x01\xfe",
    banner="b3",
)
second_factor = SecondFactor(user_id=ANN, secret=b"\x02\xfd", step=58_666_667)
recovery_code = RecoveryCode(user_id=ANN, hash=b"\x03\xfc")
reset_link = OneTimeLink(
    hash=b"\x04\xfb", kind="reset", user_id=ANN, expires_at_ms=1_760_000_000_004
)
application = Application(id=BOT + 1, bot_id=BOT, owner_id=ANN, name="Bot", flags=1 << 18)
guild = Guild(
    id=GUILD,
    name="Gärten 🌱",
    owner_id=ANN,
    icon="i1",
    description='It\'s "here"\n',
    afk_channel_id=CHANNEL,
    afk_timeout=60,
    system_channel_id=CHANNEL,
    system_channel_flags=3,
    rules_channel_id=CHANNEL,
    verification_level=1,
    default_message_notifications=1,
    explicit_content_filter=2,
    preferred_locale="de",
    mfa_level=1,
    nsfw_level=2,
    features=("COMMUNITY",),
    public_updates_channel_id=CHANNEL,
    safety_alerts_channel_id=CHANNEL,
    premium_progress_bar_enabled=True,
    splash="s1",
    discovery_splash="s2",
    banner="b1",
)
category = Channel(id=CATEGORY, guild_id=GUILD, type=4, name="talk")
channel = Channel(
    id=CHANNEL,
    guild_id=GUILD,
    type=2,
    name="general",
    position=7,
    parent_id=CATEGORY,
    topic="",
    nsfw=True,
    rate_limit_per_user=5,
    overwrites=(Overwrite(GUILD, 0, (1 << 52) + 1, 1 << 10), Overwrite(BOB, 1, deny=2048)),
    bitrate=64_000,
    user_limit=3,
    rtc_region="home",
    video_quality_mode=2,
    default_auto_archive_duration=60,
    default_thread_rate_limit_per_user=9,
    flags=1 << 15,
    owner_id=ANN,
)
everyone = Role(id=GUILD, guild_id=GUILD, name="@everyone", permissions=(1 << 53) - 1)
role = Role(
    id=ROLE,
    guild_id=GUILD,
    name="makers",
    permissions=1 << 52,
    position=2,
    color=0xFFFFFF,
    secondary_color=1,
    tertiary_color=2,
    hoist=True,
    mentionable=True,
    managed=True,
    icon="i2",
    unicode_emoji="🔥",
    flags=1,
    bot_id=BOT,
)
ann_member = Member(
    guild_id=GUILD,
    user_id=ANN,
    joined_at_ms=EPOCH_MS,
    nick="Annie",
    avatar="a2",
    roles=(ROLE,),
    communication_disabled_until_ms=1_760_000_000_001,
    deaf=True,
    mute=True,
    flags=2,
    temporary=True,
    bio="hi",
    banner="b2",
)
bob_member = Member(guild_id=GUILD, user_id=BOB, joined_at_ms=EPOCH_MS, roles=(ROLE,))
entry = AuditEntry(
    id=1010,
    guild_id=GUILD,
    user_id=ANN,
    action_type=11,
    target_id=CHANNEL,
    changes=b'[{"key":"name","old_value":"\xc3\xa4"}]',
    options=b'{"count":"1"}',
    reason="because",
)
operator_entry = AuditEntry(id=1011, guild_id=GUILD, user_id=None, action_type=20, target_id=None)
dm = Channel(id=1008, guild_id=None, type=1, name="", pair=f"{ANN}-{BOB}", icon="i2")
ann_recipient = Recipient(channel_id=1008, user_id=ANN, joined_at_ms=EPOCH_MS, open=True)
bob_recipient = Recipient(channel_id=1008, user_id=BOB, joined_at_ms=EPOCH_MS)
look = OperatorEntry(id=1009, at_ms=EPOCH_MS, uid=0, action="read_messages", target_id=CHANNEL)
read_state = ReadState(user_id=ANN, channel_id=CHANNEL, last_message_id=500)
mention = Mention(channel_id=CHANNEL, message_id=501, target_id=ANN, author_id=BOB)
friend = Relationship(user_id=ANN, other_id=BOB, type=1, since_ms=EPOCH_MS, nickname="Bo")
note = Note(user_id=ANN, other_id=BOB, note="owes me a book")
setting = Setting(user_id=ANN, kind=1, data=b"\x0a\x00\xff")
notification_settings = NotificationSettings(
    user_id=ANN,
    guild_id=GUILD,
    message_notifications=1,
    muted=True,
    mute_until_ms=1_760_000_000_003,
    mute_window_s=900,
    suppress_everyone=True,
    suppress_roles=True,
    mobile_push=False,
    hide_muted_channels=True,
    mute_scheduled_events=True,
    notify_highlights=1,
    flags=1 << 11,
    version=7,
    overrides=(
        ChannelOverride(
            channel_id=CHANNEL,
            message_notifications=2,
            muted=True,
            mute_until_ms=1_760_000_000_004,
            mute_window_s=60,
            collapsed=True,
            flags=1,
        ),
    ),
)
pin_ack = PinAck(user_id=ANN, channel_id=CHANNEL, at_ms=1_760_000_000_005)
dismissed = DismissedMention(user_id=ANN, message_id=499)
emoji = Emoji(
    id=1004,
    guild_id=GUILD,
    name="wave",
    roles=(ROLE,),
    user_id=ANN,
    animated=True,
    available=False,
    managed=True,
    require_colons=False,
)
sticker = Sticker(
    id=1009,
    guild_id=GUILD,
    name="hello",
    tags="👋",
    format_type=4,
    description="a hand",
    user_id=ANN,
    available=False,
)
emoji_image = EmojiImage(emoji_id=1004, data=b"GIF89a\x00\xff")
ann_avatar = Asset(
    path=f"guilds/{GUILD}/users/{ANN}/avatars",
    hash="a_0f",
    blob=b"\x05\xfa",
    type="gif",
    guild_id=GUILD,
    user_id=ANN,
)
role_icon = Asset(path=f"role-icons/{ROLE}", hash="i2", blob=b"\x05\xfb", type="png", role_id=ROLE)
dm_icon = Asset(path="channel-icons/1008", hash="i3", blob=b"\x05", type="png", channel_id=1008)
emoji_asset = Asset(path="emojis/1004", hash=None, blob=b"\x05", type="webp", emoji_id=1004)
sticker_asset = Asset(path="stickers/1009", hash=None, blob=b"\x06", type="gif", sticker_id=1009)
stored_file = StoredFile(
    id=1005,
    channel_id=CHANNEL,
    blob=b"\x07\xf8",
    size=5,
    filename="a.png",
    content_type="image/png",
    message_id=501,
    user_id=ANN,
)
upload = PendingUpload(
    name="xyz",
    channel_id=CHANNEL,
    user_id=ANN,
    created_at_ms=1_760_000_000_006,
    filename="a b.png",
    size=6,
    blob=b"\x07\xf9",
    content_type="image/png",
    width=3,
    height=2,
    placeholder="AAAA",
    duration_ms=1500,
    animated=True,
)
ASSETS = [ann_avatar, role_icon, dm_icon, emoji_asset, sticker_asset]
ban = Ban(guild_id=GUILD, user_id=BOB, reason="spam")
invite = Invite(
    code="aB3",
    guild_id=GUILD,
    channel_id=CHANNEL,
    inviter_id=ANN,
    created_at_ms=1_760_000_000_002,
    max_age_s=60,
    max_uses=9,
    uses=1,
    temporary=True,
)
harvest = Harvest(
    user_id=ANN,
    id=999,
    created_at_ms=1_760_000_000_009,
    status=3,
    completed_at_ms=1_760_000_000_010,
)
ban_sweep = BanSweep(guild_id=GUILD, user_id=BOB, oldest=1, newest=1 << 62)

WORLD: list[Struct] = [
    # Out of order on purpose: what refers comes before what is referred to.
    harvest,
    ban_sweep,
    *ASSETS,
    stored_file,
    upload,
    invite,
    ban,
    emoji_image,
    emoji,
    sticker,
    dismissed,
    pin_ack,
    notification_settings,
    setting,
    note,
    friend,
    mention,
    read_state,
    ann_recipient,
    bob_recipient,
    dm,
    look,
    ann_member,
    bob_member,
    everyone,
    role,
    channel,
    category,
    guild,
    entry,
    operator_entry,
    application,
    reset_link,
    recovery_code,
    second_factor,
    account,
    token_use,
    token,
    credential,
    ann,
    bob,
    bot,
]


async def run(directory: SqlDirectory, sql: str) -> None:
    """Do to the tables what no noun can."""
    await directory._database.write(lambda c: c.execute(sql))


async def rows(directory: SqlDirectory) -> dict[str, list[tuple[object, ...]]]:
    """Everything in every table of a noun."""

    def read(connection: Connection) -> dict[str, list[tuple[object, ...]]]:
        return {
            table.name: [
                tuple(row) for row in connection.all(f"SELECT * FROM {table.name} ORDER BY 1, 2")
            ]
            for table in TABLES
        }

    return await directory._database.read(read)


async def everything(directory: Directory) -> list[Struct]:
    """The nouns of `WORLD`, as far as they are still there."""
    snapshot = await directory.guild(GUILD)
    found: list[Struct | None] = [
        await directory.credential(ANN),
        await directory.token(token.hash),
        await directory.application_of(BOT),
        await directory.account(ANN),
        await directory.second_factor(ANN),
    ]
    found += await directory.recovery_codes(ANN)
    found += await directory.links("reset")
    uses = await directory.token_uses(ANN)
    found += [TokenUse(hash=hash, used_at_ms=at) for hash, at in uses.items()]
    if snapshot:
        found += [snapshot.guild, *snapshot.channels.values(), *snapshot.roles.values()]
        found += snapshot.members.values()
        found += snapshot.emojis.values()
        found += snapshot.stickers.values()
    found += await directory.users([BOT, BOB, ANN, 7])
    found += await directory.audit_entries(GUILD, 100)
    found += await directory.read_states(ANN)
    counts = await directory.mention_counts(ANN, [ANN])
    found += [await directory.emoji_image(1004), *await directory.bans(GUILD, 10)]
    found += [await directory.asset(asset.path) for asset in ASSETS]
    found += [await directory.upload("xyz"), *await directory.files_of([501])]
    found += await directory.invites_of(GUILD)
    for private in await directory.private_channels(ANN):
        found += [private.channel, *private.recipients]
    found += await directory.operator_log(10)
    found += [mention] if counts == {CHANNEL: 1} else []
    own = await directory.personal(ANN)
    found += [*own.relationships, *own.notes, *own.settings, *own.notification_settings]
    found += [*own.pin_acks, *own.dismissed_mentions]
    found += [*await directory.harvests(), *await directory.ban_sweeps()]
    return [noun for noun in found if noun is not None]


def same(one: Iterable[Struct], other: Iterable[Struct]) -> bool:
    """Equal, whatever the order; and booleans are booleans."""
    return sorted(map(repr, one)) == sorted(map(repr, other))

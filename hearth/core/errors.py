"""Every refusal Hearth can give: one row per error, with Discord's code, status and words.

Codes and texts are those of Discord's reference ("Opcodes and status codes"), because libraries
branch on the codes and show the texts. A row with code 0 is one of HTTP itself. `remedy` is for
the reader of `docs/errors.md`: what to do about it.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from hearth.core.limits import Limit


class Error(Struct, frozen=True, gc=False):
    """One row: `code` and `text` go into the body, `status` is the HTTP status."""

    code: int
    status: int
    text: str
    remedy: str


class Refused(Exception):
    """A rule said no; doors turn it into a reply.

    `more` holds further top-level keys of the body (`retry_after`, or `errors`, the tree of form
    errors), `headers` further HTTP headers.
    """

    def __init__(
        self,
        error: Error,
        more: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{error.code}: {error.text}")
        self.error = error
        self.more: Mapping[str, Any] = more or {}
        self.headers: Mapping[str, str] = headers or {}
        self.limit: Limit | None = None
        """The caller's rate limit, where the call came as far as being counted."""

    @property
    def body(self) -> dict[str, Any]:
        """The JSON body of the reply."""
        return {"message": self.error.text, "code": self.error.code, **self.more}


# The door: no code of Discord's own
UNAUTHORIZED = Error(
    0, 401, "401: Unauthorized", "Send a valid token in the Authorization header; log in again."
)
FORBIDDEN = Error(0, 403, "403: Forbidden", "This is not open to the kind of account you use.")
ROUTE_NOT_FOUND = Error(
    0,
    404,
    "404: Not Found",
    "Check the path; it may be an operation that Hearth does not have yet.",
)
METHOD_NOT_ALLOWED = Error(
    0, 405, "405: Method Not Allowed", "The path exists, but not with this method."
)
BODY_TOO_LARGE = Error(
    40005,
    413,
    "Request entity too large",
    "Send a smaller body or smaller files; the guild or you may have no room for more of them.",
)
RATE_LIMITED = Error(
    0, 429, "You are being rate limited.", "Wait for retry_after seconds, then send it again."
)
INTERNAL = Error(
    0, 500, "500: Internal Server Error", "A fault of the server: its log has the cause; report it."
)
INDEX_NOT_READY = Error(
    110000,
    202,
    "Index not yet available. Try again later",
    "Wait for retry_after seconds, then ask again; documents_indexed says how far it is.",
)
STORAGE_FULL = Error(
    130000,
    503,
    "API resource is currently overloaded. Try again a little later",
    "The server's disk is full or below its reserve: its operator must free space.",
)
SHUTTING_DOWN = Error(
    0, 503, "503: Service Unavailable", "The server is starting or stopping; try again shortly."
)

# 10xxx: there is no such thing, or none that you may know of
UNKNOWN_APPLICATION = Error(10002, 404, "Unknown Application", "Check the application's id.")
UNKNOWN_CHANNEL = Error(10003, 404, "Unknown Channel", "Check the id; the channel may be deleted.")
UNKNOWN_GUILD = Error(10004, 404, "Unknown Guild", "Check the id; you may have left the guild.")
UNKNOWN_MEMBER = Error(10007, 404, "Unknown Member", "The user is not a member of this guild.")
UNKNOWN_MESSAGE = Error(10008, 404, "Unknown Message", "Check the id; it may be deleted.")
UNKNOWN_OVERWRITE = Error(
    10009, 404, "Unknown Permission Overwrite", "The channel has no overwrite for this id."
)
UNKNOWN_INVITE = Error(
    10006, 404, "Unknown Invite", "It may have lapsed, be used up, or taken back: ask for another."
)
UNKNOWN_BAN = Error(10026, 404, "Unknown Ban", "The user is not banned from this guild.")
UNKNOWN_VOICE_STATE = Error(10065, 404, "Unknown Voice State", "They are not in voice.")
UNKNOWN_ROLE = Error(10011, 404, "Unknown Role", "Check the id; the role may be deleted.")
UNKNOWN_TOKEN = Error(10012, 404, "Unknown Token", "The token was already revoked.")
UNKNOWN_USER = Error(10013, 404, "Unknown User", "Check the id.")
UNKNOWN_EMOJI = Error(10014, 404, "Unknown Emoji", "Check the id or name; it may be deleted.")
UNKNOWN_INTEGRATION = Error(10005, 404, "Unknown Integration", "Hearth has no integrations yet.")
UNKNOWN_WEBHOOK = Error(10015, 404, "Unknown Webhook", "Hearth has no webhooks yet.")
UNKNOWN_ENTITLEMENT = Error(10029, 404, "Unknown Entitlement", "Hearth sells nothing.")
UNKNOWN_LOBBY = Error(10031, 404, "Unknown Lobby", "Hearth has no lobbies.")
UNKNOWN_GUILD_TEMPLATE = Error(10057, 404, "Unknown Guild Template", "Hearth has none yet.")
UNKNOWN_STICKER = Error(10060, 404, "Unknown Sticker", "Check the id; it may be deleted.")
UNKNOWN_STICKER_PACK = Error(10061, 404, "Unknown Sticker Pack", "Hearth has no sticker packs.")
UNKNOWN_INTERACTION = Error(10062, 404, "Unknown Interaction", "Hearth has none yet.")
UNKNOWN_APPLICATION_COMMAND = Error(
    10063, 404, "Unknown Application Command", "Hearth has no commands yet."
)
UNKNOWN_COMMAND_PERMISSIONS = Error(
    10066, 404, "Unknown Application Command Permissions", "Hearth has no commands yet."
)
UNKNOWN_STAGE_INSTANCE = Error(10067, 404, "Unknown Stage Instance", "The stage is not live.")
UNKNOWN_SCHEDULED_EVENT = Error(
    10070, 404, "Unknown Guild Scheduled Event", "Hearth has no scheduled events yet."
)
UNKNOWN_SOUND = Error(10097, 404, "Unknown Sound", "Hearth has no soundboard yet.")
UNKNOWN_INVITE_TARGETS = Error(
    10129, 404, "Unknown Invite Target Users", "Invites of Hearth are for everybody yet."
)

# 20xxx, 30xxx: who may call, and how much there may be
BOTS_ONLY = Error(
    20002, 403, "Only bots can use this endpoint", "Call it with a bot's token, not a person's."
)
USERS_ONLY = Error(
    20001, 403, "Bots cannot use this endpoint", "Call it with a person's token, not a bot's."
)
ACCOUNT_DISABLED = Error(
    20013,
    403,
    "This account is disabled",
    "Who disabled it themselves logs in with `undelete`; else ask the operator.",
)
SLOWMODE = Error(
    20016,
    429,
    "This action cannot be performed due to slowmode rate limit",
    "Wait for retry_after seconds: the channel is in slow mode.",
)
CHANNEL_WRITE_LIMIT = Error(
    20028,
    429,
    "The write action you are performing on the channel has hit the write rate limit",
    "Wait for retry_after seconds, then send it again.",
)
MAX_GUILDS = Error(
    30001, 400, "Maximum number of guilds reached (100)", "Leave a guild before you join another."
)
MAX_FRIENDS = Error(
    30002,
    400,
    "Maximum number of friends reached (1000)",
    "End a friendship, take back a request, or unblock somebody first.",
)
MAX_PINS = Error(
    30003,
    400,
    "Maximum number of pinned messages reached for the channel (250)",
    "Unpin a message first.",
)
MAX_RECIPIENTS = Error(
    30004, 400, "Maximum number of recipients reached (10)", "Remove somebody first."
)
MAX_ROLES = Error(30005, 400, "Maximum number of guild roles reached (250)", "Delete a role first.")
MAX_INVITES = Error(
    30016, 400, "Maximum number of invites reached (1000)", "Take an invite back first."
)
MAX_MEMBERS = Error(
    30031, 400, "Maximum number of server members reached", "Nobody can join before some leave."
)
MAX_STICKERS = Error(
    30039, 400, "Maximum number of stickers reached (60)", "Delete a sticker first."
)
MAX_EMOJIS = Error(30008, 400, "Maximum number of emojis reached (50)", "Delete an emoji first.")
MAX_REACTIONS = Error(
    30010,
    400,
    "Maximum number of reactions reached (20)",
    "Use an emoji that the message has already.",
)
MAX_ANIMATED_EMOJIS = Error(
    30018, 400, "Maximum number of animated emojis reached (50)", "Delete an animated emoji first."
)
MAX_CHANNELS = Error(
    30013, 400, "Maximum number of guild channels reached (500)", "Delete a channel first."
)
MAX_OVERWRITES = Error(
    30060,
    400,
    "Maximum number of channel permission overwrites reached (1000)",
    "Delete an overwrite of the channel, or use roles.",
)

# 40xxx
TOKEN_NEEDED = Error(
    40001, 401, "Unauthorized. Provide a valid token and try again", "Log in and send the token."
)
FEATURE_DISABLED = Error(
    40006,
    403,
    "This feature has been temporarily disabled server-side",
    "A later version of Hearth will have it; `errors` names the parameter to leave out.",
)
BANNED = Error(
    40007, 403, "The user is banned from this guild", "Lift the ban before you add them."
)
OWNS_GUILDS = Error(
    40011,
    400,
    "You must transfer ownership of any owned guilds before deleting your account",
    "Give your guilds to somebody else, or delete them.",
)
NOT_IN_VOICE = Error(
    40032, 400, "Target user is not connected to voice", "It works while they are in voice."
)

# 50xxx: what was asked cannot be done
MISSING_ACCESS = Error(
    50001, 403, "Missing Access", "Get VIEW_CHANNEL there, or an account that belongs there."
)
INVALID_ACCOUNT_TYPE = Error(50002, 400, "Invalid account type", "Use another kind of account.")
NOT_IN_DM = Error(
    50003, 403, "Cannot execute action on a DM channel", "Call it on a guild's channel."
)
WIDGET_DISABLED = Error(50004, 403, "Guild widget disabled", "Hearth has no widgets yet.")
NOT_THE_AUTHOR = Error(
    50005, 403, "Cannot edit a message authored by another user", "Only its author may edit it."
)
EMPTY_MESSAGE = Error(
    50006, 400, "Cannot send an empty message", "Give it content, an embed or a file."
)
CANNOT_MESSAGE_USER = Error(
    50007, 403, "Cannot send messages to this user", "They do not take messages from you."
)
NOT_A_TEXT_CHANNEL = Error(
    50008, 400, "Cannot send messages in a non-text channel", "Send it to a text or voice channel."
)
VERIFICATION_TOO_HIGH = Error(
    50009,
    403,
    "Channel verification level is too high for you to gain access",
    "Meet the guild's verification level first.",
)
MISSING_PERMISSIONS = Error(
    50013,
    403,
    "Missing Permissions",
    "`hearth admin why USER CHANNEL PERMISSION` prints which role or overwrite decides.",
)
INVALID_TOKEN = Error(50014, 401, "Invalid authentication token provided", "Log in again.")
TOO_MANY_TO_DELETE = Error(
    50016,
    400,
    "Provided too few or too many messages to delete. "
    "Must provide at least 2 and fewer than 100 messages to delete",
    "Delete 2 to 100 messages in one call.",
)
SYSTEM_MESSAGE = Error(
    50021, 403, "Cannot execute action on a system message", "Only written messages can be changed."
)
WRONG_CHANNEL_TYPE = Error(
    50024,
    400,
    "Cannot execute action on this channel type",
    "Check the channel's type against what the operation takes.",
)
INVALID_OAUTH2_TOKEN = Error(50025, 401, "Invalid OAuth2 access token provided", "Get a new one.")
MISSING_SCOPE = Error(50026, 403, "Missing required OAuth2 scope", "Ask for the scope.")
INVALID_ROLE = Error(50028, 400, "Invalid role", "@everyone and managed roles are not for this.")
INVALID_RECIPIENTS = Error(50033, 400, "Invalid Recipient(s)", "Name users who can be written to.")
MESSAGE_TOO_OLD = Error(
    50034,
    400,
    "A message provided was too old to bulk delete",
    "Delete messages of more than two weeks one by one.",
)
INVALID_FORM = Error(
    50035,
    400,
    "Invalid Form Body",
    "`errors` names every field that is wrong; a form also needs a Content-Type that says what it"
    " is.",
)
INVALID_API_VERSION = Error(50041, 400, "Invalid API version provided", "Use /api/v10.")
UNKNOWN_UPLOAD = Error(
    0, 404, "Unknown Upload", "Announce it again; it lapses after a day, or was sent already."
)
INVALID_STICKER = Error(
    50081,
    400,
    "Invalid sticker sent",
    "Name stickers of guilds that you are in, and that are there.",
)
FILE_TOO_LARGE = Error(50045, 400, "File uploaded exceeds the maximum size", "Send a smaller file.")
INVALID_GUILD = Error(
    50055, 400, "Invalid Guild", "An owner gives the guild to another before they leave it."
)
CANNOT_DELETE_CHANNEL = Error(
    50074,
    400,
    "Cannot delete a channel required for Community guilds",
    "Give the guild another rules or updates channel first.",
)
THREAD_ARCHIVED = Error(
    50083,
    400,
    "Tried to perform an operation on an archived thread, "
    "such as editing a message or adding a user to the thread",
    "Unarchive the thread first.",
)
INVALID_JSON = Error(
    50109,
    400,
    "The request body contains invalid JSON.",
    "Send UTF-8 JSON that is whole and not nested too deeply.",
)
CANNOT_TIME_OUT = Error(
    50142,
    403,
    "You cannot time out a user who has administrator rights",
    "Owners and administrators cannot be timed out.",
)

VOICE_MESSAGE_WITH_MORE = Error(
    50159,
    400,
    "Voice messages do not support additional content",
    "Send it without content, embeds and stickers.",
)
VOICE_MESSAGE_WITHOUT_SOUND = Error(
    50160,
    400,
    "Voice messages must have a single audio attachment",
    "Send one file, which is a sound.",
)
VOICE_MESSAGE_WITHOUT_DATA = Error(
    50161,
    400,
    "Voice messages must have supporting metadata",
    "Say duration_secs and waveform, in base64, of the attachment.",
)
VOICE_MESSAGE_STAYS = Error(
    50162, 400, "Voice messages cannot be edited", "Delete it, and send another."
)
NO_VOICE_MESSAGES = Error(
    50173,
    403,
    "You cannot send voice messages in this channel",
    "Get SEND_VOICE_MESSAGES there.",
)

# 60xxx: the second factor
MFA_ENABLED_ALREADY = Error(
    60001,
    400,
    "This account is already enrolled in two-factor authentication",
    "Disable it first, with a code of the old authenticator.",
)
MFA_NOT_ENABLED = Error(
    60002,
    400,
    "This account is not enrolled in two-factor authentication",
    "Enable it first.",
)
MFA_NEEDED = Error(
    60003,
    403,
    "Two factor is required for this operation",
    "The guild asks its moderators for a second factor: enable one for your account.",
)
INVALID_MFA_CODE = Error(
    60008,
    400,
    "Invalid two-factor code",
    "Take the code that is shown now, each once; the clock of the device must be right.",
)
INVALID_MFA_TICKET = Error(
    60011, 400, "Invalid two-factor auth ticket", "It is good for five minutes: log in again."
)
INVALID_LINK = Error(
    50020,
    400,
    "Invalid code",
    "The link is used up, taken back or older than a day: ask the operator for another.",
)
REGISTRATION_CLOSED = Error(
    20024,
    403,
    "Registration is closed",
    "Ask for an invite or for an account; [registration] in the settings decides.",
)

# 80xxx: friends
NO_FRIEND_REQUESTS = Error(
    80000,
    400,
    "Incoming friend requests disabled.",
    "They take no requests, or none from you; a friend or guild in common may help.",
)
BOTS_ASK_NOBODY = Error(
    80002, 400, "Bots cannot have incoming friend requests.", "Add the bot to a guild instead."
)
NOT_WITH_ONESELF = Error(80003, 400, "Cannot send friend request to self.", "Name somebody else.")
NOBODY_NAMED = Error(80004, 400, "No users with DiscordTag exist", "Check the username.")
NOT_FRIENDS = Error(
    80006,
    400,
    "You need to be friends in order to make this change.",
    "Only friends have nicknames.",
)
FRIENDS_ALREADY = Error(
    80007, 400, "You are already friends with that user.", "There is nothing to do."
)

# 160xxx: replies and threads
REACTION_BLOCKED = Error(
    90001, 403, "Reaction was blocked", "Whoever wrote the message has blocked you."
)
NO_REPLY_WITHOUT_HISTORY = Error(
    160002,
    400,
    "Cannot reply without permission to read message history",
    "Get READ_MESSAGE_HISTORY, or send it without message_reference.",
)
THREAD_EXISTS = Error(
    160004, 400, "A thread has already been created for this message", "Use the thread there is."
)
THREAD_LOCKED = Error(160005, 400, "Thread is locked", "Someone with MANAGE_THREADS can unlock it.")
MAX_ACTIVE_THREADS = Error(
    160006, 400, "Maximum number of active threads reached", "Archive a thread first."
)

STAGE_OPEN = Error(150006, 400, "The Stage is already open", "Change the stage that is live.")
NOBODY_BANNED = Error(
    500000, 400, "Failed to ban users", "All were banned already, unknown, or above you."
)

ROWS: dict[str, Error] = {
    name: value for name, value in list(globals().items()) if isinstance(value, Error)
}
"""Every row under its name here, in order."""


def form_errors(*problems: tuple[tuple[str | int, ...], str, str]) -> dict[str, Any]:
    """The tree of (path, code, message): nested by key and index, leaves under `_errors`.

    Several problems of one path share its leaf, in order. A leaf has nothing beside its
    `_errors`: what is wrong with a whole list or object hides what is wrong inside it.
    """
    tree: dict[str, Any] = {}
    for path, code, message in problems:
        node = tree
        for key in path:
            if "_errors" in node or key == "_errors":
                break
            node = node.setdefault(str(key), {})
        else:
            if "_errors" not in node:
                node.clear()
            node.setdefault("_errors", []).append({"code": code, "message": message})
    return tree


def invalid_form(*problems: tuple[tuple[str | int, ...], str, str]) -> Refused:
    """50035 with every (path, code, message)."""
    return Refused(INVALID_FORM, {"errors": form_errors(*problems)})


def invalid_login() -> Refused:
    """The one answer to a wrong name and to a wrong password: neither tells of the other."""
    text = "Login or password is invalid."
    return invalid_form((("login",), "INVALID_LOGIN", text), (("password",), "INVALID_LOGIN", text))


def rate_limited(
    retry_after: float,
    *,
    everywhere: bool = False,
    error: Error = RATE_LIMITED,
    headers: Mapping[str, str] | None = None,
) -> Refused:
    """A 429; `retry_after` in seconds, `everywhere` when it is the global limit."""
    return Refused(error, {"retry_after": retry_after, "global": everywhere}, headers)

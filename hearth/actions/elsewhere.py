"""What Hearth does not have yet, or never will: each such operation of Discord's, and its answer.

A library reads lists before it knows whether it needs them, so a list of what cannot exist is
empty, what is asked for by id is unknown, and what would make something is refused. These come
by the same gate and scopes as `OPERATIONS`, but are none of them: no document of ours has them.
"""

import hashlib
from collections.abc import Callable
from types import NoneType
from typing import Any

from hearth.actions.scopes import AsBot, InChannel, InGuild, Open, Scope, SignedIn
from hearth.core import errors
from hearth.core.errors import FEATURE_DISABLED, Error, Refused
from hearth.core.operations import DEFAULT_RATE, Operation
from hearth.core.permissions import P

ELSEWHERE: dict[str, Operation] = {}
"""Every operation of Discord's description that is not in OPERATIONS, by name."""

REFUSED: dict[str, Error] = {}
"""What those of ELSEWHERE say that have no empty answer."""

_WORDS = {"code", "instance_id", "interaction_token", "webhook_token"}
"""Parameters of paths that are no ids."""


def _declare(
    answer: Callable[[Scope], object], scope: type[Scope], lines: str, needs: int, status: int
) -> list[str]:
    async def verb(here: Scope, **_: Any) -> object:
        return answer(here)

    split = [line.split() for line in lines.strip().splitlines()]
    for name, method, path in split:
        names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
        ELSEWHERE[name] = Operation(
            name=name,
            method=method,
            path=path,
            op=None,
            scope=scope,
            needs=needs,
            rate=DEFAULT_RATE,
            bucket=hashlib.sha256(name.encode()).hexdigest()[:16],
            commits=False,
            parameters={each: str for each in names if each in _WORDS},
            body=None,
            query=None,
            returns=NoneType if status == 204 else object,
            summary="",
            status=status,
            verb=verb,
        )
    return [name for name, _, _ in split]


def _give(value: object, scope: type[Scope], lines: str, needs: int = 0) -> None:
    """Answer each of `lines` (name, method, path) with a value that says: nothing."""

    def give(_: Scope) -> object:
        return value

    _declare(give, scope, lines, needs, 204 if value is None else 200)


def _refuse(error: Error, scope: type[Scope], lines: str) -> None:
    """Refuse each of `lines` (name, method, path) to whom the scope lets in."""

    def say_no(_: Scope) -> object:
        raise Refused(error)

    REFUSED.update(dict.fromkeys(_declare(say_no, scope, lines, 0, 200), error))


_NO_THREADS: dict[str, object] = {"threads": [], "members": [], "has_more": False}

# Lists of what cannot exist yet

_give(
    [],
    AsBot,
    """
    list_guild_application_commands GET /applications/{application_id}/guilds/{guild_id}/commands
    list_guild_application_command_permissions GET \
    /applications/{application_id}/guilds/{guild_id}/commands/permissions
    get_entitlements GET /applications/{application_id}/entitlements
    list_skus GET /applications/{application_id}/skus
    get_application_role_connections_metadata GET \
    /applications/{application_id}/role-connections/metadata
    """,
)
_give({"items": []}, AsBot, "list_application_emojis GET /applications/{application_id}/emojis")
_give(
    [],
    SignedIn,
    """
    get_sku_subscriptions GET /skus/{sku_id}/subscriptions
    get_current_user_application_entitlements GET \
    /users/@me/applications/{application_id}/entitlements
    list_my_connections GET /users/@me/connections
    """,
)
_give(
    {"metadata": {}},
    SignedIn,
    """
    get_application_user_role_connection GET \
    /users/@me/applications/{application_id}/role-connection
    """,
)
_give({"keys": []}, Open, "get_public_keys GET /oauth2/keys")
_give(
    [],
    InGuild,
    """
    list_guild_scheduled_events GET /guilds/{guild_id}/scheduled-events
    """,
)
_give(
    {"items": []}, InGuild, "list_guild_soundboard_sounds GET /guilds/{guild_id}/soundboard-sounds"
)
_give(_NO_THREADS, InGuild, "get_active_guild_threads GET /guilds/{guild_id}/threads/active")
_give(
    [],
    InGuild,
    """
    list_auto_moderation_rules GET /guilds/{guild_id}/auto-moderation/rules
    list_guild_integrations GET /guilds/{guild_id}/integrations
    list_guild_templates GET /guilds/{guild_id}/templates
    """,
    P.MANAGE_GUILD,
)
_give([], InGuild, "get_guild_webhooks GET /guilds/{guild_id}/webhooks", P.MANAGE_WEBHOOKS)
_give(
    {"guild_join_requests": [], "total": 0},
    InGuild,
    "get_guild_join_requests GET /guilds/{guild_id}/requests",
    P.KICK_MEMBERS,
)
_give(
    {"code": None, "uses": 0},
    InGuild,
    "get_guild_vanity_url GET /guilds/{guild_id}/vanity-url",
    P.MANAGE_GUILD,
)
_give(
    {"enabled": False, "channel_id": None},
    InGuild,
    "get_guild_widget_settings GET /guilds/{guild_id}/widget",
    P.MANAGE_GUILD,
)
_give(
    {"description": None, "welcome_channels": []},
    InGuild,
    "get_guild_welcome_screen GET /guilds/{guild_id}/welcome-screen",
)
_give(None, InGuild, "get_guild_new_member_welcome GET /guilds/{guild_id}/new-member-welcome")
_declare(
    lambda here: {
        "guild_id": str(here.home.key),
        "prompts": [],
        "default_channel_ids": [],
        "enabled": False,
        "mode": 0,
    },
    InGuild,
    "get_guilds_onboarding GET /guilds/{guild_id}/onboarding",
    0,
    200,
)
_give([], InChannel, "list_channel_webhooks GET /channels/{channel_id}/webhooks", P.MANAGE_WEBHOOKS)
_give(
    _NO_THREADS,
    InChannel,
    """
    list_public_archived_threads GET /channels/{channel_id}/threads/archived/public
    list_my_private_archived_threads GET \
    /channels/{channel_id}/users/@me/threads/archived/private
    """,
    P.READ_MESSAGE_HISTORY,
)
_give(
    _NO_THREADS,
    InChannel,
    "list_private_archived_threads GET /channels/{channel_id}/threads/archived/private",
    P.READ_MESSAGE_HISTORY | P.MANAGE_THREADS,
)
_give(
    {**_NO_THREADS, "total_results": 0},
    InChannel,
    "thread_search GET /channels/{channel_id}/threads/search",
    P.READ_MESSAGE_HISTORY,
)
_give(
    {"users": []},
    InChannel,
    "get_answer_voters GET /channels/{channel_id}/polls/{message_id}/answers/{answer_id}",
    P.READ_MESSAGE_HISTORY,
)

# What is asked for by id: there is none of it

_refuse(
    errors.UNKNOWN_WEBHOOK,
    Open,
    """
    get_webhook_by_token GET /webhooks/{webhook_id}/{webhook_token}
    execute_webhook POST /webhooks/{webhook_id}/{webhook_token}
    update_webhook_by_token PATCH /webhooks/{webhook_id}/{webhook_token}
    delete_webhook_by_token DELETE /webhooks/{webhook_id}/{webhook_token}
    execute_github_compatible_webhook POST /webhooks/{webhook_id}/{webhook_token}/github
    execute_slack_compatible_webhook POST /webhooks/{webhook_id}/{webhook_token}/slack
    get_original_webhook_message GET /webhooks/{webhook_id}/{webhook_token}/messages/@original
    update_original_webhook_message PATCH /webhooks/{webhook_id}/{webhook_token}/messages/@original
    delete_original_webhook_message DELETE \
    /webhooks/{webhook_id}/{webhook_token}/messages/@original
    get_webhook_message GET /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}
    update_webhook_message PATCH /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}
    delete_webhook_message DELETE /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}
    """,
)
_refuse(
    errors.UNKNOWN_WEBHOOK,
    SignedIn,
    """
    get_webhook GET /webhooks/{webhook_id}
    update_webhook PATCH /webhooks/{webhook_id}
    delete_webhook DELETE /webhooks/{webhook_id}
    """,
)
_refuse(
    errors.UNKNOWN_INTERACTION,
    Open,
    """
    create_interaction_response POST /interactions/{interaction_id}/{interaction_token}/callback
    """,
)
_refuse(
    errors.UNKNOWN_APPLICATION_COMMAND,
    AsBot,
    """
    get_application_command GET /applications/{application_id}/commands/{command_id}
    update_application_command PATCH /applications/{application_id}/commands/{command_id}
    delete_application_command DELETE /applications/{application_id}/commands/{command_id}
    get_guild_application_command GET \
    /applications/{application_id}/guilds/{guild_id}/commands/{command_id}
    update_guild_application_command PATCH \
    /applications/{application_id}/guilds/{guild_id}/commands/{command_id}
    delete_guild_application_command DELETE \
    /applications/{application_id}/guilds/{guild_id}/commands/{command_id}
    """,
)
_refuse(
    errors.UNKNOWN_COMMAND_PERMISSIONS,
    AsBot,
    """
    get_guild_application_command_permissions GET \
    /applications/{application_id}/guilds/{guild_id}/commands/{command_id}/permissions
    """,
)
_refuse(
    errors.UNKNOWN_EMOJI,
    AsBot,
    """
    get_application_emoji GET /applications/{application_id}/emojis/{emoji_id}
    update_application_emoji PATCH /applications/{application_id}/emojis/{emoji_id}
    delete_application_emoji DELETE /applications/{application_id}/emojis/{emoji_id}
    """,
)
_refuse(
    errors.UNKNOWN_ENTITLEMENT,
    AsBot,
    """
    get_entitlement GET /applications/{application_id}/entitlements/{entitlement_id}
    delete_entitlement DELETE /applications/{application_id}/entitlements/{entitlement_id}
    consume_entitlement POST /applications/{application_id}/entitlements/{entitlement_id}/consume
    """,
)
_refuse(errors.UNKNOWN_STICKER_PACK, SignedIn, "get_sticker_pack GET /sticker-packs/{pack_id}")
_refuse(
    errors.UNKNOWN_SOUND,
    InGuild,
    """
    get_guild_soundboard_sound GET /guilds/{guild_id}/soundboard-sounds/{sound_id}
    update_guild_soundboard_sound PATCH /guilds/{guild_id}/soundboard-sounds/{sound_id}
    delete_guild_soundboard_sound DELETE /guilds/{guild_id}/soundboard-sounds/{sound_id}
    """,
)
_refuse(
    errors.UNKNOWN_SCHEDULED_EVENT,
    InGuild,
    """
    get_guild_scheduled_event GET /guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}
    update_guild_scheduled_event PATCH \
    /guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}
    delete_guild_scheduled_event DELETE \
    /guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}
    create_guild_scheduled_event_exception POST \
    /guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}/exceptions
    update_guild_scheduled_event_exception PATCH \
    /guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}/exceptions/{exception_id}
    delete_guild_scheduled_event_exception DELETE \
    /guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}/exceptions/{exception_id}
    list_guild_scheduled_event_users GET \
    /guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}/users
    count_guild_scheduled_event_users GET \
    /guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}/users/counts
    list_guild_scheduled_event_exception_users GET \
    /guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}\
/{guild_scheduled_event_exception_id}/users
    """,
)
_refuse(
    errors.UNKNOWN_INTEGRATION,
    InGuild,
    "delete_guild_integration DELETE /guilds/{guild_id}/integrations/{integration_id}",
)
_refuse(errors.UNKNOWN_GUILD_TEMPLATE, SignedIn, "get_guild_template GET /guilds/templates/{code}")
_refuse(
    errors.UNKNOWN_GUILD_TEMPLATE,
    InGuild,
    """
    sync_guild_template PUT /guilds/{guild_id}/templates/{code}
    update_guild_template PATCH /guilds/{guild_id}/templates/{code}
    delete_guild_template DELETE /guilds/{guild_id}/templates/{code}
    """,
)
_refuse(
    errors.WRONG_CHANNEL_TYPE,
    InChannel,
    """
    list_thread_members GET /channels/{channel_id}/thread-members
    join_thread PUT /channels/{channel_id}/thread-members/@me
    leave_thread DELETE /channels/{channel_id}/thread-members/@me
    get_thread_member GET /channels/{channel_id}/thread-members/{user_id}
    add_thread_member PUT /channels/{channel_id}/thread-members/{user_id}
    delete_thread_member DELETE /channels/{channel_id}/thread-members/{user_id}
    """,
)
_refuse(
    errors.UNKNOWN_INVITE_TARGETS,
    SignedIn,
    """
    get_invite_target_users GET /invites/{code}/target-users
    get_invite_target_users_job_status GET /invites/{code}/target-users/job-status
    """,
)
_refuse(
    errors.WIDGET_DISABLED,
    Open,
    """
    get_guild_widget GET /guilds/{guild_id}/widget.json
    get_guild_widget_png GET /guilds/{guild_id}/widget.png
    """,
)
_refuse(
    errors.UNKNOWN_LOBBY,
    SignedIn,
    """
    get_lobby GET /lobbies/{lobby_id}
    edit_lobby PATCH /lobbies/{lobby_id}
    delete_lobby DELETE /lobbies/{lobby_id}
    edit_lobby_channel_link PATCH /lobbies/{lobby_id}/channel-linking
    leave_lobby DELETE /lobbies/{lobby_id}/members/@me
    create_linked_lobby_guild_invite_for_self POST /lobbies/{lobby_id}/members/@me/invites
    bulk_update_lobby_members POST /lobbies/{lobby_id}/members/bulk
    add_lobby_member PUT /lobbies/{lobby_id}/members/{user_id}
    delete_lobby_member DELETE /lobbies/{lobby_id}/members/{user_id}
    create_linked_lobby_guild_invite_for_user POST /lobbies/{lobby_id}/members/{user_id}/invites
    get_lobby_messages GET /lobbies/{lobby_id}/messages
    create_lobby_message POST /lobbies/{lobby_id}/messages
    update_lobby_message_external_moderation_metadata PUT \
    /lobbies/{lobby_id}/messages/{message_id}/moderation-metadata
    """,
)
_refuse(
    errors.ROUTE_NOT_FOUND,
    AsBot,
    """
    applications_get_activity_instance GET \
    /applications/{application_id}/activity-instances/{instance_id}
    """,
)
_refuse(
    errors.ROUTE_NOT_FOUND,
    SignedIn,
    "get_sku_subscription GET /skus/{sku_id}/subscriptions/{subscription_id}",
)
_refuse(
    errors.ROUTE_NOT_FOUND,
    InGuild,
    """
    get_auto_moderation_rule GET /guilds/{guild_id}/auto-moderation/rules/{rule_id}
    update_auto_moderation_rule PATCH /guilds/{guild_id}/auto-moderation/rules/{rule_id}
    delete_auto_moderation_rule DELETE /guilds/{guild_id}/auto-moderation/rules/{rule_id}
    action_guild_join_request PATCH /guilds/{guild_id}/requests/{request_id}
    """,
)

# What would make or change something

_refuse(
    FEATURE_DISABLED,
    AsBot,
    """
    get_application GET /applications/{application_id}
    update_application PATCH /applications/{application_id}
    update_my_application PATCH /applications/@me
    upload_application_attachment POST /applications/{application_id}/attachment
    create_application_command POST /applications/{application_id}/commands
    bulk_set_application_commands PUT /applications/{application_id}/commands
    create_guild_application_command POST /applications/{application_id}/guilds/{guild_id}/commands
    bulk_set_guild_application_commands PUT \
    /applications/{application_id}/guilds/{guild_id}/commands
    set_guild_application_command_permissions PUT \
    /applications/{application_id}/guilds/{guild_id}/commands/{command_id}/permissions
    create_application_emoji POST /applications/{application_id}/emojis
    create_entitlement POST /applications/{application_id}/entitlements
    update_application_role_connections_metadata PUT \
    /applications/{application_id}/role-connections/metadata
    """,
)
_refuse(
    FEATURE_DISABLED,
    SignedIn,
    """
    get_my_oauth2_authorization GET /oauth2/@me
    get_openid_connect_userinfo GET /oauth2/userinfo
    update_application_user_role_connection PUT \
    /users/@me/applications/{application_id}/role-connection
    delete_application_user_role_connection DELETE \
    /users/@me/applications/{application_id}/role-connection
    update_invite_target_users PUT /invites/{code}/target-users
    create_lobby POST /lobbies
    create_or_join_lobby PUT /lobbies
    update_user_message_external_moderation_metadata PUT \
    /partner-sdk/dms/{user_id_1}/{user_id_2}/messages/{message_id}/moderation-metadata
    partner_sdk_unmerge_provisional_account POST /partner-sdk/provisional-accounts/unmerge
    bot_partner_sdk_unmerge_provisional_account POST /partner-sdk/provisional-accounts/unmerge/bot
    partner_sdk_token POST /partner-sdk/token
    bot_partner_sdk_token POST /partner-sdk/token/bot
    """,
)
_refuse(
    FEATURE_DISABLED,
    InGuild,
    """
    get_guild_preview GET /guilds/{guild_id}/preview
    preview_prune_guild GET /guilds/{guild_id}/prune
    prune_guild POST /guilds/{guild_id}/prune
    create_auto_moderation_rule POST /guilds/{guild_id}/auto-moderation/rules
    update_guild_incident_actions PUT /guilds/{guild_id}/incident-actions
    put_guilds_onboarding PUT /guilds/{guild_id}/onboarding
    create_guild_scheduled_event POST /guilds/{guild_id}/scheduled-events
    create_guild_soundboard_sound POST /guilds/{guild_id}/soundboard-sounds
    create_guild_template POST /guilds/{guild_id}/templates
    update_guild_welcome_screen PATCH /guilds/{guild_id}/welcome-screen
    update_guild_widget_settings PATCH /guilds/{guild_id}/widget
    """,
)
_refuse(
    FEATURE_DISABLED,
    InChannel,
    """
    follow_channel POST /channels/{channel_id}/followers
    crosspost_message POST /channels/{channel_id}/messages/{message_id}/crosspost
    create_thread_from_message POST /channels/{channel_id}/messages/{message_id}/threads
    create_thread POST /channels/{channel_id}/threads
    poll_expire POST /channels/{channel_id}/polls/{message_id}/expire
    send_soundboard_sound POST /channels/{channel_id}/send-soundboard-sound
    create_webhook POST /channels/{channel_id}/webhooks
    """,
)

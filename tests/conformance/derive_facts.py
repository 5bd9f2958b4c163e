"""Derives facts.json, what Discord's OpenAPI document says of the operations that Hearth has.

    python tests/conformance/derive_facts.py path/to/openapi.json > tests/conformance/facts.json

The document is published under the MIT licence at github.com/discord/discord-api-spec. Kept are
names and types only: of each operation its method, path, parameters, body keys and reply; of each
reply schema its keys with their JSON types and which of them are required.
"""

import json
import sys
from pathlib import Path
from typing import Any

OPERATIONS = (
    "create_message",
    "list_messages",
    "get_message",
    "update_message",
    "delete_message",
    "trigger_typing_indicator",
    "create_guild_channel",
    "list_guild_channels",
    "get_channel",
    "update_channel",
    "delete_channel",
    "set_channel_permission_overwrite",
    "delete_channel_permission_overwrite",
    "create_guild_role",
    "list_guild_roles",
    "get_guild_role",
    "update_guild_role",
    "delete_guild_role",
    "add_guild_member_role",
    "delete_guild_member_role",
    "get_guild_member",
    "update_guild_member",
    "delete_guild_member",
    "get_guild",
    "get_my_user",
    "get_user",
    "list_my_guilds",
    "get_gateway",
    "get_bot_gateway",
    "get_my_oauth2_application",
    "get_my_application",
    "get_soundboard_default_sounds",
    "list_sticker_packs",
    "list_voice_regions",
    "list_guild_voice_regions",
    "list_application_commands",
)

# Where a reply or body may be one of several, the one that a guild channel is.
CHOSEN = ("GuildChannelResponse", "UpdateGuildChannelRequestPartial")

SCHEMAS = (
    "MessageResponse",
    "MessageReferenceResponse",
    "MessageEmbedResponse",
    "MessageEmbedAuthorResponse",
    "MessageEmbedFooterResponse",
    "MessageEmbedFieldResponse",
    "MessageEmbedImageResponse",
    "UserResponse",
    "UserPIIResponse",
    "GuildMemberResponse",
    "GuildWithCountsResponse",
    "MyGuildResponse",
    "GuildRoleResponse",
    "GuildRoleColorsResponse",
    "GuildRoleTagsResponse",
    "GuildChannelResponse",
    "ChannelPermissionOverwriteResponse",
    "AuditLogEntryResponse",
    "PrivateApplicationResponse",
    "GatewayResponse",
    "GatewayBotResponse",
    "GatewayBotSessionStartLimitResponse",
)


class Document:
    """The document, read for names and types."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.paths = document["paths"]
        self.schemas = document["components"]["schemas"]

    def types(self, schema: dict[str, Any]) -> str:
        """A schema as JSON types and names of object schemas: `string|null`, `[UserResponse]`."""
        return "|".join(sorted(self._types(schema), key=lambda name: (name == "null", name)))

    def _types(self, schema: dict[str, Any]) -> set[str]:
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            target = self.schemas[name]
            return {name} if target.get("properties") else self._types(target)
        kinds = schema.get("type")
        if kinds is None:
            return {
                kind
                for part in schema.get("oneOf", schema.get("anyOf", []))
                for kind in self._types(part)
            }
        names = {kinds} if isinstance(kinds, str) else set(kinds)
        if "array" in names:
            names = names - {"array"} | {f"[{self.types(schema['items'])}]"}
        return names

    def keys(self, name: str) -> dict[str, Any]:
        """The required and the other keys of an object schema."""
        schema = self.schemas[name]
        required = schema.get("required", [])
        types = {key: self.types(value) for key, value in schema["properties"].items()}
        return {
            "required": {key: types[key] for key in sorted(required)},
            "optional": {key: types[key] for key in sorted(types) if key not in required},
        }

    def operation(self, method: str, path: str, found: dict[str, Any]) -> dict[str, Any]:
        """The facts of one operation."""
        parameters = self.paths[path].get("parameters", []) + found.get("parameters", [])
        status, reply = next(
            (status, reply)
            for status, reply in sorted(found["responses"].items())
            if status.startswith("2")
        )
        facts: dict[str, Any] = {
            "method": method.upper(),
            "path": path,
            "query": sorted(each["name"] for each in parameters if each["in"] == "query"),
            "body": self.body(found),
            "status": int(status),
        }
        content = reply.get("content")
        if content:
            types = self.types(content["application/json"]["schema"])
            chosen = next((name for name in CHOSEN if name in types), None)
            if chosen:
                types = f"[{chosen}]" if types.startswith("[") else chosen
            facts["reply"] = types
        return facts

    def body(self, found: dict[str, Any]) -> list[str]:
        """The keys of the JSON body."""
        content = found.get("requestBody", {}).get("content", {})
        schema = content.get("application/json", {}).get("schema", {})
        parts = schema.get("anyOf", [schema])
        names = [part["$ref"].rpartition("/")[2] for part in parts if "$ref" in part]
        chosen = [name for name in names if name in CHOSEN] or names
        objects = [self.schemas[name] for name in chosen] or [schema]
        return sorted({key for each in objects for key in each.get("properties", {})})


def derive(document: dict[str, Any]) -> dict[str, Any]:
    """All facts."""
    source = Document(document)
    found = {
        operation["operationId"]: source.operation(method, path, operation)
        for path, item in source.paths.items()
        for method, operation in item.items()
        if isinstance(operation, dict) and operation.get("operationId") in OPERATIONS
    }
    return {
        "operations": {name: found[name] for name in sorted(found)},
        "schemas": {name: source.keys(name) for name in sorted(SCHEMAS)},
    }


if __name__ == "__main__":
    facts = derive(json.loads(Path(sys.argv[1]).read_text()))
    sys.stdout.write(json.dumps(facts, indent=1) + "\n")

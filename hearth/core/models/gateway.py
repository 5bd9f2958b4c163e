"""What the HTTP API says of the gateway (Discord topic "Gateway", "Get gateway bot")."""

from msgspec import Struct


class GatewayObject(Struct, frozen=True):
    """Where the gateway is."""

    url: str


class SessionStartLimit(Struct, frozen=True):
    """How often a bot may identify; `reset_after` is in milliseconds."""

    total: int
    remaining: int
    reset_after: int
    max_concurrency: int


class GatewayBotObject(Struct, frozen=True):
    """Where the gateway is, for bots."""

    url: str
    shards: int
    session_start_limit: SessionStartLimit

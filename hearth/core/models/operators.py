"""What the server's operators looked at: the operator log, which is nobody's but the server's."""

from msgspec import Struct


class OperatorEntry(Struct, frozen=True, gc=False, kw_only=True):
    """One look of an operator's: `uid` is the user of the operating system who asked."""

    id: int
    at_ms: int
    uid: int
    action: str
    target_id: int

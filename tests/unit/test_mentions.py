"""Mentions: what content names, what is code, and what the sender allows and may."""

from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearth.core.mentions import MOST_USERS, Allowed, Mentions, allowed, find
from hearth.core.models.messages import AllowedMentions
from hearth.core.models.roles import Role
from hearth.core.permissions import P

GUILD, LOUD, QUIET = 100, 201, 202
ROLES = {
    GUILD: Role(id=GUILD, guild_id=GUILD, name="@everyone", mentionable=True),
    LOUD: Role(id=LOUD, guild_id=GUILD, name="loud", mentionable=True),
    QUIET: Role(id=QUIET, guild_id=GUILD, name="quiet"),
}
MAY = P.MENTION_EVERYONE


def users(content: str) -> tuple[int, ...]:
    return find(content, Allowed(), ROLES, MAY).users


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", ()),
        ("ann@example.org", ()),
        ("<@1>", (1,)),
        ("<@!1>", (1,)),
        ("hi <@2>, <@1> and <@!2>", (2, 1)),
        ("<@1><@2>", (1, 2)),
        ("<@01>", (1,)),
        ("<@>", ()),
        ("<@ 1>", ()),
        ("<@x>", ()),
        ("<@!&1>", ()),
        ("<#1> <:name:1> </name:1>", ()),
        ("<@\u0661>", ()),
        (f"<@{(1 << 63) - 1}>", ((1 << 63) - 1,)),
        (f"<@{1 << 63}>", ()),
        ("<@99999999999999999999>", ()),
        ("**<@1>** ||<@2>|| > <@3>", (1, 2, 3)),
        ("\\<@1>", (1,)),
    ],
)
def test_users_are_named_in_order_and_once(content: str, expected: tuple[int, ...]):
    assert users(content) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("`<@1>` <@2>", (2,)),
        ("``<@1>`` <@2>", (2,)),
        ("`` ` <@1>`` <@2>", (2,)),
        ("`a` <@1> `b`", (1,)),
        ("`<@1>", (1,)),
        ("``<@1>`", (1,)),
        ("`<@1>`` <@2>", (1, 2)),
        ("```<@1>``` <@2>", (2,)),
        ("```py\n<@1>\n``` <@2>", (2,)),
        ("```\n`<@1>\n``` <@2> `x`", (2,)),
        ("```\n<@1>", (1,)),
        ("a `line\n<@1>` <@2>", (2,)),
        ("\\`<@1>`", (1,)),
        ("\\\\`<@1>` <@2>", (2,)),
        ("\\``<@1>``", (1,)),
    ],
)
def test_nothing_in_code_mentions(content: str, expected: tuple[int, ...]):
    assert users(content) == expected


def test_a_hundred_users_are_mentioned_at_most():
    content = "".join(f"<@{i}>" for i in range(1, 151))
    assert users(content) == tuple(range(1, MOST_USERS + 1))
    answered = find(content, Allowed(), ROLES, MAY, replied_to=149)
    assert answered.users == (149, *range(1, MOST_USERS))


@pytest.mark.parametrize("word", ["@everyone", "@here", "x@here.y", "@everyone!"])
@pytest.mark.parametrize(
    ("permissions", "allow", "expected"),
    [
        (MAY, Allowed(), True),
        (MAY, Allowed(everyone=False), False),
        (~MAY, Allowed(), False),
    ],
)
def test_everyone_needs_word_permission_and_leave(
    word: str, permissions: int, allow: Allowed, expected: bool
):
    assert find(word, allow, ROLES, permissions).everyone is expected
    assert not find(f"`{word}`", allow, ROLES, permissions).everyone
    assert not find("everyone here @Everyone", allow, ROLES, permissions).everyone


@pytest.mark.parametrize(
    ("permissions", "allow", "expected"),
    [
        (MAY, Allowed(), (QUIET, LOUD)),
        (0, Allowed(), (LOUD,)),
        (MAY, Allowed(roles=frozenset({QUIET})), (QUIET,)),
        (0, Allowed(roles=frozenset({QUIET})), ()),
        (MAY, Allowed(roles=frozenset()), ()),
    ],
)
def test_roles_are_mentioned_where_mentionable_or_permitted(
    permissions: int, allow: Allowed, expected: tuple[int, ...]
):
    content = f"<@&{QUIET}> <@&{LOUD}> <@&{LOUD}> <@&{GUILD}> <@&999>"
    assert find(content, allow, ROLES, permissions) == Mentions(False, (), expected)


@pytest.mark.parametrize(
    ("replied_to", "replied_user", "expected"),
    [(None, True, (1,)), (5, True, (5, 1)), (5, False, (1,)), (1, True, (1,)), (1, False, (1,))],
)
def test_a_reply_mentions_its_author_where_allowed(
    replied_to: int | None, replied_user: bool, expected: tuple[int, ...]
):
    allow = Allowed(replied_user=replied_user)
    assert find("<@1>", allow, ROLES, 0, replied_to).users == expected


# The reference's examples, in its order.
EXAMPLES = [
    (None, Mentions(True, (5678, 7), (LOUD,))),
    (AllowedMentions(parse=[]), Mentions()),
    (AllowedMentions(parse=["users", "roles"], users=[]), Mentions(False, (5678, 7), (LOUD,))),
    (AllowedMentions(parse=["everyone"], users=[5678]), Mentions(True, (5678,), ())),
    (AllowedMentions(users=[5678, 456]), Mentions(False, (5678,), ())),
    (AllowedMentions(roles=[LOUD, 999]), Mentions(False, (), (LOUD,))),
    (AllowedMentions(), Mentions()),
    (AllowedMentions(replied_user=True), Mentions(False, (9,), ())),
]


@pytest.mark.parametrize(("asked", "expected"), EXAMPLES)
def test_allowed_mentions_as_documented(asked: AllowedMentions | None, expected: Mentions):
    content = f"@here hello <@&{LOUD}> and <@5678>, <@7>"
    replied_to = 9 if asked is not None else None
    assert find(content, allowed(asked), ROLES, MAY, replied_to) == expected


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(["`", "``", "```", "\\", "a", "\n", "<@1>", "@here", "<@&201>"])))
def test_any_content_names_only_what_stands_in_it(parts: list[str]):
    content = "".join(parts)
    found = find(content, Allowed(), ROLES, MAY)
    assert found.users in ((), (1,))
    assert "<@1>" in content or not found.users
    assert "@here" in content or not found.everyone
    if "`" not in content:
        assert bool(found.users) is ("<@1>" in content)
        assert found.everyone is ("@here" in content)
        assert bool(found.roles) is ("<@&201>" in content)


@pytest.mark.parametrize(
    "content",
    [
        "`" * 4000 + "@",
        "".join("`" * k + "a" for k in range(1, 89)) + "@",
        "`a``b" * 800 + "@",
        "```a" * 1000 + "@",
        "<@" * 2000,
        "\\" * 3999 + "@",
        "@everyone" * 440,
    ],
)
def test_no_content_takes_long(content: str):
    start = perf_counter()
    find(content, Allowed(), ROLES, MAY)
    assert perf_counter() - start < 0.05

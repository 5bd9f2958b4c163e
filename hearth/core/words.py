"""Which words a text has, as search sees them; the same for what is written and what is looked for.

Case, width and the marks of Latin, Greek and Cyrillic letters do not count. Scripts that put no
blanks between words (Chinese, Japanese, Thai, Lao, Burmese, Khmer) are taken character by
character, and so are symbols such as emoji: a run of them is then looked for as a phrase.
"""

import re
from unicodedata import category, normalize

_MARKS = re.compile("[\u0300-\u036f]+")

_WITHOUT_BLANKS = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x3005, 0x3007),
    (0x3040, 0x30FF),  # Hiragana, Katakana
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),  # ideographs
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)


class _Table(dict[int, str]):
    """What becomes of a character; that of rarer ones is not kept, there are too many."""

    def __missing__(self, code: int) -> str:
        found = _becomes(code)
        if code < 0x3000:
            self[code] = found
        return found


def _becomes(code: int) -> str:
    kind = category(chr(code))
    if kind == "So" or (kind[0] in "LMN" and stands_alone(chr(code))):
        return f" {chr(code)} "
    return chr(code) if kind[0] in "LMN" else " "


_TABLE = _Table()


def stands_alone(character: str) -> bool:
    """Whether a character is a word of its own."""
    code = ord(character)
    return any(first <= code <= last for first, last in _WITHOUT_BLANKS)


def words(text: str) -> list[str]:
    """The words of a text in their order.

    Letters, numbers and marks only: no blanks, no quotes, nothing that means something to SQL.
    """
    if text.isascii():
        return text.lower().translate(_TABLE).split()
    bare = _MARKS.sub("", normalize("NFKD", text)).casefold()
    return normalize("NFC", bare).translate(_TABLE).split()

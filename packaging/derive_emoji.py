"""Writes hearth/web/src/core/emoji/: a file a group, emoji of one code point by Unicode's names.

Run it when hearth/core/emoji.py changes: `.venv/bin/python packaging/derive_emoji.py`.
"""

import json
import unicodedata
from pathlib import Path

from hearth.core.emoji import spelled

TARGET = Path(__file__).resolve().parent.parent / "hearth/web/src/core/emoji"

SKIN = range(0x1F3FB, 0x1F400)
GROUPS = {
    "Smileys": (
        "1f600-1f636 1f637-1f644 1f641-1f644 1f910-1f917 1f920-1f92f 1f970-1f976 1f978-1f97a "
        "1fae0-1fae8 1f479-1f47b 1f47d-1f480 1f916 1f4a9 1f638-1f640 1f648-1f64a"
    ),
    "People": (
        "1f440-1f450 1f466-1f478 1f47c 1f481-1f487 1f4aa 1f590 1f595-1f596 1f645-1f647 "
        "1f64b-1f64f 1f90c-1f90f 1f918-1f91f 1f926 1f930-1f93e 1f977 1f9b0-1f9bb 1f9d0-1f9df "
        "1fac0-1fac5 1faf0-1faf8 261d 270a-270d 1f5e3 1f464-1f465 1f46a-1f46f 1f574 1f57a "
        "1f483"
    ),
    "Nature": (
        "1f400-1f43f 1f980-1f9af 1f330-1f344 1f490 1f940 1f577-1f578 1f54a 1f300-1f32c "
        "2600-2604 26a1 2744 2b50 1f525 1f4a7 1fab0-1fabd 1fabf 1face-1facf 1f30a 2728"
    ),
    "Food": ("1f32d-1f32f 1f345-1f37f 1f950-1f96f 1f9c0-1f9cb 1fad0-1fadc 2615 1f382"),
    "Activities": (
        "1f380-1f393 1f396-1f397 1f399-1f39b 1f39e-1f3c9 1f3ca-1f3cf 1f3d0-1f3d3 1f3f8-1f3fa "
        "1f3d1-1f3d3 26bd-26be 26f3 26f7-26f9 1f93f 1f941-1f94f 1fa70-1fa71 1fa80-1fa88 1f0cf "
        "1f004 1f9e9 1f9f8 1f579"
    ),
    "Places": (
        "1f3d4-1f3f0 1f5fa-1f5ff 1f680-1f6ff 1f54b-1f54d 26ea 26f2 26f5 26fa 26fd 2693 2708 "
        "1f6f0 1f9ed 1f9f3 231a-231b 23f0-23f3 1f550-1f567"
    ),
    "Objects": (
        "1f451-1f463 1f484-1f485 1f488-1f48a 1f4a1 1f4b0-1f4ff 1f507-1f516 1f526-1f53b "
        "1f56f-1f570 1f576 1f587 1f58a-1f58d 1f5a5 1f5a8 1f5b1-1f5b2 1f5bc 1f5c2-1f5c4 "
        "1f5d1-1f5d3 1f5dc-1f5de 1f5e1 1f5f3 1f97b-1f97f 1f9e2-1f9ff 1fa72-1fa7c 1fa89-1faa8 "
        "1faa9-1faaf 2328 260e 2692-2699 26b0-26b1 26cf 26d3 2702 2709 270f 2712 1f9af"
    ),
    "Symbols": (
        "2764 1f493-1f49f 1f5a4 1f90d-1f90e 1f9e1 1fa75-1fa77 1f4a2-1f4a6 1f4a8 1f4ab-1f4af "
        "1f4ac-1f4ad 2705 274c 274e 2753-2757 2763 2795-2797 27a1 2b05-2b07 1f500-1f506 "
        "1f517-1f524 1f53c-1f53d 26a0 26d4 2622-2623 2660-2668 267b 267e-267f 2648-2653 "
        "1f7e0-1f7eb 1f532-1f539 25aa-25fe 2b1b-2b1c 2b55 1f170-1f19a 1f201-1f251 2716 2714 "
        "271d 2721 262a-262f 1f3c1 1f3f3-1f3f4 1f6a9"
    ),
}

CALLED = {
    0x1F44D: "thumbs up like yes",
    0x1F44E: "thumbs down no",
    0x1F602: "joy laugh tears",
    0x2764: "red heart love",
    0x1F389: "party tada hooray",
    0x1F525: "fire hot",
    0x1F64F: "please thanks pray",
    0x1F440: "eyes look",
    0x1F4AF: "hundred",
}


def main() -> None:
    """Write the files."""
    taken: set[int] = set()
    for name, ranges in GROUPS.items():
        found: list[list[str]] = []
        for part in ranges.split():
            first, _, last = part.partition("-")
            for point in range(int(first, 16), int(last or first, 16) + 1):
                called = unicodedata.name(chr(point), "")
                if point in taken or point in SKIN or not called:
                    continue
                text = spelled(chr(point))
                if text is None:
                    continue
                taken.add(point)
                words = called.lower().replace(" with ", " ").replace("-", " ")
                words = words.removesuffix(" face").removeprefix("smiling face ") or words
                words = words.removeprefix("emoji component ")
                found.append([text, f"{CALLED[point]} {words}" if point in CALLED else words])
        write(name, found)


def write(name: str, found: list[list[str]]) -> None:
    """The file of a group."""
    lines = [
        f"// {name}, with words to find them by. Derived by packaging/derive_emoji.py.",
        "",
        f"export const {name.upper()}: [text: string, words: string][] = [",
        *(f"  {json.dumps(each, ensure_ascii=False)}," for each in found),
        "];",
        "",
    ]
    TARGET.mkdir(exist_ok=True)
    (TARGET / f"{name.lower()}.ts").write_text("\n".join(lines))


if __name__ == "__main__":
    main()

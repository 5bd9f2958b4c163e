"""Which texts are emoji: Unicode's, in the one spelling that reactions are kept under.

The tables are derived from the emoji data of Unicode 17.0 (Unicode License v3) by
tests/unit/derive_emoji.mjs: code points in hexadecimal.
"""

import re
from functools import lru_cache

_EMOJI = (
    "a9 ae 203c 2049 2122 2139 2194-2199 21a9-21aa 231a-231b 2328 23cf 23e9-23f3 23f8-23fa 24c2 "
    "25aa-25ab 25b6 25c0 25fb-25fe 2600-2604 260e 2611 2614-2615 2618 261d 2620 2622-2623 2626 "
    "262a 262e-262f 2638-263a 2640 2642 2648-2653 265f-2660 2663 2665-2666 2668 267b 267e-267f "
    "2692-2697 2699 269b-269c 26a0-26a1 26a7 26aa-26ab 26b0-26b1 26bd-26be 26c4-26c5 26c8 "
    "26ce-26cf 26d1 26d3-26d4 26e9-26ea 26f0-26f5 26f7-26fa 26fd 2702 2705 2708-270d 270f 2712 "
    "2714 2716 271d 2721 2728 2733-2734 2744 2747 274c 274e 2753-2755 2757 2763-2764 2795-2797 "
    "27a1 27b0 27bf 2934-2935 2b05-2b07 2b1b-2b1c 2b50 2b55 3030 303d 3297 3299 1f004 1f0cf "
    "1f170-1f171 1f17e-1f17f 1f18e 1f191-1f19a 1f1e6-1f1ff 1f201-1f202 1f21a 1f22f 1f232-1f23a "
    "1f250-1f251 1f300-1f321 1f324-1f393 1f396-1f397 1f399-1f39b 1f39e-1f3f0 1f3f3-1f3f5 "
    "1f3f7-1f4fd 1f4ff-1f53d 1f549-1f54e 1f550-1f567 1f56f-1f570 1f573-1f57a 1f587 1f58a-1f58d "
    "1f590 1f595-1f596 1f5a4-1f5a5 1f5a8 1f5b1-1f5b2 1f5bc 1f5c2-1f5c4 1f5d1-1f5d3 1f5dc-1f5de "
    "1f5e1 1f5e3 1f5e8 1f5ef 1f5f3 1f5fa-1f64f 1f680-1f6c5 1f6cb-1f6d2 1f6d5-1f6d8 1f6dc-1f6e5 "
    "1f6e9 1f6eb-1f6ec 1f6f0 1f6f3-1f6fc 1f7e0-1f7eb 1f7f0 1f90c-1f93a 1f93c-1f945 1f947-1f9ff "
    "1fa70-1fa7c 1fa80-1fa8a 1fa8e-1fac6 1fac8 1facd-1fadc 1fadf-1faea 1faef-1faf8"
)
_PRESENTED = (
    "231a-231b 23e9-23ec 23f0 23f3 25fd-25fe 2614-2615 2648-2653 267f 2693 26a1 26aa-26ab "
    "26bd-26be 26c4-26c5 26ce 26d4 26ea 26f2-26f3 26f5 26fa 26fd 2705 270a-270b 2728 274c 274e "
    "2753-2755 2757 2795-2797 27b0 27bf 2b1b-2b1c 2b50 2b55 1f004 1f0cf 1f18e 1f191-1f19a "
    "1f1e6-1f1ff 1f201 1f21a 1f22f 1f232-1f236 1f238-1f23a 1f250-1f251 1f300-1f320 1f32d-1f335 "
    "1f337-1f37c 1f37e-1f393 1f3a0-1f3ca 1f3cf-1f3d3 1f3e0-1f3f0 1f3f4 1f3f8-1f43e 1f440 "
    "1f442-1f4fc 1f4ff-1f53d 1f54b-1f54e 1f550-1f567 1f57a 1f595-1f596 1f5a4 1f5fb-1f64f "
    "1f680-1f6c5 1f6cc 1f6d0-1f6d2 1f6d5-1f6d8 1f6dc-1f6df 1f6eb-1f6ec 1f6f4-1f6fc 1f7e0-1f7eb "
    "1f7f0 1f90c-1f93a 1f93c-1f945 1f947-1f9ff 1fa70-1fa7c 1fa80-1fa8a 1fa8e-1fac6 1fac8 "
    "1facd-1fadc 1fadf-1faea 1faef-1faf8"
)
_BASES = (
    "261d 26f9 270a-270d 1f385 1f3c2-1f3c4 1f3c7 1f3ca-1f3cc 1f442-1f443 1f446-1f450 "
    "1f466-1f478 1f47c 1f481-1f483 1f485-1f487 1f48f 1f491 1f4aa 1f574-1f575 1f57a 1f590 "
    "1f595-1f596 1f645-1f647 1f64b-1f64f 1f6a3 1f6b4-1f6b6 1f6c0 1f6cc 1f90c 1f90f 1f918-1f91f "
    "1f926 1f930-1f939 1f93c-1f93e 1f977 1f9b5-1f9b6 1f9b8-1f9b9 1f9bb 1f9cd-1f9cf 1f9d1-1f9dd "
    "1fac3-1fac5 1faf0-1faf8"
)
_FLAGS = (
    "AC AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO "
    "BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CP CQ CR CU CV CW CX CY CZ DE "
    "DG DJ DK DM DO DZ EA EC EE EG EH ER ES ET EU FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL "
    "GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU IC ID IE IL IM IN IO IQ IR IS IT JE JM JO "
    "JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH "
    "MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA "
    "PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL "
    "SM SN SO SR SS ST SV SX SY SZ TA TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM "
    "UN US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW"
)
_JOINED = (
    "1f344+1f7eb 1f34b+1f7e9 1f3c3+2640 1f3c3+2640+27a1 1f3c3+2642 1f3c3+2642+27a1 1f3c3+27a1 "
    "1f3c4+2640 1f3c4+2642 1f3ca+2640 1f3ca+2642 1f3cb+2640 1f3cb+2642 1f3cc+2640 1f3cc+2642 "
    "1f3f3+1f308 1f3f3+26a7 1f3f4+2620 1f408+2b1b 1f415+1f9ba 1f426+1f525 1f426+2b1b 1f43b+2744 "
    "1f441+1f5e8 1f468+1f33e 1f468+1f373 1f468+1f37c 1f468+1f393 1f468+1f3a4 1f468+1f3a8 "
    "1f468+1f3eb 1f468+1f3ed 1f468+1f430+1f468 1f468+1f466 1f468+1f466+1f466 1f468+1f467 "
    "1f468+1f467+1f466 1f468+1f467+1f467 1f468+1f468+1f466 1f468+1f468+1f466+1f466 "
    "1f468+1f468+1f467 1f468+1f468+1f467+1f466 1f468+1f468+1f467+1f467 1f468+1f469+1f466 "
    "1f468+1f469+1f466+1f466 1f468+1f469+1f467 1f468+1f469+1f467+1f466 1f468+1f469+1f467+1f467 "
    "1f468+1f4bb 1f468+1f4bc 1f468+1f527 1f468+1f52c 1f468+1f680 1f468+1f692 1f468+1f91d+1f468 "
    "1f468+1f9af 1f468+1f9af+27a1 1f468+1f9b0 1f468+1f9b1 1f468+1f9b2 1f468+1f9b3 1f468+1f9bc "
    "1f468+1f9bc+27a1 1f468+1f9bd 1f468+1f9bd+27a1 1f468+1faef+1f468 1f468+2695 1f468+2696 "
    "1f468+2708 1f468+2764+1f468 1f468+2764+1f48b+1f468 1f469+1f33e 1f469+1f373 1f469+1f37c "
    "1f469+1f393 1f469+1f3a4 1f469+1f3a8 1f469+1f3eb 1f469+1f3ed 1f469+1f430+1f469 1f469+1f466 "
    "1f469+1f466+1f466 1f469+1f467 1f469+1f467+1f466 1f469+1f467+1f467 1f469+1f469+1f466 "
    "1f469+1f469+1f466+1f466 1f469+1f469+1f467 1f469+1f469+1f467+1f466 1f469+1f469+1f467+1f467 "
    "1f469+1f4bb 1f469+1f4bc 1f469+1f527 1f469+1f52c 1f469+1f680 1f469+1f692 1f469+1f91d+1f468 "
    "1f469+1f91d+1f469 1f469+1f9af 1f469+1f9af+27a1 1f469+1f9b0 1f469+1f9b1 1f469+1f9b2 "
    "1f469+1f9b3 1f469+1f9bc 1f469+1f9bc+27a1 1f469+1f9bd 1f469+1f9bd+27a1 1f469+1faef+1f469 "
    "1f469+2695 1f469+2696 1f469+2708 1f469+2764+1f468 1f469+2764+1f469 1f469+2764+1f48b+1f468 "
    "1f469+2764+1f48b+1f469 1f46e+2640 1f46e+2642 1f46f+2640 1f46f+2642 1f470+2640 1f470+2642 "
    "1f471+2640 1f471+2642 1f473+2640 1f473+2642 1f477+2640 1f477+2642 1f481+2640 1f481+2642 "
    "1f482+2640 1f482+2642 1f486+2640 1f486+2642 1f487+2640 1f487+2642 1f575+2640 1f575+2642 "
    "1f62e+1f4a8 1f635+1f4ab 1f636+1f32b 1f642+2194 1f642+2195 1f645+2640 1f645+2642 1f646+2640 "
    "1f646+2642 1f647+2640 1f647+2642 1f64b+2640 1f64b+2642 1f64d+2640 1f64d+2642 1f64e+2640 "
    "1f64e+2642 1f6a3+2640 1f6a3+2642 1f6b4+2640 1f6b4+2642 1f6b5+2640 1f6b5+2642 1f6b6+2640 "
    "1f6b6+2640+27a1 1f6b6+2642 1f6b6+2642+27a1 1f6b6+27a1 1f926+2640 1f926+2642 1f935+2640 "
    "1f935+2642 1f937+2640 1f937+2642 1f938+2640 1f938+2642 1f939+2640 1f939+2642 1f93c+2640 "
    "1f93c+2642 1f93d+2640 1f93d+2642 1f93e+2640 1f93e+2642 1f9b8+2640 1f9b8+2642 1f9b9+2640 "
    "1f9b9+2642 1f9cd+2640 1f9cd+2642 1f9ce+2640 1f9ce+2640+27a1 1f9ce+2642 1f9ce+2642+27a1 "
    "1f9ce+27a1 1f9cf+2640 1f9cf+2642 1f9d1+1f33e 1f9d1+1f373 1f9d1+1f37c 1f9d1+1f384 "
    "1f9d1+1f393 1f9d1+1f3a4 1f9d1+1f3a8 1f9d1+1f3eb 1f9d1+1f3ed 1f9d1+1f430+1f9d1 1f9d1+1f4bb "
    "1f9d1+1f4bc 1f9d1+1f527 1f9d1+1f52c 1f9d1+1f680 1f9d1+1f692 1f9d1+1f91d+1f9d1 1f9d1+1f9af "
    "1f9d1+1f9af+27a1 1f9d1+1f9b0 1f9d1+1f9b1 1f9d1+1f9b2 1f9d1+1f9b3 1f9d1+1f9bc "
    "1f9d1+1f9bc+27a1 1f9d1+1f9bd 1f9d1+1f9bd+27a1 1f9d1+1f9d1+1f9d2 1f9d1+1f9d1+1f9d2+1f9d2 "
    "1f9d1+1f9d2 1f9d1+1f9d2+1f9d2 1f9d1+1fa70 1f9d1+1faef+1f9d1 1f9d1+2695 1f9d1+2696 "
    "1f9d1+2708 1f9d1+2764+1f9d1 1f9d4+2640 1f9d4+2642 1f9d6+2640 1f9d6+2642 1f9d7+2640 "
    "1f9d7+2642 1f9d8+2640 1f9d8+2642 1f9d9+2640 1f9d9+2642 1f9da+2640 1f9da+2642 1f9db+2640 "
    "1f9db+2642 1f9dc+2640 1f9dc+2642 1f9dd+2640 1f9dd+2642 1f9de+2640 1f9de+2642 1f9df+2640 "
    "1f9df+2642 1faf1+1faf2 26d3+1f4a5 26f9+2640 26f9+2642 2764+1f525 2764+1fa79"
)


def _codes(ranges: str) -> frozenset[int]:
    found: set[int] = set()
    for each in ranges.split():
        low, _, high = each.partition("-")
        found.update(range(int(low, 16), int(high or low, 16) + 1))
    return frozenset(found)


_emoji, _presented, _bases = _codes(_EMOJI), _codes(_PRESENTED), _codes(_BASES)
_flags = frozenset(_FLAGS.split())
_joined = frozenset(tuple(int(code, 16) for code in shape.split("+")) for shape in _JOINED.split())
_nations = frozenset({"gbeng", "gbsct", "gbwls"})

_JOINER, _STYLED, _KEYCAP, _BLACK_FLAG = 0x200D, 0xFE0F, 0x20E3, 0x1F3F4
_TONES = range(0x1F3FB, 0x1F400)
_TAGS, _TAGS_END = 0xE0000, 0xE007F
_LETTERS = range(0x1F1E6, 0x1F200)
_KEYS = frozenset(map(ord, "0123456789#*"))

MOST_CODES = 32
"""No emoji has so many code points."""

CUSTOM = re.compile(r"(?:a?:)?[^:]*:([0-9]{1,20})")
"""How a path names a guild's own emoji: `name:id`; libraries leave `a:` or `:` in front of it."""


@lru_cache(4096)
def spelled(text: str) -> str | None:
    """The fully-qualified spelling of a Unicode emoji (UTS #51, ED-18a), None if it is none.

    With and without variation selectors an emoji is the same; another skin tone is another one.
    """
    codes = [ord(each) for each in text]
    if not codes or len(codes) > MOST_CODES:
        return None
    if len(codes) == 2 and codes[0] in _LETTERS:
        letters = "".join(chr(code - _LETTERS.start + ord("A")) for code in codes)
        return text if codes[1] in _LETTERS and letters in _flags else None
    plain = [code for code in codes if code != _STYLED]
    if not plain:
        return None
    if plain[0] in _KEYS:
        key = chr(plain[0])
        return f"{key}\ufe0f\u20e3" if plain[1:] == [_KEYCAP] else None
    if plain[0] == _BLACK_FLAG and plain[-1] == _TAGS_END:
        tags = "".join(chr(code - _TAGS) for code in plain[1:-1] if code > _TAGS)
        return text if tags in _nations and len(codes) == len(tags) + 2 else None
    return _joined_spelling(plain)


def _joined_spelling(codes: list[int]) -> str | None:
    """The spelling of elements that a ZWJ joins; each is an emoji that may have a skin tone."""
    shape: list[int] = []
    spelling: list[str] = []
    rest = iter([*codes, _JOINER])
    for code in rest:
        if code not in _emoji:
            return None
        shape.append(code)
        behind = next(rest)
        if behind in _TONES and code in _bases:
            spelling.append(chr(code) + chr(behind))
            behind = next(rest)
        else:
            spelling.append(chr(code) if code in _presented else f"{chr(code)}\ufe0f")
        if behind != _JOINER:
            return None
    if len(shape) > 1 and tuple(shape) not in _joined:
        return None
    return "\u200d".join(spelling)

"""Expressions over a blob's index tags: `"project" = 'a' AND "stage" >= '2'`.

Grammar: "Specifying conditional headers for Blob Storage operations" (x-ms-if-tags) and "Find Blobs by Tags" (`where`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from operator import eq, ge, gt, le, lt, ne

_OPERATORS: dict[str, Callable[[str, str], bool]] = {"=": eq, "<>": ne, ">": gt, ">=": ge, "<": lt, "<=": le}
_COMPARISON = re.compile(r"""\s*(?:"([^"]+)"|(@?[A-Za-z_][A-Za-z0-9_]*))\s*(=|<>|>=|>|<=|<)\s*'([^']*)'\s*""")
_JOIN = re.compile(r"(AND|OR)\b", re.IGNORECASE)


def tag_filter(text: str) -> Callable[[Mapping[str, str]], bool]:
    """Whether tags fit ``text``; a tag that is missing fits nothing. AND binds before OR. Raises ValueError for what is no expression."""
    ways: list[list[tuple[str, str, str]]] = [[]]
    at = 0
    while True:
        match = _COMPARISON.match(text, at)
        if match is None:
            raise ValueError(text)
        ways[-1].append((match[1] or match[2], match[3], match[4]))
        at = match.end()
        if at == len(text):
            break
        join = _JOIN.match(text, at)
        if join is None:
            raise ValueError(text)
        if join[1].upper() == "OR":
            ways.append([])
        at = join.end()
    return lambda tags: any(all(name in tags and _OPERATORS[sign](tags[name], value) for name, sign, value in way) for way in ways)

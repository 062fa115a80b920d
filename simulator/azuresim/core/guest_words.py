"""How a script falls apart into commands and words."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise, takewhile

_SPLIT = re.compile(r"(&&|\|\||;|\n|(?<![>&|])&(?![>&]))")
_PIPE = re.compile(r"((?<!\|)\|(?!\|))")
_UNIT_SECONDS = {"": 1.0, "s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_HEREDOC = re.compile(r"<<-?\s*(['\"]?)(\w+)\1")
_AT = re.compile(r"\bat\b.*\bnow\b(?:\s*\+\s*([0-9]{1,9})\s*(minutes?|min))?")
# Longer ones are nobody's.
NUMBER = re.compile("[0-9]{1,9}")
_PREFIXES = frozenset({"sudo", "exec", "then", "do", "command", "time", "env", "{", "("})
_INLINE_FLAGS = frozenset({"-c", "-command", "/c", "-lc", "-argumentlist"})


@dataclass(slots=True)
class Shared:
    """What a script and those it runs have in common: the files it wrote, and how many more commands are looked at."""

    files: dict[str, str] = field(default_factory=dict)
    commands: int = 2_000


def commands(script: str) -> list[tuple[int, str, str, str]]:
    """Line number, text, what joins it to the one before, what follows it; quoted separators do not separate."""
    found: list[tuple[int, str, str, str]] = []
    line, joint, text = 1, "\n", ""
    for part in _SPLIT.split(script):
        if _SPLIT.fullmatch(part) and not _open(text):
            found.append((line, text.strip(), joint, part))
            joint, text = part, ""
        else:
            text += part
        line += part.count("\n")
    found.append((line, text.strip(), joint, "\n"))
    return found


def stages(text: str) -> list[str]:
    """The parts of a pipeline."""
    found, current = [], ""
    for part in _PIPE.split(text):
        if part == "|" and not _open(current):
            found.append(current.strip())
            current = ""
        else:
            current += part
    return [*found, current.strip()]


def words(text: str, *, windows: bool) -> list[str]:
    """The words without their quotes; a Windows path keeps its backslashes."""
    try:
        return shlex.split(text.replace("\\", "\\\\") if windows else text, comments=True)
    except ValueError:
        return text.split()


def inline(found: list[str]) -> str | None:
    """The script in `sh -c SCRIPT`, also behind the options of a wrapper."""
    at = next((i for i, word in enumerate(found) if word.lower() in _INLINE_FLAGS), None)
    return " ".join(found[at + 1 :]) if at is not None and at + 1 < len(found) else None


def plain(found: list[str]) -> list[str]:
    """Of a command's words, those behind what only introduces it."""
    kept = [word for word in found if word != ")"]
    while kept and kept[0].lower() in _PREFIXES:
        kept = kept[1:]
    return kept


def started_process(found: list[str]) -> list[str]:
    """The command line in `Start-Process -FilePath PROGRAM -ArgumentList ARGUMENTS`."""
    flags = {word.lower(): found[i + 1] for i, word in enumerate(found[:-1]) if word.startswith("-")}
    program = flags.get("-filepath") or next((word for word in found[1:] if not word.startswith("-")), "")
    return [program, *flags.get("-argumentlist", "").replace(",", " ").split()]


def here_documents(script: str) -> tuple[str, dict[str, str]]:
    """The script without its here-documents, and those that are written to files. One that feeds a command stays as commands."""
    kept: list[str] = []
    files: dict[str, str] = {}
    lines = iter(script.split("\n"))
    for line in lines:
        match = _HEREDOC.search(line)
        if match is None:
            kept.append(line)
            continue
        body = _until(lines, match[2])
        rest = line.replace(match[0], "")
        target = re.search(r"(?:>|tee)\s*(\S+)", rest)
        if target is not None:
            files[target[1].strip("'\"")] = "\n".join(body)
        kept.append(rest if target is not None else "\n".join(body))
    return "\n".join(kept), files


def seconds(text: str) -> float:
    """`90`, `2m` and the like; 0 for anything else."""
    match = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)([a-z]*)", text)
    return float(match[1]) * _UNIT_SECONDS.get(match[2], 1.0) if match else 0.0


def at_delay(found: list[str]) -> float | None:
    """Seconds until what `at now + N minutes` is told to run; None for another command."""
    match = _AT.search(" ".join(found))
    return None if match is None else 60 * float(match[1] or 0)


def shutdown_delay(found: list[str]) -> float:
    """Of `shutdown +MINUTES`, `/t SECONDS`; 0 for at once."""
    minutes = next((float(word[1:]) for word in found if word[:1] == "+" and NUMBER.fullmatch(word[1:])), 0.0)
    return minutes * 60 + next((float(b) for a, b in pairwise(found) if a.lower() in {"/t", "-t"} and NUMBER.fullmatch(b)), 0.0)


def program(word: str) -> str:
    """The command without its folder."""
    return word.replace("\\", "/").rsplit("/", 1)[-1].lower().removesuffix(".exe")


def _until(lines: Iterator[str], end: str) -> list[str]:
    return list(takewhile(lambda line: line.strip() != end, lines))


def _open(text: str) -> bool:
    """Whether a quotation or a parenthesis is still open at its end."""
    quote, depth = "", 0
    for character in text.replace("\\'", "").replace('\\"', ""):
        if not quote and character in "'\"":
            quote = character
        elif character == quote:
            quote = ""
        elif not quote:
            depth += (character == "(") - (character == ")")
    return bool(quote) or depth > 0

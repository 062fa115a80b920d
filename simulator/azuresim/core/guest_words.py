"""How a script falls apart into commands and words."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from itertools import takewhile

_SPLIT = re.compile(r"(&&|\|\||;|\n|(?<![>&|])&(?![>&]))")
_PIPE = re.compile(r"((?<!\|)\|(?!\|))")
_UNIT_SECONDS = {"": 1.0, "s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_HEREDOC = re.compile(r"<<-?\s*(['\"]?)(\w+)\1")
_INLINE_FLAGS = frozenset({"-c", "-command", "/c", "-lc", "-argumentlist"})


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

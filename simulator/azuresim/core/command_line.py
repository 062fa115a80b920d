"""What a command line does when a node runs it: a very small shell, so that start tasks and tasks behave as their text says.

``/bin/sh -c '...'``, ``/bin/bash -c '...'`` and ``cmd /c ...`` are unwrapped. Commands are joined by ``;``, ``&&``, ``||`` or a new line.
``echo TEXT`` writes to standard output, with ``>&2`` (or ``1>&2``) to standard error; ``sleep N`` takes N seconds (suffixes s, m and h);
``exit N`` ends with that code (-1 is 255); ``true`` and ``false`` are themselves; ``set -e`` makes the first failure the last command.
Everything else succeeds at once and says nothing. No command line takes less than a second.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

Stream = Literal["stdout", "stderr"]
_SHELL = re.compile(r"(?:/usr)?(?:/bin/)?(?:ba|da)?sh\s+(?:-\w+\s+)*-\w*c\s+(.+)", re.DOTALL)
_CMD = re.compile(r"cmd(?:\.exe)?\s+/c\s+(.+)", re.DOTALL | re.IGNORECASE)
_SEPARATORS = frozenset({";", "&&", "||", "&", "|"})
_SLEEP = re.compile(r"(\d+(?:\.\d+)?)([smh]?)")
_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
# A century: nobody waits for it, and its end can still be written down.
_AT_LEAST, _AT_MOST = 1.0, 3.2e9
_NUMBER = re.compile(r"-?\d+", re.ASCII)
_CACHED = 1024
# What a shell answers for a text it cannot read.
_SYNTAX_ERROR = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one execution comes to. ``output`` holds (seconds after the beginning, stream, text)."""

    seconds: float
    exit_code: int
    output: tuple[tuple[float, Stream, str], ...] = ()

    def text(self, stream: Stream, after: float) -> str:
        """What has been written ``after`` so many seconds."""
        return "".join(text for at, name, text in self.output if name == stream and at <= after)


@lru_cache(_CACHED)
def run(command_line: str) -> Run:
    """Work a command line out."""
    shell = _Shell()
    try:
        shell.run(_words(_unwrapped(command_line.strip())))
    except ValueError as unreadable:
        return Run(seconds=_AT_LEAST, exit_code=_SYNTAX_ERROR, output=((0.0, "stderr", f"syntax error: {unreadable}\n"),))
    return Run(seconds=max(_AT_LEAST, shell.clock), exit_code=shell.code, output=tuple(shell.output))


def _unwrapped(text: str) -> str:
    shell = _SHELL.fullmatch(text)
    if shell is not None:
        words = shlex.split(shell[1])
        return words[0] if words else ""
    cmd = _CMD.fullmatch(text)
    if cmd is None:
        return text
    inner = cmd[1].strip()
    quoted = len(inner) > 1 and inner[0] == inner[-1] == '"'
    return inner[1:-1] if quoted else inner


def _words(text: str) -> list[str]:
    lexer = shlex.shlex(text.replace("\n", " ; "), posix=True, punctuation_chars=";&|<>")
    lexer.whitespace_split = True
    lexer.commenters = ""
    return list(lexer)


@dataclass(slots=True)
class _Shell:
    clock: float = 0.0
    code: int = 0
    output: list[tuple[float, Stream, str]] = field(default_factory=list)
    stop_at_failure: bool = False
    over: bool = False

    def run(self, words: list[str]) -> None:
        command: list[str] = []
        joined = ";"
        for word in [*words, ";"]:
            if word not in _SEPARATORS:
                command.append(word)
                continue
            skipped = (joined == "&&" and self.code != 0) or (joined == "||" and self.code == 0)
            if command and not skipped:
                self._command(command)
                self.over = self.over or (self.stop_at_failure and self.code != 0 and word != "||")
            if self.over:
                return
            command, joined = [], word

    def _command(self, words: list[str]) -> None:
        words, stream = _redirected(words)
        name, arguments = (words[0], words[1:]) if words else ("", [])
        self.code = 0
        match name:
            case "echo":
                self.output.append((self.clock, stream, " ".join(arguments) + "\n"))
            case "sleep":
                amount = _SLEEP.fullmatch(arguments[0]) if arguments else None
                self.clock += min(float(amount[1]) * _UNITS[amount[2]], _AT_MOST) if amount else 0.0
                self.code = 0 if amount else 1
            case "exit":
                self.code = next((int(a) % 256 for a in reversed(arguments) if _NUMBER.fullmatch(a)), 0)
                self.over = True
            case "false":
                self.code = 1
            case "set":
                self.stop_at_failure = self.stop_at_failure or any(a.startswith("-") and "e" in a for a in arguments)
            case _:
                pass


def _redirected(words: list[str]) -> tuple[list[str], Stream]:
    """The command without its redirections, and where its output goes; files are not kept."""
    kept: list[str] = []
    stream: Stream = "stdout"
    skip = False
    for position, word in enumerate(words):
        if skip:
            skip = False
        elif word.startswith((">", "<")):
            skip = True
            if word == ">&" and words[position + 1 : position + 2] == ["2"]:
                stream = "stderr"
            if kept and kept[-1] in {"1", "2"} and position > 1:
                kept.pop()
        else:
            kept.append(word)
    return kept, stream

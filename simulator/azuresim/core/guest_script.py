"""What a script does inside a simulated guest.

No shell runs. The words that matter are recognised, everything else succeeds in silence:

- `echo TEXT`, `printf TEXT`, `Write-Output TEXT`, `Write-Host TEXT`, `seq [A] B`: output (`>&2`: on the error stream; `> FILE`: none)
- `sleep N`, `Start-Sleep N`: takes that long
- `exit N`, `false`, `throw`, `set -e`: how it ends
- `waagent -deprovision`, `sysprep /generalize [/shutdown | /reboot]`: the disk is generalised
- `poweroff`, `halt`, `shutdown [-r] [now | +MINUTES]`, `reboot`, `systemctl poweroff`, `Stop-Computer`, `Restart-Computer`,
  `shutdown /s /t N`: the machine goes down or comes up again
- `nohup`, `setsid`, `systemd-run [--on-active=N]`, `at now + N minutes`, `Start-Process`, a trailing `&`: detached, so that it
  outlives the script
- `sh -c '...'`, `cat > FILE <<EOF`, running that FILE
- a cmdlet on Linux is not found: 127

There are no variables but the parameters and no control flow: the branches of an `if` run in order, those behind `else` do not. What is
too deep, too long or too large is cut short.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from azuresim.core.guest_words import (
    NUMBER,
    Shared,
    at_delay,
    commands,
    here_documents,
    inline,
    plain,
    program,
    seconds,
    shutdown_delay,
    stages,
    started_process,
    words,
)

EffectKind = Literal["deprovision", "power-off", "reboot"]
_NOT_FOUND, _MISUSE = 127, 2
# How deep scripts run scripts, lest one that runs itself never ended; how many lines `seq` writes.
_DEPTH, _LINES = 20, 10_000
# A deprovisioning takes seconds, a sysprep about a minute (unverified).
_DEPROVISION_SECONDS, _SYSPREP_SECONDS, _SHUTDOWN_SECONDS = 3.0, 60.0, 2.0
_CMDLET = re.compile(r"[A-Z][a-z]+-[A-Z]\w*")
_DETACHERS = frozenset({"nohup", "setsid", "systemd-run", "start-process", "start-job"})
_SHELLS = frozenset({"sh", "bash", "dash", "powershell", "pwsh", "cmd"})


@dataclass(frozen=True, slots=True)
class Effect:
    """Something the script does to its machine, ``after`` seconds from its start. What is detached happens even if the script is ended."""

    after: float
    kind: EffectKind
    detached: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a script goes. ``reports`` is False when it ends the agent, or the machine, before it ends itself."""

    seconds: float
    exit_code: int
    output: str
    error: str
    effects: tuple[Effect, ...]
    reports: bool


def perform(script: str, *, windows: bool = False, parameters: Mapping[str, str] | None = None, path: str = "script.sh") -> Outcome:
    """Go through ``script``; ``parameters`` replace `$name`, ``path`` is what error messages call it."""
    shell = _Shell(windows=windows, path=path)
    given = parameters or {}
    shell.run(re.sub(r"\$\{?(\w+)\}?", lambda match: given.get(match[1], match[0]), script))
    return Outcome(shell.now, shell.code, "".join(shell.output), "".join(shell.error), tuple(shell.effects), shell.alive)


@dataclass(slots=True)
class _Shell:
    """The state of one script. ``now`` counts seconds; ``over`` ends it."""

    windows: bool
    path: str
    detached: bool = False
    now: float = 0.0
    code: int = 0
    line: int = 0
    alive: bool = True
    over: bool = False
    strict: bool = False
    output: list[str] = field(default_factory=list)
    error: list[str] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    shared: Shared = field(default_factory=Shared)
    depth: int = 0

    def run(self, script: str) -> None:
        """All its commands, until it is over."""
        skipping = False
        script, files = here_documents(script.replace("\\\n", " "))
        self.shared.files.update(files)
        for number, text, joint, ahead in commands(script):
            self.shared.commands -= 1
            if self.shared.commands < 0 or self.depth > _DEPTH:
                self.over = True
                return
            self.line = number
            first = text.split(maxsplit=1)[0] if text.split() else ""
            skipping = (skipping or first in {"else", "elif"}) and first != "fi"
            if skipping or not first or first.startswith("#") or (joint == "&&" and self.code) or (joint == "||" and not self.code):
                continue
            self._command(text, background=ahead == "&")
            if self.over or (self.strict and self.code and ahead not in {"||", "&&"}):
                self.over = True
                return

    def _command(self, text: str, *, background: bool) -> None:
        if text.startswith("(") and text.endswith(")"):
            self._execute(["sh", "-c", text[1:-1]]) if not background else self._detach([text[1:-1]], 0)
            return
        first, *others = (plain(words(stage, windows=self.windows)) for stage in stages(text))
        last = others[-1] if others else first
        delay = at_delay(last) if others else None
        if delay is not None:
            self._detach(first[1:], delay)
            self.error.append("warning: commands will be executed using /bin/sh\njob 1\n")
            return
        # Of a pipeline, the end that does something.
        found = last if last and program(last[0]) in _ACTS else first
        if not found:
            return
        if background or found[0].lower() in _DETACHERS:
            delay = next((seconds(word.partition("=")[2]) for word in found if word.startswith("--on-active=")), 0.0)
            self._detach(found, delay)
            return
        self._execute(found)

    def _detach(self, found: list[str], delay: float) -> None:
        inner = _Shell(windows=self.windows, path=self.path, detached=True, now=self.now + delay, shared=self.shared, depth=self.depth + 1)
        if found and found[0].lower() == "start-process":
            found = started_process(found)
        while found and (found[0].lower() in _DETACHERS or found[0].startswith("--")):
            found = found[1:]
        if len(found) == 1:
            inner.run(self.shared.files.get(found[0], found[0]))
        elif found:
            inner.run(inline(found) or self.shared.files.get(found[-1]) or shlex.join(found))
        self.effects.extend(inner.effects)
        self.code = 0

    def _execute(self, found: list[str]) -> None:
        found, stream = self._redirected(found)
        name = program(found[0]) if found else ""
        nested = inline(found) if name in _SHELLS else None
        script = nested if nested is not None else next((self.shared.files[w] for w in found[:2] if w in self.shared.files), None)
        if script is not None and name != "cat":
            self.depth += 1
            self.run(script)
            self.depth -= 1
            # Leaving an inner script leaves only that, unless it took the agent with it.
            self.over = not self.alive
            return
        if not self.windows and _CMDLET.fullmatch(found[0] if found else ""):
            self.error.append(f"{self.path}: line {self.line}: {found[0]}: command not found\n")
            self.code = _NOT_FOUND
            return
        act = _ACTS.get(name)
        if name != "exit":
            self.code = 0
        if act is not None:
            act(self, found[1:], stream)

    def _redirected(self, found: list[str]) -> tuple[list[str], list[str]]:
        """The words without redirections, and where their output goes."""
        if ">&2" in found or "1>&2" in found:
            return [w for w in found if w not in {">&2", "1>&2"}], self.error
        cut = next((i for i, w in enumerate(found) if re.match(r"[12&]?>", w)), None)
        return (found, self.output) if cut is None else (found[:cut], [])

    def happen(self, kind: EffectKind, after: float) -> None:
        """Something befalls the machine, ``after`` seconds from now."""
        self.effects.append(Effect(self.now + after, kind, self.detached))


def _say(_shell: _Shell, given: list[str], stream: list[str]) -> None:
    plain = [word for word in given if word not in {"-n", "-e", "-Object"}]
    stream.append(" ".join(plain) + ("" if "-n" in given else "\n"))


def _printf(_shell: _Shell, given: list[str], stream: list[str]) -> None:
    stream.append(" ".join(given).replace("\\n", "\n"))


def _seq(_shell: _Shell, given: list[str], stream: list[str]) -> None:
    numbers = [int(word) for word in given if NUMBER.fullmatch(word)]
    first, last = (numbers[0], numbers[-1]) if len(numbers) > 1 else (1, numbers[-1] if numbers else 0)
    stream.append("".join(f"{number}\n" for number in range(first, min(last, first + _LINES) + 1)))


def _cat(shell: _Shell, given: list[str], stream: list[str]) -> None:
    stream.extend(f"{shell.shared.files[word]}\n" for word in given if word in shell.shared.files)


def _sleep(shell: _Shell, given: list[str], _stream: list[str]) -> None:
    shell.now += sum(seconds(word) for word in given)


def _exit(shell: _Shell, given: list[str], _stream: list[str]) -> None:
    if given:
        # A shell's exit code has eight bits; what is no number is a misuse.
        shell.code = int(given[0]) % 256 if NUMBER.fullmatch(given[0]) else _MISUSE
    shell.over = True


def _false(shell: _Shell, _given: list[str], _stream: list[str]) -> None:
    shell.code = 1


def _throw(shell: _Shell, given: list[str], _stream: list[str]) -> None:
    shell.error.append(" ".join(given) + "\n")
    shell.code, shell.over = 1, True


def _set(shell: _Shell, given: list[str], _stream: list[str]) -> None:
    shell.strict = shell.strict or any(re.match(r"-\w*e", word) for word in given)


def _waagent(shell: _Shell, given: list[str], _stream: list[str]) -> None:
    """It stops the agent first, and what the agent was running ends with it (azure.md, section 8)."""
    if any(re.match(r"-{1,2}deprovision", word) for word in given):
        shell.now += _DEPROVISION_SECONDS
        shell.happen("deprovision", 0)
        if not shell.detached:
            shell.alive, shell.over = False, True


def _sysprep(shell: _Shell, given: list[str], _stream: list[str]) -> None:
    flags = {word.lower().lstrip("/-") for word in given}
    if "generalize" not in flags:
        return
    shell.now += _SYSPREP_SECONDS
    shell.happen("deprovision", 0)
    if "quit" not in flags:
        _end(shell, "reboot" if "reboot" in flags else "power-off", 0)


def _shutdown(shell: _Shell, given: list[str], _stream: list[str]) -> None:
    kind: EffectKind = "reboot" if {"-r", "/r", "--reboot"} & {word.lower() for word in given} else "power-off"
    delay = shutdown_delay(given)
    if delay:
        shell.happen(kind, delay)
    else:
        _end(shell, kind, _SHUTDOWN_SECONDS)


def _poweroff(shell: _Shell, _given: list[str], _stream: list[str]) -> None:
    _end(shell, "power-off", _SHUTDOWN_SECONDS)


def _reboot(shell: _Shell, _given: list[str], _stream: list[str]) -> None:
    _end(shell, "reboot", _SHUTDOWN_SECONDS)


def _systemctl(shell: _Shell, given: list[str], stream: list[str]) -> None:
    act = {"poweroff": _poweroff, "halt": _poweroff, "reboot": _reboot}.get(given[0].lower() if given else "")
    if act is not None:
        act(shell, given, stream)


def _end(shell: _Shell, kind: EffectKind, after: float) -> None:
    shell.happen(kind, after)
    shell.alive, shell.over = False, True


_Act = Callable[[_Shell, list[str], list[str]], None]
_ACTS: dict[str, _Act] = {
    **dict.fromkeys(("echo", "write-output", "write-host"), _say),
    **dict.fromkeys(("sleep", "start-sleep"), _sleep),
    **dict.fromkeys(("poweroff", "halt", "stop-computer"), _poweroff),
    **dict.fromkeys(("reboot", "restart-computer"), _reboot),
    "printf": _printf,
    "seq": _seq,
    "cat": _cat,
    "exit": _exit,
    "false": _false,
    "throw": _throw,
    "set": _set,
    "waagent": _waagent,
    "sysprep": _sysprep,
    "shutdown": _shutdown,
    "systemctl": _systemctl,
}

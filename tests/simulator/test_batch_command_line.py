from __future__ import annotations

import pytest

from azuresim.core.command_line import run


@pytest.mark.parametrize(
    ("line", "seconds", "code", "out", "err"),
    [
        ("hostname", 1, 0, "", ""),
        ("echo hello world", 1, 0, "hello world\n", ""),
        ("/bin/bash -c 'echo a; echo b >&2'", 1, 0, "a\n", "b\n"),
        ('/bin/sh -ec "echo a 1>&2"', 1, 0, "", "a\n"),
        ("cmd /c echo test", 1, 0, "test\n", ""),
        ('cmd.exe /C "echo a && exit /b 4"', 1, 4, "a\n", ""),
        ("bash -c 'sleep 2; sleep 3s'", 5, 0, "", ""),
        ("sleep 2m", 120, 0, "", ""),
        ("sleep soon", 1, 1, "", ""),
        ("exit 3", 1, 3, "", ""),
        ("exit 3; echo never", 1, 3, "", ""),
        ("exit -1", 1, 255, "", ""),
        ("false && echo no", 1, 1, "", ""),
        ("false || echo yes", 1, 0, "yes\n", ""),
        ("true || echo no", 1, 0, "", ""),
        ("false; echo on", 1, 0, "on\n", ""),
        ("set -e; false; echo no", 1, 1, "", ""),
        ("set -e; false || true; echo on", 1, 0, "on\n", ""),
        ("echo a\necho b", 1, 0, "a\nb\n", ""),
        ("ls > out.txt 2>&1; exit 5", 1, 5, "", ""),
        ("echo 'unclosed", 1, 2, "", "syntax error: No closing quotation\n"),
        ("", 1, 0, "", ""),
    ],
)
def test_command_lines(line: str, seconds: float, code: int, out: str, err: str) -> None:
    made = run(line)
    assert (made.seconds, made.exit_code) == (seconds, code)
    assert (made.text("stdout", seconds), made.text("stderr", seconds)) == (out, err)


def test_output_comes_when_it_is_written() -> None:
    made = run("echo a; sleep 10; echo b")
    assert [made.text("stdout", after) for after in (0, 9, 10)] == ["a\n", "a\n", "a\nb\n"]

from __future__ import annotations

import pytest

from azuresim.core.guest_script import Effect, Outcome, perform

DETACHED_DEPROVISION = "systemd-run --on-active=10 /bin/sh -c 'waagent -deprovision+user -force && sync && poweroff'"
IN_A_FILE = "cat > /run/gone.sh <<'EOF'\nwaagent -deprovision+user -force\npoweroff\nEOF\n"


def outcome(
    *effects: tuple[float, str],
    seconds: float = 0,
    code: int = 0,
    output: str = "",
    error: str = "",
    reports: bool = True,
    detached: bool = True,
) -> Outcome:
    """What is expected; effects are detached unless said otherwise."""
    return Outcome(seconds, code, output, error, tuple(Effect(at, kind, detached) for at, kind in effects), reports)  # type: ignore[arg-type]  # a word


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        pytest.param("", outcome(), id="nothing"),
        pytest.param("apt-get install -y cuda # echo no", outcome(), id="unknown words succeed"),
        pytest.param("echo one; echo 'two; three' && sleep 5", outcome(seconds=5, output="one\ntwo; three\n"), id="output and time"),
        pytest.param("echo lost > /tmp/file\necho seen >&2", outcome(error="seen\n"), id="where output goes"),
        pytest.param("printf 'a\\n'; echo -n b; seq 2; seq 4 5", outcome(output="a\nb1\n2\n4\n5\n"), id="other output"),
        pytest.param("sleep 2m", outcome(seconds=120), id="minutes"),
        pytest.param("exit 3\necho never", outcome(code=3), id="exit"),
        pytest.param("false\necho on", outcome(output="on\n"), id="a failure in the middle"),
        pytest.param("set -e\nfalse\necho never", outcome(code=1), id="strict"),
        pytest.param("set -e\nfalse || echo saved", outcome(output="saved\n"), id="strict, but caught"),
        pytest.param("false && echo never || echo else", outcome(output="else\n"), id="joints"),
        pytest.param("bash -c 'exit 4'\necho $?", outcome(output="$?\n"), id="an inner script ends only itself"),
        pytest.param("(exit 5)", outcome(code=5), id="a subshell"),
        pytest.param("if true; then echo a\nelse\n echo b\nfi\necho c", outcome(output="a\nc\n"), id="else is skipped"),
        pytest.param(
            "Write-Host hello", outcome(code=127, error="script.sh: line 1: Write-Host: command not found\n"), id="a cmdlet on Linux"
        ),
        pytest.param("echo 'unclosed", outcome(output="'unclosed\n"), id="an open quotation"),
        pytest.param(
            "waagent -deprovision+user -force\npoweroff",
            outcome((3, "deprovision"), seconds=3, reports=False, detached=False),
            id="deprovisioning ends what the agent runs",
        ),
        pytest.param("waagent --version", outcome(), id="the agent's other words"),
        pytest.param(DETACHED_DEPROVISION, outcome((13, "deprovision"), (15, "power-off")), id="detached by systemd"),
        pytest.param(
            "nohup sh -c 'sleep 5; waagent -deprovision -force; poweroff' >/dev/null 2>&1 &\necho begun",
            outcome((8, "deprovision"), (10, "power-off"), output="begun\n"),
            id="detached by nohup",
        ),
        pytest.param("( sleep 10; shutdown -h now ) &", outcome((12, "power-off")), id="a detached subshell"),
        pytest.param(f"{IN_A_FILE}setsid /bin/sh /run/gone.sh &", outcome((3, "deprovision"), (5, "power-off")), id="a file, detached"),
        pytest.param(f"{IN_A_FILE}setsid /run/gone.sh &", outcome((3, "deprovision"), (5, "power-off")), id="a file by its name"),
        pytest.param("cat <<EOF > /tmp/a\nhello\nEOF\ncat /tmp/a", outcome(output="hello\n"), id="a file is read"),
        pytest.param("sh <<EOF\nexit 7\nEOF", outcome(code=7), id="a here-document that is a script"),
        pytest.param(
            "echo 'sudo waagent -deprovision+user --force' | at -M now + 1 minutes",
            outcome((63, "deprovision"), error="warning: commands will be executed using /bin/sh\njob 1\n"),
            id="at, as recorded",
        ),
        pytest.param("yes | poweroff", outcome((2, "power-off"), reports=False, detached=False), id="the end of a pipe"),
        pytest.param("shutdown -h +1\necho going", outcome((60, "power-off"), output="going\n", detached=False), id="a later shutdown"),
        pytest.param("shutdown -r now", outcome((2, "reboot"), reports=False, detached=False), id="a restart"),
        pytest.param("systemctl restart x; systemctl poweroff", outcome((2, "power-off"), reports=False, detached=False), id="systemd"),
        pytest.param("sudo reboot", outcome((2, "reboot"), reports=False, detached=False), id="sudo"),
    ],
)
def test_what_a_linux_script_does(script: str, expected: Outcome) -> None:
    assert perform(script) == expected


SYSPREP = r"C:\Windows\System32\Sysprep\sysprep.exe"


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        pytest.param("Write-Output hello", outcome(output="hello\n"), id="output"),
        pytest.param("Start-Sleep -Seconds 7", outcome(seconds=7), id="time"),
        pytest.param("throw 'broken'\nWrite-Output never", outcome(code=1, error="broken\n"), id="an exception"),
        pytest.param(f"{SYSPREP} /oobe /quit", outcome(), id="sysprep without generalising"),
        pytest.param(
            f"{SYSPREP} /generalize /oobe /quit",
            outcome((60, "deprovision"), seconds=60, detached=False),
            id="sysprep that quits leaves the machine running",
        ),
        pytest.param(
            f"{SYSPREP} /generalize /oobe /shutdown",
            outcome((60, "deprovision"), (60, "power-off"), seconds=60, reports=False, detached=False),
            id="sysprep that shuts down",
        ),
        pytest.param(
            f'Start-Process -FilePath "{SYSPREP}" -ArgumentList "/generalize","/oobe","/reboot"',
            outcome((60, "deprovision"), (60, "reboot")),
            id="sysprep, detached",
        ),
        pytest.param("Stop-Computer -Force", outcome((2, "power-off"), reports=False, detached=False), id="stop"),
        pytest.param("Restart-Computer", outcome((2, "reboot"), reports=False, detached=False), id="restart"),
        pytest.param("shutdown /s /t 30", outcome((30, "power-off"), detached=False), id="a later shutdown"),
    ],
)
def test_what_a_windows_script_does(script: str, expected: Outcome) -> None:
    assert perform(script, windows=True) == expected


@pytest.mark.parametrize(
    ("script", "code"),
    [("exit 256", 0), ("exit 300", 44), ("exit", 0), ("exit ²", 2), (f"exit {'9' * 5000}", 2), ("false; exit", 1)],
)
def test_exit_codes_have_eight_bits(script: str, code: int) -> None:
    assert perform(script).exit_code == code


@pytest.mark.parametrize(
    "script",
    [
        pytest.param("cat > f <<EOF\nf\nf\nEOF\nf", id="a script that runs itself twice"),
        pytest.param("cat > f <<EOF\nnohup f &\nnohup f &\nEOF\nf", id="detached"),
        pytest.param("seq 1 99999999999999999999; seq 999999999", id="numbers without end"),
        pytest.param(f"sleep {'9' * 400}; shutdown -h +{'9' * 400}; shutdown /t {'9' * 5000}", id="times without end"),
        pytest.param(f"echo poweroff | at now + {'9' * 400} minutes", id="a time without end, detached"),
    ],
)
def test_what_never_ends_is_cut_short(script: str) -> None:
    ended = perform(script)
    assert ended.seconds < 1e10
    assert len(ended.output) < 1e6
    assert all(effect.after < 1e12 for effect in ended.effects)


def test_parameters_take_the_place_of_their_names() -> None:
    assert perform("echo $who ${who} $other", parameters={"who": "me"}).output == "me me $other\n"

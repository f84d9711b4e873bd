"""The supervisor with small programs of its own: output, restarts, order and the end."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import psutil
import pytest

from cli import supervisor as supervisor_module
from cli.program import Program
from cli.supervisor import Supervisor

FOR_EVER = "import time; time.sleep(600)"


class Lines(list[tuple[str, str]]):
    """A log that a test can read."""

    def __call__(self, name: str, line: str) -> None:
        self.append((name, line))


@pytest.fixture
def lines() -> Lines:
    return Lines()


@pytest.fixture
def running(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> Iterator[Supervisor]:
    monkeypatch.setattr(supervisor_module, "FIRST_PAUSE", 0.06)
    with Supervisor(lines) as supervisor:
        yield supervisor


def _python(code: str, *, name: str = "child", cwd: Path | None = None) -> Program:
    return Program(name=name, argv=(sys.executable, "-S", "-c", code), cwd=cwd or Path.cwd())


def test_every_line_is_shown_under_its_name_the_unfinished_last_one_too(running: Supervisor, lines: Lines) -> None:
    running.start(_python("import sys; print('one'); sys.stderr.write('two, unfinished')"))
    assert running.run_until(lambda: ("child", "two, unfinished") in lines, 10)
    assert ("child", "one") in lines


def test_a_line_that_is_no_utf8_is_shown_all_the_same(running: Supervisor, lines: Lines) -> None:
    running.start(_python(r"import sys; sys.stdout.buffer.write(b'\xff caf\xc3\xa9\n')"))
    assert running.run_until(lambda: ("child", "\ufffd café") in lines, 10)


def test_who_dies_is_started_again_after_longer_and_longer_pauses(running: Supervisor, lines: Lines) -> None:
    child = running.start(_python("import sys; sys.exit(3)"))
    assert running.run_until(lambda: child.deaths >= 3, 20)
    told = [line for name, line in lines if name == "frontrow"]
    assert told[:3] == [
        f"child ended with status 3; it is started again in {pause} s" for pause in ("0.1", "0.1", "0.2")
    ]


def test_what_a_dead_child_left_in_its_process_group_goes_too(running: Supervisor, lines: Lines) -> None:
    orphan = f"import subprocess, sys; p = subprocess.Popen([sys.executable, '-S', '-c', {FOR_EVER!r}]); print(p.pid)"
    running.start(_python(orphan))
    assert running.run_until(lambda: any(name == "child" for name, _ in lines), 10)
    grandchild = int(next(line for name, line in lines if name == "child"))
    assert running.run_until(lambda: any(name == "frontrow" for name, _ in lines), 10)
    assert running.run_until(lambda: not _lives(grandchild), 5)


def test_a_stop_asks_first_and_kills_who_does_not_listen(running: Supervisor, lines: Lines) -> None:
    listening = running.start(_python(FOR_EVER, name="listening"))
    deaf_code = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); {FOR_EVER}"
    deaf = running.start(_python(deaf_code, name="deaf"))
    assert running.run_until(lambda: ("deaf", "up") in lines, 10)
    began = monotonic()
    running.stop([listening, deaf], seconds=1)
    assert (listening.process, deaf.process) == (None, None)
    assert 1 <= monotonic() - began < 5
    assert [line for name, line in lines if name == "frontrow"] == ["deaf did not stop in time and is killed"]


def test_a_signal_ends_the_wait_and_nobody_is_started_again_after_a_stop(running: Supervisor) -> None:
    child = running.start(_python(FOR_EVER))
    os.kill(os.getpid(), signal.SIGTERM)
    assert running.run_until(lambda: False, 30) is False
    assert running.stop_requests == 1
    running.stop([child], seconds=5)
    assert (child.process, child.deaths) == (None, 0)


def test_what_cannot_be_executed_is_told_at_once(running: Supervisor) -> None:
    with pytest.raises(FileNotFoundError):
        running.start(Program(name="nothing", argv=("/nonexistent/program",), cwd=Path.cwd()))


def test_children_are_written_down_when_they_start(lines: Lines) -> None:
    seen: list[list[int]] = []

    def write_down(children: list[supervisor_module.Child]) -> None:
        seen.append([child.process.pid for child in children if child.process])

    with Supervisor(lines, write_down) as supervisor:
        first = supervisor.start(_python(FOR_EVER, name="first"))
        assert first.process is not None
        supervisor.start(_python(FOR_EVER, name="second"))
        assert seen[0] == [first.process.pid]
        assert len(seen[1]) == 2


def _lives(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE

"""Children that outlived their supervisor."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from cli import leftovers

DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(600)"


@pytest.fixture
def deaf() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-S", "-c", DEAF], stdout=subprocess.PIPE, process_group=0) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def test_who_is_left_is_ended_even_when_deaf(
    deaf: subprocess.Popen[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leftovers, "GRACE", 0.2)
    note = tmp_path / "children.json"
    leftovers.write_down(note, [deaf.pid])
    assert len(leftovers.end(note)) == 1
    assert not psutil.pid_exists(deaf.pid)
    assert not note.exists()


def test_somebody_else_with_the_same_number_is_left_alone(deaf: subprocess.Popen[bytes], tmp_path: Path) -> None:
    note = tmp_path / "children.json"
    note.write_text(json.dumps({str(deaf.pid): psutil.Process(deaf.pid).create_time() - 100}))
    assert leftovers.end(note) == []
    assert deaf.poll() is None


@pytest.mark.parametrize("content", [None, "", "{"])
def test_without_a_readable_note_there_is_nobody(tmp_path: Path, content: str | None) -> None:
    note = tmp_path / "children.json"
    if content is not None:
        note.write_text(content)
    assert leftovers.end(note) == []


def test_a_child_that_is_gone_already_is_not_written_down(tmp_path: Path) -> None:
    note = tmp_path / "children.json"
    leftovers.write_down(note, [2**22 + 1])
    assert json.loads(note.read_text()) == {}

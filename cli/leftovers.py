"""Children that outlived a killed `frontrow up`: written down while it runs, ended by the next start."""

import contextlib
import json
import os
import signal
from collections.abc import Iterable
from pathlib import Path

import psutil

# The kernel has told them to stop already (Linux); this is for those who take their time, and for other systems.
GRACE = 5.0


def write_down(note: Path, pids: Iterable[int]) -> None:
    """Remember the children by number and time of birth: a number alone may be somebody else's next time."""
    born = {}
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess):
            born[pid] = psutil.Process(pid).create_time()
    draft = note.with_suffix(".draft")
    draft.write_text(json.dumps(born))
    draft.rename(note)


def forget(note: Path) -> None:
    """There are none."""
    note.unlink(missing_ok=True)


def end(note: Path) -> list[str]:
    """End the children that are left and all in their process groups; return their names."""
    left = _left(note)
    names = [process.name() for process in left]
    for process in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGINT if process.name() == "postgres" else signal.SIGTERM)
    _, stubborn = psutil.wait_procs(left, timeout=GRACE)
    for process in stubborn:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    psutil.wait_procs(stubborn, timeout=GRACE)
    forget(note)
    return names


def _left(note: Path) -> list[psutil.Process]:
    try:
        born = json.loads(note.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return []
    found = []
    for pid, created in born.items():
        with contextlib.suppress(psutil.NoSuchProcess, ValueError):
            process = psutil.Process(int(pid))
            if process.create_time() == created and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found

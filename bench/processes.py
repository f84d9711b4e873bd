"""What a tree of processes costs: CPU seconds and memory, told apart by what each process is for."""

import contextlib
import signal
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterator

import psutil

STOP_WITHIN = 20.0
ROLES = (
    ("postgres", "database"),
    ("valkey-server", "broker"),
    ("redis-server", "broker"),
    (" beat", "beat"),
    ("-Q sweeps", "sweeps"),
    ("celery", "workers"),
    ("gunicorn", "web"),
)


def role(command: str) -> str:
    """Name what a process is for, from its command line."""
    return next((name for mark, name in ROLES if mark in command), "supervisor")


def tree(pid: int) -> Iterator[psutil.Process]:
    """Yield a process and everything below it that is still there."""
    with contextlib.suppress(psutil.NoSuchProcess):
        top = psutil.Process(pid)
        yield top
        yield from top.children(recursive=True)


def cpu_by_role(pid: int) -> dict[str, float]:
    """Return the CPU seconds used so far, per role; those of children that have ended count for who started them."""
    seconds: dict[str, float] = defaultdict(float)
    for process in tree(pid):
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            times = process.cpu_times()
            ended = times.children_user + times.children_system
            seconds[role(" ".join(process.cmdline()))] += times.user + times.system + ended
    return dict(seconds)


def memory_by_role(pid: int) -> dict[str, float]:
    """Return the memory in MB (PSS, so that a shared page counts once), per role."""
    megabytes: dict[str, float] = defaultdict(float)
    for process in tree(pid):
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            megabytes[role(" ".join(process.cmdline()))] += process.memory_full_info().pss / 1e6
    return dict(megabytes)


def spent(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    """Return what was used between two readings, per role."""
    return {name: after[name] - before.get(name, 0.0) for name in after}


def stop(process: subprocess.Popen[bytes]) -> None:
    """End one child that this run started: politely first, with everything below it if it does not listen."""
    below = list(tree(process.pid))
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for orphan in below:
        # psutil compares creation times, so a process that got the same number later is left alone.
        with contextlib.suppress(psutil.NoSuchProcess):
            if orphan.is_running() and orphan.pid != process.pid:
                orphan.kill()


def wait_until(condition: object, what: str, within: float, process: subprocess.Popen[bytes] | None = None) -> None:
    """Wait for a condition (a callable); raises RuntimeError when it stays false or the process ends first."""
    deadline = time.monotonic() + within
    while not condition():  # type: ignore[operator]
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"{what}: the process ended with status {process.returncode}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what}: not within {within:.0f} s")
        time.sleep(0.05)

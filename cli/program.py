"""One child process: how it is started, what the kernel tells it when we die, and how it is stopped."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1
# Loaded before any fork: between fork and exec nothing may be imported.
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Account:
    """An existing account of the operating system that a child runs as."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True)
class Program:
    """What to run and how to end it.

    `stop_signals` are sent one after the other, each with a share of the time a stop may take, before SIGKILL.
    `orphan_signal` is what the kernel sends when the process that started it is gone, so that `kill -9` of the
    supervisor takes the children along (Linux only). It is sent when the *thread* that called `spawn` ends.
    """

    name: str
    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    account: Account | None = None
    stop_signals: tuple[signal.Signals, ...] = (signal.SIGTERM,)
    orphan_signal: signal.Signals = signal.SIGTERM
    # Called before every start, also before a restart: clears what a killed predecessor left.
    before: Callable[[], None] = lambda: None


def spawn(program: Program, output: int | IO[bytes] | None = None) -> subprocess.Popen[bytes]:
    """Start the program in a process group of its own, standard output and error into `output`.

    Raises OSError when it cannot be executed, or the account cannot be taken on.
    """
    program.before()
    account = program.account
    return subprocess.Popen(  # noqa: S603 - argv is ours, never a user's
        program.argv,
        cwd=program.cwd,
        env=dict(program.env),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        process_group=0,  # Ctrl-C reaches us alone, and we stop the children in order.
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        # Safe although it runs between fork and exec: the supervisor has one thread, and nothing is allocated there.
        preexec_fn=_dies_with_us(program.orphan_signal),  # noqa: PLW1509
    )


def stop(process: subprocess.Popen[bytes], program: Program, seconds: float) -> None:
    """Stop it and everything in its process group, with SIGKILL after `seconds`; does nothing to a dead one twice."""
    for number in program.stop_signals:
        if process.poll() is None:
            process.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(seconds / len(program.stop_signals))
    kill_group(process)
    process.wait()


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the process group: a dead leader may leave children of its own behind."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _dies_with_us(number: signal.Signals) -> Callable[[], None] | None:
    if _LIBC is None:
        return None
    prctl, parent, wanted = _LIBC.prctl, os.getpid(), int(number)

    def ask_the_kernel() -> None:
        prctl(PR_SET_PDEATHSIG, wanted)
        if os.getppid() != parent:  # We died before the kernel knew.
            os._exit(1)

    return ask_the_kernel

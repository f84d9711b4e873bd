"""Keeps programs running: one thread that reads their output, restarts the dead and stops all in order."""

import os
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, Protocol, Self

from cli.program import Program, kill_group, spawn

FIRST_PAUSE = 0.5
# With the start itself still below the 15 s in which the service is to be back after the last fault.
LONGEST_PAUSE = 5.0
# Who ran this long has recovered: the next death is a first one again.
RECOVERED_AFTER = 30.0
CHUNK = 65536
CHUNKS = 16
TICK = 0.25


class Log(Protocol):
    """Where lines go: called with the name of the program and one line without its end."""

    def __call__(self, name: str, line: str) -> None:
        """Show one line."""


@dataclass
class Child:
    """One program and its process of the moment; `process` is None while it waits for its next start."""

    program: Program
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    deaths: int = 0
    start_at: float = 0.0
    unfinished: bytearray = field(default_factory=bytearray)


class Supervisor:
    """Runs in the main thread, which stays the only one: children are forked from it and die with it.

    `changed` is called with all running children after each start, so that somebody can write them down.
    """

    def __init__(self, log: Log, changed: Callable[[list[Child]], None] = lambda _: None) -> None:
        self.children: list[Child] = []
        self.stop_requests = 0
        self._log = log
        self._changed = changed
        self._restarts = True
        self._selector = selectors.DefaultSelector()
        self._handled: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        # A signal must end a wait at once, so its number also arrives on a socket that is waited for.
        self._awake, bell = socket.socketpair()
        self._awake.setblocking(False)
        bell.setblocking(False)
        self._bell = bell
        self._wakeup = signal.set_wakeup_fd(bell.fileno(), warn_on_full_buffer=False)
        self._selector.register(self._awake, selectors.EVENT_READ, None)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            self._handled[number] = signal.signal(number, self._stop_requested)
        self._handled[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(self.children, seconds=0)
        signal.set_wakeup_fd(self._wakeup)
        for number, handler in self._handled.items():
            signal.signal(number, handler)
        self._selector.close()
        self._awake.close()
        self._bell.close()

    def start(self, program: Program) -> Child:
        """Start a program and keep it running. Raises OSError when it cannot be executed."""
        child = Child(program)
        self.children.append(child)
        self._spawn(child)
        return child

    def run_until(self, condition: Callable[[], bool], seconds: float = float("inf")) -> bool:
        """Keep everything running until the condition holds; False when time is up or a stop was asked for."""
        deadline = time.monotonic() + seconds
        while not condition():
            if self.stop_requests or time.monotonic() > deadline:
                return False
            self._turn(0.05)
        return True

    def run(self) -> None:
        """Keep everything running until somebody asks for a stop (SIGTERM, SIGINT, SIGHUP)."""
        while not self.stop_requests:
            self._turn(TICK)

    def stop(self, children: Iterable[Child], seconds: float) -> None:
        """Stop these children together, with SIGKILL for what is left after `seconds` or at a second Ctrl-C."""
        self._restarts = False
        wanted = [child for child in children if child.process is not None]
        asked = self.stop_requests
        for turn in range(max((len(child.program.stop_signals) for child in wanted), default=0)):
            self._signal(wanted, turn)
            rounds = max(len(child.program.stop_signals) for child in wanted)
            deadline = time.monotonic() + seconds / rounds
            while any(child.process for child in wanted) and time.monotonic() < deadline:
                if self.stop_requests > asked + 1:
                    break
                self._turn(0.05)
        for child in wanted:
            self._kill(child)

    def _signal(self, children: Iterable[Child], turn: int) -> None:
        for child in children:
            if child.process is not None and turn < len(child.program.stop_signals):
                child.process.send_signal(child.program.stop_signals[turn])

    def _kill(self, child: Child) -> None:
        if child.process is not None:
            self._log("frontrow", f"{child.program.name} did not stop in time and is killed")
            kill_group(child.process)
            child.process.wait()
            self._bury(child)

    def _turn(self, seconds: float) -> None:
        """Wait for output or a signal for at most `seconds`, then look after the children once."""
        for key, _ in self._selector.select(seconds):
            if key.data is None:
                self._awake.recv(CHUNK)
            else:
                self._read(key.data)
        now = time.monotonic()
        for child in self.children:
            if child.process is not None and child.process.poll() is not None:
                self._died(child, now)
            if child.process is None and self._restarts and now >= child.start_at:
                self._spawn(child)

    def _spawn(self, child: Child) -> None:
        mine, theirs = os.pipe()
        try:
            child.process = spawn(child.program, theirs)
        except OSError as error:
            os.close(mine)
            if not child.deaths:
                raise
            self._log(child.program.name, f"could not be started again: {error}")
            self._plan_restart(child, time.monotonic())
            return
        finally:
            os.close(theirs)
        child.started_at = time.monotonic()
        os.set_blocking(mine, False)
        child.process.stdout = os.fdopen(mine, "rb", buffering=0)
        self._selector.register(child.process.stdout, selectors.EVENT_READ, child)
        self._changed([child for child in self.children if child.process is not None])

    def _died(self, child: Child, now: float) -> None:
        assert child.process is not None
        status = child.process.returncode
        kill_group(child.process)
        self._bury(child)
        if self._restarts:
            if now - child.started_at > RECOVERED_AFTER:
                child.deaths = 0
            self._plan_restart(child, now)
            how = f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
            pause = child.start_at - now
            self._log("frontrow", f"{child.program.name} {how}; it is started again in {pause:.1f} s")

    def _plan_restart(self, child: Child, now: float) -> None:
        child.deaths += 1
        child.start_at = now + min(FIRST_PAUSE * 2 ** (child.deaths - 1), LONGEST_PAUSE)

    def _bury(self, child: Child) -> None:
        """Show the last words of a dead process and forget it."""
        assert child.process is not None
        assert child.process.stdout is not None
        self._read(child)
        if child.unfinished:
            self._log(child.program.name, child.unfinished.decode(errors="replace"))
            child.unfinished.clear()
        self._forget_output(child)
        child.process = None

    def _read(self, child: Child) -> None:
        if child.process is None or child.process.stdout is None or child.process.stdout.closed:
            return
        for _ in range(CHUNKS):  # A chatterbox must not keep us from looking after the others.
            data: bytes | None = child.process.stdout.read(CHUNK)
            if data is None:  # Nothing more for now.
                return
            if not data:  # It closed its output; whether it lives is asked elsewhere.
                self._forget_output(child)
                return
            *lines, rest = (bytes(child.unfinished) + data).split(b"\n")
            child.unfinished[:] = rest
            for line in lines:
                self._log(child.program.name, line.decode(errors="replace"))

    def _forget_output(self, child: Child) -> None:
        output = child.process.stdout if child.process is not None else None
        if output is not None and not output.closed:
            self._selector.unregister(output)
            output.close()

    def _stop_requested(self, _number: int, _frame: FrameType | None) -> None:
        self.stop_requests += 1

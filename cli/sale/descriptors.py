"""How many connections may be open at once: a file descriptor each, of which a process has only so many."""

import contextlib
import resource

# What the program itself has open: its output, the event loop, files it reads.
RESERVE = 64
WANTED = 65_536


def raised() -> int:
    """Raise the soft limit towards the hard one as far as is allowed; returns how many connections fit then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    target = WANTED if hard == resource.RLIM_INFINITY else min(hard, WANTED)
    if soft != resource.RLIM_INFINITY and soft < target:
        # A container may forbid it, and macOS allows less than its hard limit says.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (target, hard))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return (WANTED if soft == resource.RLIM_INFINITY else soft) - RESERVE

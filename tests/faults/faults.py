"""The faults: what can happen to each process, to the wires between them, and to time. Each ends by itself."""

import signal
import time
import uuid
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial

import psycopg2

from tests.faults.broker_faults import deliver_thrice, empty_broker, fill_broker, lose_messages
from tests.faults.scene import Scene, broker_of, unavailable
from tests.faults.stack import WORKERS, send
from tests.faults.witness import connected

Fault = Callable[[Scene], None]


def kill(role: str, scene: Scene) -> None:
    """SIGKILL the process of a role; the supervisor ends what is left of it and starts it again."""
    main = scene.stack.main(role)
    with scene.stack.web_down() if role == "web" else nullcontext():
        scene.notes.append(f"{role} {send([main] if main else [], signal.SIGKILL)}")


def restart(role: str, scene: Scene) -> None:
    """Ask the process of a role to end in order (PostgreSQL: fast shutdown)."""
    main = scene.stack.main(role)
    with scene.stack.web_down() if role == "web" else nullcontext():
        send([main] if main else [], signal.SIGINT if role == "postgres" else signal.SIGTERM)


def kill_child(role: str, scene: Scene) -> None:
    """SIGKILL one process of a pool, one of gunicorn's workers, or one session of PostgreSQL."""
    children = scene.stack.pool(role)
    scene.notes.append(f"{role} {send(scene.rng.sample(children, min(1, len(children))), signal.SIGKILL)}")


def freeze(role: str, scene: Scene, *, shortest: float = 1.0, longest: float = 6.5) -> None:
    """Stop a role and all below it, then let it go on as if nothing had been."""
    family = scene.stack.family(role)
    with scene.stack.downtime.lasting(counts=role == "web"):
        send(family, signal.SIGSTOP)
        try:
            scene.pause(shortest, longest)
        finally:
            send(family, signal.SIGCONT)


def freeze_child(role: str, scene: Scene) -> None:
    """Stop one process of a pool for longer than a request is leased, in whatever it does, then let it go on."""
    children = scene.stack.pool(role)
    chosen = scene.rng.sample(children, min(1, len(children)))
    with scene.stack.downtime.lasting(counts=role == "web"):
        send(chosen, signal.SIGSTOP)
        try:
            scene.pause(2.0, 8.0)
        finally:
            send(chosen, signal.SIGCONT)


def kill_everything(scene: Scene) -> None:
    """SIGKILL the whole tree at once, the supervisor included, and start it again on the same data."""
    with scene.stack.web_down():
        scene.stack.kill_all()
        scene.stack.start()


def cut_connections(scene: Scene) -> None:
    """End random sessions of the database, those inside a transaction first, many times in a row."""
    for _ in range(scene.rng.randint(3, 12)):
        with unavailable(), connected(scene.stack) as cursor:
            cursor.execute("""
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
                 ORDER BY (state LIKE '%in transaction%' OR state = 'active') DESC, random() LIMIT 3""")
        scene.pause(0.02, 0.3)


def cut_commits(scene: Scene) -> None:
    """Cut connections in the middle of COMMIT: what they wrote is durable, and nobody is told.

    A standby that does not exist is waited for; whoever waits is committed already and is cut off there.
    """
    cut = 0
    with unavailable():
        _alter_system(scene, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    until = time.monotonic() + scene.rng.uniform(1.0, 3.0)
    while time.monotonic() < until:
        scene.pause(0.1, 0.4)
        with unavailable(), connected(scene.stack) as cursor:
            cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
            cut += cursor.rowcount
    while not _restored(scene):
        time.sleep(0.1)
    scene.notes.append(f"{cut} cut in COMMIT")


def _restored(scene: Scene) -> bool:
    try:
        _alter_system(scene, "ALTER SYSTEM RESET synchronous_standby_names")
    except (psycopg2.Error, ConnectionError):
        return False
    return True


def _alter_system(scene: Scene, statement: str) -> None:
    with connected(scene.stack) as cursor:
        cursor.execute(statement)
        cursor.execute("SELECT pg_reload_conf()")


def second_beat(scene: Scene) -> None:
    """Run two beats at once for a while."""
    beat = scene.stack.extra(
        ["celery", "--quiet", "-A", "workers.app", "beat", "-S", "celery.beat:Scheduler", "--pidfile="]
    )
    try:
        scene.pause(6.0, 9.0)
    finally:
        scene.stack.end_extra(beat)


def skewed_worker(scene: Scene, role: str = "") -> None:
    """Let a worker whose clock is two minutes off do all the work of a broker queue for a while."""
    role = role or scene.rng.choice(WORKERS)
    seconds = scene.rng.choice(["-120", "120"])
    scene.notes.append(f"{role} {seconds} s")
    options = ["-Q", role, "-n", f"skewed-{uuid.uuid4().hex[:8]}@%h", "--pool", "prefork", "--concurrency", "1"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "INFO"]
    worker = scene.stack.extra(
        ["celery", "--quiet", "-A", "workers.app", "worker", *options, *quiet], {"FAULTS_SKEW_SECONDS": seconds}
    )
    try:
        _wait_for_sign(scene, f"frontrow:worker:{role}:skewed-*", 20.0)
        freeze(role, scene, shortest=4.0, longest=6.0)
    finally:
        scene.stack.end_extra(worker)


def _wait_for_sign(scene: Scene, pattern: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with unavailable(), broker_of(scene.stack) as broker:
            if broker.keys(pattern):
                return
        time.sleep(0.1)


def _catalogue() -> dict[str, Fault]:
    found: dict[str, Fault] = {}
    for role in ("web", "queue_tokens", "reservations", "points", "payments", "sweeps", "beat", "valkey", "postgres"):
        found[f"kill {role}"] = partial(kill, role)
        found[f"freeze {role}"] = partial(freeze, role)
        found[f"restart {role}"] = partial(restart, role)
    for role in ("web", *WORKERS):
        found[f"kill a child of {role}"] = partial(kill_child, role)
    for role in ("web", "queue_tokens", "reservations", "points", "payments"):
        found[f"freeze a child of {role}"] = partial(freeze_child, role)
    return found | {
        "kill a session of postgres": partial(kill_child, "postgres"),
        "kill everything": kill_everything,
        "cut connections": cut_connections,
        "cut connections in COMMIT": cut_commits,
        "broker full": fill_broker,
        "messages lost": lose_messages,
        "broker empty": empty_broker,
        "delivered three times": deliver_thrice,
        "two beats": second_beat,
        "clock two minutes off": skewed_worker,
    }


FAULTS = _catalogue()
# These change the processes that others would look for; they happen alone.
ALONE = frozenset({"kill everything", "clock two minutes off", "two beats"})

"""`frontrow up` as an operator meets it: started, hurt, killed, stopped; one service is followed through its life."""

import json
import os
import signal
import socket
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
import pytest

from cli import procfile, readiness
from cli.service import DataDir
from tests.acceptance.conftest import Up
from tests.waiting import wait_for

pytestmark = pytest.mark.acceptance
Frontrow = Callable[..., subprocess.CompletedProcess[str]]
SERVERS = ("postgres", "valkey")


def test_every_entry_of_the_procfile_runs_and_the_programme_has_a_concert(up: Up) -> None:
    for name in (*procfile.kept_running(), *SERVERS):
        assert up.child(name).is_running()
    [concert] = httpx.get(f"{up.url}/v1/concerts").json()["items"]
    assert len(concert["performances"]) == 3


def test_the_note_and_the_secret_are_for_their_owner_alone(up: Up) -> None:
    note = up.data_dir / "service.json"
    assert up.process is not None
    assert json.loads(note.read_text()).keys() == {"url", "database_url", "broker_url", "pid"}
    assert json.loads(note.read_text())["pid"] == up.process.pid
    assert [stat.S_IMODE((up.data_dir / name).stat().st_mode) for name in ("service.json", "secret")] == [0o600, 0o600]
    assert stat.S_IMODE(up.data_dir.parent.parent.stat().st_mode) == 0o700


def test_other_commands_find_the_service_by_its_data_directory(up: Up, run_frontrow: Frontrow) -> None:
    token = run_frontrow("token", "alice", "--data-dir", str(up.data_dir)).stdout.strip()
    points = httpx.get(f"{up.url}/v1/points", headers={"Authorization": f"Bearer {token}"})
    assert points.json() == {"user_id": "alice", "balance": 0}
    doctor = run_frontrow("doctor", FRONTROW_DATA_DIR=str(up.data_dir))
    assert (doctor.returncode, f"ready at {up.url}" in doctor.stdout) == (0, True)
    audit = run_frontrow("audit", "--data-dir", str(up.data_dir))
    assert (audit.returncode, "0 violated" in audit.stdout) == (0, True)


def test_a_second_service_on_the_same_data_is_refused(up: Up, run_frontrow: Frontrow) -> None:
    second = run_frontrow("up", "--port", str(readiness.free_port()), "--data-dir", str(up.data_dir))
    assert second.returncode == 1
    assert f"A service already runs on {up.data_dir} at {up.url}" in second.stderr
    assert readiness.is_ready(up.url)


def test_a_taken_port_is_told_before_anything_is_started(tmp_path: Path, run_frontrow: Frontrow) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = run_frontrow("up", "--port", str(port), "--data-dir", str(tmp_path / "data"))
    assert refused.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{port}: something listens there already. Name another port" in refused.stderr
    assert not (tmp_path / "data").exists()


def test_an_audit_without_a_database_is_one_line(up: Up, run_frontrow: Frontrow) -> None:
    nowhere = "postgresql://frontrow@/frontrow?host=/nonexistent"
    refused = run_frontrow("audit", "--data-dir", str(up.data_dir), FRONTROW_DATABASE_URL=nowhere)
    assert refused.returncode == 1
    assert refused.stderr.startswith("Error: The database cannot be read")


def test_whoever_is_killed_comes_back(up: Up) -> None:
    victims = [up.child(name) for name in ("web", "points", "beat", *SERVERS)]
    for victim in victims:
        victim.kill()
    for victim in victims:
        wait_for(lambda victim=victim: not victim.is_running() or victim.status() == psutil.STATUS_ZOMBIE)  # type: ignore[misc]
    for name in ("web", "points", "beat", *SERVERS):
        wait_for(lambda name=name: _has(up, name))  # type: ignore[misc]
    up.wait_until_ready()
    assert "points was killed by SIGKILL; it is started again in 0.5 s" in up.words()


def test_kill_9_of_the_whole_tree_costs_no_data(up: Up) -> None:
    before = httpx.get(f"{up.url}/v1/concerts").json()
    assert up.process is not None
    everything = [psutil.Process(up.process.pid), *up.tree()]
    for process in everything:
        os.kill(process.pid, signal.SIGSTOP)  # So that nobody is restarted or cleans up in between.
    for process in everything:
        process.kill()
    up.process.wait()
    _, alive = psutil.wait_procs(everything, timeout=10)
    assert alive == []
    left_sockets = up.socket_folders()
    up.start()
    assert httpx.get(f"{up.url}/v1/concerts").json() == before
    assert not any(folder.exists() for folder in left_sockets)


def test_kill_9_of_the_supervisor_takes_everything_along(up: Up) -> None:
    children = up.tree()
    assert up.process is not None
    up.process.kill()
    up.process.wait()
    _, alive = psutil.wait_procs(children, timeout=20)
    assert alive == []
    up.start()


def test_a_stop_is_quick_and_leaves_nothing_but_the_data(up: Up) -> None:
    children, sockets = up.tree(), up.socket_folders()
    status, seconds = up.stop()
    assert status == 0
    assert seconds < 15
    assert [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE] == []
    assert [folder for folder in sockets if folder.exists()] == []
    assert DataDir(up.data_dir).running() is None
    assert not (up.data_dir / "service.json").exists()
    assert (up.data_dir / "postgres" / "cluster" / "PG_VERSION").exists()


def test_the_demo_starts_a_service_of_its_own_and_leaves_nothing_running(up: Up, run_frontrow: Frontrow) -> None:
    done = run_frontrow("demo", "--data-dir", str(up.data_dir), COLUMNS="120")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "has a ticket" in done.stdout
    assert DataDir(up.data_dir).running() is None
    named = [
        process for process in psutil.process_iter(["cmdline"]) if str(up.data_dir) in str(process.info["cmdline"])
    ]
    assert named == []


def _has(up: Up, name: str) -> bool:
    try:
        return up.child(name).is_running()
    except (StopIteration, psutil.NoSuchProcess):
        return False

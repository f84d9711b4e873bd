"""`frontrow sale` against the real service: a small crowd, every seat sold, nothing wrong in the data."""

import json
import subprocess
import sys
from pathlib import Path

import psycopg2
import pytest

from tests.fixtures.stack import Stack

pytestmark = pytest.mark.acceptance


def test_sixty_fans_buy_twenty_seats(stack: Stack, tmp_path: Path) -> None:
    page, data = tmp_path / "sale.html", tmp_path / "sale.json"
    command = [sys.executable, "-m", "cli.main", "sale", "--fans", "60", "--seats", "20", "--arrive-over", "2s"]
    command += ["--think", "0.1s", "--at-most", "60s", "--capacity", "10", "--data-dir", str(stack.data_dir)]
    command += ["--report", str(page), "--json", str(data)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    summary = json.loads(data.read_text())
    assert summary["audit"] == "clean"
    assert summary["faults"] == {}
    assert sum(summary["endings"].values()) == summary["arrived"]
    assert summary["seats_sold"] == sold_in(stack) > 0
    assert summary["fairness"] is None or summary["fairness"] > 0.9
    assert "seats sold" in done.stdout
    assert "<svg" in page.read_text()


def sold_in(stack: Stack) -> int:
    """Count the sold seats of the newest concert."""
    with psycopg2.connect(stack.database_url) as connection, connection.cursor() as cursor:
        cursor.execute("""
            SELECT count(*) FROM seat JOIN performance ON performance.id = performance_id
             WHERE status = 'sold' AND concert_id = (SELECT max(id) FROM concert)
        """)
        [(count,)] = cursor.fetchall()
    return int(count)


def test_a_service_that_does_not_run_is_said_so(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cli.main", "sale", "--fans", "1", "--seats", "1", "--data-dir", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "No service runs" in done.stderr

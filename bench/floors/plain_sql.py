"""A floor: the statements of a token issue and nothing else, by pgbench, or by psycopg2 where that is not installed."""

import re
import shutil
import subprocess
import threading
import time
from contextlib import closing
from pathlib import Path

import psycopg2

SCRIPT = Path(__file__).with_name("issue.sql")
ACCEPT = """
    INSERT INTO request (id, operation, user_id, arguments, submitted_at, due_at)
    VALUES (gen_random_uuid(), 'bench.sql', 'bench', '{}', now(), now()) RETURNING id
"""
PLACE = "UPDATE queue SET last_place = last_place + 1 WHERE concert_id = %s RETURNING last_place"
ISSUE = """
    INSERT INTO queue_token (concert_id, user_id, place, status, issued_at, expires_at, request_id)
    VALUES (%s, %s, %s, 'waiting', now(), now() + interval '1 day', %s)
"""
FINISH = "UPDATE request SET status = 'done', result = '{}', finished_at = now() WHERE id = %s AND status = 'queued'"
READ = "SELECT status, result FROM request WHERE id = %s"


def tool() -> str:
    """Name what runs the statements here."""
    return "pgbench" if shutil.which("pgbench") else "psycopg2"


def rate(url: str, concert_id: int, *, clients: int, seconds: float) -> float:
    """Return how many token issues a second the database alone carries out."""
    return (_pgbench if tool() == "pgbench" else _psycopg2)(url, concert_id, clients, seconds)


def _pgbench(url: str, concert_id: int, clients: int, seconds: float) -> float:
    command = ["pgbench", "--no-vacuum", f"--file={SCRIPT}", f"--client={clients}", "--jobs=1"]
    command += [f"--time={max(1, round(seconds))}", f"--define=concert={concert_id}", url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, check=True)
    found = re.search(r"tps = ([0-9.]+)", done.stdout)
    if not found:
        raise RuntimeError(f"pgbench said nothing of tps: {done.stdout[-500:]}")
    return float(found[1])


def _psycopg2(url: str, concert_id: int, clients: int, seconds: float) -> float:
    counts = [0] * clients
    until = time.monotonic() + seconds

    def loop(number: int) -> None:
        with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
            while time.monotonic() < until:
                cursor.execute(ACCEPT)
                request = str(cursor.fetchall()[0][0])
                connection.commit()
                cursor.execute(PLACE, (concert_id,))
                cursor.execute(ISSUE, (concert_id, request, cursor.fetchall()[0][0], request))
                cursor.execute(FINISH, (request,))
                connection.commit()
                cursor.execute(READ, (request,))
                counts[number] += len(cursor.fetchall())

    threads = [threading.Thread(target=loop, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / seconds

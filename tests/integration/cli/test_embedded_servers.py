"""The embedded servers on their own: what survives what, and where they can run."""

import os
import signal
import stat
from contextlib import closing
from pathlib import Path

import psutil
import psycopg2
import redis

from cli.embedded import EmbeddedPostgres, EmbeddedValkey


def _query(url: str, statement: str) -> list[tuple[object, ...]]:
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []


def test_a_database_is_a_clone_of_the_migrated_template(database_url: str) -> None:
    assert _query(database_url, "SELECT count(*) FROM schema_migration") >= [(1,)]
    assert _query(database_url, "SELECT count(*) FROM concert") == [(0,)]


def test_postgres_listens_on_no_port_and_utf8_sorts_by_bytes(postgres: EmbeddedPostgres) -> None:
    [(addresses, encoding, collation)] = _query(
        postgres.url(),
        "SELECT current_setting('listen_addresses'), pg_encoding_to_char(encoding), datcollate"
        " FROM pg_database WHERE datname = 'frontrow'",
    )
    assert (addresses, encoding, collation) == ("", "UTF8", "C")


def test_postgres_is_durable_unless_a_test_asks_otherwise(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path) as server:
        assert _query(server.url(), "SELECT current_setting('fsync'), current_setting('synchronous_commit')") == [
            ("on", "on")
        ]


def test_committed_rows_survive_kill_9_under_a_folder_nobody_else_can_enter(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    folder = closed / ("long-" * 40)[:200] / "data"
    server = EmbeddedPostgres(folder, durable=False)
    with server:
        _query(server.url(), "CREATE TABLE kept AS SELECT 42 AS number")
        assert server._process is not None
        os.kill(server._process.pid, signal.SIGKILL)
        server._process.wait()
    with server:
        assert _query(server.url(), "SELECT number FROM kept") == [(42,)]
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


def test_a_pid_file_that_names_somebody_elses_process_is_no_obstacle(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path, durable=False)
    with server:
        lines = (server.cluster / "postmaster.pid").read_text()
    stale = server.cluster / "postmaster.pid"
    stale.write_text(lines.replace(lines.split()[0], str(os.getppid()), 1))
    os.chown(stale, server.cluster.stat().st_uid, server.cluster.stat().st_gid)
    with server:
        assert _query(server.url(), "SELECT 1") == [(1,)]


def test_the_socket_folders_are_private_and_go_with_the_servers(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "p", durable=False) as postgres, EmbeddedValkey(tmp_path / "v") as valkey:
        folders = [postgres.socket_folder, valkey.socket_folder]
        assert [stat.S_IMODE(folder.stat().st_mode) for folder in folders] == [0o700, 0o700]
        processes = [postgres._process, valkey._process]
    assert not any(folder.exists() for folder in folders)
    assert not any(process is None or psutil.pid_exists(process.pid) for process in processes)


def test_the_broker_keeps_its_messages_over_a_restart_and_never_evicts(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path)
    with server, closing(redis.Redis(unix_socket_path=str(server.socket))) as client:
        client.lpush("queue_tokens", "a message")
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    with server, closing(redis.Redis(unix_socket_path=str(server.socket))) as client:
        assert client.lrange("queue_tokens", 0, -1) == [b"a message"]

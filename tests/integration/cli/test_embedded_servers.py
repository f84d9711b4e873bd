"""The embedded servers on their own: what survives what, and where they can run."""

import multiprocessing
import os
import pwd
import signal
import stat
from contextlib import closing
from pathlib import Path

import psutil
import psycopg2
import redis

from cli.embedded import EmbeddedPostgres, EmbeddedValkey
from cli.embedded.account import server_account
from cli.program import Account


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


def _as_account(account: Account | None, url: str) -> str:
    """Connect from a process of an account (of our own for None); return what came of it."""

    def connect() -> None:
        if account is not None:
            os.setgroups([])
            os.setgid(account.gid)
            os.setuid(account.uid)
        try:
            with closing(psycopg2.connect(url, connect_timeout=5)):
                said.send("let in")
        except psycopg2.OperationalError as error:
            said.send(str(error))

    heard, said = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=connect)
    process.start()
    said.close()
    try:
        return str(heard.recv())
    finally:
        process.join()


def test_nobody_but_the_account_that_runs_frontrow_can_connect(postgres: EmbeddedPostgres) -> None:
    # Under root the server has an account of its own, which can enter the socket's folder; else it is we ourselves.
    other = server_account(postgres.cluster)
    refused_or_we = "Peer authentication failed" if other else "let in"
    assert _as_account(None, postgres.url()) == "let in"
    assert refused_or_we in _as_account(other, postgres.url())
    assert refused_or_we in _as_account(other, postgres.url("postgres"))


def test_the_kernel_says_who_connects_and_one_name_is_let_in(postgres: EmbeddedPostgres) -> None:
    rules = _query(postgres.url(), "SELECT type, database, user_name, auth_method, options FROM pg_hba_file_rules")
    names = _query(postgres.url(), "SELECT sys_name, pg_username FROM pg_ident_file_mappings")
    assert rules == [("local", ["all", "replication"], ["all"], "peer", ["map=frontrow"])]
    assert names == [(pwd.getpwuid(os.geteuid()).pw_name, "frontrow")]


def test_a_cluster_that_trusted_everybody_is_brought_over_at_its_next_start(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path, durable=False)
    with server:
        _query(server.url(), "CREATE TABLE kept AS SELECT 42 AS number")
    (server.cluster / "pg_hba.conf").write_text("local all all trust\n")
    (server.cluster / "pg_ident.conf").write_text("frontrow nobody frontrow\n")
    with server:
        assert _query(server.url(), "SELECT number FROM kept") == [(42,)]
        assert _query(server.url(), "SELECT DISTINCT auth_method FROM pg_hba_file_rules") == [("peer",)]


def test_what_lies_in_place_of_the_rules_is_replaced_and_not_followed(tmp_path: Path) -> None:
    server, elsewhere = EmbeddedPostgres(tmp_path / "data", durable=False), tmp_path / "elsewhere"
    elsewhere.write_text("not ours")
    with server:
        pass
    rules = server.cluster / "pg_hba.conf"
    for place in (rules, rules.with_name("pg_hba.conf.draft")):
        place.unlink(missing_ok=True)
        place.symlink_to(elsewhere)
    with server:
        assert _query(server.url(), "SELECT 1") == [(1,)]
    assert elsewhere.read_text() == "not ours"
    assert not rules.is_symlink()


def test_the_brokers_socket_is_for_the_account_that_runs_it(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path) as server:
        assert stat.S_IMODE(server.socket.stat().st_mode) == 0o700
        assert {server.socket.stat().st_uid, server.socket_folder.stat().st_uid} == {os.geteuid()}
        assert server._process is not None
        assert psutil.Process(server._process.pid).uids().effective == os.geteuid()

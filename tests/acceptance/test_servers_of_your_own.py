"""`frontrow up` on servers that the environment names, outside demo mode."""

from collections.abc import Iterator

import httpx
import psycopg2
import pytest

from cli.embedded import EmbeddedValkey
from tests.acceptance.conftest import Up

pytestmark = pytest.mark.acceptance


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory, module_database_url: str, valkey: EmbeddedValkey) -> Iterator[Up]:
    service = Up(tmp_path_factory.mktemp("own") / "data")
    service.start("--no-demo", FRONTROW_DATABASE_URL=module_database_url, FRONTROW_BROKER_URL=valkey.url)
    yield service
    service.stop()


def test_nothing_embedded_is_started_and_no_folder_made_for_it(up: Up) -> None:
    names = {process.name() for process in up.tree()}
    assert not names & {"postgres", "valkey-server"}
    assert sorted(path.name for path in up.data_dir.iterdir()) == ["children.json", "lock", "secret", "service.json"]


def test_outside_demo_mode_there_is_no_demo_concert(up: Up) -> None:
    assert httpx.get(f"{up.url}/v1/concerts").json()["items"] == []


def test_the_service_works_on_the_database_it_was_told(up: Up, module_database_url: str) -> None:
    connection = psycopg2.connect(module_database_url)
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT application_name FROM pg_stat_activity WHERE datname = current_database()")
        names = {name for (name,) in cursor.fetchall()}
    connection.close()
    assert "frontrow-web" in names

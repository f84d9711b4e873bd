"""What every tier of tests shares: frozen time that Pony understands, real servers, a fresh database a test."""

import freezegun
from freezegun.api import FakeDate, FakeDatetime, real_date, real_datetime
from pony.orm import ormtypes

pytest_plugins = (
    "tests.fixtures.servers",
    "tests.fixtures.stack",
    "tests.fixtures.sale_databases",
    "tests.fixtures.nginx",
)

# Frozen datetimes are no datetimes to Pony, and a frozen monotonic clock would make the others wait for ever.
freezegun.configure(extend_ignore_list=["pony", "celery", "kombu", "redis", "billiard", "amqp", "vine", "_pytest"])
ormtypes.type_normalization_dict.update({FakeDatetime: real_datetime, FakeDate: real_date})

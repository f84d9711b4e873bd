"""Health."""

from typing import Literal

from pydantic import Field

from api.schemas.shape import View


class AliveView(View):
    """The process answers."""

    status: Literal["ok"]


class ChecksView(View):
    """What the service needs, each by name."""

    database: Literal["ok", "unavailable", "not migrated"]
    broker: Literal["ok", "unavailable"]
    workers: str = Field(description="`ok`, or which broker queues nobody serves.")


class ReadyView(View):
    """Whether the service can do its work."""

    status: Literal["ok", "degraded", "unavailable"]
    checks: ChecksView

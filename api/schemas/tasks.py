"""Tasks and problems: how the outcome of a change is told."""

from typing import Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from api.schemas.shape import Time, View


class ProblemView(View):
    """Why not, as RFC 9457 has it; members beyond these depend on the code."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="`/problems/<code>`, a page that explains it.")
    title: str
    status: int
    detail: str
    code: str


class TaskView(View):
    """An accepted change. A status other than `queued` never changes."""

    id: UUID
    operation: str
    status: Literal["queued", "done", "refused", "failed"]
    submitted_at: Time
    finished_at: Time | None
    result: dict[str, Any] | None = Field(description="Set when done.")
    problem: ProblemView | None = Field(description="Set when refused or failed.")

"""What every shape is made of: ids, times, points, and the two kinds of models."""

from typing import Annotated, Generic, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from models.user import LONGEST_USER_ID

LARGEST_ID = 2**63 - 1

Id = Annotated[int, Field(ge=1, le=LARGEST_ID)]
UserId = Annotated[str, Field(min_length=1, max_length=LONGEST_USER_ID, description="The `sub` of an identity.")]
Holder = Annotated[
    str | None, Field(description="The name that the user's identity claimed last (`name`); null when it never did.")
]
Points = Annotated[int, Field(description="Points; 1 point = 1 won.")]
Time = Annotated[AwareDatetime, Field(description="RFC 3339, UTC.")]
Count = Annotated[int, Field(ge=0)]

Item = TypeVar("Item", bound=BaseModel)


class RequestBody(BaseModel):
    """A body that comes in: nothing unknown, nothing converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class View(BaseModel):
    """A body that goes out. It documents and tests; answers themselves are not run through it."""

    model_config = ConfigDict(extra="forbid")


class Page(View, Generic[Item]):
    """One page of a list."""

    model_config = ConfigDict(json_schema_extra={"description": "One page of a list."})

    items: list[Item]
    next_cursor: str | None = Field(description="Send it as `cursor` for the next page; null on the last one.")

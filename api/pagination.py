"""Lists in pages: the query parameters, the opaque cursor, and the body."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import to_json

from api.problems import ProblemError
from api.validation import LARGEST_ID

DEFAULT_LIMIT = 100
LARGEST_LIMIT = 500


def _whole_number(text: object) -> int:
    """Read a query parameter as a plain decimal number; neither blanks nor signs nor two of them."""
    if not isinstance(text, str) or not (text.isascii() and text.isdigit()) or len(text) > len(str(LARGEST_LIMIT)):
        message = f"Give one whole number from 1 to {LARGEST_LIMIT}."
        raise ValueError(message)
    return int(text)


class PageQuery(BaseModel):
    """How much of a list, and where to go on."""

    model_config = ConfigDict(frozen=True)

    limit: Annotated[int, BeforeValidator(_whole_number), Field(ge=1, le=LARGEST_LIMIT)] = DEFAULT_LIMIT
    cursor: Annotated[str | None, Field(max_length=100, description="`next_cursor` of the page before.")] = None

    def after(self, list_name: str) -> int | None:
        """Return the id that the page goes on from; None for the first page.

        Raises a 422 problem for a cursor that this list did not give out.
        """
        if self.cursor is None:
            return None
        name, _, number = _decode(self.cursor).partition(":")
        if name != list_name or not number.isdigit() or number != str(int(number)) or int(number) > LARGEST_ID:
            detail = "The cursor is not one that this list gave out."
            raise ProblemError(
                code="validation_failed",
                detail=detail,
                errors=[{"pointer": "?cursor", "detail": detail, "type": "cursor"}],
            )
        return int(number)

    def page(self, list_name: str, found: Sequence[dict[str, Any]], id_name: str = "id") -> dict[str, Any]:
        """Return a page of what was found when one item more than the limit was asked for."""
        items = list(found[: self.limit])
        more = len(found) > self.limit
        return {"items": items, "next_cursor": self.cursor_at(list_name, items[-1][id_name]) if more else None}

    def cut(self, list_name: str, ids: Sequence[int]) -> tuple[slice, str | None]:
        """Return which items of a whole list, told by their ids in order, are on this page, and the next cursor."""
        first = bisect_right(ids, self.after(list_name) or 0)
        end = first + self.limit
        return slice(first, end), self.cursor_at(list_name, ids[end - 1]) if end < len(ids) else None

    @staticmethod
    def body(items: Iterable[bytes], next_cursor: str | None) -> bytes:
        """Return a page of items that are JSON already."""
        return b'{"items":[' + b",".join(items) + b'],"next_cursor":' + to_json(next_cursor) + b"}"

    @staticmethod
    def cursor_at(list_name: str, last_id: int) -> str:
        """Return the cursor that goes on after an item of a list."""
        return _encode(f"{list_name}:{last_id}")


def _encode(text: str) -> str:
    return urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def _decode(cursor: str) -> str:
    try:
        text = urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)).decode("ascii")
    except (Base64Error, ValueError):
        return ""
    return text if _encode(text) == cursor else ""

"""Entity tags and 304: what a client or a CDN already has is not sent again."""

from hashlib import blake2b

import falcon
from pydantic_core import to_json


def etag_of(body: bytes) -> str:
    """Return the entity tag of a body."""
    return f'"{blake2b(body, digest_size=12).hexdigest()}"'


def answer_cacheable(req: falcon.Request, resp: falcon.Response, body: bytes, etag: str, control: str) -> None:
    """Answer with a body that may be cached as `control` says, or with 304 when the client has it."""
    resp.set_header("Cache-Control", control)
    resp.set_header("ETag", etag)
    known = req.env.get("HTTP_IF_NONE_MATCH")
    if known is not None and matches(known, etag):
        resp.status = falcon.HTTP_304
    else:
        resp.data = body


def matches(known: str, etag: str) -> bool:
    """Tell whether an If-None-Match header names the tag; weak tags compare equal, as RFC 9110 has it for GET."""
    return known.strip() == "*" or etag in {tag.strip().removeprefix("W/") for tag in known.split(",")}


def answer(resp: falcon.Response, body: object) -> None:
    """Answer with JSON that nobody but this client may keep."""
    resp.data = to_json(body)

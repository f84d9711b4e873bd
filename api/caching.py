"""Answers that can be kept: entity tags, 304, and a compressed form; what a client already has is not sent again."""

import gzip
from functools import cached_property
from hashlib import blake2b

import falcon
from pydantic_core import to_json

# Below this, compressing costs more than it saves.
WORTH_COMPRESSING = 1_400
# The fastest level: seat lists shrink to a tenth with it already.
COMPRESSION_LEVEL = 1


class Representation:
    """A body with its entity tag, plain and compressed, each made once and only when somebody wants it."""

    def __init__(self, body: bytes) -> None:
        """Keep the plain body."""
        self.body = body
        self.tag = blake2b(body, digest_size=12).hexdigest()
        self.etag = f'"{self.tag}"'

    @property
    def most_bytes(self) -> int:
        """How large it can become: both forms, as if compressing spared nothing."""
        return 2 * len(self.body)

    @cached_property
    def compressed(self) -> bytes:
        """The body as gzip; always the same bytes for the same body."""
        return gzip.compress(self.body, COMPRESSION_LEVEL, mtime=0)

    def answer(self, req: falcon.Request, resp: falcon.Response, control: str) -> None:
        """Answer with the body, to be kept as `control` says, or with 304 when the client has it."""
        compress = len(self.body) >= WORTH_COMPRESSING and _takes_gzip(req)
        # The compressed form is another sequence of bytes, so its tag is another one too.
        etag = f'"{self.tag}-gzip"' if compress else self.etag
        resp.set_header("Cache-Control", control)
        resp.set_header("ETag", etag)
        if len(self.body) >= WORTH_COMPRESSING:
            resp.append_header("Vary", "Accept-Encoding")
        known = req.env.get("HTTP_IF_NONE_MATCH")
        if known is not None and matches(known, etag):
            resp.status = falcon.HTTP_304
        elif compress:
            resp.set_header("Content-Encoding", "gzip")
            resp.data = self.compressed
        else:
            resp.data = self.body


def _takes_gzip(req: falcon.Request) -> bool:
    accepted = req.env.get("HTTP_ACCEPT_ENCODING", "").lower().replace(" ", "")
    return "gzip" in accepted and "gzip;q=0" not in accepted


def matches(known: str, etag: str) -> bool:
    """Tell whether an If-None-Match header names the tag; weak tags compare equal, as RFC 9110 has it for GET."""
    return known.strip() == "*" or etag in {tag.strip().removeprefix("W/") for tag in known.split(",")}


def answer(resp: falcon.Response, body: object) -> None:
    """Answer with JSON that nobody but this client may keep."""
    resp.data = to_json(body)

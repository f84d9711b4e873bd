"""Rate limits per queue token, per user and per address, counted on the broker's server.

A look-up costs as much as a poll. So each process counts for itself first, and asks the shared
count only for callers who come oftener than anybody who does as he is told; a fan who polls at
the advised interval is never looked up and never limited. When the server that counts is away,
everybody is let through: a limit protects the service, it is not a reason to stop it.
"""

from collections import Counter
from ipaddress import IPv6Address, IPv6Network, ip_address
from time import time

import falcon
import redis
from limits import RateLimitItem, parse

from api.problems import ProblemError
from settings import Settings
from workers.broker import Broker

# So many requests a second of one caller, and process, are let through without a look-up.
UNCOUNTED = 5
# Count each key's request in its window of so many seconds; tell its count and how long the window still lasts. Who is
# counted by two names is so at the price of one. A key of another type, or without an expiry, is reset.
_COUNT = """
local told = {}
for i, key in ipairs(KEYS) do
    local count = redis.pcall('INCR', key)
    if type(count) == 'table' then redis.call('DEL', key) count = redis.call('INCR', key) end
    if redis.call('TTL', key) < 0 then redis.call('EXPIRE', key, ARGV[i]) end
    told[i] = {count, redis.call('TTL', key)}
end
return told
"""
# Providers give each customer an IPv6 network of this prefix length at least.
_ONE_CLIENT = 64


class RateLimits:
    """The limits of one application; each is a rate like `100/second` or empty for none."""

    def __init__(self, settings: Settings, broker: Broker) -> None:
        """Read the rates; connects to nothing."""
        self._broker = broker
        self._hops = settings.trusted_proxies
        self._rates = {
            "token": _rate(settings.rate_limit_per_token),
            "user": _rate(settings.rate_limit_per_user),
            "address": _rate(settings.rate_limit_per_address),
        }
        self._count = broker.script(_COUNT)
        self._second, self._seen = 0, Counter[tuple[str, str]]()

    def check_address(self, req: falcon.Request) -> None:
        """Refuse a caller without credentials who comes too often, by his address."""
        if self._rates["address"] is not None:
            self._check(("address", address_of(req, self._hops)))

    def check_caller(self, user_id: str, token_id: int | None) -> None:
        """Refuse a known caller who comes too often, by their user id and by the queue token they came with, if any.

        Tokens multiply: a user joins, leaves and joins again, and each token is genuine for as long as it is read.
        """
        names = [("user", user_id)]
        if token_id is not None:
            names.append(("token", str(token_id)))
        self._check(*names)

    def _check(self, *names: tuple[str, str]) -> None:
        """Count one request under each of its caller's names, a kind and what identifies them."""
        limited = [(rate, kind, name) for kind, name in names if (rate := self._rates[kind]) is not None]
        often = [(rate, kind, name) for rate, kind, name in limited if not self._comes_seldom(kind, name)]
        if not often or self._broker.is_silent:
            return
        keys = [f"LIMITS:{rate.key_for('frontrow', kind, name)}" for rate, kind, name in often]
        try:
            told = self._count(keys, [rate.get_expiry() for rate, _, _ in often])
        except redis.RedisError:
            self._broker.note_silence()
            return
        for (rate, kind, _), (count, seconds) in zip(often, told, strict=True):
            if count > rate.amount:
                raise _too_often(kind, rate, max(1, seconds))

    def _comes_seldom(self, kind: str, name: str) -> bool:
        second = int(time())
        if second != self._second:
            # Threads may do this twice at the turn of a second; somebody is then counted from zero again.
            self._second, self._seen = second, Counter()
        self._seen[kind, name] += 1
        return self._seen[kind, name] <= UNCOUNTED


def address_of(req: falcon.Request, trusted_proxies: int) -> str:
    """Return the client's address; forwarded ones count only as far as proxies of ours have added them.

    A port, which changes from connection to connection, and what a client can choose of an IPv6 address are left away.
    """
    if trusted_proxies:
        forwarded = [part.strip() for part in (req.get_header("X-Forwarded-For") or "").split(",") if part.strip()]
        if len(forwarded) >= trusted_proxies and (found := _client_of(forwarded[-trusted_proxies])):
            return found
    return _client_of(req.remote_addr) or req.remote_addr


def _client_of(text: str) -> str | None:
    """Return an IPv4 address, or the network of an IPv6 address that one client has; None of anything else."""
    host = text[1:].partition("]")[0] if text.startswith("[") else text
    if host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is None:
            return str(IPv6Network((address, _ONE_CLIENT), strict=False))
        address = address.ipv4_mapped
    return str(address)


def _rate(text: str) -> RateLimitItem | None:
    return parse(text) if text else None


def _too_often(kind: str, rate: RateLimitItem, seconds: int) -> ProblemError:
    window = rate.get_expiry()
    return ProblemError(
        code="rate_limited",
        detail=f"Too many requests of this {kind}: {rate.amount} in {window} s are allowed.",
        headers={
            "Retry-After": str(seconds),
            "RateLimit-Policy": f'"{kind}";q={rate.amount};w={window}',
            "RateLimit": f'"{kind}";r=0;t={seconds}',
        },
    )

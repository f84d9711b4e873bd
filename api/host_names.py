"""Whose page a browser has open: in demo mode, only one that was loaded from this machine itself is answered.

A name of somebody else's can be made to lead to this machine (DNS rebinding); the browser then takes their page for
ours, but still says the name.
"""

import socket
from ipaddress import ip_address
from urllib.parse import urlsplit

import falcon


def is_of_this_machine(req: falcon.Request) -> bool:
    """Tell whether a request names this machine by address, localhost or host name, and its page came from there."""
    host, origin = req.env.get("HTTP_HOST"), req.env.get("HTTP_ORIGIN")
    if host is None:
        # No browser leaves it out.
        return origin is None
    return _is_own(_name_in(f"//{host}")) and (origin is None or _authority(origin) == host.lower())


def _authority(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _name_in(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_own(name: str) -> bool:
    own = socket.gethostname().lower()
    if name in {"localhost", own, f"{own.partition('.')[0]}.local"} or name.endswith(".localhost"):
        return True
    try:
        # A page that was loaded from an address belongs to whoever is at that address.
        ip_address(name)
    except ValueError:
        return False
    return True

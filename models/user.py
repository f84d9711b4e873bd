"""Users as their identities name them: what may be a user id, and what is the name of a person."""

import re

# As OpenID Connect allows: up to 255 characters, whatever the provider makes of them.
LONGEST_USER_ID = 255
LONGEST_NAME = 100

_UUID = re.compile(r"\{?[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}\}?", re.IGNORECASE)


def is_user_id(text: str) -> bool:
    """Tell whether a text may be a user id: 1 to 255 characters, none of which controls anything."""
    return 1 <= len(text) <= LONGEST_USER_ID and text.isprintable()


def name_of(claimed: object) -> str | None:
    """Return the name of a person that an identity claims, fit to be shown; None for whatever is none, as a UUID."""
    if not isinstance(claimed, str):
        return None
    # Controls and direction marks would change what stands beside the name.
    visible = "".join(character if character.isprintable() else " " for character in claimed[: 4 * LONGEST_NAME])
    name = " ".join(visible.split())[:LONGEST_NAME].rstrip()
    return name if name and not _UUID.fullmatch(name) else None

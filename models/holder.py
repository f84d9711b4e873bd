"""Holders: the names under which users are known, as their identities said last; shown on tickets and the desk."""

from collections.abc import Mapping
from unicodedata import normalize

from pony.orm import PrimaryKey, Required

from models.database import Entity, Prepared, rows


class Holder(Entity):
    """A user's name. Who has none is known by the user id alone."""

    _table_ = "holder"
    user_id = PrimaryKey(str)
    name = Required(str)

    @staticmethod
    def note(names: Mapping[str, str]) -> None:
        """Remember names by user id, with one statement. Locks the rows that change, after all others, by key."""
        if names:
            users = sorted(names)
            _NOTE.change(users, [names[user] for user in users])

    @staticmethod
    def name_of(user_id: str) -> str | None:
        """Return a user's name, if it is known."""
        found = rows("SELECT name FROM holder WHERE user_id = $user_id", user_id=user_id)
        return found[0][0] if found else None

    @staticmethod
    def named(beginning: str, *, limit: int) -> list[dict[str, str]]:
        """Return up to `limit` users (`user_id`, `name`) whose names begin so, in whatever case and by name.

        A keyboard may compose the letters of a name in another way than the one that it was written with.
        """
        forms = [_escaped(normalize(form, beginning)) for form in ("NFC", "NFD")]
        found = rows(_NAMED, composed=f"{forms[0]}%", decomposed=f"{forms[1]}%", limit=limit)
        return [{"user_id": user_id, "name": name} for user_id, name in found]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


_NAMED = """
    SELECT user_id, name FROM holder
     WHERE lower(name) LIKE lower($composed) OR lower(name) LIKE lower($decomposed)
     ORDER BY lower(name), user_id LIMIT $limit
"""

# Who is known by this name already costs a look, no lock and no write.
_NOTE = Prepared(
    "note_holders",
    "text[], text[]",
    """
    INSERT INTO holder (user_id, name)
    SELECT * FROM unnest($1, $2) AS said (user_id, name)
     WHERE NOT EXISTS (SELECT FROM holder WHERE holder.user_id = said.user_id AND holder.name = said.name)
    ON CONFLICT (user_id) DO UPDATE SET name = excluded.name
    """,
)

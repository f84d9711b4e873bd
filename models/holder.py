"""Holders: the names under which users are known, as their identities said last; shown on tickets and the desk."""

from collections.abc import Mapping

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

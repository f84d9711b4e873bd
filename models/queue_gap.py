"""How many of each bucket of places were given up or ran out while they waited; the database counts them itself."""

from pony.orm import PrimaryKey, Required

from models.database import Entity

# Places of a bucket, as the trigger of migration 0016 divides them.
BUCKET = 1024


class QueueGap(Entity):
    """Those who have gone of one bucket of a line: places `bucket * BUCKET + 1` to `(bucket + 1) * BUCKET`."""

    _table_ = "queue_gap"
    concert_id = Required(int, size=64)
    bucket = Required(int, size=64)
    gone = Required(int, size=64)
    PrimaryKey(concert_id, bucket)

"""A task is over long before Celery ends it, however much there is to do."""

import pytest

from workers import domain_task, standby
from workers.app import app
from workers.queues import BrokerQueue


@pytest.mark.parametrize("queue", [queue for queue in BrokerQueue if queue is not BrokerQueue.SWEEPS])
def test_all_turns_of_a_task_together_are_far_below_its_time_limit(queue):
    app.loader.import_default_modules()
    operations = len(domain_task._tasks_of(queue))
    assert operations > 0
    # Its own, each operation's at the beginning of standing by, the last one there, and each that is named at the end.
    turns = 1 + operations + 1 + operations
    assert turns * domain_task.LONGEST_RUN + standby.LONGEST_SECONDS < app.conf.task_soft_time_limit / 2

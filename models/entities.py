"""Every entity, imported in one place so that the mapping is complete."""

from models.concert import Concert
from models.holder import Holder
from models.operator_action import OperatorAction
from models.payment import Payment
from models.performance import Performance
from models.points import PointAccount, PointEntry
from models.queue import Queue
from models.queue_gap import QueueGap
from models.queue_token import QueueToken
from models.request import Request
from models.reservation import Reservation
from models.reservation_seat import ReservationSeat
from models.seat import Seat

ENTITIES = (
    Concert,
    Queue,
    QueueGap,
    QueueToken,
    Performance,
    Seat,
    Reservation,
    ReservationSeat,
    PointAccount,
    PointEntry,
    Payment,
    Request,
    OperatorAction,
    Holder,
)

"""Every problem code with its HTTP status, its title and the sentence that explains it on `/problems/<code>`."""

from typing import NamedTuple


class Problem(NamedTuple):
    """What a problem code means over HTTP."""

    status: int
    title: str
    explanation: str


PROBLEMS: dict[str, Problem] = {
    # The request itself.
    "malformed_json": Problem(400, "Malformed JSON", "The body is not JSON in UTF-8. Send one JSON object."),
    "invalid_idempotency_key": Problem(
        400,
        "Invalid Idempotency-Key",
        "An Idempotency-Key is 1 to 255 visible ASCII characters (no blanks), bare or in double quotes; there is one.",
    ),
    "bad_request": Problem(400, "Bad request", "The request could not be understood; `detail` says what is wrong."),
    "malformed_request": Problem(
        400,
        "Malformed request",
        "The request line, a header or the coding of the body is not HTTP, so the request could not be read.",
    ),
    "not_found": Problem(404, "No such page", "Nothing is served at this path. `/docs` lists every path there is."),
    "method_not_allowed": Problem(
        405,
        "Method not allowed",
        "The path does not know this method; the `Allow` header names those it does.",
    ),
    "body_too_large": Problem(413, "Body too large", "A body may have up to 65,536 bytes (64 KiB)."),
    "uri_too_long": Problem(414, "URI too long", "A request line may have up to 4,094 bytes."),
    "unsupported_media_type": Problem(
        415, "Unsupported media type", "Bodies are JSON: send them with `Content-Type: application/json`."
    ),
    "expectation_failed": Problem(417, "Expectation failed", "`Expect` may be `100-continue` only."),
    "validation_failed": Problem(
        422,
        "Validation failed",
        "The body or a query parameter is not what the operation takes; `errors` names each place (`pointer`), what is"
        " wrong there (`detail`, its kind as `type`) and the `limit` that was passed, if any."
        " Unknown fields are refused, and numbers are never read from strings.",
    ),
    "unexpected_body": Problem(
        422,
        "Unexpected body",
        "The operation takes no body, and one came: what it asks for would not be done, so nothing was. Send none.",
    ),
    "idempotency_key_reused": Problem(
        422,
        "Idempotency-Key reused",
        "This key came with another body before. Use a new key for a new request, and the same body to repeat one.",
    ),
    "rate_limited": Problem(429, "Too many requests", "Wait as long as `Retry-After` says, then go on."),
    "headers_too_large": Problem(
        431, "Headers too large", "A request may have up to 100 header fields of up to 8,190 bytes each."
    ),
    "unsupported_transfer_coding": Problem(
        501, "Unsupported transfer coding", "The only `Transfer-Encoding` understood is `chunked`."
    ),
    # Who is asking.
    "token_missing": Problem(
        401, "Credential missing", "Send an identity or a queue token as `Authorization: Bearer <token>`."
    ),
    "token_invalid": Problem(
        401,
        "Credential invalid",
        "The token is not one of ours, was changed on its way, or is of a kind that this operation does not take.",
    ),
    "token_expired": Problem(
        401,
        "Credential expired",
        "The token's time is over, or the queue token was used up by a payment or given up. Join the line again,"
        " or sign in again. `reason` is `queue_ended` where the operator ended the line.",
    ),
    "origin_refused": Problem(
        403,
        "Origin not allowed",
        "A page of this origin may not do this: an identity is handed over from configured origins alone, and demo"
        " identities are for pages that were loaded from this machine's own address or name.",
    ),
    "insufficient_scope": Problem(
        403, "Operators only", "The identity is genuine, but its `scope` does not hold `operator`."
    ),
    "not_admitted": Problem(
        403,
        "Not admitted yet",
        "The queue token still waits: `position` is the place in line (1 is next). Poll `/v1/queue-tokens/current`"
        " as `Retry-After` says.",
    ),
    "wrong_concert": Problem(403, "Wrong concert", "The queue token belongs to the line of another concert."),
    # What was asked for.
    "concert_not_found": Problem(404, "No such concert", "There is no concert with this id."),
    "performance_not_found": Problem(404, "No such performance", "There is no performance (date) with this id."),
    "reservation_not_found": Problem(
        404, "No such reservation", "There is no reservation with this id, or it is somebody else's."
    ),
    "payment_not_found": Problem(404, "No such payment", "There is no payment with this id, or it is somebody else's."),
    "task_not_found": Problem(
        404,
        "No such task",
        "There is no task with this id, it is somebody else's, or its outcome is older than what is kept.",
    ),
    "seat_not_found": Problem(
        404, "No such seat", "A seat does not exist in this performance; `seat_ids` names which."
    ),
    # What the domain says no to.
    "concert_in_use": Problem(
        409,
        "Concert in use",
        "The concert cannot be deleted: seats were sold (`reason` is `sold`), or fans wait or are inside (`in_line`):"
        " end its line, and let those inside finish.",
    ),
    "queue_closed": Problem(409, "Line closed", "The line of this concert takes no newcomers; who waits is served."),
    "queue_ended": Problem(409, "Line ended", "The line of this concert was ended: it takes nobody, and nobody waits."),
    "sale_over": Problem(
        409,
        "Sale over",
        "All seats are sold (`sold_out`), or no date can be reserved any more. Seats that come back open it again.",
    ),
    "join_limit": Problem(
        429, "Joined too often", "A user may join one line `limit` times an hour; again from `joinable_from` on."
    ),
    "seat_taken": Problem(
        409, "Seat taken", "Somebody else holds or has bought a seat; `seat_ids` names which. None was held for you."
    ),
    "seat_limit_exceeded": Problem(
        409, "Too many seats", "A user may have up to `limit` seats of one concert, held and bought together."
    ),
    "seat_released": Problem(
        409,
        "Seat just released",
        "You released a seat a moment ago: others come first until `holdable_from`. `seat_ids` names which.",
    ),
    "performance_closed": Problem(409, "Performance closed", "The performance cannot be reserved at this time."),
    "reservation_not_held": Problem(
        409, "Reservation not held", "The reservation is over: it was paid, released, refunded, or its time ran out."
    ),
    "hold_expired": Problem(410, "Hold expired", "The seats were held for a while only, and that time is over."),
    "already_paid": Problem(409, "Already paid", "The reservation is paid; `payment_id` names the payment."),
    "already_refunded": Problem(409, "Already refunded", "The payment was refunded before; nothing was changed now."),
    "insufficient_points": Problem(
        402, "Not enough points", "`balance` does not cover `amount`. Charge points and pay again while the hold lasts."
    ),
    "balance_limit_exceeded": Problem(
        409,
        "Balance limit exceeded",
        "Charging never brings a balance above 10,000,000,000 points; nothing was charged.",
    ),
    # What is our fault.
    "identity_unavailable": Problem(
        503,
        "Identities cannot be checked",
        "The identity provider's keys are not known just now, so no identity can be checked; nothing was accepted."
        " Queue tokens go on working. Send the same request again after `Retry-After`.",
    ),
    "internal_error": Problem(
        500, "Internal error", "A fault of the service. It was logged under the request's `X-Request-ID`."
    ),
    "busy": Problem(
        503,
        "Busy",
        "The service is over its means and accepted nothing. Send the same request again after `Retry-After`, with the"
        " same Idempotency-Key when it has one.",
    ),
    "database_unavailable": Problem(
        503,
        "Database unavailable",
        "The database did not answer in time and nothing was accepted. Send the same request again after"
        " `Retry-After`, with the same Idempotency-Key when it has one.",
    ),
}

"""The span around an HTTP request; this middleware is there only when traces are switched on."""

import falcon

from workers.traces import Traces, traceparent_of

FIRST_FAULT = 500


class TraceFrame:
    """Begins a span with each request and ends it with its answer."""

    def __init__(self, traces: Traces) -> None:
        """Take who makes spans."""
        self._traces = traces

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Begin; what is accepted keeps the place in the trace with it."""
        del resp
        span = self._traces.begin(req.method, req.env.get("HTTP_TRACEPARENT"))
        req.context.span, req.context.traceparent = span, traceparent_of(span)

    def process_response(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        resource: object,
        succeeded: bool,  # noqa: FBT001  # Falcon calls it so.
    ) -> None:
        """Name the span by the route, never by the path, and end it."""
        del resource, succeeded
        span = req.context.get("span")
        if span is None:
            return
        if req.uri_template:
            span.update_name(f"{req.method} {req.uri_template}")
            span.set_attribute("http.route", req.uri_template)
        span.set_attribute("http.request.method", req.method)
        span.set_attribute("http.response.status_code", resp.status_code)
        span.set_attribute("frontrow.request_id", req.context.get("request_id", ""))
        if resp.status_code >= FIRST_FAULT:
            from opentelemetry.trace import StatusCode

            span.set_status(StatusCode.ERROR)
        span.end()

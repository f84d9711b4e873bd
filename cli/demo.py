"""`frontrow demo`: one fan buys one ticket over HTTP, each step shown with its answer."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any, TypeVar

import click
import httpx
from rich.console import Console
from rich.json import JSON
from rich.padding import Padding

from cli.service import DEFAULT_DATA_DIR, DataDir

TASK_PATIENCE = 30.0
# How long the service may take to answer with the outcome instead of a promise, in seconds.
WAIT = {"Prefer": "wait=5"}
ADMISSION_PATIENCE = 600.0
LARGEST_CHARGE = 1_000_000
SHOWN_ITEMS = 2
SEATS_TRIED = 5

Found = TypeVar("Found")


class DemoError(click.ClickException):
    """Something did not go as the contract says; ends the command with status 1."""


@click.command()
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="FRONTROW_DATA_DIR",
    default=DEFAULT_DATA_DIR,
    show_default=True,
    help="The folder of the service's data and secret.",
)
@click.option(
    "--url", help="A service that runs elsewhere and believes this folder's (or FRONTROW_SECRET's) identities."
)
def demo(data_dir: Path, url: str | None) -> None:
    """Let one fan buy one ticket; starts a service for it unless one runs."""
    console = Console(highlight=False)
    with _service(data_dir, url, console) as found, httpx.Client(base_url=found, timeout=10) as client:
        user = f"demo-{secrets.token_hex(3)}"
        Fan(client, console, user, _identity(user, data_dir)).buy_a_ticket()


@contextmanager
def _service(data_dir: Path, url: str | None, console: Console) -> Iterator[str]:
    """Yield the URL of the service: the one named, the one that runs, or one of our own for the time being."""
    running = DataDir(data_dir).running()
    if url or running:
        yield url or (running.url if running else "")
        return
    from cli.running_service import running_service

    with console.status("Starting the service ...") as status:

        def tell(seconds: float) -> None:
            status.update(f"Starting the service ({seconds:.0f} s; the first time takes longest) ...")

        with running_service(data_dir, waiting=tell) as started:
            status.stop()
            console.print(f"The service runs at [bold]{started}[/], for this demo only; its data stays in {data_dir}.")
            yield started
            status.update("Stopping the service ...")
            status.start()


def _identity(user: str, data_dir: Path) -> str:
    from cli.token import identity

    return identity(user, operator=False, seconds=3600, data_dir=data_dir)


class Fan:
    """One fan with his identity, and later his queue token."""

    def __init__(self, client: httpx.Client, console: Console, user: str, identity: str) -> None:
        """Begin with the identity as the credential."""
        self._client, self._console, self._user, self._credential = client, console, user, identity
        self._step = 0

    def buy_a_ticket(self) -> None:
        """Go the whole way. Raises `DemoError` when anything is off."""
        began = monotonic()
        concert = self._choose_concert()
        self._join(concert)
        self._wait_for_admission()
        performance_id = self._choose_date(concert)
        reservation = self._hold_a_seat(performance_id)
        self._charge_for(reservation)
        self._pay(reservation)
        self._see_booking(reservation)
        self._console.print(f"\n[bold green]{self._user} has a ticket[/], {monotonic() - began:.0f} s after arriving.")

    def _choose_concert(self) -> dict[str, Any]:
        self._say("See what is on")
        concerts = self._get("/v1/concerts")["items"]
        return _first(concerts, lambda concert: bool(concert["performances"]), "There is no concert with a date.")

    def _join(self, concert: Mapping[str, Any]) -> None:
        self._say(f"Join the line of {concert['title']!r}")
        issued = self._change("POST", "/v1/queue-tokens", {"concert_id": concert["id"]})
        self._credential = issued["token"]

    def _wait_for_admission(self) -> None:
        self._say("Poll until admitted")
        until = monotonic() + ADMISSION_PATIENCE
        while (token := self._get("/v1/queue-tokens/current"))["status"] == "waiting":
            if monotonic() > until:
                message = f"Not admitted within {ADMISSION_PATIENCE:.0f} s; still at position {token['position']}."
                raise DemoError(message)
            with self._console.status(f"Position {token['position']}; polling again as told ..."):
                sleep(token["poll_after_seconds"])
        if token["status"] != "active":
            message = f"The queue token is {token['status']} instead of active."
            raise DemoError(message)

    def _choose_date(self, concert: Mapping[str, Any]) -> int:
        self._say("See the dates that can be reserved")
        dates = self._get(f"/v1/concerts/{concert['id']}/dates")["items"]
        date = _first(dates, lambda one: one["seats_available"] > 0, "Every date is sold out or closed.")
        performance_id: int = date["performance_id"]
        return performance_id

    def _hold_a_seat(self, performance_id: int) -> dict[str, Any]:
        self._say("See the free seats")
        seats = self._get(f"/v1/performances/{performance_id}/seats?status=available")["items"]
        self._say("Hold one of them")
        for seat in secrets.SystemRandom().sample(seats, min(SEATS_TRIED, len(seats))):
            body = {"performance_id": performance_id, "seat_ids": [seat["id"]]}
            task = self._task("POST", "/v1/reservations", body)
            if task["status"] == "done":
                reservation: dict[str, Any] = task["result"]
                return reservation
            if task["problem"]["code"] != "seat_taken":
                raise _off("The hold was refused", task["problem"])
        message = "Others were faster with every seat that was tried."
        raise DemoError(message)

    def _charge_for(self, reservation: Mapping[str, Any]) -> None:
        self._say("See the points, and charge what is missing")
        balance = self._get("/v1/points")["balance"]
        while balance < reservation["amount"]:
            amount = min(reservation["amount"] - balance, LARGEST_CHARGE)
            balance = self._change("POST", "/v1/points/charges", {"amount": amount})["balance"]

    def _pay(self, reservation: Mapping[str, Any]) -> None:
        self._say("Pay")
        booking = self._change("POST", "/v1/payments", {"reservation_id": reservation["id"]})
        if booking["amount"] != reservation["amount"]:
            raise _off("The payment is not the price of the seat", booking)

    def _see_booking(self, reservation: Mapping[str, Any]) -> None:
        self._say("Read the booking")
        bookings = self._get("/v1/bookings")["items"]
        _first(bookings, lambda one: one["reservation_id"] == reservation["id"], "The booking is not there.")

    # --- speaking HTTP -----------------------------------------------------------------------------------------------

    def _get(self, path: str) -> Any:
        answer = self._send("GET", path)
        if answer.status_code != httpx.codes.OK:
            raise _off(f"GET {path} answered {answer.status_code}", answer.text)
        return answer.json()

    def _change(self, method: str, path: str, body: object) -> dict[str, Any]:
        """Send a change and return its result. Raises `DemoError` when it was refused."""
        task = self._task(method, path, body)
        if task["status"] != "done":
            raise _off(f"{method} {path} was {task['status']}", task["problem"])
        result: dict[str, Any] = task["result"]
        return result

    def _task(self, method: str, path: str, body: object) -> dict[str, Any]:
        """Send a change; where the answer is not the outcome yet, poll the task, as told, until it is."""
        # With a key of its own the change could be sent again after a lost answer.
        headers = {"Idempotency-Key": secrets.token_hex(16)} | WAIT
        answer = self._send(method, path, show=False, json=body, headers=headers)
        if answer.status_code not in {httpx.codes.OK, httpx.codes.ACCEPTED}:
            raise _off(f"{method} {path} answered {answer.status_code} instead of 200 or 202", answer.text)
        until = monotonic() + TASK_PATIENCE
        while answer.json()["status"] == "queued":
            if monotonic() > until:
                message = f"{method} {path} has no outcome after {TASK_PATIENCE:.0f} s; do workers run?"
                raise DemoError(message)
            sleep(float(answer.headers.get("Retry-After", 1)))
            answer = self._send("GET", f"/v1/tasks/{answer.json()['id']}", show=False, headers=WAIT)
        self._show(answer.json())
        task: dict[str, Any] = answer.json()
        return task

    def _send(self, method: str, path: str, *, show: bool = True, **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._credential}", **more.pop("headers", {})}
        try:
            answer = self._client.request(method, path, headers=headers, **more)
        except httpx.HTTPError as error:
            message = f"{self._client.base_url} does not answer: {error}"
            raise DemoError(message) from error
        self._console.print(f"   [cyan]{method} {path}[/] -> [bold]{answer.status_code}[/]")
        if show and "json" in answer.headers.get("content-type", ""):
            self._show(answer.json())
        return answer

    def _say(self, text: str) -> None:
        self._step += 1
        self._console.print(f"\n[bold]{self._step}. {text}[/]")

    def _show(self, body: Any) -> None:
        """Print an answer; of a long list its beginning, of a token its beginning."""
        self._console.print(Padding(JSON.from_data(_shortened(body)), (0, 0, 0, 6)))


def _shortened(body: Any) -> Any:
    if isinstance(body, dict):
        return {name: f"{value[:12]}..." if name == "token" else _shortened(value) for name, value in body.items()}
    if isinstance(body, list) and len(body) > SHOWN_ITEMS:
        return [*map(_shortened, body[:SHOWN_ITEMS]), f"... and {len(body) - SHOWN_ITEMS} more"]
    return body


def _first(items: list[Found], fits: Callable[[Found], bool], otherwise: str) -> Found:
    for item in items:
        if fits(item):
            return item
    raise DemoError(otherwise)


def _off(what: str, answer: object) -> DemoError:
    return DemoError(f"{what}: {answer}")

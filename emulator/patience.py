"""Bound how long a run waits for a server that is away, before it starts and on the way."""

from collections.abc import Callable
from threading import Event
from typing import NamedTuple, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_before_delay
from tenacity.nap import sleep_using_event
from tenacity.stop import stop_when_event_set
from tenacity.wait import wait_random_exponential

T = TypeVar("T")


class Patience(NamedTuple):
    """The patience of a run.

    Attributes:
        seconds: for which a server is asked again.
        stop: once set, nothing is asked again.
        say: told once what is being waited for.
    """

    seconds: float
    stop: Event
    say: Callable[[str], None]

    def ask(self, server: str, question: Callable[[], T], away: tuple[type[Exception], ...]) -> T:
        """Return what the question returns.

        Args:
            server: whose name is said while it is away.
            question: asked again for as long as it raises one of `away`; at the end that is raised.
            away: the errors of a server that is not there, or not yet.
        """
        retrying = Retrying(
            retry=retry_if_exception_type(away),
            stop=stop_before_delay(self.seconds) | stop_when_event_set(self.stop),
            wait=wait_random_exponential(multiplier=0.2, max=5),
            sleep=sleep_using_event(self.stop),
            before_sleep=lambda state: self._say_once(server, state),
            reraise=True,
        )
        return retrying(question)

    def _say_once(self, server: str, state: RetryCallState) -> None:
        if state.attempt_number == 1 and state.outcome:
            reason = state.outcome.exception()
            self.say(f"Waiting up to {self.seconds:g} s for {server}, which `make up` starts: {reason}")

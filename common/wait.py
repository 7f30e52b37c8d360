"""Waiting for a condition, with a bound and a reason."""

from collections.abc import Callable
from typing import TypeVar

from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

T = TypeVar("T")


def wait_until(check: Callable[[], T], *, timeout: float, what: str, interval: float = 0.1) -> T:
    """Call `check` until it returns something true, and return that.

    Args:
        check: asked every `interval` seconds; what it raises is passed on.
        timeout: seconds after which to give up.
        what: what is waited for, for the message.

    Raises:
        TimeoutError: `check` stayed false for `timeout` seconds.
    """
    retrying = Retrying(
        retry=retry_if_result(lambda result: not result),
        stop=stop_after_delay(timeout),
        wait=wait_fixed(interval),
    )
    try:
        return retrying(check)
    except RetryError as error:
        raise TimeoutError(f"gave up after {timeout:g} s: {what}") from error

"""The growth benchmark: the exponent with which the cost grows, and the memory at its peak."""

import os

import pytest

from bench.growth import exponent, peaks
from common.wait import wait_until


@pytest.mark.parametrize(
    ("after", "power"), [(30.0, 1.0), (90.0, 2.0), (10.0, 0.0), (17.32, 0.5)], ids=lambda value: f"{value:g}"
)
def test_the_exponent_is_the_power_of_the_posts(after: float, power: float) -> None:
    assert exponent(1_000_000, 10.0, 3_000_000, after) == pytest.approx(power, abs=0.001)


def test_the_peak_is_what_a_process_had_though_it_has_less_now() -> None:
    # A look takes milliseconds; a minute is for cores that others keep busy.
    with peaks({"this": os.getpid()}, interval=0.01) as most:
        before = wait_until(lambda: most["this"], timeout=60, what="a first look")
        much = bytearray(os.urandom(64 * 1024**2))
        wait_until(lambda: most["this"] > before + 32 * 1024**2, timeout=60, what="a look at more")
        del much[:]
        reached = most["this"]
    assert most["this"] >= reached

"""The one loop that polls another process."""

import time


def wait_until(condition, seconds=30.0, what="the condition"):
    """Polls a condition of another process; the first true value."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {seconds} s")
        time.sleep(0.005)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Does fetch() give up in time, and does it recover when the firewall heals?

    nslab exec --within 60s examples/lab.yaml -- pytest examples/pytest
"""

import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from fetch import fetch

URL = "http://server:8080/"

pytestmark = pytest.mark.skipif("NSLAB" not in os.environ, reason="no lab: nslab exec examples/lab.yaml -- pytest")


def nslab(*args):
    """Drive the lab that we are in."""
    subprocess.run([os.environ["NSLAB"], *args], check=True)


@contextmanager
def at_most(seconds):
    """What hangs has failed."""

    def over(signum, frame):
        pytest.fail(f"still busy after {seconds} s")

    signal.signal(signal.SIGALRM, over)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    """The machine's proxy is not in the lab."""
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def firewall_that_heals():
    """heal() waits until somebody's dial hangs, then lets SYN pass; after the test they are dropped again."""

    def heal():
        nslab("wait", "--within", "10s", "socket client to server:8080 state SYN-SENT")
        nslab("fault", "off", "syn-dropped")

    with ThreadPoolExecutor() as pool:
        yield pool.submit(heal)
    nslab("fault", "on", "syn-dropped")


def test_gives_up_in_time():
    with at_most(10), pytest.raises(TimeoutError):
        fetch(URL, timeout=0.5, attempts=2)
    # it has tried twice, and no socket is left
    nslab("wait", "--within", "10s", "fault syn-dropped hits >= 2")
    nslab("wait", "--within", "10s", "socket client to server:8080 state CLOSED")


def test_recovers_when_the_firewall_heals(firewall_that_heals):
    assert fetch(URL, timeout=0.5, attempts=20) == b"hello\n"
    firewall_that_heals.result()

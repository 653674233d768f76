# SPDX-License-Identifier: GPL-2.0-or-later
"""GET with a deadline, and again."""

import urllib.error
import urllib.request


def fetch(url, timeout, attempts):
    """What url answers. Each attempt gets timeout, in seconds; another one is made only after a timeout.

    Raises TimeoutError after the last attempt, and urllib.error.URLError for all else.
    """
    for _ in range(attempts):
        try:
            with urllib.request.urlopen(url, timeout=timeout) as answer:
                return answer.read()
        except TimeoutError:  # while it waits for the answer
            pass
        except urllib.error.URLError as error:  # before
            if not isinstance(error.reason, TimeoutError):
                raise
    raise TimeoutError(f"{url}: no answer, {attempts} attempts of {timeout} s")

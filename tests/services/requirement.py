"""What a test with a real server says when the server cannot be had."""

import os
from typing import NoReturn

import pytest

REQUIRED = "TANDEM_REQUIRE_SERVICES"


def missing(reason: str) -> NoReturn:
    """Skip the test, or fail it where ``TANDEM_REQUIRE_SERVICES=1`` says that nothing may be
    skipped. ``reason`` says what to install.
    """
    if os.environ.get(REQUIRED) == "1":
        pytest.fail(f"{REQUIRED}=1: {reason}", pytrace=False)
    pytest.skip(reason)

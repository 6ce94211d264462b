"""What a test does when a server that it needs is not there."""

import os
from typing import NoReturn

import pytest


def missing(reason: str) -> NoReturn:
    """Skip the test, or fail it where ``TANDEM_REQUIRE_SERVICES=1`` says that all must run."""
    if os.environ.get("TANDEM_REQUIRE_SERVICES") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)

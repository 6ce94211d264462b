"""The checks that tests share say what differs, as those in a test do."""

import pytest

pytest.register_assert_rewrite("tests.integration.crash.audit", "tests.integration.crash.oracle")

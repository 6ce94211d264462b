"""The one node of a test session: started when first asked for, gone when the session is."""

import atexit
import os
from functools import cache

from tests.services.opensearch.node import NodeMissing, OpenSearchNode, wanted_version
from tests.services.requirement import missing

URL = "TANDEM_TEST_OPENSEARCH_URL"


@cache
def _started() -> OpenSearchNode | NodeMissing | RuntimeError:
    node = OpenSearchNode(wanted_version())
    atexit.register(node.remove)
    try:
        return node.start()
    except (NodeMissing, RuntimeError) as reason:  # kept, so that it is not tried for every test
        return reason


def opensearch_url() -> str:
    """An HTTP URL: of the server in ``TANDEM_TEST_OPENSEARCH_URL``, or else of the session's node.

    Skips the test, or fails it, where neither can be had.

    Raises:
        RuntimeError: the node did not come up.
    """
    given = os.environ.get(URL)
    if given:
        return given.removeprefix("opensearch+").rstrip("/")
    node = _started()
    if isinstance(node, NodeMissing):
        missing(f"{node}; or name a running server in {URL}")
    if isinstance(node, RuntimeError):
        raise node
    return node.url


def opensearch_node() -> OpenSearchNode:
    """The session's own node, to be killed or stopped and started again by a test.

    Skips the test where a running server was named: that one is not ours to kill.
    """
    if os.environ.get(URL):
        missing(f"{URL} names a server that is not the tests' own; unset it")
    opensearch_url()
    node = _started()
    assert isinstance(node, OpenSearchNode)
    return node

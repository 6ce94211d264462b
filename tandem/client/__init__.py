"""A client of ``tandem serve``: ``Client(url)`` searches, suggests and tells events; what it is
given and gives back are the words of the ground floor, and the server's errors are raised as what
they are there.
"""

from tandem.client.client import Client
from tandem.client.replies import Readiness, Rejected, Sent, Suggested
from tandem.client.transport import Refused, ServerFailed, ServerUnavailable

__all__ = [
    "Client",
    "Readiness",
    "Refused",
    "Rejected",
    "Sent",
    "ServerFailed",
    "ServerUnavailable",
    "Suggested",
]

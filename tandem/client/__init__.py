"""A client of ``tandem serve``: ``Client(url)`` searches, suggests, writes and tells events; what
it is given and gives back are the words of the ground floor, and the server's errors are raised as
what they are there.
"""

from tandem.client.client import Client
from tandem.client.errors import Refused, ServerFailed, ServerUnavailable
from tandem.client.replies import (
    Erased,
    Readiness,
    Rejected,
    Sent,
    Stored,
    Suggested,
    Suggestion,
    Written,
    WrittenLine,
)
from tandem.client.writing import Delete, Patch, Put, Write

__all__ = [
    "Client",
    "Delete",
    "Erased",
    "Patch",
    "Put",
    "Readiness",
    "Refused",
    "Rejected",
    "Sent",
    "ServerFailed",
    "ServerUnavailable",
    "Stored",
    "Suggested",
    "Suggestion",
    "Write",
    "Written",
    "WrittenLine",
]

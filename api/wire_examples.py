"""What requests and replies look like, for OpenAPI: short, and true to their models."""

from typing import Any

QUERY_ID = "a20b046cf68141fe9aacb1eb0d3163a0"

SEARCH_BODY: dict[str, Any] = {
    "q": "how do I get my money back",
    "filter": {"year": {"gte": 2020}},
    "facets": ["year"],
    "limit": 10,
}
SEARCH_REPLY: dict[str, Any] = {
    "query_id": QUERY_ID,
    "configuration": "hybrid",
    "release": 1,
    "hits": [
        {
            "document_id": "d3",
            "rank": 1,
            "score": 0.838,
            "title": "Refunds",
            "body": "Your money back within 30 days.",
            "updated_at": None,
            "highlights": {
                "title": None,
                "body": "Your <mark>money</mark> <mark>back</mark> within 30 days.",
                "is_passage": False,
            },
            "attributes": {"year": 2021},
        }
    ],
    "total": 1,
    "reachable": 1,
    "frozen": True,
    "facets": {"year": [{"value": "2021", "count": 1}]},
    "cursor": None,
    "did_you_mean": None,
    "degraded": [],
    "milliseconds": {"retrieval": 1.9, "total": 3.1},
}
SUGGEST_REPLY: dict[str, Any] = {
    "suggestions": [
        {"text": "refund after 30 days", "kind": "query"},
        {"text": "Refunds", "kind": "title"},
    ],
    "degraded": [],
    "milliseconds": {"total": 1.2},
}
EVENT: dict[str, Any] = {
    "action_name": "click",
    "timestamp": "2026-11-21T09:30:00Z",
    "query_id": QUERY_ID,
    "user_id": "u-17",
    "session_id": "s-4",
    "event_attributes": {"object": {"object_id": "d3"}, "position": {"ordinal": 1}},
}
EVENTS_REPLY: dict[str, Any] = {
    "accepted": 1,
    "duplicates": 0,
    "unknown_query_ids": [],
    "rejected": [],
}
ERASURE_REPLY: dict[str, Any] = {
    "user_id": "u-17",
    "state": "done",
    "asked_at": "2026-11-26T09:30:00Z",
    "done_at": "2026-11-26T09:30:01Z",
    "events": 412,
    "impressions": 96,
    "features": 9,
    "beyond_reach": ["backups that were made before: whoever restores one erases again"],
}
ERASURE_UNDER_WAY: dict[str, Any] = {
    **ERASURE_REPLY, "state": "under_way", "done_at": None, "impressions": 0, "features": 0,
}  # fmt: skip
READY_REPLY: dict[str, Any] = {
    "collection": "main",
    "release": 1,
    "taken_up": True,
    "catalogue": "ok",
    "rules": "ok",
    "legs": {
        "lexical": {"engine": "tantivy", "version": "0.27.0", "state": "ok"},
        "vector": {"engine": "qdrant-edge", "version": "0.9.0", "state": "ok"},
    },
}
RATING: dict[str, Any] = {
    "pool": "autumn",
    "rater": "ann",
    "query_id": "q7",
    "document_id": "d3",
    "grade": 2,
}
RATING_REPLY: dict[str, Any] = {name: RATING[name] for name in ("query_id", "document_id", "grade")}
UNDO: dict[str, Any] = {"pool": "autumn", "rater": "ann"}
POOLS_REPLY: dict[str, Any] = {
    "pools": [{"name": "autumn", "queries": 50, "documents": 812, "fault": None}],
    "grades": [{"grade": 0, "meaning": "not relevant"}],
}
JUDGING_QUERIES_REPLY: dict[str, Any] = {
    "queries": [
        {
            "query_id": "q7",
            "text": "money back",
            "intent": "how a customer gets a refund, and how long it takes",
            "documents": 17,
            "rated": 4,
        }
    ]
}
JUDGING_DOCUMENTS_REPLY: dict[str, Any] = {
    "documents": [
        {"document_id": "d3", "rated": True, "grade": 2},
        {"document_id": "d9", "rated": False, "grade": None},
    ]
}
JUDGING_DOCUMENT_REPLY: dict[str, Any] = {
    "document_id": "d3",
    "gone": False,
    "title": "Refunds",
    "body": "Your money back within 30 days.",
    "attributes": {"year": 2021},
}

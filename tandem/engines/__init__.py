"""One module an engine. An engine stores, matches and scores; it never fuses."""

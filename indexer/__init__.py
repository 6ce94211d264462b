"""Turns records into something findable: sources, validation, the document log, the followers."""

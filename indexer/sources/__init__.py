"""One module a format. A source yields records; it never validates or writes."""

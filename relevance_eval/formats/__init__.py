"""One module a format of judgments and runs. A format reads and writes; it never measures."""

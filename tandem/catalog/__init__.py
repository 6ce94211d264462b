"""The catalogue: the document log, checkpoints, generations and releases."""

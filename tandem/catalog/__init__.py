"""The catalogue: both logs, checkpoints, generations and releases."""

"""Each benchmark prints a table, or with --json an object, and judges nothing."""

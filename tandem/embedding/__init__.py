"""The embedders, and where their weights come from."""

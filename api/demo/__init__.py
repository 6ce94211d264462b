"""The demo: a collection that every machine has, and judgments that say how well it is searched."""

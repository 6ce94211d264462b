"""The entrance. It holds all keys: ``bootstrap`` is the only place that names a concrete engine."""

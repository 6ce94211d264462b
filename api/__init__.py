"""The entrance. It holds all keys: ``bootstrap`` is the only place that names a concrete engine."""

from api.threads import BLAS_THREADS

__all__ = ["BLAS_THREADS"]

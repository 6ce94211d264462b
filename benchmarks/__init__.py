"""Each benchmark prints a table, or with --json an object, and judges nothing."""

# before NumPy is there: with as many threads as the product
from api.threads import BLAS_THREADS

__all__ = ["BLAS_THREADS"]

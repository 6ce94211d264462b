"""The entrance. It holds all keys: ``bootstrap`` is the only place that names a concrete engine."""

import os

# Before NumPy is there: searches are many threads already, and a product of small matrices that is
# divided among them again waits for all of them.
BLAS_THREADS = "1"
os.environ.setdefault("OPENBLAS_NUM_THREADS", BLAS_THREADS)

"""How many threads one product of matrices may take: imported before NumPy is."""

import os

BLAS_THREADS = "1"
"""Searches are many threads already, and a small product that is divided among further ones waits
for all of them.
"""

os.environ.setdefault("OPENBLAS_NUM_THREADS", BLAS_THREADS)

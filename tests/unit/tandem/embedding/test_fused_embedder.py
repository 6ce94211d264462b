"""Batches hold texts of like length, each text once."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tandem.embedding.fused_embedder import _batches


@given(lengths=st.lists(st.integers(0, 256), max_size=300))
def test_every_text_with_tokens_is_in_one_batch(lengths: list[int]) -> None:
    """Nothing is left out or embedded twice, and what has no token is not embedded at all."""
    batches = list(_batches(lengths))
    placed = [index for batch in batches for index in batch]
    assert sorted(placed) == [index for index, length in enumerate(lengths) if length]
    assert all(0 < len(batch) <= 32 for batch in batches)


@given(lengths=st.lists(st.integers(1, 256), max_size=300))
def test_lengths_do_not_overlap_between_batches(lengths: list[int]) -> None:
    """A later batch is never longer than an earlier one's shortest: padding stays small."""
    batches = [[lengths[index] for index in batch] for batch in _batches(lengths)]
    for earlier, later in pairwise(batches):
        assert min(earlier) >= max(later)

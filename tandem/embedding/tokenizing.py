"""Texts to token numbers and token offsets, within a window, however long a text is.

A tokeniser file may ship with padding and truncation switched on (all-MiniLM-L6-v2: 128 tokens,
half of what the model reads); both are switched off here and the window is cut by hand.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, overload

from tandem.errors import ModelError

_SPAN_PIECE = 1 << 16
"""Characters tokenised at a time for offsets, so that memory stays bounded."""

_HEAD_CHARACTERS_PER_TOKEN = 8
"""A first guess at what fills the window; English takes about 5."""

_SPACE = re.compile(r"[ \t\n\r]")
_SPACE_OR_IDEOGRAPH = re.compile(r"[ \t\n\r\u3400-\u4dbf\u4e00-\u9fff]")


class EncodedSpans(Sequence[tuple[int, int]]):
    """The offsets of a tokenised text, looked up one by one: who divides a text needs a few."""

    def __init__(self, encoding: Any) -> None:
        self._encoding = encoding
        self._length = len(encoding)

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> tuple[int, int]: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[tuple[int, int]]: ...
    def __getitem__(self, index: int | slice) -> tuple[int, int] | Sequence[tuple[int, int]]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(self._length))]
        if not -self._length <= index < self._length:
            raise IndexError(index)
        start, end = self._encoding.token_to_chars(index % self._length)
        return start, end

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    def __hash__(self) -> int:
        raise TypeError("offsets equal a list, which has no hash either")


class WindowTokenizer:
    """A BERT tokeniser; ``max_tokens`` counts the two special ones, ``window`` does not."""

    def __init__(self, file: Path, max_tokens: int) -> None:
        from tokenizers import Tokenizer

        try:
            self._tokenizer = Tokenizer.from_file(str(file))
        except Exception as error:  # the library raises bare Exception
            raise ModelError(f"{file} cannot be read as a tokeniser: {error}") from error
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        frame = self._tokenizer.encode("").ids
        if len(frame) != 2 or max_tokens <= 2:
            raise ModelError(
                f"{file}: {len(frame)} special tokens and a window of {max_tokens} in all; "
                "expected 2 special tokens, at the start and the end, and room for more"
            )
        self._first, self._last = frame
        self.window = max_tokens - len(frame)
        # a piece may end before a place where the tokeniser always splits: the tokens of the
        # pieces are then the tokens of the whole
        splits_ideographs = getattr(self._tokenizer.normalizer, "handle_chinese_chars", False)
        self._boundary = _SPACE_OR_IDEOGRAPH if splits_ideographs else _SPACE

    def token_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Each text's first ``window`` tokens in their frame; without a token, an empty list.

        Only as much of a text is tokenised as fills the window.
        """
        found: list[list[int]] = [[] for _ in texts]
        left = list(range(len(texts)))
        size = self.window * _HEAD_CHARACTERS_PER_TOKEN
        while left:
            heads = [texts[index][: self._cut(texts[index], size)] for index in left]
            encodings = self._tokenizer.encode_batch_fast(
                [encodable(head) for head in heads], add_special_tokens=False
            )
            too_short = []
            for index, head, encoding in zip(left, heads, encodings, strict=True):
                ids = encoding.ids[: self.window]
                found[index] = [self._first, *ids, self._last] if ids else []
                if len(ids) < self.window and len(head) < len(texts[index]):
                    too_short.append(index)
            left, size = too_short, size * 4
        return found

    def token_spans(self, texts: Sequence[str]) -> list[Sequence[tuple[int, int]]]:
        """Each text's tokens as (start, end) character offsets, uncut."""
        spans: list[Sequence[tuple[int, int]]] = [()] * len(texts)
        whole = [index for index, text in enumerate(texts) if len(text) <= _SPAN_PIECE]
        encodings = self._tokenizer.encode_batch(
            [encodable(texts[index]) for index in whole], add_special_tokens=False
        )
        for index, encoding in zip(whole, encodings, strict=True):
            spans[index] = EncodedSpans(encoding)
        for index, text in enumerate(texts):
            if len(text) > _SPAN_PIECE:
                spans[index] = list(self._spans(text))
        return spans

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        start = 0
        while start < len(text):
            end = self._cut(text, start + _SPAN_PIECE)
            piece = text[start:end]
            encoding = self._tokenizer.encode(encodable(piece), add_special_tokens=False)
            for token_start, token_end in encoding.offsets:
                yield start + token_start, start + token_end
            start = end

    def _cut(self, text: str, wanted: int) -> int:
        """The first place at or after ``wanted`` where a piece may end."""
        boundary = self._boundary.search(text, wanted)
        return boundary.start() if boundary else len(text)


def encodable(text: str) -> str:
    """Lone surrogates cannot be encoded; each becomes one question mark, so offsets stay."""
    return text.encode("utf-8", "replace").decode("utf-8")

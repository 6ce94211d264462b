"""The text form of LightGBM's models, checked before LightGBM reads it.

LightGBM trusts what it reads: a child that points outside its tree, or back into it, would be read
out of bounds, or walked for ever. What follows the trees (parameters, importances) is left out:
nothing of it is needed to predict.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from tandem.errors import ModelError

if TYPE_CHECKING:
    import lightgbm

VERSION = "v4"
OBJECTIVES = ("lambdarank", "rank_xendcg")
MOST_LEAVES = 1_024
"""Contributions are found by recursion along a tree: it has to end before the stack does."""

_END: Final = "end of trees"
_NUMBER = r"[-+]?[0-9]+(?:\.[0-9]+)?(?:e[-+]?[0-9]{1,3})?"
_NUMBERS = re.compile(rf"{_NUMBER}(?: {_NUMBER})*", re.ASCII)
_ENDLESS = re.compile(r"(?<![^ ])inf(?![^ ])")
_INTEGERS = re.compile(r"-?[0-9]{1,9}(?: -?[0-9]{1,9})*", re.ASCII)
_INFOS = re.compile(
    rf"(?:none|\[{_NUMBER}:{_NUMBER}\])(?: (?:none|\[{_NUMBER}:{_NUMBER}\]))*", re.ASCII
)
_RISES = "monotone_constraints"
_HEADER = ("version", "num_class", "num_tree_per_iteration", "label_index", "max_feature_idx",
           "objective", "feature_names", _RISES, "feature_infos", "tree_sizes")  # fmt: skip
_NODE_INTEGERS = ("split_feature", "decision_type", "left_child", "right_child", "internal_count")
_NODE_NUMBERS = ("split_gain", "threshold", "internal_value", "internal_weight")
_LEAF_NUMBERS = ("leaf_value", "leaf_weight")
_TREE = ("num_leaves", "num_cat", "split_feature", "split_gain", "threshold", "decision_type",
         "left_child", "right_child", "leaf_value", "leaf_weight", "leaf_count", "internal_value",
         "internal_weight", "internal_count", "is_linear", "shrinkage")  # fmt: skip

Fields = Mapping[str, str]

THREADS: Final = 1
"""What LightGBM is told in each call. It keeps the number in one variable of the process, by which
a prediction first sizes its rows and a moment later opens its loop: where another thread tells it a
larger one in between, as a training beside searches would, it writes out of bounds.
"""


@dataclass(frozen=True, slots=True)
class _Header:
    features: tuple[str, ...]
    sizes: tuple[int, ...]


def text_of(booster: "lightgbm.Booster", trees: int | None = None) -> str:
    """The booster as text, without what follows the trees; the first ``trees`` of them, or all."""
    text = booster.model_to_string(num_iteration=-1 if trees is None else trees)
    return text[: text.rindex(f"\n{_END}\n")] + f"\n{_END}\n"


def read_booster(text: str) -> "lightgbm.Booster":
    """The booster of a text, and no more than its trees.

    Raises:
        ModelError: it is not the text of a LightGBM model that ranks, or was altered.
    """
    import lightgbm

    trees = _checked(text)
    try:
        return lightgbm.Booster(model_str=trees)
    except lightgbm.basic.LightGBMError as error:
        raise _fault(f"LightGBM cannot read it: {error}") from error


def _fault(reason: str) -> ModelError:
    return ModelError(
        f"model.txt: {reason}",
        hint="expected the text of a LightGBM 4 model, as `tandem train` makes it",
    )


def _checked(text: str) -> str:
    """The text up to the end of its trees."""
    if not text.isascii() or "\r" in text or "\0" in text:
        raise _fault("holds characters that LightGBM does not write")
    head, _, rest = text.partition("\n\n")
    header = _header(head)
    for number, size in enumerate(header.sizes):
        tree, rest = rest[:size], rest[size:]
        if len(tree) < size:
            raise _fault(f"ends inside tree {number}")
        try:
            _check_tree(tree, number, len(header.features))
        except ValueError as error:
            raise _fault(f"tree {number}: {error}") from None
    if not rest.startswith(f"{_END}\n"):
        raise _fault(f"{_END!r} does not follow the {len(header.sizes)} trees that it announces")
    return text[: len(text) - len(rest)] + f"{_END}\n"


def _header(head: str) -> _Header:
    first, _, lines = head.partition("\n")
    if first != "tree":
        raise _fault("does not begin as the text of a LightGBM model")
    try:
        named = [name for name in _HEADER if name != _RISES or f"\n{_RISES}=" in lines]
        said = _fields(lines, named)
        for name, expected in (
            ("version", (VERSION,)),
            ("num_class", ("1",)),
            ("num_tree_per_iteration", ("1",)),
            ("label_index", ("0",)),
            ("objective", OBJECTIVES),
        ):
            if said[name] not in expected:
                raise ValueError(f"{name} is {said[name]!r}, expected {' or '.join(expected)}")
        features = tuple(said["feature_names"].split(" "))
        sizes = _integers(said, "tree_sizes", len(said["tree_sizes"].split(" ")))
        (last,) = _integers(said, "max_feature_idx", 1)
        if _RISES in said:
            _integers(said, _RISES, len(features))
        infos = said["feature_infos"]
        if not _INFOS.fullmatch(infos) or len(infos.split(" ")) != len(features):
            raise ValueError(f"feature_infos: expected the ranges of {len(features)} features")
    except ValueError as error:
        raise _fault(f"header: {error}") from None
    if last + 1 != len(features) or not all(features) or len({*features}) < len(features):
        raise _fault(f"header: expected {last + 1} different feature names")
    if min(sizes) <= 0:
        raise _fault("header: expected sizes above 0")
    return _Header(features, tuple(int(size) for size in sizes))


def _fields(lines: str, names: Sequence[str]) -> Fields:
    """The value of each name, which stand in that order, one a line, no line between them.

    LightGBM reads up to an empty line, and of a name that is there twice the one or the other.
    """
    pairs = [line.partition("=") for line in lines.split("\n")]
    found = [name for name, _, _ in pairs]
    for name, expected in zip_longest(found, names):
        if name != expected:
            raise ValueError(f"{name!r} where {expected!r} is expected")
    return {name: value for name, _, value in pairs}


def _integers(said: Fields, name: str, count: int) -> npt.NDArray[np.int64]:
    if not _INTEGERS.fullmatch(said[name]):
        raise ValueError(f"{name}: expected whole numbers")
    values = said[name].split(" ")
    if len(values) != count:
        raise ValueError(f"{name}: expected {count} numbers, found {len(values)}")
    return np.array(values, dtype=np.int64)


def _check_numbers(said: Fields, name: str, count: int) -> None:
    # a threshold without an end tells what is known from what is not
    told = _ENDLESS.sub("0", said[name]) if name == "threshold" else said[name]
    if not _NUMBERS.fullmatch(told):
        raise ValueError(f"{name}: expected numbers")
    values = np.array(told.split(" "), dtype=np.float64)
    if len(values) != count or not np.isfinite(values).all():
        raise ValueError(f"{name}: expected {count} finite numbers, found {len(values)}")


def _check_tree(tree: str, number: int, features: int) -> None:
    first, _, lines = tree.partition("\n")
    if first != f"Tree={number}" or not tree.endswith("\n"):
        raise ValueError("does not stand where it is announced")
    said = _fields(lines.rstrip("\n"), _TREE)
    leaves = int(_integers(said, "num_leaves", 1)[0])
    if not 1 <= leaves <= MOST_LEAVES:
        raise ValueError(f"{leaves} leaves, expected 1 to {MOST_LEAVES}")
    if said["num_cat"] != "0" or said["is_linear"] != "0":
        raise ValueError("has categories or linear leaves, which no feature needs")
    _check_numbers(said, "shrinkage", 1)
    if leaves == 1:
        _check_numbers(said, "leaf_value", 1)
        return
    nodes = leaves - 1
    integers = {name: _integers(said, name, nodes) for name in _NODE_INTEGERS}
    for name in _NODE_NUMBERS:
        _check_numbers(said, name, nodes)
    for name in _LEAF_NUMBERS:
        _check_numbers(said, name, leaves)
    counts = np.concatenate([_integers(said, "leaf_count", leaves), integers["internal_count"]])
    if not 0 <= integers["split_feature"].min() <= integers["split_feature"].max() < features:
        raise ValueError(f"split_feature: expected 0 to {features - 1}")
    if not np.isin(integers["decision_type"], (0, 2, 4, 6, 8, 10)).all():
        raise ValueError("decision_type: expected comparisons of numbers")
    if counts.min() < 1:
        raise ValueError("a node or leaf counts no row")
    _check_shape(integers["left_child"], integers["right_child"])


def _check_shape(left: npt.NDArray[np.int64], right: npt.NDArray[np.int64]) -> None:
    """Every node but the first, and every leaf (-1, -2, ...), is the child of one earlier node."""
    nodes = len(left)
    children = np.concatenate([left, right])
    if sorted(children) != [*range(-nodes - 1, 0), *range(1, nodes)]:
        raise ValueError("a node or leaf is not the child of one node")
    if (children <= np.tile(np.arange(nodes), 2))[children > 0].any():
        raise ValueError("a node stands before its parent")

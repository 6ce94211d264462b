"""A text is checked before LightGBM reads it: nothing of it may crash or hang the process."""

import os
import re
import signal
import sys
from dataclasses import replace
from pathlib import Path
from subprocess import run

import lightgbm
import numpy as np
import pytest

from rerank.model_text import read_booster, text_of
from rerank.training.lambdamart import FitOptions, fit
from tandem.errors import ModelError
from tests.training_sets import training_set

ROOT = Path(__file__).parents[3]
ROWS = np.random.default_rng(5).normal(size=(50, 4)).astype(np.float32)
TEXT = text_of(
    fit(
        training_set(30),
        None,
        FitOptions(
            trees=4,
            leaves=5,
            rows_in_leaf=20,
            row_share=0.8,
            feature_share=0.8,
            l2=1.0,
            learning_rate=0.05,
            truncation=30,
        ),
    )
)


def test_a_text_comes_back_as_it_was() -> None:
    """The same predictions, and the same text again."""
    booster = read_booster(TEXT)
    assert text_of(booster) == TEXT
    assert booster.num_trees() == 4
    assert np.array_equal(
        np.asarray(booster.predict(ROWS)),
        np.asarray(lightgbm.Booster(model_str=TEXT).predict(ROWS)),
    )


def test_what_follows_the_trees_is_left_out() -> None:
    """Parameters are for training; a file name among them is never looked at."""
    longer = TEXT + "\nparameters:\n[forcedsplits_filename: /etc/passwd]\nend of parameters\n"
    assert text_of(read_booster(longer)) == TEXT


def test_a_model_of_one_leaf_can_be_read() -> None:
    """LightGBM makes one where nothing can be split."""
    data = lightgbm.Dataset(
        np.zeros((10, 2)), label=[0, 1] * 5, group=[10], params={"verbosity": -1}
    )
    stump = lightgbm.train({"objective": "lambdarank", "verbosity": -1}, data, 2)
    assert np.asarray(read_booster(text_of(stump)).predict(np.ones((3, 2)))).tolist() == [0, 0, 0]


def changed(pattern: str, replacement: str) -> str:
    """The text with the first match replaced by something of the same length, as sizes are told."""
    found = re.search(pattern, TEXT, re.MULTILINE)
    assert found is not None
    wanted = found.expand(replacement)
    return TEXT.replace(found[0], wanted.ljust(len(found[0]), "0"), 1)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "does not begin"),
        ("\x80\x04\x95", "characters that LightGBM does not write"),
        ("tree\n", "header: '' where 'version' is expected"),
        (TEXT.replace("version=v4", "version=v3"), "version is 'v3'"),
        (TEXT.replace("objective=lambdarank", "objective=binary"), "objective is 'binary'"),
        (TEXT.replace("num_class=1", "num_class=2"), "num_class is '2'"),
        (TEXT.replace("label_index=0", "label_index=0\naverage_output"), "average_output"),
        (TEXT.replace("max_feature_idx=3", "max_feature_idx=9"), "10 different feature names"),
        (TEXT.replace("feature_names=useful noise ", "feature_names=useful useful "), "different"),
        (TEXT.replace("tree_sizes=", "tree_sizes=-"), "sizes above 0"),
        (TEXT.replace("tree_sizes=", "tree_sizes=9"), "ends inside tree 0|tree 0: "),
        (TEXT[: len(TEXT) // 2], "ends inside tree"),
        (TEXT.replace("\nend of trees\n", "\nend of tree\n"), "does not follow the 4 trees"),
        (changed(r"^Tree=0$", "Tree=1"), "tree 0: does not stand where"),
        (changed(r"^num_leaves=5$", "num_leaves=6"), "tree 0: .*expected 5"),
        (changed(r"^num_leaves=5$", "num_leaves=x"), "num_leaves: expected whole numbers"),
        (changed(r"^num_cat=0$", "num_cat=1"), "categories"),
        (changed(r"^is_linear=0$", "is_linear=1"), "linear"),
        (changed(r"^split_feature=\d", "split_feature=7"), "split_feature: expected 0 to 3"),
        (changed(r"^decision_type=\d", "decision_type=1"), "comparisons of numbers"),
        (changed(r"^left_child=-?\d", "left_child=0"), "left_child: |child of one node"),
        (changed(r"^leaf_count=\d+", "leaf_count=0"), "counts no row"),
        (changed(r"^leaf_value=\S+", "leaf_value=nan"), "leaf_value: expected numbers"),
        (changed(r"^leaf_value=(-?0\.\d+)\d{4} ", r"leaf_value=\1e999 "), "finite numbers"),
        (changed(r"^threshold=(\S+) \S+", r"threshold=\1"), "threshold: expected"),
        (changed(r"^shrinkage=", "shrinkagg="), "'shrinkagg' where 'shrinkage' is"),
        (changed(r"^leaf_value=-", "\nleaf_value="), "'' where 'leaf_value' is expected"),
        (changed(r"^is_linear=0\nshrinkage=", "shrinkage=1\nshrinkag="), "'is_linear' is expected"),
        (TEXT.replace("feature_infos=[", "feature_infos=["[:-1] + "="), "feature_infos: expected"),
    ],
)
def test_what_is_not_such_a_text_is_refused(text: str, reason: str) -> None:
    """With the place and what was expected there."""
    with pytest.raises(ModelError, match=reason):
        read_booster(text)


def test_a_tree_that_bites_its_tail_is_refused() -> None:
    """LightGBM would walk it for ever."""
    lines = TEXT.split("\n")
    at = next(place for place, line in enumerate(lines) if line.startswith("left_child="))
    children = lines[at].removeprefix("left_child=").split(" ")
    inner = next(place for place, child in enumerate(children) if int(child) > 0)
    children[inner] = "0"
    lines[at] = "left_child=" + " ".join(children)
    with pytest.raises(ModelError, match="child of one node"):
        read_booster("\n".join(lines))


FUZZ = """
import random, sys
import numpy as np
from rerank.model_text import read_booster
from tandem.errors import ModelError
text, refused = open(sys.argv[1], encoding="ascii").read(), 0
rows = np.random.default_rng(5).normal(size=(50, 4)).astype(np.float32)
chance = random.Random(7)
for _ in range(1500):
    broken = list(text)
    for _ in range(chance.choice((1, 1, 2, 8))):
        place = chance.randrange(len(broken))
        broken[place] = chance.choice(("", "0", "9", "-", " ", "\\n", "=", "e", ".", "x", "7 7"))
    try:
        booster = read_booster("".join(broken))
    except ModelError:
        refused += 1
        continue
    booster.predict(rows, num_threads=1)
    booster.predict(rows[:2], num_threads=1, pred_contrib=True)
print(refused)
"""


def test_no_altered_text_harms_the_process(tmp_path: Path) -> None:
    """Each is refused, or predicts and explains; a crash would end the process by a signal."""
    file = tmp_path / "model.txt"
    file.write_text(TEXT, encoding="ascii")
    done = run(
        [sys.executable, "-c", FUZZ, str(file)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    died = f"died of {signal.Signals(-done.returncode).name}" if done.returncode < 0 else ""
    assert done.returncode == 0, died + done.stderr
    assert 500 < int(done.stdout) < 1500


def test_a_feature_that_matters_by_being_known() -> None:
    """LightGBM splits what is known from what is not at a threshold without an end."""
    known = training_set(60).only(("noise",))
    groups = []
    for group in known.groups:
        values = np.where(group.grades[:, None] > 1, group.values, np.float32("nan"))
        groups.append(replace(group, values=values))
    booster = fit(replace(known, groups=tuple(groups)), None, FitOptions(trees=3))
    text = text_of(booster)
    assert "inf" in text
    assert text_of(read_booster(text)) == text

"""Examples from tables: the ones brought along, and tables that nothing can be learnt from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from realnet_hw.errors import InputError
from realnet_hw.learn.data_set import load, shipped


def test_iris_is_fishers_table() -> None:
    """Ref: scikit-learn, sklearn/datasets/descr/iris.rst, "Summary Statistics"."""
    rows = [row.split(",") for row in shipped()["iris"].read_text("ascii").split()[1:]]
    numbers = np.array([row[:4] for row in rows], float)
    assert numbers.min(axis=0).tolist() == [4.3, 2.0, 1.0, 0.1]
    assert numbers.max(axis=0).tolist() == [7.9, 4.4, 6.9, 2.5]
    assert numbers.mean(axis=0) == pytest.approx([5.84, 3.05, 3.76, 1.20], abs=0.008)
    assert numbers.std(axis=0) == pytest.approx([0.83, 0.43, 1.76, 0.76], abs=0.006)
    # The two that UCI's copy has wrong.
    assert rows[34] == ["4.9", "3.1", "1.5", "0.2", "setosa"]
    assert rows[37] == ["4.9", "3.6", "1.4", "0.1", "setosa"]
    assert [row[4] for row in rows] == ["setosa"] * 50 + ["versicolor"] * 50 + ["virginica"] * 50


def test_iris_is_scaled_and_every_third_flower_is_held_out() -> None:
    data = load("iris")
    assert data.values.min(axis=0).tolist() == [0.0] * 4
    assert data.values.max(axis=0).tolist() == [1.0] * 4
    assert data.held_out.nonzero()[0][:3].tolist() == [2, 5, 8]
    assert data.wanted[data.held_out].sum(axis=0).tolist() == [16, 16, 16]
    assert (data.kind, data.answer) == ("analogue", "largest")


@pytest.mark.parametrize("name", ["xor", "parity3"])
def test_tables_of_bits_are_judged_by_their_own_rows(name: str) -> None:
    data = load(name)
    assert np.array_equal(data.wanted[:, 0], data.values.sum(axis=1) % 2)
    assert len(data.values) == 2 ** len(data.inputs)
    assert not data.held_out.any()
    assert data.judged.all()
    assert (data.kind, data.answer) == ("bits", "level")


def test_an_answer_is_right_when_it_is_the_largest_or_beyond_its_threshold() -> None:
    flowers, bits = load("iris"), load("xor")
    first = np.arange(150) == 0
    outputs = np.array([[[0.4, 0.1, 0.2]], [[0.4, 0.4, 0.2]], [[0.1, 0.4, 0.2]]])
    assert flowers.right(outputs, first, 0, 0)[:, 0].tolist() == [True, False, False]
    levels = np.array([[[0.1], [0.9], [0.9], [0.1]], [[0.4], [0.9], [0.6], [0.1]]])
    found = bits.right(levels, bits.judged, 0.3, 0.7)
    assert found.tolist() == [[True] * 4, [False, True, False, True]]


BAD = {
    "": "no rows",
    "1,2,x\n3,4,y\n": "first row has 1 in it",
    "A\n1\n": "only column is 'A'",
    "A,b c,D\n1,2,x\n": "'b c' is no name of a column",
    "A,B,D\n1,2,x\n1,2\n": "bad.csv:3: 2 columns",
    "A,B,D\n1,,x\n1,2,y\n": "bad.csv:2: nothing in column B",
    "A,B,D\n1,nan,x\n1,2,y\n": "bad.csv:2: 'nan' in column B",
    "A,B,D\n1,big,x\n1,2,y\n": "'big' in column B",
    "A,B,D\n1,1e999,x\n1,2,y\n": "'1e999' in column B",
    "A,B,D\n1;2,3,x\n1,2,y\n": "'1;2' in column A",
    "A,D\n1,x\n1,x\n": "D is 'x' in every example",
    "A,D\n0.1,0\n0.2,1\n0.3,2\n": "bad.csv:2: '0' in column D",
    "A,B,D\n1,2,x\n1,3,y\n1,4,x\n1,5,y\n1,6,x\n1,7,y\n": "A is 1 in every example",
    "A,B,D\n0,1,0\n1,1,1\n0,1,1\n": "bad.csv:4: the inputs of line 2, which is 0, and 1 here",
    "A,D\n0.1,x\n0.2,y\n0.3,x\n0.4,x\n": "1 of y",
    "A,a,D\n0,1,0\n1,0,1\n": "two inputs or classes are called a",
    "A,D\n1,x\n": "1 examples",
}


@pytest.mark.parametrize("text", BAD, ids=BAD.values())
def test_a_table_of_which_nothing_can_be_learnt_is_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    file.write_text(text, "utf-8")
    with pytest.raises(InputError) as refusal:
        load(str(file))
    assert BAD[text] in str(refusal.value)
    # Each says what is expected or what to do.
    assert refusal.value.allowed or refusal.value.mend


def test_a_data_set_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(InputError, match=r"iris, .*xor, or the path of a CSV file"):
        load("flowers")

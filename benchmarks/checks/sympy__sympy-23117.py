"""sympy 23117: Array([]) must give an empty array instead of failing."""


def test_reported_example():
    from sympy import Array

    a = Array([])
    assert len(a) == 0
    assert list(a) == []
    assert isinstance(str(a), str)


def test_other_classes_and_empty_iterables():
    from sympy import (
        Array,
        ImmutableSparseNDimArray,
        MutableDenseNDimArray,
        MutableSparseNDimArray,
    )

    for cls in (
        MutableDenseNDimArray,
        ImmutableSparseNDimArray,
        MutableSparseNDimArray,
    ):
        assert len(cls([])) == 0
    assert len(Array(())) == 0


def test_other_arrays_unchanged():
    import pytest
    from sympy import Array

    assert Array([1, 2]).shape == (2,)
    assert Array([[1, 2, 3], [4, 5, 6]]).shape == (2, 3)
    assert Array(5).shape == ()
    with pytest.raises(ValueError):
        Array([[1, 2], [3]])

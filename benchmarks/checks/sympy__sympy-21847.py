"""sympy 21847: itermonomials with min_degrees must select by total degree."""


def test_reported_example():
    import sympy as sp

    x1, x2, x3 = states = sp.symbols("x1, x2, x3")
    found = list(sp.itermonomials(states, 3, min_degrees=3))
    assert len(found) == 10
    assert set(found) == {
        x1**3,
        x2**3,
        x3**3,
        x1**2 * x2,
        x1**2 * x3,
        x2**2 * x1,
        x2**2 * x3,
        x3**2 * x1,
        x3**2 * x2,
        x1 * x2 * x3,
    }


def test_maximum_above_minimum():
    import sympy as sp

    a, b = sp.symbols("a b")
    assert set(sp.itermonomials([a, b], 3, min_degrees=2)) == {
        a**2,
        a * b,
        b**2,
        a**3,
        a**2 * b,
        a * b**2,
        b**3,
    }
    assert set(sp.itermonomials([a, b], 4, 4)) == {
        a**4,
        a**3 * b,
        a**2 * b**2,
        a * b**3,
        b**4,
    }


def test_non_commutative_symbols():
    import sympy as sp

    a, b = sp.symbols("a b", commutative=False)
    assert set(sp.itermonomials([a, b], 2, 2)) == {a**2, a * b, b * a, b**2}


def test_other_calls_unchanged():
    import sympy as sp

    a, b = sp.symbols("a b")
    assert set(sp.itermonomials([a, b], 2)) == {1, a, b, a**2, a * b, b**2}
    assert set(sp.itermonomials([a, b], 1, 1)) == {a, b}
    assert set(sp.itermonomials([a, b], 1, 2)) == set()
    assert set(sp.itermonomials([a, b], [1, 2], [0, 1])) == {b, b**2, a * b, a * b**2}

"""sympy 14817: pretty printing a MatAdd whose symbols have names that cannot be parsed must not fail."""


def test_reported_example():
    from sympy import MatrixSymbol, Symbol, pretty

    n = Symbol("n")
    expr = MatrixSymbol("x", n, n) + MatrixSymbol("y*", n, n)
    for use_unicode in (True, False):
        assert pretty(expr, use_unicode=use_unicode) in ("x + y*", "y* + x")


def test_other_names():
    from sympy import MatrixSymbol, pretty

    first, second, third = (MatrixSymbol(name, 3, 2) for name in ("a(", "b+", "c]"))
    text = pretty(first + second + third)
    assert sorted(text.split(" + ")) == ["a(", "b+", "c]"]


def test_ordinary_sums_and_differences():
    from sympy import MatrixSymbol, pretty

    x, y = MatrixSymbol("X", 2, 2), MatrixSymbol("Y", 2, 2)
    assert pretty(x + y) == "X + Y"
    assert pretty(x - y).replace(" ", "") in ("X-Y", "-Y+X")

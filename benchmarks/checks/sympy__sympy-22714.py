"""sympy 22714: points with real coordinates must be creatable under evaluate(False)."""


def test_reported_example():
    import sympy as sp

    with sp.evaluate(False):
        point = sp.S("Point2D(Integer(1),Integer(2))")
    assert isinstance(point, sp.Point2D)
    assert point.args == (1, 2)
    assert point == sp.Point2D(1, 2)


def test_other_points():
    import sympy as sp

    x = sp.Symbol("x", real=True)
    with sp.evaluate(False):
        flat = sp.Point(-3, sp.Rational(1, 2))
        solid = sp.Point3D(1, x, 5)
        parsed = sp.sympify("Point(4, 7)")
    assert flat == sp.Point2D(-3, sp.Rational(1, 2))
    assert solid == sp.Point3D(1, x, 5)
    assert parsed == sp.Point2D(4, 7)


def test_imaginary_coordinates_still_refused():
    import pytest
    import sympy as sp

    with pytest.raises(ValueError):
        sp.Point(3, sp.I)
    with pytest.raises(ValueError):
        sp.Point(2 * sp.I, 1, 0)
    assert sp.S("Point2D(Integer(1),Integer(2))", evaluate=False) == sp.Point2D(1, 2)

"""sympy 24213: _collect_factor_and_dimension must accept sums of equivalent dimensions."""


def _quantity(name, dimension, factor):
    from sympy.physics import units
    from sympy.physics.units.systems.si import SI

    quantity = units.Quantity(name)
    SI.set_quantity_dimension(quantity, dimension)
    SI.set_quantity_scale_factor(quantity, factor)
    return quantity


def test_reported_example():
    from sympy.physics import units
    from sympy.physics.units.systems.si import SI

    v1 = _quantity("v1", units.velocity, 2 * units.meter / units.second)
    a1 = _quantity("a1", units.acceleration, -9.8 * units.meter / units.second**2)
    t1 = _quantity("t1", units.time, 5 * units.second)
    for expr, value in ((a1 * t1 + v1, -47), (2 * v1 - a1 * t1, 53)):
        factor, dim = SI._collect_factor_and_dimension(expr)
        assert abs(float(factor) - value) < 1e-9
        assert SI.get_dimension_system().equivalent_dims(dim, units.velocity)


def test_energy_sum():
    from sympy.physics import units
    from sympy.physics.units.systems.si import SI

    force = _quantity("f2", units.force, 3 * units.newton)
    way = _quantity("s2", units.length, 4 * units.meter)
    heat = _quantity("q2", units.energy, 5 * units.joule)
    factor, dim = SI._collect_factor_and_dimension(force * way + heat)
    alone, _ = SI._collect_factor_and_dimension(heat)
    assert abs(float(factor / alone) - 17 / 5) < 1e-9
    assert SI.get_dimension_system().equivalent_dims(dim, units.energy)


def test_really_different_dimensions_still_refused():
    import pytest
    from sympy.physics import units
    from sympy.physics.units.systems.si import SI

    v = _quantity("v3", units.velocity, 2 * units.meter / units.second)
    t = _quantity("t3", units.time, 5 * units.second)
    with pytest.raises(ValueError):
        SI._collect_factor_and_dimension(v + t)
    with pytest.raises(ValueError):
        SI._collect_factor_and_dimension(v * t + v)
    factor, dim = SI._collect_factor_and_dimension(t + units.second)
    assert factor == 6 and SI.get_dimension_system().equivalent_dims(dim, units.time)

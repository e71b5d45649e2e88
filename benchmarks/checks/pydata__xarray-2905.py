"""xarray 2905: assigning an object that has a `values` attribute must store the object itself."""


def test_reported_example():
    import xarray as xr

    class HasValues(object):
        values = 5

    obj = HasValues()
    arr = xr.DataArray([None])
    arr.loc[{"dim_0": 0}] = obj
    assert arr.values[0] is obj


def test_variable_and_positional_index():
    import numpy as np
    import xarray as xr

    class Fit:
        def __init__(self, values):
            self.values = values

    var = xr.Variable(("x",), np.array([None, None, None], dtype=object))
    first, second = Fit({"slope": 1.5}), Fit(np.arange(4))
    var[0] = first
    var[{"x": 2}] = second
    assert var.values[0] is first and var.values[1] is None and var.values[2] is second


def test_array_likes_still_assign_their_values():
    import numpy as np
    import pandas as pd
    import xarray as xr

    arr = xr.DataArray(np.zeros(3), dims="x")
    arr[:] = pd.Series([1.0, 2.0, 3.0])
    assert arr.values.tolist() == [1.0, 2.0, 3.0]
    arr[:] = xr.DataArray([4.0, 5.0, 6.0], dims="x")
    assert arr.values.tolist() == [4.0, 5.0, 6.0]
    arr[:2] = pd.Index([7.0, 8.0])
    assert arr.values.tolist() == [7.0, 8.0, 6.0]
    arr[2] = xr.Variable((), 9.0)
    assert arr.values.tolist() == [7.0, 8.0, 9.0]

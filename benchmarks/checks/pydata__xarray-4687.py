"""xarray 4687: xr.where must preserve attributes, by default or at least with keep_attrs=True."""


def _where_attrs(cond, x, y):
    import xarray as xr

    result = xr.where(cond, x, y)
    if not result.attrs:
        try:
            result = xr.where(cond, x, y, keep_attrs=True)
        except TypeError:
            pass
    return dict(result.attrs)


def test_reported_example():
    import xarray as xr

    da = xr.DataArray(1)
    da.attrs["foo"] = "bar"
    assert _where_attrs(da == 0, -1, da) == {"foo": "bar"}


def test_attributes_of_the_second_argument():
    import numpy as np
    import xarray as xr

    data = xr.DataArray(np.ones([3, 2], dtype=np.int8), dims=("x", "y"))
    data.attrs["attr_1"] = "test1"
    data.attrs["attr_2"] = "test2"
    assert _where_attrs(data == 1, data, 0) == {"attr_1": "test1", "attr_2": "test2"}


def test_values_unchanged():
    import xarray as xr

    da = xr.DataArray([1, 2, 3], dims="x", attrs={"units": "m"})
    xr.testing.assert_equal(
        xr.where(da > 1, da, -1), xr.DataArray([-1, 2, 3], dims="x")
    )
    assert xr.where(da.values > 1, 5, 0).tolist() == [0, 5, 5]
    assert da.attrs == {"units": "m"}

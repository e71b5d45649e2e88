"""seaborn 3069: Nominal scales drawn like categorical axes: limits +/- 0.5, no grid, inverted y."""


def _axes(p):
    import matplotlib.pyplot as plt

    plt.close("all")
    fig = plt.figure()
    p.on(fig).plot()
    fig.canvas.draw()
    return fig.axes[0]


def _grid(axis):
    return any(line.get_visible() for line in axis.get_gridlines())


def test_inferred_nominal_on_x():
    import pytest
    import seaborn.objects as so

    ax = _axes(so.Plot(x=["a", "b", "c"], y=[1, 2, 4]).add(so.Dot()))
    assert ax.get_xlim() == pytest.approx((-0.5, 2.5))
    assert not _grid(ax.xaxis)
    assert _grid(ax.yaxis)
    assert ax.get_ylim()[0] < ax.get_ylim()[1]


def test_inferred_nominal_on_y_is_inverted():
    import pytest
    import seaborn.objects as so

    ax = _axes(so.Plot(x=[3, 1, 7, 5], y=["p", "q", "r", "s"]).add(so.Dot()))
    assert ax.get_ylim() == pytest.approx((3.5, -0.5))
    assert not _grid(ax.yaxis)
    assert _grid(ax.xaxis)
    assert ax.get_xlim()[0] < ax.get_xlim()[1]


def test_explicit_nominal_scale():
    import pytest
    import seaborn.objects as so

    ax = _axes(
        so.Plot(x=[10, 20, 10, 40], y=[1, 2, 3, 4]).add(so.Dot()).scale(x=so.Nominal())
    )
    assert ax.get_xlim() == pytest.approx((-0.5, 2.5))
    assert not _grid(ax.xaxis)


def test_numeric_axes_unchanged():
    import seaborn.objects as so

    ax = _axes(so.Plot(x=[0, 1, 2], y=[0, 1, 2]).add(so.Dot()))
    for low, high in (ax.get_xlim(), ax.get_ylim()):
        assert -0.5 < low < 0 and 2 < high < 2.5
    assert _grid(ax.xaxis) and _grid(ax.yaxis)

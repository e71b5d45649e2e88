"""sympy 13471: expressions with floats pickled by Python 2 must load in Python 3 (mantissa like '1L')."""

import pickle

HEAD = b"\x80\x02csympy.core.numbers\nFloat\nq\x00"


def _python2_float(sign, mantissa, exponent, bitcount):
    """Protocol 2 bytes of a Float as Python 2 writes them: the mantissa is a str ending in L."""
    text = mantissa.encode() + b"L"
    return (
        HEAD
        + b"(K"
        + bytes([sign])
        + b"U"
        + bytes([len(text)])
        + text
        + b"q\x01"
        + b"J"
        + exponent.to_bytes(4, "little", signed=True)
        + b"K"
        + bytes([bitcount])
        + b"tq\x02\x85q\x03Rq\x04}q\x05U\x05_precq\x06K5sb."
    )


def test_reported_expression():
    from sympy import symbols

    data = (
        b"\x80\x02csympy.core.add\nAdd\nq\x00csympy.core.numbers\nFloat\nq\x01(K\x00U\x021Lq\x02K\x00K\x01tq\x03"
        b"\x85q\x04Rq\x05}q\x06U\x05_precq\x07K5sbcsympy.core.symbol\nSymbol\nq\x08U\x01xq\t\x85q\nRq\x0b}q\x0c"
        b"U\x0c_assumptionsq\rcsympy.core.assumptions\nStdFactKB\nq\x0e)\x81q\x0fU\x0bcommutativeq\x10\x88s}q\x11"
        b"U\n_generatorq\x12}q\x13sbsb\x86q\x14Rq\x15}q\x16b."
    )
    x = symbols("x")
    assert pickle.loads(data) == x + 1.0


def test_other_numbers():
    from sympy import Float

    assert pickle.loads(_python2_float(0, "5", -1, 3)) == Float(2.5)
    loaded = pickle.loads(_python2_float(1, "1999999999999b", -56, 53))
    assert loaded._mpf_ == (1, 0x1999999999999B, -56, 53)


def test_pickles_of_this_python_unchanged():
    from sympy import Float, pi, symbols

    x = symbols("x")
    for expr in (x + 1.0, Float("0.1", 40), Float(-2.5), pi.evalf(30) * x**2):
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
            assert pickle.loads(pickle.dumps(expr, protocol)) == expr

"""sympy 18621: a BlockDiagMatrix of one matrix must convert to an ordinary Matrix."""


def test_reported_example():
    import sympy

    M = sympy.Matrix([[1, 2], [3, 4]])
    D = sympy.BlockDiagMatrix(M)
    B = sympy.Matrix(D)
    assert B == M and B.shape == (2, 2)


def test_other_shapes_and_access():
    import sympy

    x = sympy.Symbol("x")
    M = sympy.ImmutableMatrix([[x, 2, 3], [4, 5, x**2]])
    D = sympy.BlockDiagMatrix(M)
    assert D.shape == (2, 3)
    assert D.as_explicit() == M
    assert D[1, 2] == x**2
    assert sympy.Matrix(sympy.BlockDiagMatrix(sympy.Matrix([[7]]))) == sympy.Matrix(
        [[7]]
    )


def test_two_blocks_unchanged():
    import sympy

    M = sympy.Matrix([[1, 2], [3, 4]])
    assert sympy.Matrix(sympy.BlockDiagMatrix(M, M)) == sympy.Matrix(
        [[1, 2, 0, 0], [3, 4, 0, 0], [0, 0, 1, 2], [0, 0, 3, 4]]
    )

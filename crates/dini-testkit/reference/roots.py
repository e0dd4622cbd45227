"""Roots and derivatives of the problems of dini-testkit, by mpmath at 60 digits.

Independent of the Rust sources: the equations are written a second time here, Jacobians and derivatives by the parameters
are complex-step derivatives, and each root is refined by Newton's method until its residual is below 1e-52. Parameters
are the binary numbers that Rust uses. Writes `name root z_1 .. z_n` and, after it, `name tangent j dz_1 .. dz_n`, which is
dz*/da_j at that root.

    python3 reference/roots.py > reference/references.txt
"""

import sys
from mpmath import cos, exp, lu_solve, matrix, mp, mpc, mpf, pi, sin, tanh

mp.dps = 60
STEP = mpf(10) ** -118


def complex_step(f, x, j):
    """df/dx_j of an analytic f, exact to the working precision."""
    y = [mpc(v) for v in x]
    y[j] += mpc(0, STEP)
    with mp.workdps(200):
        return [v.imag / STEP for v in f(y)]


def jacobian(f, x):
    columns = [complex_step(f, x, j) for j in range(len(x))]
    return matrix([[column[i] for column in columns] for i in range(len(x))])


def refine(g, z, a):
    z = [mpf(v) for v in z]
    for _ in range(200):
        f = lambda y: g(y, a)
        r = [v.real for v in f([mpc(v) for v in z])]
        if max(abs(v) for v in r) < mpf(10) ** -52:
            return z
        dz = lu_solve(jacobian(f, z), matrix(r))
        t, norm = mpf(1), max(abs(v) for v in r)
        while t > mpf(2) ** -20:
            trial = [v - t * d for v, d in zip(z, dz)]
            if max(abs(v) for v in f([mpc(v) for v in trial])) < norm:
                break
            t /= 2
        z = trial
    raise SystemExit("no root")


def tangents(g, z, a):
    j = jacobian(lambda y: g(y, a), z)
    for k in range(len(a)):
        da = complex_step(lambda b: g(z, b), a, k)
        yield [-v for v in lu_solve(j, matrix([v.real for v in da]))]


# ---- the equations: z and a are lists, 0-based ----------------------------------------------------------------------


def rosenbrock(z, a):
    return [a[0] - z[0]] + [10 * (z[k] - z[k - 1] ** 2) for k in range(1, len(z))]


def powell_badly_scaled(z, a):
    return [10000 * z[0] * z[1] - 1, exp(-z[0]) + exp(-z[1]) - a[0]]


def wood(z, a):
    s, t = z[1] - z[0] ** 2, z[3] - z[2] ** 2
    return [
        -200 * z[0] * s - (a[0] - z[0]),
        200 * s + mpf(202) / 10 * (z[1] - 1) + mpf(198) / 10 * (z[3] - 1),
        -180 * z[2] * t - (1 - z[2]),
        180 * t + mpf(202) / 10 * (z[3] - 1) + mpf(198) / 10 * (z[1] - 1),
    ]


def watson_sums(z, a):
    n = len(z)
    g = [mpc(0)] * n
    for i in range(1, 30):
        t = mpf(i) / 29
        slope = sum(j * t ** (j - 1) * z[j] for j in range(1, n))
        value = sum(t**j * z[j] for j in range(n))
        f = slope - value**2 - a[0]
        for k in range(n):
            g[k] += f * ((k * t ** (k - 1) if k else 0) - 2 * t**k * value)
    return g


def watson(z, a):
    g = watson_sums(z, a)
    last = z[1] - z[0] ** 2 - 1
    g[0] += z[0] * (1 - 2 * last)
    g[1] += last
    return g


def watson_library(z, a):
    n = len(z)
    g = [mpc(0)] * n
    for i in range(1, 30):
        t = mpf(i) / 29
        slope = sum((j + 1) * t ** (j - 1) * z[j] for j in range(1, n))
        value = sum(t**j * z[j] for j in range(n))
        f = slope - value**2 - a[0]
        for k in range(n):
            g[k] += f * t ** (k - 1) * (k + 1 - 2 * t * value)
    g[0] += 3 * z[0] - 2 * z[0] ** 2 + 2 * z[0] ** 3
    g[1] += z[1] - z[1] ** 2 - 1
    return g


def chebyquad(z, a):
    n = len(z)
    g = []
    for k in range(1, n + 1):
        total = mpc(0)
        for x in z:
            p, q = mpf(1), x
            for _ in range(k - 1):
                p, q = q, 2 * x * q - p
            total += q
        g.append(total / n + (a[0] / (k * k - 1) if k % 2 == 0 else 0))
    return g


def brown(z, a):
    n = len(z)
    p = mpf(1)
    for v in z:
        p *= v
    return [v + sum(z) - (n + 1) for v in z[:-1]] + [p - a[0]]


def boundary(z, a):
    n = len(z)
    h = mpf(1) / (n + 1)
    y = [mpf(0)] + list(z) + [mpf(0)]
    return [2 * y[k] - y[k - 1] - y[k + 1] + h**2 / 2 * (y[k] + k * h + a[0]) ** 3 for k in range(1, n + 1)]


def integral(first):
    """`first` = 1: the second sum starts after i (the publication); 0: at i (the library)."""

    def g(z, a):
        n = len(z)
        h = mpf(1) / (n + 1)
        t = [h * (k + 1) for k in range(n)]
        c = [(z[k] + t[k] + a[0]) ** 3 for k in range(n)]
        below = lambda i: (1 - t[i]) * sum(t[j] * c[j] for j in range(i + 1))
        above = lambda i: t[i] * sum((1 - t[j]) * c[j] for j in range(i + first, n))
        return [z[i] + h / 2 * (below(i) + above(i)) for i in range(n)]

    return g


def trigonometric(z, a):
    n = len(z)
    s = sum(cos(v) for v in z)
    return [n - s + (k + 1) * (1 - cos(v)) - sin(v) - a[0] for k, v in enumerate(z)]


def variably(z, a):
    s = sum((k + 1) * (v - a[0]) for k, v in enumerate(z))
    return [v - a[0] + (k + 1) * s * (1 + 2 * s * s) for k, v in enumerate(z)]


def tridiagonal(z, a):
    y = [mpf(0)] + list(z) + [mpf(0)]
    return [(3 - 2 * y[k]) * y[k] - y[k - 1] - 2 * y[k + 1] + a[0] for k in range(1, len(z) + 1)]


def banded(z, a):
    n = len(z)
    g = []
    for k in range(n):
        near = [j for j in range(max(0, k - 5), min(n, k + 2)) if j != k]
        g.append(z[k] * (2 + 5 * z[k] ** 2) + a[0] - sum(z[j] * (1 + z[j]) for j in near))
    return g


def matrix_root(size):
    def g(z, a):
        target = [[mpf(0)] * size for _ in range(size)]
        for i in range(size):
            target[i][i] = mpf(1) / 10000
        target[0][1] = a[0]
        x = [[z[size * i + j] for j in range(size)] for i in range(size)]
        return [sum(x[i][k] * x[k][j] for k in range(size)) - target[i][j] for i in range(size) for j in range(size)]

    return g


def dennis(z, a):
    return [z[0] + z[1] - a[0], z[0] ** 2 + z[1] ** 2 - 9]


def scalar(z, a):
    return [z[0] * (z[0] - 5) ** 2 - a[0]]


def freudenstein(z, a):
    x, y = z
    return [x - y**3 + 5 * y**2 - 2 * y - a[0], x + y**3 + y**2 - 14 * y - 29]


def boggs(z, a):
    return [z[0] ** 2 - z[1] + a[0], z[0] - cos(pi / 2 * z[1])]


def chandrasekhar(nodes):
    def g(z, a):
        n = len(z)
        mu = nodes(n)
        return [
            z[i] - 1 / (1 - a[0] / (2 * n) * sum(mu[i] * z[j] / (mu[i] + mu[j]) for j in range(n))) for i in range(n)
        ]

    return g


def right_ends(n):
    return [mpf(i + 1) / n for i in range(n)]


def midpoints(n):
    return [(mpf(i) + mpf(1) / 2) / n for i in range(n)]


def bratu(z, a):
    n = len(z)
    h = mpf(1) / (n + 1)
    y = [mpf(0)] + list(z) + [mpf(0)]
    return [2 * y[k] - y[k - 1] - y[k + 1] - h**2 * a[0] * exp(y[k]) for k in range(1, n + 1)]


def kepler(z, a):
    return [z[0] - a[0] * sin(z[0]) - a[1]]


def skew(z, a):
    n = len(z)

    def k(i, j):
        return mpf(0) if i == j else (1 if i < j else -1) * mpf(3) / (1 + abs(i - j))

    return [z[i] - tanh(sum(k(i, j) * z[j] for j in range(n)) + a[i]) for i in range(n)]


def skew_inputs(n):
    return [mpf(((7 * i + 3) % 11) - 5) / 32 for i in range(n)]


def bump(n, height):
    return [height * 4 * (mpf(k) / (n + 1)) * (1 - mpf(k) / (n + 1)) for k in range(1, n + 1)]


def ramp(n):
    return [mpf(i * (i - n - 1)) / (n + 1) ** 2 for i in range(1, n + 1)]


one = [mpf(1)]
CASES = [
    ("rosenbrock", rosenbrock, [1] * 10, one),
    ("powell-badly-scaled", powell_badly_scaled, ["1.098159e-5", "9.106146"], [mpf(1.0001)]),
    ("wood", wood, [1] * 4, one),
    ("watson", watson_library, [0.5, 1], one),
    ("watson-6", watson, [-0.0157, 1.0124, -0.2330, 1.2604, -1.5137, 0.9930], one),
    ("chebyquad", chebyquad, [-0.57, 0.57], one),
    ("brown-almost-linear", brown, [1] * 10, one),
    ("discrete-boundary-value", boundary, ramp(10), one),
    ("discrete-integral-equation", integral(0), ramp(10), one),
    ("trigonometric", trigonometric, [0] * 10, [mpf(0)]),
    ("variably-dimensioned", variably, [1] * 10, one),
    ("broyden-tridiagonal", tridiagonal, [-1] * 10, one),
    ("broyden-banded", banded, [-1] * 10, one),
    ("hammarling-2", matrix_root(2), [mpf(1) / 100, 50, 0, mpf(1) / 100], one),
    ("hammarling-3", matrix_root(3), [mpf(1) / 100, 50, 0, 0, mpf(1) / 100, 0, 0, 0, mpf(1) / 100], one),
    ("dennis-schnabel", dennis, [0, 3], [mpf(3)]),
    ("dennis-schnabel", dennis, [3, 0], [mpf(3)]),
    ("scalar-cubic", scalar, [0], [mpf(0)]),
    ("freudenstein-roth", freudenstein, [5, 4], [mpf(13)]),
    ("boggs", boggs, [0, 1], one),
    ("boggs", boggs, [-1, 2], one),
    ("boggs", boggs, [-0.7071, 1.5], one),
    ("chandrasekhar", chandrasekhar(right_ends), [1.2] * 10, [mpf(0.9)]),
    ("chandrasekhar-100", chandrasekhar(midpoints), [1.2] * 100, [mpf(0.9)]),
    ("discrete-boundary-value-50", boundary, ramp(50), one),
    ("discrete-integral-equation-50", integral(1), ramp(50), one),
    ("broyden-tridiagonal-50", tridiagonal, [-1] * 50, one),
    ("broyden-banded-50", banded, [-1] * 50, one),
    ("bratu-50", bratu, [0] * 50, one),
    ("bratu-50", bratu, bump(50, 4), one),
    ("skew-tanh", skew, [0] * 8, skew_inputs(8)),
] + [("kepler", kepler, [m + 0.8 * e], [mpf(e), mpf(m)]) for e, m in [(0.1, 1.0), (0.6, 2.0), (0.9, 0.3), (0.99, 0.05)]]


def show(name, what, values):
    """25 digits; what is zero to the working precision is printed as zero."""
    digits = (mp.nstr(v, 25) if abs(v) > mpf(10) ** -40 else "0.0" for v in values)
    print(name, what, *digits)


def main():
    for name, g, guess, a in CASES:
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        z = refine(g, guess, a)
        show(name, "root", z)
        for j, dz in enumerate(tangents(g, z, a)):
            show(name, f"tangent {j}", dz)


main()

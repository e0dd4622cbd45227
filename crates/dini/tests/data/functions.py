"""Writes functions.csv: values of the functions of programs at 50 digits, each as a sum of two numbers.

pip install mpmath; python functions.py > functions.csv
"""
import random
from mpmath import mp, mpf
import mpmath as m

mp.dps = 60
random.seed(14)


def numbers(lo, hi, log=False, count=60):
    for _ in range(count):
        if log:
            yield random.choice([-1, 1]) * 10 ** random.uniform(lo, hi)
        else:
            yield random.uniform(lo, hi)


def line(name, x, value):
    hi = float(value)
    if m.isinf(mpf(hi)) or hi == 0.0:
        return
    lo = float(value - mpf(hi))
    print(f"{name},{x!r},{hi!r},{lo!r}")


wide = lambda: [x for x in list(numbers(-12, 2, True)) + list(numbers(-5, 5))]
far = lambda: wide() + list(numbers(2, 6, True))
positive = lambda: [abs(x) for x in list(numbers(-300, 300, True)) + list(numbers(0, 5))]
unit = lambda: list(numbers(-1, 1)) + list(numbers(-15, 0, True, 40)) + [s * (1 - 10 ** random.uniform(-16, 0)) for s in (-1, 1) for _ in range(20)]
sign = lambda n: (-1) ** n
gammas = lambda: list(numbers(0.01, 30)) + list(numbers(-20, 0)) + [abs(x) for x in numbers(-9, 2, True, 40)]

w0 = lambda x: m.lambertw(mpf(x)).real
lambert = lambda: [x for x in [-0.36787944117144228, -0.3678794411714, -0.36] + [-0.36787944117144228 + 10 ** random.uniform(-16, -1) for _ in range(40)] + [abs(x) for x in numbers(-10, 10, True)]]
cases = {
    "exp": (lambda: far(), m.exp), "ln": (positive, m.log), "log10": (positive, m.log10),
    "log2": (positive, lambda x: m.log(x, 2)), "ln_1p": (lambda: [x for x in wide() if x > -1], m.log1p),
    "expm1": (wide, m.expm1), "sin": (far, m.sin), "cos": (far, m.cos), "tan": (far, m.tan),
    "asin": (unit, m.asin), "acos": (unit, m.acos), "atan": (far, m.atan), "sinh": (wide, m.sinh),
    "cosh": (wide, m.cosh), "tanh": (wide, m.tanh), "asinh": (far, m.asinh),
    "acosh": (lambda: [1 + abs(x) for x in far()], m.acosh), "atanh": (unit, m.atanh),
    "sqrt": (positive, m.sqrt), "cbrt": (far, lambda x: m.sign(x) * m.cbrt(abs(x))),
    "sigmoid": (wide, lambda x: 1 / (1 + m.exp(-x))), "erf": (wide, m.erf), "erfc": (lambda: list(numbers(-5, 26)) + wide(), m.erfc),
    "normal": (lambda: list(numbers(-37, 8)) + wide(), lambda x: m.erfc(-x / m.sqrt(2)) / 2),
    "gamma": (gammas, m.gamma), "ln_gamma": (gammas, lambda x: m.log(abs(m.gamma(x)))),
    "lambert_w": (lambert, w0), "j0": (far, m.j0), "j1": (far, m.j1),
    "tanh_slope": (wide, lambda x: 1 / m.cosh(x) ** 2), "sigmoid_slope": (wide, lambda x: m.exp(-x) / (1 + m.exp(-x)) ** 2),
    "gaussian": (wide, lambda x: 2 / m.sqrt(m.pi) * m.exp(-x * x)),
    "normal_density": (wide, lambda x: m.exp(-x * x / 2) / m.sqrt(2 * m.pi)), "beside_one": (lambda: wide() + unit(), lambda x: 1 - x * x),
    "digamma": (gammas, m.digamma), "trigamma": (gammas, lambda x: m.polygamma(1, x)),
    "polygamma2": (lambda: [abs(x) for x in gammas()], lambda x: m.polygamma(2, x)),
    "polygamma3": (lambda: [abs(x) for x in gammas()], lambda x: m.polygamma(3, x)),
    "lambert_above": (lambert, lambda x: 1 + w0(x)),
    "lambert_slope": (lambda: [x for x in lambert() if x > -0.36787944117144233], lambda x: m.exp(-w0(x)) / (1 + w0(x))),
    "bessel2": (wide, lambda x: m.besselj(2, x)), "bessel3": (wide, lambda x: m.besselj(3, x)), "j1_over": (wide, lambda x: m.j1(x) / x),
}
for name, (points, f) in cases.items():
    for x in points():
        x = float(x)
        try:
            value = f(mpf(x))
        except (ValueError, ZeroDivisionError):
            continue
        if abs(value) < mpf(10) ** 300:
            line(name, x, value)

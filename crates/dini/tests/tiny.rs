//! Newton's method on the stack, against closed forms and the batched solver.

use dini::problem::{Active, Linearize, ParamJvp, Problem};
use dini::program::{Equation, Number, Plain};
use dini::tiny::{self, Jet};
use dini::{Error, Model, Newton, Options, Rows, Status, solve};

/// Powers z^m = a.
struct Power(i32);

impl Equation for Power {
    fn unknowns(&self) -> usize {
        1
    }
    fn parameters(&self) -> usize {
        1
    }
    fn residual<D: Number>(&self, z: &[D], a: &[D], out: &mut [D]) {
        out[0] = z[0].powi(self.0) - a[0];
    }
}

/// Helical coupling of three unknowns, no symmetry.
struct Three;

impl Equation for Three {
    fn unknowns(&self) -> usize {
        3
    }
    fn parameters(&self) -> usize {
        2
    }
    fn residual<D: Number>(&self, z: &[D], a: &[D], out: &mut [D]) {
        out[0] = z[1].exp() * 0.3 + z[0] - a[0];
        out[1] = z[2] * 2.0 - z[0] * z[1] - a[1];
        out[2] = z[1] * 3.0 + z[2].sin() * a[0];
    }
}

fn tight() -> Options {
    Options { relative: 1e-13, ..Options::default() }
}

#[test]
fn agrees_with_the_batched_solver_and_its_derivatives() {
    let (a, w) = ([0.7, -0.4f64], [1.0, -2.0, 0.5]);
    let root = tiny::solve(&Three, [0.0; 3], a, &tight()).unwrap();
    let batched = Model::of(Three).parameters(&a).system(3).unwrap();
    let solution = solve(&batched, &Rows::new(1, 3), &Newton::default(), &tight()).unwrap();
    assert_eq!((root.status, root.iterations), (Status::Converged, solution.outcomes()[0].iterations));
    for (z, expected) in root.z.iter().zip(solution.z().row(0)) {
        assert!((z - expected).abs() < 1e-14);
    }
    let gradient = root.pullback(w).unwrap();
    let expected = solution.pullback(&Rows::from_vec(1, 3, w.to_vec()).unwrap()).unwrap().value;
    for (g, expected) in gradient.iter().zip(expected.row(0)) {
        assert!((g - expected).abs() < 1e-12);
    }
    // <w, dz> = <dL/da, da>, and dz by central differences of the solution
    let (da, h) = ([0.3, 0.8], 1e-5);
    let dz = root.pushforward(da).unwrap();
    let paired: f64 = dz.iter().zip(w).map(|(d, w)| d * w).sum();
    assert!((paired - (gradient[0] * da[0] + gradient[1] * da[1])).abs() < 1e-13);
    let at = |t: f64| tiny::solve(&Three, [0.0; 3], [a[0] + t * da[0], a[1] + t * da[1]], &tight()).unwrap().z;
    for (i, d) in dz.iter().enumerate() {
        assert!((d - (at(h)[i] - at(-h)[i]) / (2.0 * h)).abs() < 1e-8);
    }
}

#[test]
fn closed_forms() {
    for m in [1, 2, 3] {
        let power = Power(m);
        let root = tiny::solve(&power, [2.0], [5.0], &tight()).unwrap();
        let z = 5f64.powf(1.0 / f64::from(m));
        assert!((root.z[0] - z).abs() < 1e-12);
        let slope = 1.0 / (f64::from(m) * z.powi(m - 1));
        assert!((root.pullback([1.0]).unwrap()[0] - slope).abs() < 1e-11);
    }
}

#[test]
fn multiple_roots_have_no_derivative() {
    for m in [2, 3, 4] {
        for relative in [1e-4, 1e-8, 1e-12] {
            let power = Power(m);
            let root = tiny::solve(&power, [1.0], [0.0], &Options { relative, ..Options::default() }).unwrap();
            assert_eq!(root.status, Status::Converged);
            assert!(matches!(root.pullback([1.0]), Err(Error::Singular { .. })), "z^{m}, {relative:e}");
        }
    }
}

#[test]
fn failures_are_named() {
    let none = tiny::solve(&Power(2), [3.0], [-1.0], &tight()).unwrap();
    assert_ne!(none.status, Status::Converged);
    assert!(matches!(none.pullback([1.0]), Err(Error::NotConverged { sample: 0, .. })));
    let flat = tiny::solve(&Power(2), [0.0], [1.0], &tight()).unwrap();
    assert_eq!(flat.status, Status::Singular);
    let on_root = tiny::solve(&Power(2), [2.0], [4.0], &tight()).unwrap();
    assert_eq!((on_root.iterations, on_root.pullback([4.0]).unwrap()), (0, [1.0]));
    let short = Options { max_iterations: 1, ..tight() };
    assert_eq!(tiny::solve(&Power(2), [9.0], [1.0], &short).unwrap().status, Status::MaxIterations);
    assert!(matches!(tiny::solve(&Power(2), [1.0, 1.0], [1.0], &tight()), Err(Error::Shape { .. })));
    assert!(matches!(tiny::solve(&Power(2), [f64::NAN], [1.0], &tight()), Err(Error::NonFinite { .. })));
    assert!(matches!(on_root.pullback([f64::INFINITY]), Err(Error::NonFinite { .. })));
    let relative = Options { relative: -1.0, ..Options::default() };
    assert!(matches!(tiny::solve(&Power(2), [1.0], [1.0], &relative), Err(Error::Option { .. })));
}

#[test]
fn nothing_is_allocated() {
    let cost = allocation_counter::measure(|| {
        let root = tiny::solve(&Three, [0f64; 3], [0.7, -0.4], &tight()).unwrap();
        root.pullback([1.0, 0.0, 0.0]).unwrap();
    });
    assert_eq!(cost.count_total, 0);
}

#[test]
fn single_precision() {
    let options = Options { relative: 1e-5, ..Options::default() };
    let root = tiny::solve(&Three, [0f32; 3], [0.7, -0.4], &options).unwrap();
    let wide = tiny::solve(&Three, [0f64; 3], [0.7, -0.4], &tight()).unwrap();
    let (narrow_gradient, gradient) =
        (root.pullback([1.0, -2.0, 0.5]).unwrap(), wide.pullback([1.0, -2.0, 0.5]).unwrap());
    assert_eq!(root.status, Status::Converged);
    for (narrow, wide) in root.z.iter().chain(&narrow_gradient).zip(wide.z.iter().chain(&gradient)) {
        assert!((f64::from(*narrow) - wide).abs() < 1e-5);
    }
    // a double root is examined more closely, by the traced equation; before z^2 underflows
    let double = tiny::solve(&Power(2), [1f32], [0.0], &Options { max_iterations: 30, ..options }).unwrap();
    assert_eq!(double.status, Status::Converged);
    assert!(matches!(double.pullback([1.0]), Err(Error::Singular { .. })));
}

#[test]
fn one_statement_serves_the_model_too() {
    let solved = Model::of(&Three).parameters(&[0.7, -0.4]).tolerance(1e-13).solve(&[0.0; 3]).unwrap();
    let root = tiny::solve(&Three, [0f64; 3], [0.7, -0.4], &tight()).unwrap();
    for (z, expected) in solved.converged().unwrap().iter().zip(root.z) {
        assert!((z - expected).abs() < 1e-14);
    }
    for (unknowns, parameters) in [(2, 2), (3, 1), (4, 2)] {
        let refused = Model::of(&Three).parameters(&vec![0.5; parameters]).solve(&vec![0.0; unknowns]);
        assert!(matches!(refused, Err(Error::Shape { .. })), "{unknowns} unknowns, {parameters} parameters");
    }
}

/// Every function and way to join numbers, 1 a component, of arguments for which it is smooth.
struct Everything;

impl Everything {
    const SIZE: usize = 58;
}

impl Equation for Everything {
    fn unknowns(&self) -> usize {
        Self::SIZE
    }
    fn parameters(&self) -> usize {
        2
    }
    fn residual<D: Number>(&self, _: &[D], a: &[D], out: &mut [D]) {
        let (x, y) = (a[0], a[1]);
        let above = x + 1.0;
        let truth = x.lt(y) & !(y.gt(x * 10.0) | x.ge(y));
        let all = [
            x.exp(),
            x.exp_m1(),
            x.ln(),
            x.ln_1p(),
            x.log10(),
            x.log2(),
            x.sin(),
            x.cos(),
            x.tan(),
            x.asin(),
            x.acos(),
            x.atan(),
            x.sinh(),
            x.cosh(),
            x.tanh(),
            x.asinh(),
            above.acosh(),
            x.atanh(),
            x.sqrt(),
            x.cbrt(),
            (-x).abs(),
            x.sigmoid(),
            x.erf(),
            x.erfc(),
            x.norm_cdf(),
            x.gamma(),
            above.ln_gamma(),
            x.lambert_w(),
            x.j0(),
            x.j1(),
            (x * 5.0).signum(),
            (x * 5.0).floor() + (y * 5.0).ceil(),
            x.powi(0),
            x.powi(1),
            x.powi(2),
            x.powi(3),
            x.powi(4),
            x.powi(-1),
            x.powi(-7),
            x.powf(2.5),
            x.pow(y),
            y.pow(x),
            x.recip(),
            x.hypot(y),
            x.atan2(y),
            (-x).atan2(-y),
            (y * 7.0).modulo(x),
            x.min(y),
            x.max(y),
            D::select(truth, x * y, x - y),
            D::select(!truth, x * y, x - y),
            D::select(x.le(y), x.sin(), y.sin()),
            -x / y,
            (x * 2.0 - 0.1) / 3.0 + y / x,
            [x, y, x * y].into_iter().sum(),
            D::number(2.0) / x + D::number(1.5),
            {
                let mut sum = x;
                sum += y;
                sum *= x;
                sum -= y;
                sum /= y;
                sum += 1.0;
                sum *= 2.0;
                sum -= 0.5;
                sum /= 3.0;
                sum
            },
            (-x * x).exp() * y.ln(),
        ];
        out.copy_from_slice(&all);
    }
}

#[test]
fn every_type_of_number_computes_the_same() {
    let (a, n) = ([0.37, 0.81], Everything::SIZE);
    let system = Model::of(Everything).parameters(&a).system(n).unwrap();
    let one = |values: &[f64]| Rows::from_vec(1, values.len(), values.to_vec()).unwrap();
    let (at, z) = (Active::new(&[0], 0, false), Rows::new(1, n));
    let mut g = Rows::new(1, n);
    system.residual(at, &z, &mut g).unwrap();
    let mut plain = vec![Plain(0.0); n];
    Everything.residual(&vec![Plain(0.0); n], &a.map(Plain), &mut plain);
    let mut narrow = vec![Plain(0f32); n];
    Everything.residual(&vec![Plain(0f32); n], &[Plain(0.37), Plain(0.81)], &mut narrow);
    let tape = system.tape(&z);
    for da in [[1.0, 0.0], [0.0, 1.0], [0.4, -1.3]] {
        let mut slopes = Rows::new(1, n);
        system.param_jvp(at, &tape, &z, &one(&da), &mut slopes).unwrap();
        let mut jets = vec![Jet::number(0.0); n];
        let lifted = [0, 1].map(|k| Jet::new(a[k], da[k]));
        Everything.residual(&vec![Jet::number(0.0); n], &lifted, &mut jets);
        for (k, jet) in jets.iter().enumerate() {
            let (value, slope) = (g.row(0)[k], slopes.row(0)[k]);
            assert_eq!((plain[k].0, jet.value), (value, value), "value {k}");
            assert!((jet.slope - slope).abs() <= 4e-15 * slope.abs().max(1.0), "slope {k}: {} for {slope}", jet.slope);
            assert!((f64::from(narrow[k].0) - value).abs() <= 2e-5 * value.abs().max(1.0), "value {k} in f32");
        }
    }
}

#[test]
fn a_number_that_does_not_move_has_no_derivative_to_lose() {
    let still = Jet::new(0.0, 0.0);
    let moving = Jet::new(2.0, 1.0);
    assert_eq!((still.sqrt() + moving).slope, 1.0);
    assert_eq!(Jet::new(-1.0, 1.0).pow(Jet::number(2.0)).slope, -2.0);
    // as in a program: what has overflowed does not move
    assert_eq!((moving * 1e3).exp().tanh(), Jet::new(1.0, 0.0));
    // NaN decides nothing
    let undefined = Plain(f64::NAN).lt(Plain(0.0));
    assert!(Plain::select(undefined, Plain(1.0), Plain(2.0)).0.is_nan());
    assert!(Plain::select(!undefined, Plain(1.0), Plain(2.0)).0.is_nan());
}

/// |z| as a root, and z itself as the root of a cube, each with a multiple of z: at 0 the rules give 0 times infinity.
struct Hidden(bool);

impl Equation for Hidden {
    fn unknowns(&self) -> usize {
        1
    }
    fn parameters(&self) -> usize {
        1
    }
    fn residual<D: Number>(&self, z: &[D], a: &[D], out: &mut [D]) {
        let hidden = if self.0 { (z[0] * z[0]).sqrt() } else { z[0].powi(3).cbrt() };
        out[0] = hidden + z[0] * 2.0 - a[0];
    }
}

#[test]
fn a_slope_that_the_rules_do_not_give_is_not_made_up() {
    for kink in [true, false] {
        let hidden = Hidden(kink);
        let root = tiny::solve(&hidden, [0f64], [0.0], &tight()).unwrap();
        assert!(root.pullback([1.0]).is_err(), "{kink}: {:?}", root.pullback([1.0]));
        // away from 0 there is one
        let root = tiny::solve(&hidden, [1f64], [3.0], &tight()).unwrap();
        assert!((root.pullback([1.0]).unwrap()[0] - 1.0 / 3.0).abs() < 1e-12);
    }
}

#[test]
fn a_residual_that_has_underflowed_is_no_regular_root() {
    let many = Options { max_iterations: 2000, ..Options::default() };
    let double = tiny::solve(&Power(2), [1f64], [0.0], &many).unwrap();
    assert!(matches!(double.pullback([1.0]), Err(Error::Singular { .. })));
    let double = tiny::solve(&Power(2), [1f32], [0.0], &many).unwrap();
    assert!(matches!(double.pullback([1.0]), Err(Error::Singular { .. })));
    // a root at 0, or a small one, is as good as any
    let zero = tiny::solve(&Power(1), [1f64], [0.0], &tight()).unwrap();
    let small = tiny::solve(&Power(1), [1f64], [1e-250], &tight()).unwrap();
    assert_eq!((zero.pullback([1.0]).unwrap(), small.pullback([1.0]).unwrap()), ([1.0], [1.0]));
}

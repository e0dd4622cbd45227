//! What is called converged is a root, and what is a root is called converged: the rule of `solve::root`, solver by solver.

use dini::model::System;
use dini::program::{Equation, Number, Var};
use dini::solve::{AnySolver, Auto, Evidence};
use dini::{Model, Newton, Options, Picard, Real, Rows, Status, solve, tiny};

fn any(name: &str) -> AnySolver {
    AnySolver::by_name(name).expect("a name from NAMES")
}

fn row<T: Real>(values: &[T]) -> Rows<T> {
    Rows::from_vec(1, values.len(), values.to_vec()).expect("one row")
}

/// n equations in n unknowns without parameters.
struct Plain<F>(usize, F);

impl<F: Fn(&[f64], &mut [f64]) + Sync> Plain<F> {
    /// With derivatives by central differences at 1e-6: good enough for these.
    fn system(self) -> System<f64>
    where
        F: Send + Clone + 'static,
    {
        let (n, f) = (self.0, self.1);
        let g = f.clone();
        let jacobian = move |z: &[f64], _: &[f64], j: &mut [f64]| {
            let (mut up, mut down) = (vec![0.0; n], vec![0.0; n]);
            for k in 0..n {
                let h = 1e-6 * z[k].abs().max(1e-6);
                let mut at = z.to_vec();
                at[k] = z[k] + h;
                g(&at, &mut up);
                at[k] = z[k] - h;
                g(&at, &mut down);
                (0..n).for_each(|i| j[k * n + i] = (up[i] - down[i]) / (2.0 * h));
            }
        };
        Model::equation_on_slices(move |z, _, out| f(z, out)).jacobian(jacobian).system(n).unwrap()
    }
}

/// z^3 = a, on the stack.
struct Cube;
impl Equation for Cube {
    fn unknowns(&self) -> usize {
        1
    }
    fn parameters(&self) -> usize {
        1
    }
    fn residual<D: Number>(&self, z: &[D], a: &[D], out: &mut [D]) {
        out[0] = z[0] * z[0] * z[0] - a[0];
    }
}

#[test]
fn far_starts_end_at_the_root_with_the_derivative_that_belongs_to_it() {
    for start in [1e4, 1e3, 100.0, -50.0, 2.5, 1e8] {
        let problem = Model::equation(|z, a| [z[0] * z[0] * z[0] - a[0]]).parameters(&[8.0]).system(1).unwrap();
        let solution = solve(&problem, &row(&[start]), &Auto::default(), &Options::default()).unwrap();
        let z = solution.converged().unwrap().row(0)[0];
        assert!((z - 2.0).abs() <= 2e-6, "from {start}: {z}");
        assert!(solution.outcomes()[0].accuracy.relative <= 1e-6, "{}", solution.outcomes()[0].accuracy);
        let slope = solution.pullback(&row(&[1.0])).unwrap().value.row(0)[0];
        assert!((slope - 1.0 / 12.0).abs() < 1e-5, "from {start}: {slope}");
        let root = tiny::solve(&Cube, [start], [8.0], &Options::default()).unwrap();
        assert_eq!(root.status, Status::Converged);
        assert!((root.z[0] - 2.0).abs() <= 2e-6 && root.accuracy.relative <= 1e-6);
    }
}

/// Trace metal in carbonate water.
fn lead(z: &[Var], a: &[Var]) -> [Var; 8] {
    let [h, oh, co2, hco3, co3, pb, pboh, pbco3] = std::array::from_fn(|i| z[i]);
    [
        h * oh - 1e-8,
        h * hco3 - co2 * 4.47e-4,
        h * co3 - hco3 * 4.68e-8,
        pboh - pb * oh * 2e4,
        pbco3 - pb * co3 * 1e4,
        co2 + hco3 + co3 + pbco3 - 2.0,
        h + pb * 2.0 + pboh - oh - hco3 - co3 * 2.0 + (1e3 - 998.1),
        pb + pboh + pbco3 - a[0],
    ]
}

#[test]
fn small_unknowns_are_as_right_as_large_ones() {
    let problem = Model::equation(lead).parameters(&[1e-9]).system(8).unwrap();
    let solution = solve(&problem, &row(&[1.0; 8]), &Auto::default(), &Options::default()).unwrap();
    if std::env::var("SHOW").is_ok() {
        for a in solution.attempts(0) {
            println!("{a:?}");
        }
        println!("{:?}", solution.z());
    }
    let z = solution.converged().unwrap().row(0).to_vec();
    let tight = Options { relative: 1e-13, ..Options::default() };
    let exact = solve(&problem, &row(&z), &Newton::default(), &tight).unwrap();
    let exact = exact.converged().unwrap().row(0).to_vec();
    for (z, exact) in z.iter().zip(&exact) {
        assert!(*exact > 0.0 && (z - exact).abs() <= 1e-6 * exact, "{z:e} is not {exact:e}");
    }
    // d ln Pb / d ln L = 1
    let slope = solution.jacobian(0).unwrap()[5].row(0)[0];
    assert!((slope * 1e-9 / z[5] - 1.0).abs() < 1e-4, "{slope}");
}

#[test]
fn what_has_no_root_is_never_called_solved() {
    type Residual = fn(&[f64], &mut [f64]);
    let problems: [(&str, usize, Residual); 13] = [
        ("x + y = 1, 2x + 2y = 3", 2, |z, g| (g[0], g[1]) = (z[0] + z[1] - 1.0, 2.0 * z[0] + 2.0 * z[1] - 3.0)),
        ("xy = 2, 3xy = 7", 2, |z, g| (g[0], g[1]) = (z[0] * z[1] - 2.0, 3.0 * z[0] * z[1] - 7.0)),
        ("1 to 9", 3, |z, g| {
            g[0] = z[0] + 2.0 * z[1] + 3.0 * z[2] - 1.0;
            g[1] = 4.0 * z[0] + 5.0 * z[1] + 6.0 * z[2] - 2.0;
            g[2] = 7.0 * z[0] + 8.0 * z[1] + 9.0 * z[2] - 4.0;
        }),
        ("sums", 3, |z, g| {
            (g[0], g[1], g[2]) = (z[0] + z[1] - 10.0, z[0] + z[1] + z[2] - 12.0, z[2] - 3.0);
        }),
        ("sin x = 1.5, y = 2", 2, |z, g| (g[0], g[1]) = (z[0].sin() - 1.5, z[1] - 2.0)),
        ("cos x = 2, y = 3x", 2, |z, g| (g[0], g[1]) = (z[0].cos() - 2.0, z[1] - 3.0 * z[0])),
        ("x / (1 + x) = 1", 1, |z, g| g[0] = z[0] / (1.0 + z[0]) - 1.0),
        ("1/x + 1/y = 0, x + y = 1", 2, |z, g| (g[0], g[1]) = (1.0 / z[0] + 1.0 / z[1], z[0] + z[1] - 1.0)),
        ("tanh x = 1", 1, |z, g| g[0] = z[0].tanh() - 1.0),
        ("exp(-x) = 0", 1, |z, g| g[0] = (-z[0]).exp()),
        ("exp(-x^2) = 0", 1, |z, g| g[0] = (-z[0] * z[0]).exp()),
        ("a near miss", 1, |z, g| g[0] = (z[0] - 1.0).powi(2) + 1e-13),
        ("a nearer miss", 1, |z, g| g[0] = (z[0] - 1.0).powi(2) + 3e-11),
    ];
    let mut wrong = Vec::new();
    for (name, n, g) in problems {
        for start in [0.0, 1.0, -0.7, 3.0, 18.0] {
            for solver in AnySolver::NAMES {
                for relative in [1e-3, 1e-6, 1e-12] {
                    let z0: Vec<f64> = (0..n).map(|j| start * (1.0 + 0.3 * j as f64)).collect();
                    let options = Options { relative, ..Options::default() };
                    let solution = solve(Plain(n, g).system(), &row(&z0), &any(solver), &options).unwrap();
                    if solution.outcomes()[0].status == Status::Converged {
                        let what = (solution.z().row(0).to_vec(), solution.outcomes()[0].accuracy);
                        wrong.push(format!("{solver} on {name} from {z0:?} at {relative:e}: {what:?}"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of them: {:#?}", wrong.len(), &wrong[..wrong.len().min(20)]);
}

#[test]
fn a_start_on_a_root_is_accepted_at_once_by_every_solver() {
    // x^2 + 3 y = a, x y^2 = b with the root to rounding
    let (x, y) = (1.234_567_890_123_456_7, 0.765_432_109_876_543_2);
    let (a, b) = (x * x + 3.0 * y, x * y * y);
    let g = move |z: &[f64], g: &mut [f64]| {
        (g[0], g[1]) = (z[0] * z[0] + 3.0 * z[1] - a, z[0] * z[1] * z[1] - b);
    };
    for name in AnySolver::NAMES {
        for nudge in [0.0, 2.2e-16, -4.4e-16, 1e-12] {
            let start = [x + nudge, y - nudge];
            let solution = solve(Plain(2, g).system(), &row(&start), &any(name), &Options::default()).unwrap();
            assert_eq!(solution.outcomes()[0].status, Status::Converged, "{name}, {nudge:e}");
            assert!(
                solution.outcomes()[0].iterations <= 1,
                "{name}, {nudge:e}: {} iterations",
                solution.outcomes()[0].iterations
            );
            assert!((solution.z().row(0)[0] - x).abs() < 1e-6);
        }
    }
}

#[test]
fn a_root_at_zero_is_found_like_any_other() {
    let halving = Model::fixed_point(|z, _| [0.5 * z[0]]).system(1).unwrap();
    let solution = solve(&halving, &row(&[3.0]), &Picard::default(), &Options::default()).unwrap();
    assert_eq!(solution.outcomes()[0].status, Status::Converged);
    assert_eq!(solution.z().row(0), [0.0]);
    type Scalar = fn(Var) -> Var;
    let multiple: [(&str, f64, Scalar); 3] =
        [("x^2", 0.3, |x| x * x), ("1 - cos x", 1.0, |x| 1.0 - x.cos()), ("x - sin x", 1.0, |x| x - x.sin())];
    for (name, start, g) in multiple {
        let problem = Model::equation(|z, _| g(z[0])).system(1).unwrap();
        let solution = solve(&problem, &row(&[start]), &Newton::default(), &Options::default()).unwrap();
        assert_eq!(solution.outcomes()[0].status, Status::Converged, "{name}");
        assert!(solution.z().row(0)[0].abs() < 1e-7, "{name}");
        assert!(!solution.verdict(0).unwrap().holds, "{name}");
    }
}

#[test]
fn only_rounding_left_is_converged_and_says_so() {
    let problem = Model::equation(|z, _| [z[0].exp() - 3.0]).system(1).unwrap();
    let options = Options { relative: 1e-18, ..Options::default() };
    let solution = solve(&problem, &row(&[0.5]), &Newton::default(), &options).unwrap();
    assert_eq!(solution.outcomes()[0].status, Status::Converged);
    assert_eq!(solution.outcomes()[0].accuracy.evidence, Evidence::Rounding);
    assert!(solution.outcomes()[0].accuracy.relative < 1e-14);
}

#[test]
fn consistent_equations_that_say_the_same_have_a_point_but_no_verdict() {
    let g = |z: &[f64], g: &mut [f64]| {
        let circle = z[0] * z[0] + z[1] * z[1] - 1.0;
        (g[0], g[1]) = (circle, 0.3 * circle);
    };
    let solution = solve(Plain(2, g).system(), &row(&[1.0, 2.0]), &Auto::default(), &Options::default()).unwrap();
    assert_eq!(solution.outcomes()[0].status, Status::Converged);
    let z = solution.z().row(0);
    assert!((z[0].hypot(z[1]) - 1.0).abs() < 1e-6);
    assert!(!solution.verdict(0).unwrap().holds);
}

/// Random 3 x 3 systems z_i + nonlinear terms = b with a known root.
fn systems<T: Real>(count: usize, seed: u64) -> (System<T>, Rows<T>, Vec<[f64; 3]>) {
    use rand::{Rng, SeedableRng};
    let mut random = rand::rngs::StdRng::seed_from_u64(seed);
    let mut numbers = || -> Vec<f64> { (0..12 + 3).map(|_| random.random_range(-1.0..1.0)).collect() };
    let all: Vec<Vec<f64>> = (0..count).map(|_| numbers()).collect();
    // A z + 0.3 c_i z_{i+1}^2 = its value at the root
    let g = |k: &[f64], z: &[f64], i: usize| {
        let linear: f64 = (0..3).map(|j| k[3 * i + j] * z[j]).sum();
        linear + 0.3 * k[9 + i] * z[(i + 1) % 3].powi(2)
    };
    let roots: Vec<[f64; 3]> = all.iter().map(|k| std::array::from_fn(|i| 2.0 + k[12 + i])).collect();
    let rhs: Vec<[f64; 3]> = all.iter().zip(&roots).map(|(k, r)| std::array::from_fn(|i| g(k, r, i))).collect();
    // parameters of a sample: b, A row by row, 0.3 c
    let parameters = all.iter().zip(&rhs).flat_map(|(k, b)| {
        let curved = k[9..12].iter().map(|c| 0.3 * c);
        b.iter().chain(&k[..9]).copied().chain(curved).map(T::of).collect::<Vec<T>>()
    });
    let g = |z: &[T], a: &[T], out: &mut [T]| {
        for i in 0..3 {
            let linear = (0..3).fold(T::zero(), |sum, j| sum + a[3 + 3 * i + j] * z[j]);
            out[i] = linear + a[12 + i] * z[(i + 1) % 3] * z[(i + 1) % 3] - a[i];
        }
    };
    let model = Model::equation_on_slices(g)
        .jacobian(|z, a, j| {
            for i in 0..3 {
                (0..3).for_each(|c| j[3 * c + i] = a[3 + 3 * i + c]);
                j[3 * ((i + 1) % 3) + i] += (a[12 + i] + a[12 + i]) * z[(i + 1) % 3];
            }
        })
        .parameter_jacobian(|z, _, d| {
            for i in 0..3 {
                d[3 * i + i] = -T::one();
                (0..3).for_each(|j| d[3 * (3 + 3 * i + j) + i] = z[j]);
                d[3 * (12 + i) + i] = z[(i + 1) % 3] * z[(i + 1) % 3];
            }
        });
    let problem = model.samples(Rows::from_vec(count, 15, parameters.collect()).unwrap()).system(3).unwrap();
    let start = roots.iter().flat_map(|r| r.map(|z| T::of(1.1 * z))).collect();
    (problem, Rows::from_vec(count, 3, start).unwrap(), roots)
}

#[test]
fn batches_in_single_precision_are_not_refused() {
    use dini::{Implicit, OnFailure};
    let count = 10_000;
    let (problem, start, _) = systems::<f32>(count, 7);
    let solution = solve(&problem, &start, &Newton::default(), &Options::default()).unwrap();
    let mode = Implicit { on_failure: OnFailure::Drop, ..Implicit::default() };
    let w = Rows::from_vec(count, 3, vec![1.0f32; 3 * count]).unwrap();
    let gradient = solution.pullback_with(&w, &mode).unwrap();
    let unsolved = solution.failures().count();
    let mut reasons = std::collections::BTreeMap::<String, usize>::new();
    for &s in &gradient.failures {
        let v = solution.verdict(s).unwrap();
        *reasons.entry(format!("{:?}", v.reason).chars().take(14).collect()).or_default() += 1;
    }
    let mut evidence = std::collections::BTreeMap::<&str, usize>::new();
    (0..count).for_each(|s| *evidence.entry(solution.outcomes()[s].accuracy.evidence.name()).or_default() += 1);
    println!("{unsolved} not solved, {} without a derivative {reasons:?} {evidence:?}", gradient.failures.len());
    assert!(
        unsolved <= count / 1000 && gradient.failures.len() <= count / 200,
        "{unsolved}, {}",
        gradient.failures.len()
    );
}

#[test]
fn jumps_kinks_and_hidden_contradictions_are_no_roots() {
    type Function = fn(&[f64], &mut [f64]);
    let functions: [(usize, f64, Function); 6] = [
        (1, 3.0, |z, g| g[0] = z[0] + if z[0] < 100.0 { -0.1 } else { 0.1 } - 100.0),
        (1, 3.0, |z, g| g[0] = z[0] + if z[0] < 3.0 { -1e-4 } else { 1e-4 } - 3.0),
        (1, 2.5, |z, g| g[0] = z[0] + 0.01 * (1.0 / (z[0] - 2.0)).atan() - 2.0 + 0.0033),
        (1, 990.0, |z, g| g[0] = (z[0] - 1000.0).abs() + 0.1),
        (2, 1.0, |z, g| (g[0], g[1]) = ((z[0] - z[1]).exp() - 2.0, (2.0 * z[0] - 2.0 * z[1]).exp() - 5.0)),
        (3, 1.0, |z, g| (g[0], g[1], g[2]) = (z[0] + z[1] - 1.0, z[1] + z[2] - 2.0, z[0] - z[2] + 1.001)),
    ];
    for (k, (n, start, function)) in functions.into_iter().enumerate() {
        let jacobian = move |z: &[f64], _: &[f64], j: &mut [f64]| {
            // one-sided at a jump, by a step too short to see it from anywhere else
            let (mut there, mut here) = (vec![0.0; n], vec![0.0; n]);
            for c in 0..n {
                let h = 1e-7 * z[c].abs().max(1.0);
                let [mut up, mut down] = [z.to_vec(), z.to_vec()];
                (up[c], down[c]) = (z[c] + h, z[c] - h);
                function(&up, &mut there);
                function(&down, &mut here);
                (0..n).for_each(|i| j[c * n + i] = (there[i] - here[i]) / (2.0 * h));
            }
        };
        let model = Model::equation_on_slices(move |z, _, g| function(z, g)).jacobian(jacobian);
        let problem = model.system(n).unwrap();
        for name in
            ["newton", "chord", "dogleg", "levenberg-marquardt", "pseudo-transient", "broyden", "anderson", "auto"]
        {
            for relative in [1e-6, 1e-12] {
                let options = Options { relative, ..Options::default() };
                let solution = solve(&problem, &row(&vec![start; n]), &any(name), &options).unwrap();
                assert_ne!(
                    solution.outcomes()[0].status,
                    Status::Converged,
                    "{name} on {k} at {relative}: {:?}",
                    solution.z()
                );
            }
        }
    }
}

#[test]
fn a_root_on_a_jump_has_no_derivative() {
    // z + sign(z - 1) / 1000 = 1
    let sign = |z: f64| if z == 0.0 { 0.0 } else { z.signum() };
    for height in [1e-3, 1e-6, 1e-9] {
        let g = move |z: &[f64], a: &[f64], g: &mut [f64]| g[0] = z[0] + height * sign(z[0] - 1.0) - a[0];
        let model =
            Model::equation_on_slices(g).jacobian(|_, _, j| j[0] = 1.0).parameter_jacobian(|_, _, d| d[0] = -1.0);
        let problem = model.parameters(&[1.0]).system(1).unwrap();
        let solution = solve(&problem, &row(&[1.0]), &any("newton"), &Options::default()).unwrap();
        assert_eq!(solution.outcomes()[0].status, Status::Converged);
        let verdict = solution.verdict(0).unwrap();
        assert!(!verdict.holds && verdict.to_string().contains("jumps"), "{height}: {verdict}");
        assert!(solution.pullback(&row(&[1.0])).is_err());
    }
}

#[test]
fn a_plateau_is_as_wide_as_the_root_is_uncertain() {
    // 10^10 is added and taken away: g changes in steps of 2e-6
    let problem = Model::equation(|z, _| [(z[0] + 1e10) - (1e10 + 1.234_567_8)]).system(1).unwrap();
    let options = Options { relative: 1e-12, ..Options::default() };
    let solution = solve(&problem, &row(&[1.0]), &any("newton"), &options).unwrap();
    let error = (solution.converged().unwrap().row(0)[0] - 1.234_567_8).abs();
    assert!(error <= solution.outcomes()[0].accuracy.correction, "{error} {:?}", solution.outcomes()[0].accuracy);
    assert!(solution.outcomes()[0].accuracy.correction < 1e-5);
}

/// Where g bends or has a pole within one rounding of z, a correction below rounding says nothing.
#[test]
fn poles_and_near_misses_within_one_rounding_are_no_roots() {
    let refused = |what: &str, g: fn(Var) -> Var, starts: &[f64]| {
        let model = || Model::equation(|z, _| [g(z[0]), z[1] - 2.0]);
        for start in starts {
            for name in ["newton", "levenberg-marquardt", "dogleg", "auto"] {
                let s = model().solver(any(name)).solve(&[*start, 1.0]).unwrap();
                assert_ne!(s.status(), Status::Converged, "{what} from {start} by {name}: {:?}", s.z());
            }
        }
    };
    let around = |z: f64| [z.next_down().next_down(), z.next_down(), z, z.next_up(), z.next_up().next_up()];
    let near = [around(0.3).to_vec(), vec![0.0, 1.0]].concat();
    refused("a near miss", |z| (z - 0.3).powi(2) * 1e40 + 1.0, &near);
    refused("a nearer miss", |z| (z - 0.3).powi(2) * 1e60 + 1.0, &near);
    refused("a double pole", |z| (z - 0.3).powi(-2), &around(0.3)[..2]);
    refused("a double pole", |z| (z - 0.3).powi(-2), &around(0.3)[3..]);
    // of another size
    refused("a large near miss", |z| ((z - 3e200) * 1e-180).powi(2) + 1.0, &around(3e200));
    // a small one by itself: beside an unknown of 2 it would count as 0
    for start in around(3e-200) {
        let g = |z: &[Var], _: &[Var]| [((z[0] - 3e-200) * 1e220).powi(2) + 1.0];
        let s = Model::equation(g).solver(any("newton")).solve(&[start]).unwrap();
        assert_ne!(s.status(), Status::Converged, "{:?}", s.z());
    }
    // in directions between the unknowns, and in single precision
    for start in around(0.4) {
        let g = |z: &[Var], _: &[Var]| [((z[0] + z[1] - 0.7) * 1e20).powi(2) + 1.0, z[0] - z[1] - 0.1];
        let s = Model::equation(g).solver(any("newton")).solve(&[start, 0.3]).unwrap();
        assert_ne!(s.status(), Status::Converged, "{:?}", s.z());
    }
    for start in [0.3f32.next_down(), 0.3, 0.3f32.next_up(), 1.0] {
        let g = |z: &[Var], _: &[Var]| [((z[0] - f64::from(0.3f32)) * 1e12).powi(2) + 1.0];
        let s = Model::equation(g).single_precision().solver(any("newton")).solve(&[start]).unwrap();
        assert_ne!(s.status(), Status::Converged, "{:?}", s.z());
    }
    // of tan z, from beside a pole, 0 is a root, and others are
    for start in around(std::f64::consts::FRAC_PI_2) {
        let s = Model::equation(|z, _| [z[0].tan()]).solver(any("newton")).solve(&[start]).unwrap();
        if s.status() == Status::Converged {
            assert!((s.z()[0] / std::f64::consts::PI).round() * std::f64::consts::PI - s.z()[0] < 1e-6, "{:?}", s.z());
            assert!(s.z()[0].tan().abs() < 1e-3, "{:?}", s.z());
        }
    }
}

/// Multiple roots and kinks are roots, although g bends there, also from the numbers beside them.
#[test]
fn multiple_roots_and_kinks_are_found_from_beside_them() {
    let found = |what: &str, g: fn(Var) -> Var, root: f64| {
        // not from the root itself, where J of a double root is singular before z_1 has moved
        let beside = [root.next_down().next_down(), root.next_down(), root.next_up(), root.next_up().next_up()];
        for start in beside.into_iter().chain([root + 0.5, root - 0.25]) {
            let s = Model::equation(|z, _| [g(z[0]), z[1] - 2.0]).solver(any("newton")).solve(&[start, 1.0]).unwrap();
            let z = s.converged().unwrap_or_else(|e| panic!("{what} from {start}: {e}"));
            assert!((z[0] - root).abs() < 1e-6, "{what} from {start}: {z:?}");
        }
    };
    found("a double root", |z| (z - 0.3).powi(2), 0.3);
    found("a double root between two numbers", |z| (z * z - 2.0).powi(2), std::f64::consts::SQRT_2);
    found("a double root of steep slopes", |z| (z * z - 2.0).powi(2) * 1e40, std::f64::consts::SQRT_2);
    // a root between the last two numbers before a pole, where no number is better than the one nearest to it
    let s = Model::equation(|z, _| [z[0].tan() - 1e16])
        .solver(any("newton"))
        .solve(&[std::f64::consts::FRAC_PI_2])
        .unwrap();
    assert_eq!(s.status(), Status::Converged);
    found("a kink", |z| z - 1.0 / 3.0 + 6.0 * (z - 1.0 / 3.0).min(0.0), 1.0 / 3.0);
}

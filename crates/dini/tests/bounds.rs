//! Unknowns within bounds: iterates, roots inside, roots on a bound.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dini::model::System;
use dini::problem::Bounds;
use dini::program::{Equation, Number, Var};
use dini::solve::{AnySolver, Solver};
use dini::{Auto, Error, Model, Newton, Options, Picard, Rows, Status, solve, tiny};
use rand::{Rng, SeedableRng, rngs::StdRng};

/// Every solver that keeps bounds.
const CONFINED: [&str; 7] = ["newton", "chord", "newton-krylov", "broyden", "dogleg", "levenberg-marquardt", "auto"];

fn within(bounds: Bounds) -> Options {
    Options { bounds: Some(bounds), ..Options::default() }
}

/// A phosphate buffer under air: h, oh, c0, hc, cc, p3, p2, p1, p0 in mol/l; equilibria as products, or as fractions, which have
/// poles where the products have none.
fn buffer(fractions: bool, sodium: f64) -> System<f64> {
    let g = |z: &[Var], a: &[Var]| -> Vec<Var> {
        let [h, oh, c0, hc, cc, p3, p2, p1, p0] = std::array::from_fn(|i| z[i]);
        // constants of water at 25 degrees C: Stumm and Morgan (1996), Aquatic Chemistry
        let pairs =
            [(c0, 3.9e-4.into(), 0.034), (h * oh, 1.0.into(), 1e-14), (h * hc, c0, 4.5e-7), (h * cc, hc, 4.7e-11)];
        let phosphates = [(h * p2, p3, 7.1e-3), (h * p1, p2, 6.3e-8), (h * p0, p1, 4.5e-13)];
        let equilibrium =
            |(left, right, k): (Var, Var, f64)| if fractions { left / right - k } else { left - right * k };
        let balances = [h + a[0] - oh - hc - cc * 2.0 - p2 - p1 * 2.0 - p0 * 3.0, p3 + p2 + p1 + p0 - 0.01];
        pairs.into_iter().chain(phosphates).map(equilibrium).chain(balances).collect()
    };
    Model::equation(g).parameters(&[sodium]).system(9).unwrap()
}

#[test]
fn concentrations_stay_positive_from_any_side() {
    for (fractions, start) in [(false, 1.0), (true, 1.0), (true, 1e-3), (false, 10.0), (true, 1e-6)] {
        let problem = buffer(fractions, 0.015);
        let z0 = Rows::from_vec(1, 9, vec![start; 9]).unwrap();
        let options = Options { relative: 1e-10, ..within(Bounds::positive(9)) };
        let solution = solve(&problem, &z0, &Auto::default(), &options).unwrap();
        let z = solution.converged().unwrap().row(0);
        assert!(z.iter().all(|z| *z > 0.0), "{z:?}");
        assert!(
            (z[0] / 6.534904011752e-8 - 1.0).abs() < 1e-9 && (z[8] / 3.380007953485e-8 - 1.0).abs() < 1e-8,
            "{z:?}"
        );
        // the derivative is that of the equations: charge balance against a difference in the sodium
        let slope = solution.jacobian(0).unwrap()[0].row(0)[0];
        let nearby = |sodium: f64| {
            let solution = solve(buffer(fractions, sodium), solution.z(), &Newton::default(), &options).unwrap();
            solution.converged().unwrap().row(0)[0]
        };
        let difference = (nearby(0.015 + 1e-7) - nearby(0.015 - 1e-7)) / 2e-7;
        assert!((slope / difference - 1.0).abs() < 1e-4, "{slope} {difference}");
    }
}

/// (z_i / r_i)^2 - 1 + ln(z_i / r_i) + sum_j w_ij (z_j / r_j - 1) = 0 with the root r, for 0 < z < 10^6; counts where it is asked
/// for values outside.
#[derive(Clone)]
struct Wild {
    r: Vec<f64>,
    w: Vec<f64>,
    outside: Arc<AtomicUsize>,
}

impl Wild {
    fn random(random: &mut StdRng) -> (Self, Vec<f64>) {
        let n = random.random_range(1..4);
        let r: Vec<f64> = (0..n).map(|_| 10f64.powf(random.random_range(-3.0..3.0))).collect();
        let w = (0..n * n).map(|_| random.random_range(-0.3..0.3)).collect();
        let start = r.iter().map(|r| r * 10f64.powf(random.random_range(-2.0..2.0))).collect();
        (Wild { r, w, outside: Arc::default() }, start)
    }

    fn residual(&self, z: &[f64], g: &mut [f64]) {
        // what confirms a root may look a few tolerances beyond
        if z.iter().any(|z| *z < -1e-3 || *z > 1e6 + 1e3) {
            self.outside.fetch_add(1, Ordering::Relaxed);
        }
        let n = z.len();
        let share = |j: usize| z[j] / self.r[j];
        for (i, g) in g.iter_mut().enumerate() {
            *g = share(i) * share(i) - 1.0 + share(i).ln();
            (0..n).for_each(|j| *g += (share(j) - 1.0) * self.w[i * n + j]);
        }
    }

    fn jacobian(&self, z: &[f64], out: &mut [f64]) {
        let n = z.len();
        for j in 0..n {
            (0..n).for_each(|i| out[j * n + i] = self.w[i * n + j] / self.r[j]);
            out[j * n + j] += 2.0 * z[j] / (self.r[j] * self.r[j]) + 1.0 / z[j];
        }
    }

    fn system(&self) -> System<f64> {
        let (g, j) = (self.clone(), self.clone());
        Model::equation_on_slices(move |z: &[f64], _: &[f64], out: &mut [f64]| g.residual(z, out))
            .jacobian(move |z, _, out| j.jacobian(z, out))
            .system(self.r.len())
            .unwrap()
    }
}

#[test]
fn iterates_stay_inside_in_every_solver_that_says_so() {
    let mut random = StdRng::seed_from_u64(11);
    for name in CONFINED {
        let mut solved = 0;
        for _ in 0..40 {
            let (wild, start) = Wild::random(&mut random);
            let n = start.len();
            let problem = wild.system();
            let options = within(Bounds::new(vec![0.0; n], vec![1e6; n]).unwrap());
            let solver = AnySolver::by_name(name).unwrap();
            let solution = solve(&problem, &Rows::from_vec(1, n, start).unwrap(), &solver, &options).unwrap();
            let z = solution.z().row(0);
            assert!(z.iter().all(|z| 0.0 < *z && *z < 1e6), "{name}: {z:?}");
            assert_eq!(wild.outside.load(Ordering::Relaxed), 0, "{name}");
            if solution.outcomes()[0].status == Status::Converged {
                solved += 1;
                let mut g = vec![0.0; n];
                wild.residual(z, &mut g);
                assert!(g.iter().all(|g| g.abs() < 1e-3), "{name}: {z:?}");
            }
        }
        let least = if name == "broyden" || name == "newton-krylov" { 15 } else { 36 };
        assert!(solved >= least, "{name}: {solved} of 40");
    }
}

#[test]
fn a_root_on_a_bound_is_reported_as_such() {
    // z (z - 1) = 0: 0 is on the bound, 1 inside
    let problem = Model::equation(|z, a| [z[0] * (z[0] - 1.0) + a[0]]).parameters(&[0.0]).system(1).unwrap();
    let bounds = Bounds::new(vec![0.0], vec![0.75]).unwrap();
    for solver in ["newton", "dogleg", "levenberg-marquardt", "chord", "auto"] {
        let solver = AnySolver::by_name(solver).unwrap();
        for start in [0.3, 0.1, 1e-6] {
            let solution =
                solve(&problem, &Rows::from_vec(1, 1, vec![start]).unwrap(), &solver, &within(bounds.clone())).unwrap();
            assert_eq!(solution.outcomes()[0].status, Status::OnBound, "{} from {start}", solver.name());
            assert_eq!(solution.z().row(0), [0.0]);
            let refused = solution.pullback(&Rows::from_vec(1, 1, vec![1.0]).unwrap());
            assert!(matches!(refused, Err(Error::NotConverged { status: Status::OnBound, .. })));
            assert!(!solution.verdict(0).unwrap().holds);
        }
    }
    // without a root inside or on the bound there is none
    let bounds = Bounds::new(vec![0.25], vec![0.75]).unwrap();
    let solution =
        solve(&problem, &Rows::from_vec(1, 1, vec![0.6]).unwrap(), &Auto::default(), &within(bounds)).unwrap();
    assert!(
        !matches!(solution.outcomes()[0].status, Status::Converged | Status::OnBound),
        "{:?}",
        solution.outcomes()[0].status
    );
    let z = solution.z().row(0)[0];
    assert!((0.25..=0.75).contains(&z));
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let square = Model::equation(|z, _| [z[0] * z[0] - 4.0]).system(1).unwrap();
    let start = |z: f64| Rows::from_vec(1, 1, vec![z]).unwrap();
    let positive = || within(Bounds::positive(1));
    let error = solve(&square, &start(-1.0), &Newton::default(), &positive()).unwrap_err();
    assert!(error.to_string().contains("unknown 0 is -1"), "{error}");
    assert!(matches!(error, Error::OutOfBounds { sample: 0, unknown: 0, .. }));
    assert!(matches!(solve(&square, &start(0.0), &Newton::default(), &positive()), Err(Error::OutOfBounds { .. })));
    let error = solve(&square, &start(1.0), &Picard::default(), &positive()).unwrap_err();
    assert!(error.to_string().contains("`bounds`"), "{error}");
    assert!(matches!(
        solve(&square, &start(1.0), &Newton::default(), &within(Bounds::positive(2))),
        Err(Error::Shape { .. })
    ));
    assert!(Bounds::new(vec![0.0], vec![0.0]).is_err() && Bounds::new(vec![f64::NAN], vec![1.0]).is_err());
    assert!(Bounds::new(vec![0.0, 1.0], vec![2.0]).is_err());
    assert!(!Solver::<System<f64>>::confines(&Picard::default()));
    // on the stack there are no bounds
    let refused = tiny::solve(&Square, [1.0], [4.0], &within(Bounds::positive(1)));
    assert!(matches!(refused, Err(Error::Option { name: "bounds", .. })));
}

/// z^2 = a, on the stack.
struct Square;

impl Equation for Square {
    fn unknowns(&self) -> usize {
        1
    }
    fn parameters(&self) -> usize {
        1
    }
    fn residual<D: Number>(&self, z: &[D], a: &[D], out: &mut [D]) {
        out[0] = z[0] * z[0] - a[0];
    }
}

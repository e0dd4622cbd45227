//! Random tanh cells: what is reported converged is a solution, and its gradients agree.

mod common;

use common::{dot, error, norm, rows, weights};
use dini::cells::{Tanh, TanhGradient};
use dini::gradient::{Implicit, Method, unrolled};
use dini::linear::{Gmres, Refinement};
use dini::solve::Solver;
use dini::{Anderson, Error, Newton, OnFailure, Options, Picard, Real, Rows, Solution, Status, solve};

struct Case<T> {
    b: usize,
    n: usize,
    norm: f64,
    cell: Tanh<T>,
    z0: Rows<T>,
}

/// The `i`-th random cell: sizes 1..=40, batches 1..=8, norms up to 2.5, starts up to 1 in every component.
fn case<T: Real>(i: u64) -> Case<T> {
    let u = common::numbers::<f64>(1000 + i, 4).iter().map(|u| 0.5 + 0.5 * u).collect::<Vec<_>>();
    let (n, b, norm) = (1 + (40.0 * u[0]) as usize, 1 + (8.0 * u[1]) as usize, 2.5 * u[2]);
    let z0 = if u[3] < 0.5 { Rows::new(b, n) } else { rows(2000 + i, b, n) };
    Case { b, n, norm, cell: Tanh::new(n, weights(3000 + i, n, norm), rows(4000 + i, b, n)).unwrap(), z0 }
}

/// z - tanh(W z + x) in f64 by plain loops.
fn residual<T: Real>(cell: &Tanh<T>, s: usize, z: &[T]) -> Vec<f64> {
    let n = cell.size();
    (0..n)
        .map(|i| {
            let sum = dot(&cell.weights()[i * n..(i + 1) * n], z) + cell.inputs().row(s)[i].as_f64();
            z[i].as_f64() - sum.tanh()
        })
        .collect()
}

fn options(relative: f64) -> Options {
    Options { relative, max_iterations: 300, ..Options::default() }
}

/// Checks every sample that is reported converged; returns their number.
fn claims_hold<T: Real, S: for<'a> Solver<&'a Tanh<T>>>(case: &Case<T>, solver: &S, relative: f64) -> usize {
    let options = options(relative);
    let solution = solve(&case.cell, &case.z0, solver, &options).unwrap();
    let rounding = 8.0 * T::epsilon().as_f64() * (1.0 + case.norm) * (case.n as f64).sqrt();
    assert_eq!(solution.z().first_non_finite(), None);
    for s in 0..case.b {
        let z = solution.z().row(s);
        let own = norm(&residual(&case.cell, s, z));
        assert!(!solution.outcomes()[s].residual.is_nan());
        // the reported residual is the true one, converged or not
        assert!(
            (own - solution.outcomes()[s].residual).abs() <= rounding,
            "{own} is reported as {}",
            solution.outcomes()[s].residual
        );
        if solution.outcomes()[s].status == Status::Converged {
            // g = J c with ||J|| <= 1 + ||W||
            assert!(
                own <= (1.0 + case.norm) * relative * norm(z) + rounding,
                "n = {}, norm {}: {own}",
                case.n,
                case.norm
            );
        } else {
            assert!(solution.outcomes()[s].residual > solution.outcomes()[s].target);
        }
        assert!(solution.outcomes()[s].iterations <= options.max_iterations);
    }
    case.b - solution.failures().count()
}

#[test]
fn whatever_is_reported_converged_is_a_solution() {
    let (mut converged, mut samples) = ([0; 6], 0);
    for i in 0..150 {
        let double = case::<f64>(i);
        let single = case::<f32>(i);
        samples += double.b;
        for (count, more) in converged.iter_mut().zip([
            claims_hold(&double, &Newton::default(), 1e-12),
            claims_hold(&double, &Anderson::default(), 1e-10),
            claims_hold(&double, &Picard { damping: 0.8 }, 1e-8),
            claims_hold(&single, &Newton::default(), 1e-5),
            claims_hold(&single, &Anderson::default(), 1e-5),
            claims_hold(&single, &Picard::default(), 1e-4),
        ]) {
            *count += more;
        }
    }
    // the claims are not empty: Newton solves nearly all
    assert!(converged[0] * 100 > samples * 90 && converged[3] * 100 > samples * 90, "{converged:?} of {samples}");
    assert!(converged.iter().all(|&c| c * 2 > samples), "{converged:?} of {samples}");
}

#[test]
fn newton_never_returns_a_larger_residual_than_it_started_with() {
    for i in 0..150 {
        let Case { b, cell, z0, .. } = case::<f32>(i);
        let solution = solve(&cell, &z0, &Newton::default(), &options(1e-12)).unwrap();
        for s in 0..b {
            let (first, last) = (norm(&residual(&cell, s, z0.row(s))), norm(&residual(&cell, s, solution.z().row(s))));
            assert!(last <= first * (1.0 + 1e-5) + 1e-6, "{last} after {first}");
        }
    }
}

/// Where ||W|| < 1 there is exactly one fixed point, and every solver finds it.
#[test]
fn contractions_are_solved_by_every_solver() {
    for i in 0..60 {
        let Case { b, n, z0, .. } = case::<f64>(i);
        let wide = weights::<f64>(5000 + i, n, 1.0);
        let frobenius = norm(&wide);
        let w: Vec<f64> = wide.iter().map(|v| 0.95 * v / frobenius).collect();
        let cell = Tanh::new(n, w, rows(6000 + i, b, n)).unwrap();
        // the slowest rate is 0.95
        let options = Options { max_iterations: 1000, ..options(1e-12) };
        let all = [
            solve(&cell, &z0, &Newton::default(), &options).unwrap().converged().unwrap().clone(),
            solve(&cell, &z0, &Anderson::default(), &options).unwrap().converged().unwrap().clone(),
            solve(&cell, &z0, &Picard::default(), &options).unwrap().converged().unwrap().clone(),
        ];
        assert!(all.iter().all(|z| error(z.as_slice(), all[0].as_slice()) < 1e-10));
    }
}

/// The samples of a cell that Newton solves, as a cell of their own with a start on the solution.
fn solved_part(case: &Case<f64>) -> Option<(Tanh<f64>, Rows<f64>)> {
    let solution = solve(&case.cell, &case.z0, &Newton::default(), &options(1e-13)).unwrap();
    let good: Vec<usize> = (0..case.b).filter(|&s| solution.outcomes()[s].status == Status::Converged).collect();
    let take = |from: &Rows<f64>| {
        let values = good.iter().flat_map(|&s| from.row(s).to_vec()).collect();
        Rows::from_vec(good.len(), case.n, values).unwrap()
    };
    let cell = Tanh::new(case.n, case.cell.weights().to_vec(), take(case.cell.inputs()));
    (!good.is_empty()).then(|| (cell.unwrap(), take(&case.z0)))
}

fn gradients<M: dini::linear::Inverse<Rows<f64>>>(
    solution: &Solution<&Tanh<f64>, M>,
    w: &Rows<f64>,
    method: Method,
) -> Result<(TanhGradient<f64>, f64), Error> {
    let options = Implicit { method, tolerance: Some(1e-11), ..Implicit::default() };
    let derivative = solution.pullback_with(w, &options)?;
    Ok((derivative.value, derivative.reports.iter().fold(1.0, |worst, r| r.condition.max(worst))))
}

#[test]
fn every_mode_gives_one_gradient_where_converged() {
    let (mut compared, mut refused) = (0, 0);
    for i in 0..100 {
        let case = case::<f64>(i);
        let Some((cell, z0)) = solved_part(&case) else { continue };
        let (b, n) = (z0.samples(), case.n);
        let w = rows::<f64>(7000 + i, b, n);
        let options = options(1e-13);
        let solution = solve(&cell, &z0, &Newton::default(), &options).unwrap();
        solution.converged().unwrap();
        let Ok((reference, condition)) = gradients(&solution, &w, Method::Dense) else {
            refused += 1;
            continue;
        };
        let bound = 1e-10 * condition;
        let check = |gradient: &TanhGradient<f64>, mode: &str| {
            let worst = error(&gradient.w, &reference.w).max(error(gradient.x.as_slice(), reference.x.as_slice()));
            assert!(worst < bound, "{mode}, n = {n}, b = {b}, condition {condition:e}: {worst:e}");
        };
        check(&gradients(&solution, &w, Method::Auto).unwrap().0, "reused factors");
        let full = Gmres { restart: n, max_iterations: 20 * n };
        check(&gradients(&solution, &w, Method::Krylov(full.clone().into())).unwrap().0, "GMRES with factors");
        // what carries no factors: Picard stopped where Newton ended
        let bare = solve(&cell, solution.z(), &Picard::default(), &options).unwrap();
        if bare.failures().next().is_none() {
            check(&gradients(&bare, &w, Method::Krylov(full.into())).unwrap().0, "GMRES");
            check(&gradients(&bare, &w, Method::Dense).unwrap().0, "dense without memory");
        }
        // a contraction at the solution: the fixed point and the unrolled iteration converge, too
        if case.norm < 0.8 {
            let adjoint = Method::FixedPoint(Refinement { max_iterations: 3000, ..Refinement::default() });
            check(&gradients(&solution, &w, adjoint).unwrap().0, "adjoint fixed point");
            check(&unrolled(&cell, &z0, 1500, 1.0, |_| w.clone()).unwrap().value, "unrolled");
        }
        // forward mode
        let tangent = TanhGradient { w: common::numbers(8000 + i, n * n), x: rows(9000 + i, b, n) };
        let dz = solution.pushforward(&tangent).unwrap().value;
        let (left, right) = (
            dot(w.as_slice(), dz.as_slice()),
            dot(&reference.w, &tangent.w) + dot(reference.x.as_slice(), tangent.x.as_slice()),
        );
        let size = norm(w.as_slice()) * norm(dz.as_slice());
        assert!((left - right).abs() <= bound * size, "forward mode: {left} and {right}");
        compared += 1;
    }
    assert!(compared >= 85 && refused <= 5, "{compared} compared, {refused} refused");
}

#[test]
fn gradients_match_central_differences_of_the_solution() {
    let mut compared = 0;
    for i in 0..40 {
        let case = case::<f64>(i);
        let Some((cell, z0)) = solved_part(&case) else { continue };
        let solution = solve(&cell, &z0, &Newton::default(), &options(1e-13)).unwrap();
        let (b, n) = (z0.samples(), case.n);
        let w = rows::<f64>(7000 + i, b, n);
        let Ok((gradient, condition)) = gradients(&solution, &w, Method::Auto) else { continue };
        if condition > 1e2 {
            continue; // differences are worthless near a bifurcation
        }
        let direction = TanhGradient { w: common::numbers(8100 + i, n * n), x: rows(9100 + i, b, n) };
        let exact = dot(&gradient.w, &direction.w) + dot(gradient.x.as_slice(), direction.x.as_slice());
        let h = 1e-6 / (1.0 + condition);
        let loss = |h: f64| {
            let moved = |v: &[f64], d: &[f64]| v.iter().zip(d).map(|(v, d)| v + h * d).collect::<Vec<_>>();
            let x = Rows::from_vec(b, n, moved(cell.inputs().as_slice(), direction.x.as_slice())).unwrap();
            let cell = Tanh::new(n, moved(cell.weights(), &direction.w), x).unwrap();
            let moved = solve(&cell, solution.z(), &Newton::default(), &options(1e-14)).unwrap();
            assert!((0..b).all(|s| moved.outcomes()[s].residual < 1e-12));
            dot(moved.z().as_slice(), w.as_slice())
        };
        let difference = (loss(h) - loss(-h)) / (2.0 * h);
        let size = 1.0 + exact.abs() + norm(w.as_slice()) * condition;
        assert!((difference - exact).abs() < 1e-5 * size, "n = {n}: {difference} and {exact}");
        compared += 1;
    }
    assert!(compared >= 25, "{compared}");
}

#[test]
fn f32_agrees_with_f64() {
    let mut compared = 0;
    for i in 0..100 {
        let single = case::<f32>(i);
        let (b, n) = (single.b, single.n);
        let options = options(1e-6);
        let narrow = solve(&single.cell, &single.z0, &Newton::default(), &options).unwrap();
        // the same numbers in f64, started where f32 ended, so that both are at one of several fixed points
        let wide = |v: &[f32]| v.iter().map(|&v| f64::from(v)).collect::<Vec<_>>();
        let x = Rows::from_vec(b, n, wide(single.cell.inputs().as_slice())).unwrap();
        let cell = Tanh::new(n, wide(single.cell.weights()), x).unwrap();
        let z0 = Rows::from_vec(b, n, wide(narrow.z().as_slice())).unwrap();
        let double = solve(&cell, &z0, &Newton::default(), &self::options(1e-13)).unwrap();
        let w = rows::<f32>(7000 + i, b, n);
        let wide_w = Rows::from_vec(b, n, wide(w.as_slice())).unwrap();
        let drop = Implicit { on_failure: OnFailure::Drop, ..Implicit::default() };
        let (left, right) = (narrow.pullback_with(&w, &drop).unwrap(), double.pullback_with(&wide_w, &drop).unwrap());
        for s in 0..b {
            let both =
                narrow.outcomes()[s].status == Status::Converged && double.outcomes()[s].status == Status::Converged;
            if !both || right.reports[s].condition > 30.0 {
                continue;
            }
            assert!(!left.failures.contains(&s), "n = {n}, sample {s}: {:?}", left.reports[s]);
            assert!(error(&wide(narrow.z().row(s)), double.z().row(s)) < 1e-4);
            assert!(error(&wide(left.vector.row(s)), right.vector.row(s)) < 1e-4);
            assert!(error(&wide(left.value.x.row(s)), right.value.x.row(s)) < 1e-4);
            compared += 1;
        }
    }
    assert!(compared > 100, "{compared}");
}

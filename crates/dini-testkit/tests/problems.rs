//! The table of problems: roots, derivatives, and what dini makes of them.

use dini::gradient::{Implicit, Method};
use dini::linear::Gmres;
use dini::solve::AnySolver;
use dini::{Error, Options, Rows, Status};
use dini_testkit::conformance::numbers::{dot, norm, rows};
use dini_testkit::{AnySolution, Case, Root, Set, cases, library};

fn newton() -> AnySolver {
    AnySolver::by_name("newton").unwrap()
}

/// A solution that is the root itself.
fn at<'a>(case: &'a Case, root: &Root) -> Box<dyn AnySolution + 'a> {
    let options = Options { relative: 1e-10, ..Options::default() };
    let solution = case.problem.solve(&newton(), &root.z, &options).unwrap();
    for s in 0..root.z.samples() {
        assert_eq!(solution.outcomes()[s].status, Status::Converged, "{}", case.name);
        assert!(solution.outcomes()[s].iterations <= 1, "{}", case.name);
    }
    solution
}

fn relative(found: &[f64], expected: &[f64]) -> f64 {
    let gap: Vec<f64> = found.iter().zip(expected).map(|(f, e)| f - e).collect();
    norm(&gap) / norm(expected).max(1e-3)
}

/// What rounding allows: the matrix roots have a condition number of 6e10 (1-norm), the others less.
fn accuracy(case: &Case) -> f64 {
    if case.name.starts_with("hammarling") { 1e-6 } else { 1e-10 }
}

#[test]
fn the_table_is_complete_and_consistent() {
    assert_eq!(library().len(), 23);
    let cases = cases();
    let mut names: Vec<&str> = cases.iter().map(|c| c.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), cases.len(), "names are unique");
    for case in &cases {
        let b = case.problem.parameters().samples();
        assert!(case.problem.parameters().width() > 0, "{} has a parameter", case.name);
        assert!(!case.starts.is_empty(), "{} has a start", case.name);
        for z in case.starts.iter().chain(case.roots.iter().map(|r| &r.z)) {
            assert_eq!((z.samples(), z.width()), (b, case.unknowns()), "{}", case.name);
        }
        assert_eq!(case.roots.is_empty(), matches!(case.set, Set::Rootless | Set::Vanishing), "{}", case.name);
        assert!(case.set != Set::Degenerate || !case.is_regular(), "{}", case.name);
        for root in &case.roots {
            let expected = if root.regular { case.problem.parameters().width() } else { 0 };
            assert!(root.tangents.len() == expected, "{}: a derivative by every parameter", case.name);
        }
    }
}

#[test]
fn the_roots_are_roots() {
    for case in &cases() {
        for root in &case.roots {
            let residual = case.residual(&root.z);
            assert!(residual <= 1e-12, "{}: {residual:e}", case.name);
        }
    }
}

#[test]
fn derivatives_at_the_roots_are_the_recorded_ones() {
    let methods = [Method::Auto, Method::Dense, Method::Krylov(Gmres { restart: 100, max_iterations: 500 }.into())];
    for case in &cases() {
        for root in case.roots.iter().filter(|r| r.regular) {
            let solution = at(case, root);
            for method in &methods {
                if matches!(method, Method::Krylov(_)) && accuracy(case) > 1e-9 {
                    continue;
                }
                let options = Implicit { method: method.clone(), ..Implicit::default() };
                derivatives(case, root, &*solution, &options);
            }
        }
    }
}

fn derivatives(case: &Case, root: &Root, solution: &dyn AnySolution, options: &Implicit) {
    let (b, n) = (root.z.samples(), root.z.width());
    // a Krylov method is as good as its tolerance times the condition number
    let accuracy = if matches!(options.method, Method::Krylov(_)) { 1e-6 } else { accuracy(case) };
    let w = rows::<f64>(5, b, n);
    let gradient = solution.pullback(&w, options).unwrap_or_else(|e| panic!("{}, {options:?}: {e}", case.name)).value;
    for tangent in &root.tangents {
        let dz = solution.pushforward(&tangent.da, options).unwrap_or_else(|e| panic!("{}: {e}", case.name)).value;
        for s in 0..b {
            let gap = relative(dz.row(s), tangent.dz.row(s));
            assert!(gap < accuracy, "{}, {options:?}: dz* is off by {gap:e} in sample {s}", case.name);
            let (found, expected) = (dot(gradient.row(s), tangent.da.row(s)), dot(w.row(s), tangent.dz.row(s)));
            let scale = norm(w.row(s)) * norm(tangent.dz.row(s)).max(1e-3);
            assert!((found - expected).abs() < accuracy * scale, "{}: <w, dz*> is {expected}, not {found}", case.name);
        }
    }
}

#[test]
fn a_derivative_at_a_singular_root_is_refused() {
    for case in &cases() {
        for root in case.roots.iter().filter(|r| !r.regular) {
            let solution = at(case, root);
            let w = rows::<f64>(6, root.z.samples(), root.z.width());
            for method in [Method::Auto, Method::Dense] {
                let refused = solution.pullback(&w, &Implicit { method, ..Implicit::default() });
                assert!(matches!(refused, Err(Error::Singular { .. })), "{} at {:?}", case.name, root.z);
            }
        }
    }
}

#[test]
fn newton_reaches_each_regular_root_from_nearby() {
    for case in &cases() {
        for root in case.roots.iter().filter(|r| r.regular) {
            let noise = rows::<f64>(9, root.z.samples(), root.z.width());
            let near = root.z.as_slice().iter().zip(noise.as_slice()).map(|(z, e)| z + 1e-6 * z.abs().max(1e-3) * e);
            let z0 = Rows::from_vec(root.z.samples(), root.z.width(), near.collect()).unwrap();
            let options = Options { relative: 1e-12, ..Options::default() };
            let solution = case.problem.solve(&newton(), &z0, &options).unwrap();
            for s in 0..z0.samples() {
                assert_eq!(solution.outcomes()[s].status, Status::Converged, "{}", case.name);
                let gap = relative(solution.z().row(s), root.z.row(s));
                assert!(gap < accuracy(case), "{}: another root, {gap:e} away", case.name);
            }
        }
    }
}

#[test]
fn the_bound_on_a_gradient_covers_its_error() {
    let (mut ratios, mut none) = (Vec::new(), 0);
    for case in &cases() {
        for root in case.roots.iter().filter(|r| r.regular) {
            for relative in [1e-2, 1e-3, 1e-6, 1e-12] {
                let noise = rows::<f64>(13, root.z.samples(), root.z.width());
                let near = root.z.as_slice().iter().zip(noise.as_slice()).map(|(z, e)| z * (1.0 + 0.3 * relative * e));
                let z0 = Rows::from_vec(root.z.samples(), root.z.width(), near.collect()).unwrap();
                let options = Options { relative, ..Options::default() };
                let solution = case.problem.solve(&newton(), &z0, &options).unwrap();
                let w = rows::<f64>(5, z0.samples(), z0.width());
                // a loose tolerance may end at another root, or at none
                let Ok(report) = solution.report(&w, &Implicit::default()) else { continue };
                for s in 0..z0.samples() {
                    none += usize::from(report.bounds[s].error.is_infinite());
                    for tangent in &root.tangents {
                        let (da, exact) = (tangent.da.row(s), dot(w.row(s), tangent.dz.row(s)));
                        // the reference is rounded, too
                        let rounding = 4.0 * f64::EPSILON * norm(w.row(s)) * norm(tangent.dz.row(s));
                        let pairs =
                            [(&report.derivative.value, &report.bounds), (&report.corrected, &report.remaining)];
                        for (found, bounds) in pairs {
                            let (error, bound) = ((dot(found.row(s), da) - exact).abs(), bounds[s].error * norm(da));
                            assert!(error <= bound + rounding, "{}, {relative:e}: {error:e}, {bound:e}", case.name);
                        }
                        let error = (dot(report.derivative.value.row(s), da) - exact).abs();
                        if error > 1e-10 * exact.abs() && tangent.da.width() == 1 {
                            ratios.push(report.bounds[s].error * norm(da) / error);
                        }
                    }
                }
            }
        }
    }
    ratios.sort_by(f64::total_cmp);
    let median = ratios[ratios.len() / 2];
    println!(
        "{} gradients: bound / error {median:.2}, at most {:.1}; {none} without",
        ratios.len(),
        ratios.last().unwrap()
    );
    assert!(ratios.len() > 30 && median < 2.0 && none == 0);
}

#[test]
fn the_products_of_every_equation_conform() {
    for case in &cases() {
        // some starts lie where the residual is not smooth: the helical valley's on its cut, 0 in sample 18
        let shifted = case.starts[0].as_slice().iter().map(|v| v + 0.0625).collect();
        let z = Rows::from_vec(case.starts[0].samples(), case.unknowns(), shifted).unwrap();
        case.problem.conform(&z);
        for root in case.roots.iter().filter(|r| r.regular) {
            case.problem.conform(&root.z);
        }
    }
}

#[test]
fn a_step_tolerance_tells_a_vanishing_residual_from_a_root() {
    for case in cases().iter().filter(|c| c.set == Set::Vanishing) {
        for name in AnySolver::NAMES {
            let options = Options { relative: 1e-10, ..Options::default() };
            let solver = AnySolver::by_name(name).unwrap();
            let solution = case.problem.solve(&solver, &case.starts[0], &options).unwrap();
            assert_ne!(solution.outcomes()[0].status, Status::Converged, "{name} on {}: {:?}", case.name, solution.z());
        }
    }
}

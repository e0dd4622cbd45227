//! The polyalgorithm: what it tries, in which order, for which samples.

use std::sync::Arc;

use dini::cells::Tanh;
use dini::model::System;
use dini::solve::{AnySolver, Auto, Dogleg, Workspace};
use dini::{Anderson, Error, Model, Newton, Options, Picard, Rows, Solution, Status, solve, solve_with};

/// z_i = f(z_i) + a with slope `slope[s]` at the fixed point 0.5 and a = 0, the same for all n = 10 components of sample s; parameters
/// are (slope, a).
fn slopes(slope: &[f64]) -> System<f64> {
    let parameters = slope.iter().flat_map(|&slope| [slope, 0.0]).collect();
    Model::fixed_point(|z, a| -> Vec<_> {
        z.iter().map(|z| 0.5 + a[0] * (z - 0.5) + (z - 0.5).powi(3) + a[1]).collect()
    })
    .samples(Rows::from_vec(slope.len(), 2, parameters).unwrap())
    .system(10)
    .unwrap()
}

fn methods<P: dini::problem::Problem, M>(solution: &Solution<P, M>, sample: usize) -> Vec<(&'static str, Status)> {
    solution.attempts(sample).map(|a| (a.method, a.status)).collect()
}

#[test]
fn only_the_samples_a_method_gives_up_go_on_to_the_next() {
    // Picard doubles the error of sample 1 in every step
    let methods_in_turn = Some(vec![AnySolver::Picard(Picard::default()), AnySolver::Newton(Newton::default())]);
    let auto = Auto { methods: methods_in_turn };
    let problem = slopes(&[0.3, -2.0, 0.1]);
    let start = Rows::from_vec(3, 10, vec![0.4; 30]).unwrap();
    let solution = solve(&problem, &start, &auto, &Options::default()).unwrap();
    assert!(solution.converged().unwrap().as_slice().iter().all(|z| (z - 0.5).abs() < 1e-5));
    assert_eq!(methods(&solution, 0), [("picard", Status::Converged)]);
    let second = methods(&solution, 1);
    assert_eq!((second[0].0, second[1]), ("picard", ("newton", Status::Converged)));
    assert_ne!(second[0].1, Status::Converged);
    assert_eq!(methods(&solution, 2), [("picard", Status::Converged)]);
    // iterations are those of all methods together
    let made: usize = solution.attempts(1).map(|a| a.iterations).sum();
    assert_eq!(made, solution.outcomes()[1].iterations);

    // dz*/da = 1 / (1 - slope): with factors for sample 1 and none for the others
    let gradient = solution.pullback(&Rows::from_vec(3, 10, vec![1.0; 30]).unwrap()).unwrap().value;
    for (s, slope) in [0.3, -2.0, 0.1].into_iter().enumerate() {
        assert!((gradient.row(s)[1] - 10.0 / (1.0 - slope)).abs() < 1e-4, "sample {s}: {}", gradient.row(s)[1]);
    }
}

#[test]
fn a_sample_fares_the_same_alone_and_in_a_batch() {
    let slope: &[f64] = &[0.3, -2.0, 0.1, 1.5];
    let start = Rows::from_vec(4, 10, (0..40).map(|i| 0.4 + 0.003 * f64::from(i)).collect()).unwrap();
    for compaction in [0.0, 1.0] {
        let options = Options { compaction, chunk: Some(4), ..Options::default() };
        let together = solve(slopes(slope), &start, &Auto::default(), &options).unwrap();
        let apart = Options { compaction, chunk: Some(1), ..Options::default() };
        let alone = solve(slopes(slope), &start, &Auto::default(), &apart).unwrap();
        assert_eq!(together.z(), alone.z());
        for s in 0..4 {
            assert_eq!(methods(&together, s), methods(&alone, s));
        }
    }
}

#[test]
fn a_start_on_a_root_is_returned() {
    let cell = Tanh::new(2, vec![0.3f64, -0.2, 0.1, 0.4], Rows::new(1, 2)).unwrap();
    let solution = solve(&cell, &Rows::new(1, 2), &Auto::default(), &Options::default()).unwrap();
    assert_eq!((solution.outcomes()[0].status, solution.outcomes()[0].iterations), (Status::Converged, 0));
    assert_eq!(solution.z().as_slice(), [0.0, 0.0]);
    // no factors are there: the derivative makes its own
    let gradient = solution.pullback(&Rows::from_vec(1, 2, vec![1.0, 0.0]).unwrap()).unwrap().value;
    // (I - W)^T lam = e_1
    let determinant: f64 = 0.7 * 0.6 + 0.2 * 0.1;
    assert!((gradient.x.row(0)[0] - 0.6 / determinant).abs() < 1e-9);
}

#[test]
fn where_there_is_no_root_the_smallest_residual_stands() {
    let above = Model::equation(|z, _| [z[0] * z[0] + 1.0]).system(1).unwrap();
    let start = Rows::from_vec(1, 1, vec![3.0]).unwrap();
    let solution = solve(&above, &start, &Auto::default(), &Options::default()).unwrap();
    assert_ne!(solution.outcomes()[0].status, Status::Converged);
    let smallest = solution.attempts(0).map(|a| a.residual).fold(f64::INFINITY, f64::min);
    assert_eq!(solution.outcomes()[0].residual, smallest);
    let z = solution.z().row(0)[0];
    assert_eq!(solution.outcomes()[0].residual, z * z + 1.0);
    assert!(solution.outcomes()[0].iterations <= Options::default().max_iterations);
    assert!(matches!(solution.pullback(&start), Err(Error::NotConverged { sample: 0, .. })));
}

#[test]
fn the_iteration_limit_is_that_of_the_sample() {
    let problem = Arc::new(slopes(&[-2.0]));
    let start = Rows::from_vec(1, 10, vec![0.4; 10]).unwrap();
    for max_iterations in [0, 1, 2, 3, 7] {
        let options = Options { max_iterations, ..Options::default() };
        let solution = solve(problem.clone(), &start, &Auto::default(), &options).unwrap();
        assert!(solution.outcomes()[0].iterations <= max_iterations);
    }
}

#[test]
fn memory_of_one_plan_serves_another() {
    let mut workspace = Workspace::default();
    let problem = Arc::new(slopes(&[-2.0, 0.3]));
    let start = Rows::from_vec(2, 10, vec![0.4; 20]).unwrap();
    let picard = AnySolver::Picard(Picard::default());
    let plans = [
        None,
        Some(vec![picard.clone(), AnySolver::Newton(Newton::default())]),
        Some(vec![AnySolver::Dogleg(Dogleg::default())]),
        Some(vec![picard, AnySolver::Anderson(Anderson { window: 2, ..Anderson::default() })]),
        None,
    ];
    for methods in plans {
        let auto = Auto { methods };
        let fresh = solve(problem.clone(), &start, &auto, &Options::default()).unwrap();
        let observer = |_: &dini::solve::Progress<'_, f64>| dini::solve::Control::Continue;
        let reused =
            solve_with(problem.clone(), &start, &auto, &Options::default(), &mut workspace, &observer).unwrap();
        assert_eq!(fresh.z(), reused.z());
    }
}

#[test]
fn plans_that_make_no_sense_are_refused() {
    let problem = slopes(&[0.3]);
    let start = Rows::from_vec(1, 10, vec![0.4; 10]).unwrap();
    let plans = [vec![], vec![AnySolver::default()], vec![AnySolver::Picard(Picard { damping: 0.0 })]];
    for methods in plans {
        let auto = Auto { methods: Some(methods) };
        assert!(matches!(solve(&problem, &start, &auto, &Options::default()), Err(Error::Option { .. })));
    }
}

//! The second derivative of z* along a direction of the parameters.

use dini::Model;
use dini::problem::Along;
use dini::program::Var;

fn system() -> Model<dini::model::OnVars<'static>, f64> {
    Model::equation(|z: &[Var], a: &[Var]| {
        [z[0].powi(3) + z[1] - a[0] * a[1], z[1].exp() + z[0] * z[1] - a[1] - a[0].sin(), z[2] - z[0] * z[1] * a[0]]
    })
}

#[test]
fn it_is_the_second_difference_of_solutions() {
    let a = [1.3, 0.9];
    let solve = |a: &[f64]| {
        let s = system().tolerance(1e-15).parameters(a).solve(&[1.0, 0.2, 0.1]).unwrap();
        s.converged().unwrap();
        s
    };
    for direction in [[1.0, 0.0], [0.0, 1.0], [0.7, -1.9]] {
        let found = solve(&a).curvature(&direction).unwrap();
        let at = |t: f64| solve(&[a[0] + t * direction[0], a[1] + t * direction[1]]).z().to_vec();
        // Richardson's rule on central second differences
        let second = |h: f64, i: usize| (at(h)[i] - 2.0 * at(0.0)[i] + at(-h)[i]) / (h * h);
        for (i, found) in found.iter().enumerate() {
            let expected = (4.0 * second(1e-3, i) - second(2e-3, i)) / 3.0;
            assert!((found - expected).abs() < 1e-8 * (1.0 + expected.abs()), "{found} {expected}");
        }
    }
}

#[test]
fn it_is_quadratic_in_the_direction() {
    let s = system().tolerance(1e-14).parameters(&[1.3, 0.9]).solve(&[1.0, 0.2, 0.1]).unwrap();
    let [a, b, sum, difference] = [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, -1.0]].map(|d| s.curvature(&d).unwrap());
    for i in 0..3 {
        assert!((sum[i] + difference[i] - 2.0 * (a[i] + b[i])).abs() < 1e-12);
    }
}

#[test]
fn every_way_to_state_a_problem_has_it() {
    let closed = |z: f64| -2.0 / (9.0 * z.powi(5));
    let cube = Model::equation_on_slices(|z: &[f64], a: &[f64], g: &mut [f64]| g[0] = z[0].powi(3) - a[0]);
    let stated = cube.clone().second_derivatives(|_, along: Along<'_, [f64], [f64]>, out: &mut [f64]| {
        out[0] = along.lam[0] * 6.0 * along.z[0] * along.dz[0];
    });
    let s = stated.tolerance(1e-14).parameters(&[8.0]).solve(&[1.5]).unwrap();
    assert!((s.curvature(&[1.0]).unwrap()[0] - closed(2.0)).abs() < 1e-9);
    let s = cube.parameters(&[8.0]).solve(&[1.5]).unwrap();
    assert!(s.curvature(&[1.0]).unwrap_err().to_string().contains("second derivatives"));
    // z = a / (1 + z), a fixed point; single precision
    let fixed = Model::fixed_point(|z, a| [a[0] / (1.0 + z[0])]).single_precision().parameters(&[2f32]);
    let s = fixed.tolerance(1e-6).solve(&[0.9]).unwrap();
    // z = (sqrt(1 + 4 a) - 1) / 2
    assert!((s.curvature(&[1.0]).unwrap()[0] + 2.0 * 9f32.powf(-1.5)).abs() < 1e-5);
    // a sparse system of many unknowns: z_i^3 = a each
    let many = Model::equation(|z: &[Var], a: &[Var]| -> Vec<Var> { z.iter().map(|z| z.powi(3) - a[0]).collect() });
    let s = many.tolerance(1e-14).parameters(&[8.0]).solve(&vec![1.5; 600]).unwrap();
    assert!(s.curvature(&[1.0]).unwrap().iter().all(|v| (v - closed(2.0)).abs() < 1e-12));
}

#[test]
fn where_the_theorem_does_not_hold_there_is_none() {
    let s = dini::root(&[1.0], &[0.0], |z, a| [z[0] * z[0] - a[0]]).unwrap();
    assert!(s.curvature(&[1.0]).is_err());
    let s = dini::root(&[1.0], &[4.0], |z, a| [z[0] * z[0] - a[0]]).unwrap();
    assert!(s.curvature(&[1.0, 2.0]).is_err() && s.curvature(&[f64::NAN]).is_err());
}

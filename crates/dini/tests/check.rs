//! `check`, `check_parameters` and `check_second` find what is wrong, and nothing where nothing is.

use dini::cells::Tanh;
use dini::problem::{
    Active, Capabilities, CapabilitiesOf, DenseJacobian, Equations, Eval, Linearize, Pass, Passes, Problem,
    ResidualScale, Slot, Sparsity,
};
use dini::{Error, Mistake, Model, Newton, Options, Rows, check, check_parameters, check_second, solve};

fn row(values: &[f64]) -> Rows<f64> {
    Rows::from_vec(1, values.len(), values.to_vec()).unwrap()
}

fn cell(n: usize) -> Tanh<f64> {
    let w = (0..n * n).map(|k| 0.3 * ((k * 7 % 11) as f64 - 5.0) / (n as f64).sqrt()).collect();
    let x = Rows::from_vec(2, n, (0..2 * n).map(|k| ((k * 5 % 7) as f64 - 3.0) / 4.0).collect()).unwrap();
    Tanh::new(n, w, x).unwrap()
}

#[test]
fn right_derivatives_are_passed() {
    for n in [3, 17, 100] {
        let z = Rows::from_vec(2, n, (0..2 * n).map(|k| ((k * 3 % 13) as f64 - 6.0) / 9.0).collect()).unwrap();
        assert_eq!(check(&cell(n), &z).unwrap(), [], "n = {n}");
    }
}

/// A cell of which one method is wrong.
struct Broken {
    cell: Tanh<f64>,
    what: &'static str,
}

impl Broken {
    fn spoil(&self, what: &str, out: &mut Rows<f64>) {
        if self.what == what {
            out.row_mut(0)[1] += 0.01;
        }
    }
}

impl Problem for Broken {
    type State = Rows<f64>;
    fn validate(&self, z: &Rows<f64>) -> Result<(), Error> {
        self.cell.validate(z)
    }
    fn residual_scale(&self) -> ResidualScale {
        ResidualScale::State
    }
    fn residual(&self, at: Active<'_>, z: &Rows<f64>, out: &mut Rows<f64>) -> Eval {
        self.cell.residual(at, z, out)
    }
}

impl Linearize for Broken {
    type Tape = <Tanh<f64> as Linearize>::Tape;
    fn tape(&self, like: &Rows<f64>) -> Self::Tape {
        self.cell.tape(like)
    }
    fn linearize(&self, at: Active<'_>, z: &Rows<f64>, g: &Rows<f64>, tape: &mut Self::Tape) -> Eval {
        self.cell.linearize(at, z, g, tape)
    }
    fn jvp(&self, at: Active<'_>, tape: &Self::Tape, v: &Rows<f64>, out: &mut Rows<f64>) -> Eval {
        self.cell.jvp(at, tape, v, out)?;
        self.spoil("jvp", out);
        Ok(())
    }
    fn vjp(&self, at: Active<'_>, tape: &Self::Tape, u: &Rows<f64>, out: &mut Rows<f64>) -> Eval {
        self.cell.vjp(at, tape, u, out)?;
        self.spoil("vjp", out);
        Ok(())
    }
    fn capabilities(&self) -> CapabilitiesOf<'_, Self> {
        Capabilities { passes: Some(self), dense: Some(self), ..Capabilities::NONE }
    }
}

impl Passes<Rows<f64>, Rows<f64>> for Broken {
    fn pass(
        &self,
        at: Active<'_>,
        of: Equations<'_, Rows<f64>, Rows<f64>>,
        pass: Pass<'_, Rows<f64>>,
        x: &mut Rows<f64>,
        change: &mut Rows<f64>,
    ) -> Eval {
        let what = match of {
            Equations::Own => "pass",
            Equations::Tangent { .. } => "tangent",
            Equations::Adjoint { .. } => "adjoint",
        };
        self.cell.pass(at, of, pass, x, change)?;
        self.spoil(what, change);
        Ok(())
    }
}

impl DenseJacobian<Rows<f64>, f64> for Broken {
    fn jacobian(&self, slot: Slot, tape: &Rows<f64>, out: &mut [f64]) {
        self.cell.jacobian(slot, tape, out);
        out[1] += if self.what == "matrix" { 0.01 } else { 0.0 };
    }
}

#[test]
fn every_wrong_product_and_pass_is_named() {
    let n = 24;
    let z = row(&(0..n).map(|k| (k as f64 - 11.0) / 15.0).collect::<Vec<_>>());
    let single = |what| {
        let cell = cell(n).with_inputs(Rows::from_vec(1, n, vec![0.2; n]).unwrap()).unwrap();
        check(&Broken { cell, what }, &z).unwrap()
    };
    assert_eq!(single("nothing"), []);
    for (what, expected) in [
        ("jvp", "J v"),
        ("vjp", "J^T u"),
        ("matrix", "the Jacobian"),
        ("pass", "a pass"),
        ("tangent", "a pass on J x = b"),
        ("adjoint", "a pass on J^T x = b"),
    ] {
        let mistakes = single(what);
        assert!(!mistakes.is_empty() && mistakes[0].to_string().contains(expected), "{what}: {mistakes:?}");
    }
}

#[test]
fn signs_factors_transposes_and_patterns_are_told_apart() {
    // x^2 + 3 y, x y^2 + 5 x at (1.5, 0.7)
    let g = |z: &[f64], _: &[f64], g: &mut [f64]| {
        (g[0], g[1]) = (z[0] * z[0] + 3.0 * z[1], z[0] * z[1] * z[1] + 5.0 * z[0]);
    };
    let entries = |z: &[f64]| [2.0 * z[0], z[1] * z[1] + 5.0, 3.0, 2.0 * z[0] * z[1]];
    let z = row(&[1.5, 0.7]);
    let with = |change: fn([f64; 4]) -> [f64; 4]| {
        let model = Model::equation_on_slices(g).jacobian(move |z, _, j| j.copy_from_slice(&change(entries(z))));
        let mistakes = check(&model.system(2).unwrap(), &z).unwrap();
        assert_eq!(mistakes, model.check(z.row(0)).unwrap());
        mistakes
    };
    assert_eq!(with(|j| j), []);
    assert!(matches!(with(|[a, b, c, d]| [a, c, b, d])[0], Mistake::Transposed { sample: 0, .. }));
    let wrong = with(|j| j.map(|v| -v));
    assert!(wrong[0].to_string().contains("the sign is wrong"), "{}", wrong[0]);
    let wrong = with(|[a, b, c, d]| [a, b, c, 0.5 * d]);
    assert!(matches!(wrong[0], Mistake::Entry { entry: (1, 1), count: 1, .. }), "{wrong:?}");
    let sparse = Model::equation_on_slices(g).pattern(Sparsity::new(2, [(0, 0), (1, 0), (1, 1)]).unwrap());
    let sparse = sparse.jacobian(move |z, _, j| {
        let [a, b, _, d] = entries(z);
        j.copy_from_slice(&[a, b, d]);
    });
    let mistakes = sparse.check(z.row(0)).unwrap();
    assert!(mistakes.iter().any(|m| matches!(m, Mistake::OutsidePattern { entry: (0, 1), .. })), "{mistakes:?}");
    let undefined = Model::equation(|z, _| [(z[0] - 2.0).ln()]);
    assert!(matches!(undefined.check(&[1.0]).unwrap()[0], Mistake::Undefined { equation: 0, .. }));
}

#[test]
fn derivatives_by_parameters_and_second_ones() {
    let (a, z) = (row(&[1.3, 0.6]), row(&[0.8, 1.1]));
    let pair = Model::equation(|z, a| [z[0] * z[0] * a[0] + z[1].sin() - 1.0, z[0] * z[1] + a[1] * a[1] * z[1] - 2.0]);
    let pair = pair.samples(a.clone()).system(2).unwrap();
    let moved = |a: &Rows<f64>| pair.with_parameters(a.clone()).unwrap();
    assert_eq!(check_parameters(moved, &a, &z).unwrap(), []);
    assert_eq!(check_second(moved, &a, &z).unwrap(), []);
    let (a, z) = (row(&[1.3]), row(&[0.8]));
    // z^3 = a z with h_za of the wrong sign
    let build = |sign: f64| {
        let model = Model::equation_on_slices(|z: &[f64], a: &[f64], g: &mut [f64]| g[0] = z[0].powi(3) - a[0] * z[0])
            .jacobian(|z, a, j| j[0] = 3.0 * z[0] * z[0] - a[0])
            .parameter_jacobian(|z, _, d| d[0] = -z[0])
            .second_derivatives(move |_, at, out| {
                out[0] = at.lam[0] * (6.0 * at.z[0] * at.dz[0] + sign * at.da[0]);
                out[1] = at.lam[0] * sign * at.dz[0];
            });
        let system = model.samples(row(&[1.3])).system(1).unwrap();
        move |a: &Rows<f64>| system.with_parameters(a.clone()).unwrap()
    };
    assert_eq!(check_second(build(-1.0), &a, &z).unwrap(), []);
    let mistakes = check_second(build(1.0), &a, &z).unwrap();
    assert!(mistakes[0].to_string().contains("the sign is wrong (2 entries are wrong)"), "{}", mistakes[0]);
}

#[test]
fn a_derivative_by_parameters_that_were_not_stated_is_refused() {
    let root = Model::equation(|z, _| [z[0] * z[0] - 4.0]).system(1).unwrap();
    let solution = solve(&root, &row(&[1.0]), &Newton::default(), &Options::default()).unwrap();
    let refused = solution.pullback(&row(&[1.0]));
    assert!(matches!(refused, Err(Error::NoParameters)), "{refused:?}");
    assert!(matches!(solution.jacobian(0), Err(Error::NoParameters)));
}

use dini::{
    Error, Model, Options, Rows, Status,
    problem::Sparsity,
    program::{Var, dot, select},
    solve::Bounds,
    tiny,
    tiny::{Equation, Number},
};
fn show<T: std::fmt::Debug>(name: &str, x: T) {
    println!("{name:55} {}", format!("{x:?}").chars().take(230).collect::<String>());
}
struct Cbrt;
impl Equation for Cbrt {
    fn unknowns(&self) -> usize {
        1
    }
    fn parameters(&self) -> usize {
        1
    }
    fn residual<D: Number>(&self, z: &[D], a: &[D], out: &mut [D]) {
        out[0] = z[0].powi(3).cbrt() + z[0] - a[0];
    }
}
struct Abs2;
impl Equation for Abs2 {
    fn unknowns(&self) -> usize {
        1
    }
    fn parameters(&self) -> usize {
        1
    }
    fn residual<D: Number>(&self, z: &[D], a: &[D], out: &mut [D]) {
        out[0] = (z[0] * z[0]).sqrt() + z[0] * 2.0 - a[0];
    }
}
struct Sq;
impl Equation for Sq {
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
fn main() {
    let o = Options::default();
    let r = tiny::solve(&Cbrt, [0.0f64], [0.0], &o).unwrap();
    show("tiny cbrt(z^3)+z=a (true .5)", (r.status, r.z, r.pullback([1.0])));
    let r = tiny::solve(&Abs2, [0.0f64], [0.0], &o).unwrap();
    show("tiny |z|+2z=a at 0 (kink)", (r.status, r.z, r.pullback([1.0])));
    let s = Model::of(Cbrt).parameters(&[0.0]).solve(&[0.0]).unwrap();
    show("model cbrt(z^3)+z", (s.status(), s.z(), s.gradient(&[1.0])));
    let s = Model::of(Abs2).parameters(&[0.0]).solve(&[0.0]).unwrap();
    show("model |z|+2z", (s.status(), s.z(), s.gradient(&[1.0])));
    let r = tiny::solve(&Sq, [1.0f32], [0.0], &o).unwrap();
    show("tiny f32 z^2=0", (r.status, r.z, r.pullback([1.0])));
    let r = tiny::solve(&Sq, [1.0f64], [0.0], &Options { max_iterations: 2000, ..o.clone() }).unwrap();
    show("tiny f64 z^2=0 2000", (r.status, r.z, r.pullback([1.0])));
    let s = Model::of(Sq).single_precision().parameters(&[0f32]).solve(&[1.0]).unwrap();
    show("model f32 z^2=0", (s.status(), s.z(), s.gradient(&[1.0])));
    // minima
    type P = fn(&[Var], &[Var]) -> Var;
    let minima: [(&str, P, Vec<f64>); 9] = [
        ("x^3 from 0", |x, _| x[0].powi(3), vec![0.0]),
        ("x^3 from 1", |x, _| x[0].powi(3), vec![1.0]),
        ("x^4 from 1", |x, _| x[0].powi(4), vec![1.0]),
        ("x^2-y^4 from 0", |x, _| x[0].powi(2) - x[1].powi(4), vec![0.0, 0.0]),
        ("x^2-y^4 from (1,0)", |x, _| x[0].powi(2) - x[1].powi(4), vec![1.0, 0.0]),
        ("monkey saddle 0", |x, _| x[0].powi(3) - 3.0 * x[0] * x[1] * x[1], vec![0.0, 0.0]),
        ("(y-x^2)(y-2x^2) Peano at 0", |x, _| (x[1] - x[0] * x[0]) * (x[1] - 2.0 * x[0] * x[0]), vec![0.0, 0.0]),
        ("1e-20 x^2 + 1e20 (y-1)^2", |x, _| 1e-20 * x[0] * x[0] + 1e20 * (x[1] - 1.0).powi(2), vec![3.0, 0.0]),
        ("-x^2 y^2", |x, _| -(x[0] * x[0] * x[1] * x[1]), vec![0.0, 0.0]),
    ];
    for (n, f, z0) in minima {
        let s = Model::minimum(f).solve(&z0).unwrap();
        show(n, (s.status(), s.z(), s.verdict().map(|v| v.holds)));
    }
    let s = Model::minimum(|x, _| x[0] * x[0] * 0.0 + 1.0).solve(&[3.0]);
    show("constant phi", s.map(|s| (s.status(), s.z().to_vec())));
    // sweeps
    let run = |n: &str, m: Model<dini::model::OnVars<'_>, f64>, a: f64, b: f64, h: f64| {
        let mut last = None;
        let mut end = None;
        match m.sweep(0, a..=b, h) {
            Ok(it) => {
                for p in it {
                    match p {
                        Ok(p) => last = Some((p.value, p.solved.z().to_vec())),
                        Err(e) => end = Some(e.to_string()),
                    }
                }
            }
            Err(e) => end = Some(e.to_string()),
        }
        show(n, (last, end));
    };
    run(
        "avoided crossing z^2=a^2+1e-8 (+)",
        Model::equation(|z, a| [z[0] * z[0] - a[0] * a[0] - 1e-8]).parameters(&[-1.0]).start(&[1.0]),
        -1.0,
        1.1,
        0.3,
    );
    run(
        "transcritical z(z-a) on z=0",
        Model::equation(|z, a| [z[0] * (z[0] - a[0])]).parameters(&[-1.0]).start(&[0.0]),
        -1.0,
        1.1,
        0.3,
    );
    run(
        "tanh fold",
        Model::equation(|z, a| [z[0] - (2.0 * z[0] + a[0]).tanh()]).parameters(&[-1.0]).start(&[-0.99]),
        -1.0,
        1.0,
        0.3,
    );
    run(
        "kink |z|=a-ish",
        Model::equation(|z, a| [z[0].abs() + 2.0 * z[0] - a[0]]).parameters(&[-1.0]).start(&[-1.0]),
        -1.0,
        1.1,
        0.3,
    );
    run("step NaN", Model::equation(|z, a| [z[0] - a[0]]).parameters(&[-1.0]).start(&[-1.0]), -1.0, 1.0, f64::NAN);
    run("no start", Model::equation(|z, a| [z[0] - a[0]]).parameters(&[-1.0]), -1.0, 1.0, 0.5);
    // patterns
    let hidden = Model::equation_on_slices(|z: &[f64], a: &[f64], g: &mut [f64]| {
        for i in 0..20 {
            g[i] = 2.0 * z[i] - a[0];
        }
        g[1] += z[0] * z[0];
    })
    .pattern(Sparsity::banded(20, 0, 0).unwrap())
    .parameters(&[2.0]);
    let s = hidden.solve(&vec![0.0; 20]);
    show(
        "pattern misses an entry that is 0 at the start",
        s.map(|s| (s.status(), s.z()[1], s.jacobian().map(|j| j.row(1)[0]))),
    );
    // hostile
    show("empty z0", dini::root(&[], &[1.0], |_, _| Vec::<Var>::new()).map(|_| ()));
    show("wrong count", dini::root(&[1.0], &[1.0], |z, _| [z[0], z[0]]).map(|_| ()));
    show("nan a", dini::root(&[1.0], &[f64::NAN], |z, a| [z[0] - a[0]]).map(|_| ()));
    show("inf z", dini::root(&[f64::INFINITY], &[1.0], |z, a| [z[0] - a[0]]).map(|_| ()));
    show("constant g", dini::root(&[1.0], &[1.0], |_, _| [Var::from(1.0)]).map(|s| s.status()));
    show(
        "g=0 everywhere",
        dini::root(&[1.0], &[1.0], |_, _| [Var::from(0.0)]).map(|s| (s.status(), s.gradient(&[1.0]))),
    );
    show(
        "huge 1e300 z=1",
        dini::root(&[1.0], &[1e-300], |z, a| [1e300 * (z[0] * a[0]) - 5.0])
            .map(|s| (s.status(), s.z().to_vec(), s.jacobian())),
    );
    show("overflow", dini::root(&[1000.0], &[1.0], |z, a| [z[0].exp() - a[0]]).map(|s| (s.status(), s.z().to_vec())));
    show(
        "select nan",
        dini::root(&[1.0], &[2.0], |z, a| [select(z[0].gt(0.0), z[0].ln(), -1.0) - a[0]])
            .map(|s| (s.status(), s.z().to_vec())),
    );
    show("lsq m<n", Model::least_squares(1, |z, _, r| r[0] = z[0] + z[1]).solve(&[1.0, 1.0]).map(|_| ()));
    show(
        "lsq underdetermined rank",
        Model::least_squares(3, |z, _, r| {
            for i in 0..3 {
                r[i] = z[0] + z[1] - i as f64
            }
        })
        .solve(&[1.0, 1.0])
        .map(|s| (s.status(), s.verdict().map(|v| v.holds))),
    );
    show(
        "lsq on bound",
        Model::least_squares(2, |z, _, r| {
            r[0] = z[0] + 1.0;
            r[1] = 2.0 * (z[0] + 1.0)
        })
        .bounds(Bounds::positive(1))
        .solve(&[1.0])
        .map(|s| (s.status(), s.z().to_vec())),
    );
    show(
        "scales 1e-300",
        Model::equation(|z, a| [z[0] * z[0] - a[0]])
            .parameters(&[2.0])
            .scales(&[1e-300], &[1e300])
            .solve(&[1.0])
            .map(|s| (s.status(), s.z().to_vec())),
    );
    show("tighten nan", dini::root(&[1.0], &[1.0], |z, a| [z[0] - a[0]]).and_then(|s| s.tighten(f64::NAN)).map(|_| ()));
    show("jac_by out of range", dini::root(&[1.0], &[1.0], |z, a| [z[0] - a[0]]).and_then(|s| s.jacobian_by(&[1])));
    show("w wrong", dini::root(&[1.0], &[1.0], |z, a| [z[0] - a[0]]).and_then(|s| s.gradient(&[1.0, 2.0])));
    show("names mismatch", Model::equation(|z, _| [z[0]]).unknown_names(["a", "b"]).solve(&[1.0]).map(|_| ()));
    show(
        "parameters 2 rows, solve",
        Model::equation(|z, a| [z[0] - a[0]])
            .samples(Rows::from_vec(2, 1, vec![1.0, 2.0]).unwrap())
            .solve(&[1.0])
            .map(|_| ()),
    );
    let e: Result<(), Error> = Err(Error::NoParameters);
    show("dot", (dot(&[1.0], &[2.0]), e));
    let _ = Status::Saddle;
}

//! What a traced model costs against the same problem by hand: `cargo bench -p dini --bench price`.
//!
//! By hand means the traits of the engine with every derivative written out. Both are solved and differentiated in turn, the
//! trace included; the fastest of many rounds counts.

use std::time::{Duration, Instant};

use dini::problem::{
    Active, Capabilities, CapabilitiesOf, DenseJacobian, Eval, Linearize, ParamVjp, Parametric, Problem, Slot, Sparse,
    SparseJacobian, Sparsity,
};
use dini::program::Var;
use dini::solve::SparseNewton;
use dini::{Error, Model, Newton, Options, Rows, solve};

/// (z, a, out)
type Fill = fn(&[f64], &[f64], &mut [f64]);

/// An equation with its derivatives by hand: J column-major or in the order of a pattern, dg/da column-major.
struct Hand {
    residual: Fill,
    jacobian: Fill,
    parameters: Fill,
    a: Rows<f64>,
    n: usize,
    sparsity: Option<Sparsity>,
}

impl Hand {
    fn count(&self) -> usize {
        self.sparsity.as_ref().map_or(self.n * self.n, Sparsity::entries)
    }
}

impl Problem for Hand {
    type State = Rows<f64>;
    fn validate(&self, _: &Rows<f64>) -> Result<(), Error> {
        Ok(())
    }
    fn residual(&self, at: Active<'_>, z: &Rows<f64>, out: &mut Rows<f64>) -> Eval {
        (0..at.len()).for_each(|i| (self.residual)(z.row(i), &self.a[at.sample(i)], out.row_mut(i)));
        Ok(())
    }
}

impl Linearize for Hand {
    type Tape = Vec<f64>;
    fn tape(&self, like: &Rows<f64>) -> Vec<f64> {
        vec![0.0; like.samples() * self.count()]
    }
    fn linearize(&self, at: Active<'_>, z: &Rows<f64>, _: &Rows<f64>, tape: &mut Vec<f64>) -> Eval {
        let count = self.count();
        for i in 0..at.len() {
            (self.jacobian)(z.row(i), &self.a[at.sample(i)], &mut tape[at.slot(i).index() * count..][..count]);
        }
        Ok(())
    }
    fn jvp(&self, at: Active<'_>, tape: &Vec<f64>, v: &Rows<f64>, out: &mut Rows<f64>) -> Eval {
        let count = self.count();
        for i in 0..at.len() {
            let (j, v, out) = (&tape[at.slot(i).index() * count..][..count], v.row(i), out.row_mut(i));
            match &self.sparsity {
                Some(sparsity) => sparsity.multiply(j, v, out),
                None => {
                    out.fill(0.0);
                    for (column, v) in j.chunks_exact(self.n).zip(v) {
                        out.iter_mut().zip(column).for_each(|(out, c)| *out += c * v);
                    }
                }
            }
        }
        Ok(())
    }
    fn vjp(&self, at: Active<'_>, tape: &Vec<f64>, u: &Rows<f64>, out: &mut Rows<f64>) -> Eval {
        let count = self.count();
        for i in 0..at.len() {
            let (j, u, out) = (&tape[at.slot(i).index() * count..][..count], u.row(i), out.row_mut(i));
            match &self.sparsity {
                Some(sparsity) => sparsity.multiply_transpose(j, u, out),
                None => {
                    let products = j.chunks_exact(self.n).map(|column| column.iter().zip(u).map(|(c, u)| c * u).sum());
                    out.iter_mut().zip(products).for_each(|(out, product): (&mut f64, f64)| *out = product);
                }
            }
        }
        Ok(())
    }
    fn capabilities(&self) -> CapabilitiesOf<'_, Self> {
        match &self.sparsity {
            Some(pattern) => {
                Capabilities { sparse: Some(Sparse { pattern, entries: Some(self) }), ..Capabilities::NONE }
            }
            None => Capabilities { dense: Some(self), ..Capabilities::NONE },
        }
    }
}

impl DenseJacobian<Vec<f64>, f64> for Hand {
    fn jacobian(&self, slot: Slot, tape: &Vec<f64>, out: &mut [f64]) {
        out.copy_from_slice(&tape[slot.index() * self.count()..][..self.count()]);
    }
}

impl SparseJacobian<Vec<f64>, f64> for Hand {
    fn entries(&self, slot: Slot, tape: &Vec<f64>, out: &mut [f64]) {
        out.copy_from_slice(&tape[slot.index() * self.count()..][..self.count()]);
    }
}

impl Parametric for Hand {
    type Parameters = Rows<f64>;
    fn zero_parameters(&self, samples: usize) -> Rows<f64> {
        Rows::new(samples, self.a.width())
    }
}

impl ParamVjp for Hand {
    fn param_vjp(
        &self,
        at: Active<'_>,
        _: &Vec<f64>,
        z: &Rows<f64>,
        u: &Rows<f64>,
        scale: f64,
        grad: &mut Rows<f64>,
    ) -> Eval {
        let mut matrix = vec![0.0; self.n * self.a.width()];
        for i in 0..at.len() {
            matrix.fill(0.0);
            (self.parameters)(z.row(i), &self.a[at.sample(i)], &mut matrix);
            for (grad, column) in grad[at.sample(i)].iter_mut().zip(matrix.chunks_exact(self.n)) {
                *grad += scale * column.iter().zip(u.row(i)).map(|(c, u)| c * u).sum::<f64>();
            }
        }
        Ok(())
    }
}

/// Runs the two in turn for a while: their best times.
fn pair(name: &str, mut hand: impl FnMut() -> Rows<f64>, mut traced: impl FnMut() -> Rows<f64>) {
    let gap = hand().as_slice().iter().zip(traced().as_slice()).fold(0.0, |max: f64, (a, b)| max.max((a - b).abs()));
    assert!(gap < 1e-6, "the gradients differ by {gap}");
    let mut best = [Duration::MAX; 2];
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(3) {
        for (best, run) in best.iter_mut().zip([&mut hand as &mut dyn FnMut() -> Rows<f64>, &mut traced]) {
            let start = Instant::now();
            std::hint::black_box(run());
            *best = (*best).min(start.elapsed());
        }
    }
    let [hand, traced] = best.map(|t| t.as_secs_f64() * 1e3);
    println!("{name:<44} by hand {hand:9.3} ms, traced {traced:9.3} ms, ratio {:.2}", traced / hand);
}

/// 10,000 systems of 3 with roots near 1.
fn three() {
    let samples = 10_000;
    let noise = |i: usize| 0.9 + 0.2 * (i * 7919 % 1000) as f64 / 1000.0;
    let a = (0..samples).flat_map(|s| {
        let [x, y, z] = [0, 1, 2].map(|k| noise(3 * s + k));
        [x * x + y * y + z, x * y * z + y, z.exp() / x]
    });
    let a = Rows::from_vec(samples, 3, a.collect()).expect("as many numbers");
    let (z0, w) =
        (Rows::from_vec(samples, 3, vec![1.0; 3 * samples]), Rows::from_vec(samples, 3, vec![1.0; 3 * samples]));
    let (z0, w) = (z0.expect("as many numbers"), w.expect("as many numbers"));
    let hand = Hand {
        residual: |z, a, g| {
            g[0] = z[0] * z[0] + z[1] * z[1] + z[2] - a[0];
            g[1] = z[0] * z[1] * z[2] + z[1] - a[1];
            g[2] = z[2].exp() - z[0] * a[2];
        },
        jacobian: |z, a, j| {
            let columns = [
                [2.0 * z[0], z[1] * z[2], -a[2]],
                [2.0 * z[1], z[0] * z[2] + 1.0, 0.0],
                [1.0, z[0] * z[1], z[2].exp()],
            ];
            j.copy_from_slice(columns.as_flattened());
        },
        parameters: |z, _, d| [0, 4, 8].into_iter().zip([-1.0, -1.0, -z[0]]).for_each(|(at, v)| d[at] = v),
        a: a.clone(),
        n: 3,
        sparsity: None,
    };
    let traced = |z: &[Var], a: &[Var]| {
        [z[0] * z[0] + z[1] * z[1] + z[2] - a[0], z[0] * z[1] * z[2] + z[1] - a[1], z[2].exp() - z[0] * a[2]]
    };
    let (newton, options) = (Newton::default(), Options::default());
    pair(
        "10,000 systems of 3, Newton, gradient",
        || solve(&hand, &z0, &newton, &options).and_then(|s| s.pullback(&w)).expect("a root").value,
        || {
            let system = Model::equation(traced).samples(a.clone()).system(3);
            system.and_then(|system| solve(system, &z0, &newton, &options)?.pullback(&w)).expect("a root").value
        },
    );
}

/// Broyden's tridiagonal function of 20 unknowns.
fn twenty() {
    const N: usize = 20;
    let row = |value: f64| Rows::from_vec(1, N, vec![value; N]).expect("as many numbers");
    let (z0, w) = (row(-1.0), row(1.0));
    let a = Rows::from_vec(1, 1, vec![1.0]).expect("one number");
    let hand = Hand {
        residual: |z, a, g| {
            let at = |i: usize| z.get(i).copied().unwrap_or(0.0);
            for (i, g) in g.iter_mut().enumerate() {
                *g = (3.0 - 2.0 * z[i]) * z[i] - at(i.wrapping_sub(1)) - 2.0 * at(i + 1) + a[0];
            }
        },
        jacobian: |z, _, j| {
            for i in 0..N {
                j[i * N + i] = 3.0 - 4.0 * z[i];
                if i > 0 {
                    j[(i - 1) * N + i] = -1.0;
                    j[i * N + i - 1] = -2.0;
                }
            }
        },
        parameters: |_, _, d| d.fill(1.0),
        a,
        n: N,
        sparsity: None,
    };
    let traced = |z: &[Var], a: &[Var]| -> Vec<Var> {
        let at = |i: usize| z.get(i).copied().unwrap_or(0.0.into());
        (0..N).map(|i| (3.0 - 2.0 * z[i]) * z[i] - at(i.wrapping_sub(1)) - 2.0 * at(i + 1) + a[0]).collect()
    };
    let (newton, options) = (Newton::default(), Options::default());
    let by_hand = || solve(&hand, &z0, &newton, &options).and_then(|s| s.pullback(&w)).expect("a root").value;
    let model = Model::equation(traced).parameters(&[1.0]);
    pair("one system of 20, Newton, gradient", by_hand, || {
        let system = model.system(N);
        system.and_then(|system| solve(system, &z0, &newton, &options)?.pullback(&w)).expect("a root").value
    });
    let system = model.system(N).expect("a system");
    pair("the same, traced once", by_hand, || {
        solve(&system, &z0, &newton, &options).and_then(|s| s.pullback(&w)).expect("a root").value
    });
}

/// Bratu's equation on a square of 200 x 200 points.
fn bratu() {
    const M: usize = 200;
    const H2: f64 = 1.0 / ((M + 1) * (M + 1)) as f64;
    /// the neighbours of a point, itself in order among them
    fn around(k: usize) -> impl Iterator<Item = usize> {
        let (x, y) = (k % M, k / M);
        let own = [(y > 0, M, true), (x > 0, 1, true), (true, 0, true), (x + 1 < M, 1, false), (y + 1 < M, M, false)];
        own.into_iter().filter(|(there, ..)| *there).map(move |(_, by, back)| if back { k - by } else { k + by })
    }
    let row = |value: f64| Rows::from_vec(1, M * M, vec![value; M * M]).expect("as many numbers");
    let (z0, w) = (row(0.0), row(1.0));
    let by_hand = || {
        let sparsity =
            Sparsity::new(M * M, (0..M * M).flat_map(|k| around(k).map(move |j| (j, k)))).expect("a pattern");
        Hand {
            residual: |u, a, g| {
                for (k, g) in g.iter_mut().enumerate() {
                    let sum: f64 = around(k).filter(|j| *j != k).map(|j| u[j]).sum();
                    *g = sum - 4.0 * u[k] + a[0] * H2 * u[k].exp();
                }
            },
            jacobian: |u, a, j| {
                let mut entries = j.iter_mut();
                for (k, u) in u.iter().enumerate() {
                    around(k).zip(&mut entries).for_each(|(row, entry)| {
                        *entry = if row == k { -4.0 + a[0] * H2 * u.exp() } else { 1.0 };
                    });
                }
            },
            parameters: |u, _, d| d.iter_mut().zip(u).for_each(|(d, u)| *d = H2 * u.exp()),
            a: Rows::from_vec(1, 1, vec![5.0]).expect("one number"),
            n: M * M,
            sparsity: Some(sparsity),
        }
    };
    let traced = |u: &[Var], a: &[Var]| -> Vec<Var> {
        let neighbours = |k: usize| around(k).filter(move |j| *j != k).map(|j| u[j]).sum::<Var>();
        (0..M * M).map(|k| neighbours(k) - 4.0 * u[k] + a[0] * H2 * u[k].exp()).collect()
    };
    let (newton, options) = (SparseNewton::default(), Options::default());
    pair(
        "Bratu 200 x 200, sparse Newton, gradient",
        || solve(by_hand(), &z0, &newton, &options).and_then(|s| s.pullback(&w)).expect("a root").value,
        || {
            let system = Model::equation(traced).find_pattern().parameters(&[5.0]).system(M * M);
            system.and_then(|system| solve(system, &z0, &newton, &options)?.pullback(&w)).expect("a root").value
        },
    );
}

fn main() {
    three();
    twenty();
    bratu();
}

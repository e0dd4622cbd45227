//! Random small systems, most of them unkind: dependent rows, units from 10^-12 to 10^12, wide starts, f32 and f64. What is called
//! converged must be as close to a root as its tolerance says, and what the verdict lets pass must have the right derivative.

use dini::linear::DenseLu;
use dini::model;
use dini::solve::{AnySolver, Evidence};
use dini::{Model, Options, Real, Rows, Status, solve};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// t_i (sum_j a_ij y_j + c_i y_k^2 - b_i) = 0 with y_j = z_j / s_j: whole numbers and powers of two, so that nothing is rounded but in
/// the evaluation.
#[derive(Clone, Debug)]
struct System {
    n: usize,
    a: Vec<f64>,
    c: Vec<f64>,
    b: Vec<f64>,
    s: Vec<f64>,
    t: Vec<f64>,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Regular,
    Inconsistent,
    Dependent,
}

impl System {
    fn random(random: &mut StdRng, widest: i32) -> Self {
        let n = random.random_range(1..=4);
        let whole = |random: &mut StdRng| f64::from(random.random_range(-9..=9));
        let mut a: Vec<f64> = (0..n * n).map(|_| whole(random)).collect();
        let mut c: Vec<f64> = (0..n).map(|_| if random.random_bool(0.4) { whole(random) } else { 0.0 }).collect();
        let root: Vec<f64> = (0..n).map(|_| whole(random)).collect();
        let mut kind = Kind::Regular;
        if n > 1 && random.random_bool(0.4) {
            let factor = f64::from(random.random_range(1..=9));
            (0..n).for_each(|j| a[(n - 1) * n + j] = factor * a[j]);
            c[n - 1] = factor * c[0];
            kind = if random.random_bool(0.7) { Kind::Inconsistent } else { Kind::Dependent };
        }
        let mut b: Vec<f64> = (0..n)
            .map(|i| (0..n).map(|j| a[i * n + j] * root[j]).sum::<f64>() + c[i] * root[(i + n - 1) % n].powi(2))
            .collect();
        if kind != Kind::Regular {
            // the last equation squares another unknown than the first: make it the same
            b[n - 1] = b[0] * if a[0] != 0.0 { a[(n - 1) * n] / a[0] } else { c[n - 1] / c[0] };
            if !b[n - 1].is_finite() || (0..n).all(|j| a[j] == 0.0) {
                return System::random(random, widest);
            }
            if kind == Kind::Inconsistent {
                b[n - 1] += f64::from(random.random_range(1..=9));
            }
        }
        let unit = |random: &mut StdRng| 2f64.powi(random.random_range(-widest..=widest));
        let (s, t) = ((0..n).map(|_| unit(random)).collect(), (0..n).map(|_| unit(random)).collect());
        System { n, a, c, b, s, t, kind }
    }

    /// The unknown that equation i squares.
    fn squared(&self, i: usize) -> usize {
        let dependent = self.kind != Kind::Regular && i == self.n - 1;
        (if dependent { 0 } else { i } + self.n - 1) % self.n
    }

    fn residual<T: Real>(&self, z: &[T], out: &mut [T]) {
        let y = |j: usize| z[j] / T::of(self.s[j]);
        for (i, out) in out.iter_mut().enumerate() {
            let linear = (0..self.n).fold(T::of(-self.b[i]), |sum, j| sum + T::of(self.a[i * self.n + j]) * y(j));
            let square = y(self.squared(i));
            *out = T::of(self.t[i]) * (linear + T::of(self.c[i]) * square * square);
        }
    }

    fn jacobian<T: Real>(&self, z: &[T], out: &mut [T]) {
        out.fill(T::zero());
        for i in 0..self.n {
            let row = |j: usize| T::of(self.t[i]) / T::of(self.s[j]);
            for j in 0..self.n {
                out[j * self.n + i] = row(j) * T::of(self.a[i * self.n + j]);
            }
            let k = self.squared(i);
            out[k * self.n + i] += row(k) * T::of(2.0 * self.c[i]) * (z[k] / T::of(self.s[k]));
        }
    }

    fn problem<T: Real>(&self) -> model::System<T> {
        let (g, j, d) = (self.clone(), self.clone(), self.clone());
        Model::equation_on_slices(move |z: &[T], _: &[T], out: &mut [T]| g.residual(z, out))
            .jacobian(move |z, _, out| j.jacobian(z, out))
            // by b_0
            .parameter_jacobian(move |_, _, out| out[0] = T::of(-d.t[0]))
            .parameters(&[T::of(self.b[0])])
            .system(self.n)
            .unwrap()
    }

    /// The root next to z, by Newton's method in f64 on the unscaled equations; none where that leads nowhere.
    fn refined(&self, z: &[f64]) -> Option<Vec<f64>> {
        let plain = System { s: vec![1.0; self.n], t: vec![1.0; self.n], ..self.clone() };
        let mut y: Vec<f64> = z.iter().zip(&self.s).map(|(z, s)| z / s).collect();
        let (mut g, mut lu) = (vec![0.0; self.n], DenseLu::new(1, self.n));
        for _ in 0..40 {
            plain.residual(&y, &mut g);
            plain.jacobian(&y, lu.matrices_mut());
            lu.factor(0);
            if !lu.solve(0, &mut g) || lu.condition(0) > 1e10 {
                return None;
            }
            y.iter_mut().zip(&g).for_each(|(y, c)| *y -= c);
        }
        let size = y.iter().fold(0.0, |max: f64, y| max.max(y.abs()));
        let still = g.iter().all(|c| c.abs() <= 1e-11 * size.max(1e-3));
        plain.residual(&y, &mut g);
        let small = g.iter().all(|g| g.abs() <= 1e-9);
        (still && small).then(|| y.iter().zip(&self.s).map(|(y, s)| y * s).collect())
    }
}

#[derive(Debug, Default)]
struct Count {
    solved: usize,
    regular: usize,
    held: usize,
    wrong: Vec<String>,
}

fn tried<T: Real>(system: &System, solver: &str, start: &[f64], relative: f64, count: &mut Count) {
    let options = Options { relative, ..Options::default() };
    let z0 = Rows::from_vec(1, system.n, start.iter().map(|v| T::of(*v)).collect()).unwrap();
    let solution = solve(system.problem::<T>(), &z0, &AnySolver::by_name(solver).unwrap(), &options).unwrap();
    count.regular += usize::from(system.kind == Kind::Regular);
    if solution.outcomes()[0].status != Status::Converged {
        return;
    }
    let z: Vec<f64> = solution.z().row(0).iter().map(|v| v.as_f64()).collect();
    let what =
        || format!("{solver}, {relative:e}, from {start:?} to {z:?}, {}: {system:?}", solution.outcomes()[0].accuracy);
    let verdict = solution.verdict(0).unwrap();
    match system.kind {
        Kind::Inconsistent => return count.wrong.push(format!("no root: {}", what())),
        Kind::Dependent if verdict.holds => return count.wrong.push(format!("dependent: {}", what())),
        Kind::Dependent => return,
        Kind::Regular => count.solved += 1,
    }
    let Some(root) = system.refined(&z) else {
        // a multiple root, or so close to one that Newton's method in f64 does not settle
        if verdict.holds {
            count.wrong.push(format!("holds, but there is no root: {}", what()));
        }
        return;
    };
    // an unknown that is zero has the size of the others
    let size = |j: usize| {
        let y = |j: usize| (root[j] / system.s[j]).abs();
        let largest = (0..system.n).map(y).fold(0.0, f64::max);
        let largest = if largest == 0.0 { 1.0 } else { largest };
        if y(j) <= 1e-9 * largest { largest * system.s[j] } else { root[j].abs() }
    };
    let accuracy = solution.outcomes()[0].accuracy;
    if accuracy.evidence == Evidence::Rounding && !verdict.holds {
        // a multiple root, or nearly one, known as far as rounding lets it be, and said to be one
        return;
    }
    let rounding = if accuracy.evidence == Evidence::Rounding { 8.0 * accuracy.relative.min(0.5) } else { 0.0 };
    let allowed = 3.0 * relative + rounding + 64.0 * <T as num_traits::Float>::epsilon().as_f64();
    let off = (0..system.n).map(|j| (z[j] - root[j]).abs() / size(j)).fold(0.0, f64::max);
    if off.is_nan() || off > allowed {
        count.wrong.push(format!("off by {off:e}: {}", what()));
    }
    if verdict.holds {
        count.held += 1;
        let one = Rows::from_vec(1, system.n, vec![T::one(); system.n]).unwrap();
        if let Ok(gradient) = solution.pullback(&one) {
            // sum_j dz_j / db_0 at the root
            let mut lu = DenseLu::new(1, system.n);
            system.jacobian(&root, lu.matrices_mut());
            lu.factor(0);
            let mut dz = vec![0.0; system.n];
            dz[0] = system.t[0];
            lu.solve(0, &mut dz);
            let (exact, scale) = (dz.iter().sum::<f64>(), dz.iter().fold(0.0, |sum: f64, v| sum + v.abs()));
            let found = gradient.value.row(0)[0].as_f64();
            // the adjoint of a badly scaled system loses digits of single precision, in one of 40,000 all but one
            let rounding = if <T as num_traits::Float>::epsilon().as_f64() > 1e-10 { 0.15 } else { 0.02 };
            if (found - exact).abs() > (rounding + 100.0 * relative) * scale {
                count.wrong.push(format!("derivative {found:e}, not {exact:e}: {}", what()));
            }
        }
    }
}

fn run<T: Real>(systems: usize, widest: i32, tolerances: &[f64]) {
    let mut random = StdRng::seed_from_u64(11 + widest as u64);
    let mut count = Count::default();
    for k in 0..systems {
        let system = System::random(&mut random, widest);
        let solver = match k % 10 {
            0 => "chord",
            1 => "dogleg",
            2 => "levenberg-marquardt",
            3 => ["anderson", "broyden", "newton-krylov", "pseudo-transient"][k / 10 % 4],
            4..7 => "auto",
            _ => "newton",
        };
        let wide = random.random_bool(0.5);
        let start: Vec<f64> = (0..system.n)
            .map(|j| {
                let size = if wide { 10f64.powf(random.random_range(-3.0..3.0)) } else { 1.0 };
                let unit = if random.random_bool(0.8) { system.s[j] } else { 1.0 };
                if random.random_bool(0.5) { size * unit } else { -size * unit }
            })
            .collect();
        tried::<T>(&system, solver, &start, tolerances[k % tolerances.len()], &mut count);
    }
    let Count { solved, regular, held, wrong } = &count;
    println!(
        "{systems} systems: {solved} of {regular} regular ones solved, {held} verdicts hold, {} wrong",
        wrong.len()
    );
    assert!(wrong.is_empty(), "{} wrong: {:#?}", wrong.len(), &wrong[..wrong.len().min(8)]);
    assert!(4 * solved > 2 * regular, "{solved} of {regular} solved");
}

#[test]
fn double_precision() {
    run::<f64>(60_000, 40, &[1e-6, 1e-10, 1e-3, 1e-14]);
}

#[test]
fn single_precision() {
    run::<f32>(40_000, 20, &[1e-6, 1e-3]);
}

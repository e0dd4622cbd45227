//! A layer by the traits of the engine: z = softplus(W z + U x + b) for a batch of x, with gradients by W, U, b and x.

use dini::problem::{Active, Eval, Linearize, ParamVjp, Parametric, Problem, ResidualScale};
use dini::{Auto, Error, Options, Rows, solve};

/// W (n x n) and U (n x m) row by row, b (n), x (B x m); as parameters of the problem, a point or a gradient.
struct Layer {
    w: Vec<f64>,
    u: Vec<f64>,
    b: Vec<f64>,
    x: Rows<f64>,
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

impl Layer {
    /// Component i of W z + U x + b.
    fn argument(&self, i: usize, z: &[f64], x: &[f64]) -> f64 {
        dot(&self.w[i * z.len()..][..z.len()], z) + dot(&self.u[i * x.len()..][..x.len()], x) + self.b[i]
    }
}

impl Problem for Layer {
    type State = Rows<f64>;
    fn validate(&self, z: &Rows<f64>) -> Result<(), Error> {
        let fits = z.width() == self.b.len() && z.samples() == self.x.samples();
        fits.then_some(()).ok_or(Error::Empty { what: "a start of this shape" })
    }
    fn residual_scale(&self) -> ResidualScale {
        ResidualScale::State // g = z - f(z)
    }
    fn residual(&self, at: Active<'_>, z: &Rows<f64>, out: &mut Rows<f64>) -> Eval {
        for row in 0..at.len() {
            let (z, x) = (z.row(row), self.x.row(at.sample(row)));
            out.row_mut(row).iter_mut().enumerate().for_each(|(i, g)| *g = z[i] - self.argument(i, z, x).exp().ln_1p());
        }
        Ok(())
    }
}

impl Linearize for Layer {
    type Tape = Rows<f64>; // row by slot: d = softplus'(W z + U x + b), so that J = I - diag(d) W
    fn tape(&self, like: &Rows<f64>) -> Rows<f64> {
        like.clone()
    }
    fn linearize(&self, at: Active<'_>, z: &Rows<f64>, _: &Rows<f64>, tape: &mut Rows<f64>) -> Eval {
        for row in 0..at.len() {
            let (z, x) = (z.row(row), self.x.row(at.sample(row)));
            let d = tape.row_mut(at.slot(row)).iter_mut().enumerate();
            d.for_each(|(i, d)| *d = 1.0 / (1.0 + (-self.argument(i, z, x)).exp()));
        }
        Ok(())
    }
    fn jvp(&self, at: Active<'_>, tape: &Rows<f64>, v: &Rows<f64>, out: &mut Rows<f64>) -> Eval {
        let n = self.b.len();
        for row in 0..at.len() {
            let (v, d) = (v.row(row), tape.row(at.slot(row)));
            let out = out.row_mut(row).iter_mut().enumerate();
            out.for_each(|(i, out)| *out = v[i] - d[i] * dot(&self.w[i * n..][..n], v));
        }
        Ok(())
    }
    fn vjp(&self, at: Active<'_>, tape: &Rows<f64>, u: &Rows<f64>, out: &mut Rows<f64>) -> Eval {
        let n = self.b.len();
        for row in 0..at.len() {
            let (u, d) = (u.row(row), tape.row(at.slot(row)));
            let out = out.row_mut(row).iter_mut().enumerate();
            out.for_each(|(j, out)| *out = u[j] - (0..n).map(|i| self.w[i * n + j] * d[i] * u[i]).sum::<f64>());
        }
        Ok(())
    }
}

impl Parametric for Layer {
    type Parameters = Layer;
    fn zero_parameters(&self, _: usize) -> Layer {
        let zeros = |of: &[f64]| vec![0.0; of.len()];
        let x = Rows::new(self.x.samples(), self.x.width());
        Layer { w: zeros(&self.w), u: zeros(&self.u), b: zeros(&self.b), x }
    }
    fn check_parameters(&self, _: usize, _: &Layer) -> Result<(), Error> {
        Ok(())
    }
}

impl ParamVjp for Layer {
    fn param_vjp(
        &self,
        at: Active<'_>,
        tape: &Rows<f64>,
        z: &Rows<f64>,
        u: &Rows<f64>,
        scale: f64,
        grad: &mut Layer,
    ) -> Eval {
        let (n, m) = (self.b.len(), self.x.width());
        for row in 0..at.len() {
            let (sample, z) = (at.sample(row), z.row(row));
            for (i, (d, u)) in tape.row(at.slot(row)).iter().zip(u.row(row)).enumerate() {
                let s = -scale * d * u; // dg/df = -1
                (0..n).for_each(|j| grad.w[i * n + j] += s * z[j]);
                (0..m).for_each(|j| grad.u[i * m + j] += s * self.x.row(sample)[j]);
                (0..m).for_each(|j| grad.x.row_mut(sample)[j] += s * self.u[i * m + j]);
                grad.b[i] += s;
            }
        }
        Ok(())
    }
}

fn main() -> Result<(), Error> {
    let x = Rows::from_vec(2, 1, vec![0.5, -1.0])?;
    let layer = Layer { w: vec![0.2, -0.3, 0.1, 0.3], u: vec![1.0, -0.5], b: vec![0.1, -0.2], x };
    let solution = solve(&layer, &Rows::new(2, 2), &Auto::default(), &Options::default())?;
    let gradient = solution.pullback(&Rows::from_vec(2, 2, vec![1.0; 4])?)?.value; // L = sum of z
    println!("z* = {:?}\ndL/dW = {:?}\ndL/dx = {:?}", solution.converged()?, gradient.w, gradient.x);
    Ok(())
}

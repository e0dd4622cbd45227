//! A layer by hand: z = softplus(W z + U x + b) for a batch of x, with gradients by W, U, b and x.

use dini::problem::{Each, Eval, OneSample, OneSampleVjp};
use dini::{Auto, Error, Options, Rows, solve};

/// W (n x n) and U (n x m) row by row, b (n), x (B x m): a layer, or a gradient by it.
struct Layer {
    w: Vec<f64>,
    u: Vec<f64>,
    b: Vec<f64>,
    x: Rows<f64>,
}

impl Layer {
    /// softplus(s) and its slope, for each s of W z + U x + b
    fn output(&self, sample: usize, z: &[f64]) -> Vec<(f64, f64)> {
        let (n, x) = (z.len(), self.x.row(sample));
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let s = (0..n).map(|i| dot(&self.w[i * n..], z) + dot(&self.u[i * x.len()..], x) + self.b[i]);
        s.map(|s| (s.exp().ln_1p(), 1.0 / (1.0 + (-s).exp()))).collect()
    }
}

impl OneSample for Layer {
    type Scalar = f64;
    const FIXED_POINT: bool = true; // g = z - f(z)
    fn shape(&self) -> (usize, usize) {
        (self.x.samples(), self.b.len())
    }
    fn residual(&self, sample: usize, z: &[f64], g: &mut [f64]) -> Eval {
        self.output(sample, z).iter().zip(z).zip(g).for_each(|((f, z), g)| *g = z - f.0);
        Ok(())
    }
    fn jacobian(&self, sample: usize, z: &[f64], j: &mut [f64]) -> Eval {
        let (n, f) = (z.len(), self.output(sample, z)); // J = I - diag(slopes) W, column by column
        (0..n * n).for_each(|k| j[k] = f64::from(k % n == k / n) - f[k % n].1 * self.w[k % n * n + k / n]);
        Ok(())
    }
}

impl OneSampleVjp for Layer {
    type Gradient = Layer;
    fn zero(&self) -> Layer {
        let zeros = |of: &[f64]| vec![0.0; of.len()];
        let (w, u, b) = (zeros(&self.w), zeros(&self.u), zeros(&self.b));
        Layer { w, u, b, x: Rows::new(self.x.samples(), self.x.width()) }
    }
    fn param_vjp(&self, sample: usize, z: &[f64], u: &[f64], grad: &mut Layer) -> Eval {
        let (n, m, f) = (z.len(), self.x.width(), self.output(sample, z));
        for i in 0..n {
            let s = -f[i].1 * u[i]; // g = z - f
            (0..n).for_each(|j| grad.w[i * n + j] += s * z[j]);
            (0..m).for_each(|j| grad.u[i * m + j] += s * self.x.row(sample)[j]);
            (0..m).for_each(|j| grad.x.row_mut(sample)[j] += s * self.u[i * m + j]);
            grad.b[i] += s;
        }
        Ok(())
    }
}

fn main() -> Result<(), Error> {
    let x = Rows::from_vec(2, 1, vec![0.5, -1.0])?;
    let layer = Layer { w: vec![0.2, -0.3, 0.1, 0.3], u: vec![1.0, -0.5], b: vec![0.1, -0.2], x };
    let solution = solve(Each(layer), &Rows::new(2, 2), &Auto::default(), &Options::default())?;
    let gradient = solution.pullback(&Rows::from_vec(2, 2, vec![1.0; 4])?)?.value; // L = sum of z
    println!("z* = {:?}\ndL/dW = {:?}\ndL/dx = {:?}", solution.converged()?, gradient.w, gradient.x);
    Ok(())
}

//! What can be proved of a fixed point of the tanh cell.
//!
//! In the maximum norm, with u = W z + x, D = diag(tanh'(u)), J = I - D W and Y about J^-1: while z moves by up to r, x by up to s and W by up
//! to w in every entry, u_i moves by up to d_i = r |w_i|_1 + s + w (|z|_1 + n r), and tanh'(u_i) by up to R_i, the most that tanh' changes over
//! d_i, which is at most 4 / (3 sqrt 3) d_i and is taken from the slope itself. Hence
//!
//!   |I - Y J'| <= q = |I - Y J| + max_k sum_i |Y_ki| (R_i |w_i|_1 + (tanh'(u_i) + R_i) n w),
//!   |Y g'| <= e = |Y g| + max_k sum_i |Y_ki| (tanh'(u_i) + R_i) (s + w |z|_1),
//!
//! and e + q r < r proves that exactly one fixed point is within r, that every J' is regular, and that the fixed point is a smooth
//! function of x and W there. This is the theorem of Newton and Kantorovich in the form of Krawczyk, with local bounds.
//!
//! Source: L. V. Kantorovich (1948); J. M. Ortega (1968), doi:10.2307/2313800; R. Krawczyk (1969), doi:10.1007/BF02234767.

use super::Tanh;
use crate::Real;
use crate::certify::upward::{Matrix, defect, up};
use crate::certify::{Certificate, Fault, Region, search};
use crate::error::Error;
use crate::interval::Interval;

/// Largest size: matrices are dense and factored plainly.
const MOST: usize = 1000;
/// Rounds of widening a ball until the test succeeds, each by a little more than it must hold.
const ROUNDS: usize = 24;
const INFLATION: f64 = 1.05;

impl<T: Real> Tanh<T> {
    /// What can be proved of the fixed point near `z` of sample `sample`: a [`Certificate`] whose parameters are x and W, each with the
    /// distance by which all its entries may change at once.
    ///
    /// Costs an inverse of an n x n matrix in f64 and one product with it (3 n^3 operations), and 2 n^2 for each of about 100 tests.
    ///
    /// ```
    /// use dini::cells::Tanh;
    /// use dini::{Anderson, Options, Rows, solve};
    /// let cell = Tanh::new(2, vec![0.3, -0.2, 0.1, 0.4], Rows::from_vec(1, 2, vec![0.5, -1.0])?)?;
    /// let options = Options { relative: 1e-12, ..Options::default() };
    /// let solution = solve(&cell, &Rows::new(1, 2), &Anderson::default(), &options)?;
    /// let proof = cell.certificate(0, solution.z().row(0))?;
    /// assert!(proof.holds && proof.parameters[0].radius > 0.1 && proof.parameters[1].radius > 0.01);
    /// # Ok::<(), dini::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Shape`] where there is no such sample or `z` has another size, [`Error::NonFinite`], [`Error::TooLarge`] above n = 1000.
    /// What can't be proved is no error: see [`Certificate::fault`].
    pub fn certificate(&self, sample: usize, z: &[T]) -> Result<Certificate, Error> {
        let n = self.n;
        if sample >= self.x.samples() || z.len() != n {
            return Err(Error::shape("sample and z", (self.x.samples(), n), (sample, z.len())));
        }
        if n > MOST {
            return Err(Error::TooLarge { what: "a certificate, which is made with dense matrices,", n, most: MOST });
        }
        if z.iter().any(|z| !num_traits::Float::is_finite(*z)) {
            return Err(Error::NonFinite { what: "z", sample });
        }
        let wide = |values: &[T]| values.iter().map(|v| v.as_f64()).collect::<Vec<f64>>();
        let (z, x, w) = (wide(z), wide(self.x.row(sample)), wide(&self.w));
        let Some(ball) = Ball::new(&z, &x, &w) else { return Ok(Certificate::refused(Fault::Singular, n, 2)) };
        Ok(ball.certificate())
    }
}

/// How far z, x and W may move.
#[derive(Clone, Copy)]
struct Moves {
    z: f64,
    x: f64,
    w: f64,
}

/// A point with what the test needs of it.
struct Ball {
    n: usize,
    /// |Y|
    inverse: Matrix,
    /// all u
    arguments: Vec<Interval>,
    /// the diagonal of D that J was made with
    slopes: Vec<f64>,
    /// |w_i|_1 from above
    rows: Vec<f64>,
    /// |z|_1 from above
    size: f64,
    /// |I - Y J|, by row, from above
    defect: Vec<f64>,
    /// |Y g|, by row, from above
    correction: Vec<f64>,
}

impl Ball {
    /// None where J is singular or not finite.
    fn new(z: &[f64], x: &[f64], w: &[f64]) -> Option<Self> {
        let n = z.len();
        let row = |i: usize| &w[i * n..][..n];
        let argument = |i: usize| {
            let (sum, sizes) = row(i)
                .iter()
                .zip(z)
                .fold((x[i], x[i].abs()), |(sum, sizes), (w, z)| (sum + w * z, sizes + (w * z).abs()));
            Interval::around(sum, up(sizes * (n as f64 + 2.0) * f64::EPSILON, n))
        };
        let arguments: Vec<Interval> = (0..n).map(argument).collect();
        let slopes: Vec<f64> = arguments.iter().map(|u| u.tanh_slope().middle()).collect();
        let mut jacobian = Matrix::zeros(n, n);
        for (i, slope) in slopes.iter().enumerate() {
            for (j, (to, w)) in jacobian.row_mut(i).iter_mut().zip(row(i)).enumerate() {
                *to = f64::from(u8::from(i == j)) - slope * w;
            }
        }
        let mut inverse = jacobian.inverse()?;
        let g: Vec<Interval> = z.iter().zip(&arguments).map(|(z, u)| Interval::point(*z) - u.tanh()).collect();
        let correction = (0..n).map(|i| inverse.row_times(i, &g).magnitude()).collect();
        let sum = |values: &[f64]| up(values.iter().map(|v| v.abs()).sum(), n);
        let rows: Vec<f64> = (0..n).map(|i| sum(row(i))).collect();
        let off = defect(&inverse, &jacobian);
        // the entries of J were rounded twice
        let rounded: Vec<f64> = (0..n).map(|i| 2.0 * f64::EPSILON * (1.0 + slopes[i] * rows[i])).collect();
        let further = inverse.times_magnitudes(&rounded);
        let defect = (0..n).map(|i| up(sum(off.row(i)) + further[i], 1)).collect();
        inverse.values.iter_mut().for_each(|y| *y = y.abs());
        Some(Ball { n, inverse, arguments, slopes, rows, size: sum(z), defect, correction })
    }

    /// Bounds of |Y g'| and |I - Y J'|.
    fn bounds(&self, moves: Moves) -> (f64, f64) {
        let Moves { z, x, w } = moves;
        let wide = up(self.size + self.n as f64 * z, 2);
        let (mut shifts, mut spreads) = (vec![0.0; self.n], vec![0.0; self.n]);
        for i in 0..self.n {
            let far = up(z * self.rows[i] + x + w * wide, 4);
            let slope = (self.arguments[i] + Interval::new(-far, far)).tanh_slope();
            let spread = slope.radius_around(self.slopes[i]);
            shifts[i] = up(slope.hi() * (x + w * self.size), 3);
            spreads[i] = up(spread * self.rows[i] + slope.hi() * (self.n as f64 * w), 4);
        }
        let (shifts, spreads) = (self.inverse.times_magnitudes(&shifts), self.inverse.times_magnitudes(&spreads));
        // what is not a number is no bound
        let larger = |max: f64, sum: f64| if sum.is_nan() { f64::INFINITY } else { max.max(sum) };
        let largest = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| up(a + b, 1)).fold(0.0, larger);
        (largest(&self.correction, &shifts), largest(&self.defect, &spreads))
    }

    /// The radius of a ball with exactly one fixed point, and that of one that holds it, while x and W move.
    fn pass(&self, x: f64, w: f64) -> Option<(f64, f64)> {
        let mut z = INFLATION * self.bounds(Moves { z: 0.0, x, w }).0 + f64::MIN_POSITIVE;
        for _ in 0..ROUNDS {
            let (shift, contraction) = self.bounds(Moves { z, x, w });
            let root = up(shift + contraction * z, 2);
            if root < z {
                return Some((z, root));
            }
            if !root.is_finite() {
                return None;
            }
            z = INFLATION * root + f64::MIN_POSITIVE;
        }
        None
    }

    fn certificate(&self) -> Certificate {
        let Some((unique, ball)) = self.pass(0.0, 0.0) else { return Certificate::refused(Fault::Singular, self.n, 2) };
        let mut within = unique;
        search(unique, &mut |z| {
            let regular = self.bounds(Moves { z, x: 0.0, w: 0.0 }).1 < 1.0;
            within = if regular { within.max(z) } else { within };
            regular
        });
        let everywhere = self.bounds(Moves { z: f64::INFINITY, x: 0.0, w: 0.0 }).1 < 1.0;
        let region = |x: f64, w: f64| {
            let mut best = Region { radius: 0.0, reach: vec![0.0; self.n] };
            search(0.01, &mut |t| match self.pass(t * x, t * w) {
                Some((reach, _)) => {
                    if t > best.radius {
                        best = Region { radius: t, reach: vec![reach; self.n] };
                    }
                    true
                }
                None => false,
            });
            best
        };
        let (parameters, together) = (vec![region(1.0, 0.0), region(0.0, 1.0)], region(1.0, 1.0));
        let fault = if together.radius > 0.0 { None } else { Some(Fault::Singular) };
        Certificate {
            holds: fault.is_none(),
            fault,
            ball,
            radii: vec![ball; self.n],
            unique_within: if everywhere { f64::INFINITY } else { within },
            parameters,
            together,
        }
    }
}

//! z = tanh(W z + x).

mod certificate;
mod parameters;
mod passes;
#[cfg(target_arch = "x86_64")]
mod rough;
mod second_order;

use std::sync::OnceLock;

use pulp::{Arch, Simd};

use crate::Real;
use crate::batch::{Batch, Rows};
use crate::error::Error;
use crate::kernels::epilogue::{Epilogue, Plain, map_row};
use crate::kernels::gemm::Packed;
use crate::kernels::{gemv, vector};
use crate::problem::{
    Active, Capabilities, CapabilitiesOf, DenseJacobian, Eval, Linearize, Passes, Problem, ResidualScale,
    RoughResidual, Slot,
};

/// The fixed point z = tanh(W z + x): one W (n x n, row-major) for all samples, one x (B x n) per sample.
///
/// g = z - tanh(W z + x), J = I - D W with D = diag(1 - tanh^2(W z + x)). dL/dx = D lam and dL/dW = (D lam) z*^T, where
/// J^T lam = dL/dz*. A fixed point exists for every W; it is unique, and J non-singular, where ||W||_2 < 1.
///
/// An evaluation and each product cost B n^2 multiplications, fused with tanh; linearising costs no evaluation.
///
/// Source: S. Bai, J. Z. Kolter and V. Koltun (2019), arXiv:1909.01377, section 3; L. El Ghaoui et al. (2021),
/// doi:10.1137/20M1358517, section 2.
#[derive(Debug)]
pub struct Tanh<T> {
    n: usize,
    w: Vec<T>,
    x: Rows<T>,
    forward: Packed<T>,
    /// packed when the first transposed product asks for it
    transposed: OnceLock<Packed<T>>,
    #[cfg(target_arch = "x86_64")]
    rough: rough::Rough,
}

/// dL/dW and dL/dx, or a direction (dW, dx).
#[derive(Clone, Debug, PartialEq)]
pub struct TanhGradient<T> {
    /// n x n, row-major.
    pub w: Vec<T>,
    /// B x n.
    pub x: Rows<T>,
}

impl<T: Real> Tanh<T> {
    /// The cell with weights `w` (n x n, row-major) and inputs `x` (B x n).
    ///
    /// # Errors
    /// [`Error::Shape`] where `w` is not n x n or x not B x n, [`Error::Empty`] for n = 0 or B = 0, [`Error::NonFinite`].
    pub fn new(n: usize, w: Vec<T>, x: Rows<T>) -> Result<Self, Error> {
        if n == 0 || x.samples() == 0 {
            return Err(Error::Empty { what: "the tanh cell" });
        }
        if n.checked_mul(n) != Some(w.len()) {
            return Err(Error::Shape {
                what: "W of the tanh cell",
                expected: format!("{n} x {n} values (square)"),
                found: format!("{} values", w.len()),
            });
        }
        if x.width() != n {
            return Err(Error::shape("x of the tanh cell", (x.samples(), n), (x.samples(), x.width())));
        }
        if let Some(sample) = x.first_non_finite() {
            return Err(Error::NonFinite { what: "x of the tanh cell", sample });
        }
        let forward = Packed::from_rows(&w, n, n);
        if !forward.is_finite() {
            let sample = w.chunks_exact(n).position(|row| !vector::all_finite(row)).unwrap_or_default();
            return Err(Error::NonFinite { what: "W of the tanh cell (rows counted as samples)", sample });
        }
        Ok(Tanh {
            forward,
            transposed: OnceLock::new(),
            #[cfg(target_arch = "x86_64")]
            rough: Default::default(),
            n,
            w,
            x,
        })
    }

    /// The cell with the same weights and new inputs; the packed weights are kept.
    ///
    /// # Errors
    /// As [`new`](Tanh::new).
    pub fn with_inputs(self, x: Rows<T>) -> Result<Self, Error> {
        if x.samples() == 0 {
            return Err(Error::Empty { what: "the tanh cell" });
        }
        if x.width() != self.n {
            return Err(Error::shape("x of the tanh cell", (x.samples(), self.n), (x.samples(), x.width())));
        }
        if let Some(sample) = x.first_non_finite() {
            return Err(Error::NonFinite { what: "x of the tanh cell", sample });
        }
        Ok(Tanh { x, ..self })
    }

    /// Size n of the state.
    pub fn size(&self) -> usize {
        self.n
    }

    /// W, row-major.
    pub fn weights(&self) -> &[T] {
        &self.w
    }

    /// x, B x n.
    pub fn inputs(&self) -> &Rows<T> {
        &self.x
    }

    /// W^T, packed unless there is one sample alone, for which that costs more than it saves.
    fn packed_transpose(&self, at: Active<'_>) -> Option<&Packed<T>> {
        match self.transposed.get() {
            None if at.len() == 1 => None,
            _ => Some(self.transposed.get_or_init(|| Packed::from_columns(&self.w, self.n, self.n))),
        }
    }

    /// out <- epilogue(W^T v)
    fn multiply_transposed<E: Epilogue<T>>(&self, at: Active<'_>, v: &[T], out: &mut Rows<T>, epilogue: &E) {
        let out = out.as_mut_slice();
        match self.packed_transpose(at) {
            None => gemv::apply(&self.w, v, out, at.parallel(), epilogue),
            Some(packed) => packed.apply(v, out, at.parallel(), epilogue),
        }
    }
}

/// z - tanh(W z + x)
struct Residual<'a, T> {
    at: Active<'a>,
    z: &'a Rows<T>,
    x: &'a Rows<T>,
}

impl<T: Real> Epilogue<T> for Residual<'_, T> {
    #[inline(always)]
    fn finish<S: Simd>(&self, simd: S, row: usize, column: usize, out: &mut [T]) {
        let x = &self.x.row(self.at.sample(row).index())[column..];
        let z = &self.z.row(row)[column..];
        map_row(simd, out, x, z, |t, x, z| z - (t + x).tanh_in::<S>());
    }
}

/// v - D W v
struct Jvp<'a, T> {
    at: Active<'a>,
    v: &'a Rows<T>,
    d: &'a Rows<T>,
}

impl<T: Real> Epilogue<T> for Jvp<'_, T> {
    #[inline(always)]
    fn finish<S: Simd>(&self, _: S, row: usize, column: usize, out: &mut [T]) {
        let d = &self.d.row(self.at.slot(row).index())[column..];
        let v = &self.v.row(row)[column..];
        out.iter_mut().zip(d).zip(v).for_each(|((t, &d), &v)| *t = v - d * *t);
    }
}

/// u - W^T (D u)
struct Vjp<'a, T> {
    u: &'a Rows<T>,
}

impl<T: Real> Epilogue<T> for Vjp<'_, T> {
    #[inline(always)]
    fn finish<S: Simd>(&self, _: S, row: usize, column: usize, out: &mut [T]) {
        let u = &self.u.row(row)[column..];
        out.iter_mut().zip(u).for_each(|(t, &u)| *t = u - *t);
    }
}

impl<T: Real> Problem for Tanh<T> {
    type State = Rows<T>;

    fn validate(&self, z: &Rows<T>) -> Result<(), Error> {
        z.check("the start z0", (self.x.samples(), self.n))
    }

    fn residual_scale(&self) -> ResidualScale {
        ResidualScale::State
    }

    fn residual(&self, at: Active<'_>, z: &Rows<T>, out: &mut Rows<T>) -> Eval {
        let epilogue = Residual { at, z, x: &self.x };
        self.forward.apply(z.as_slice(), out.as_mut_slice(), at.parallel(), &epilogue);
        Ok(())
    }

    #[cfg(target_arch = "x86_64")]
    fn rough(&self) -> Option<&dyn RoughResidual<Rows<T>>> {
        rough::is_at_hand(self).then_some(self)
    }
}

impl<T: Real> Linearize for Tanh<T> {
    /// The diagonals of D.
    type Tape = Rows<T>;

    fn tape(&self, like: &Rows<T>) -> Rows<T> {
        like.zeros(like.samples())
    }

    fn linearize(&self, at: Active<'_>, z: &Rows<T>, g: &Rows<T>, tape: &mut Rows<T>) -> Eval {
        Arch::new().dispatch(|| {
            for i in 0..at.len() {
                for ((d, &z), &g) in tape.row_mut(at.slot(i).index()).iter_mut().zip(z.row(i)).zip(g.row(i)) {
                    let t = z - g;
                    *d = (T::one() - t) * (T::one() + t);
                }
            }
        });
        Ok(())
    }

    fn jvp(&self, at: Active<'_>, d: &Rows<T>, v: &Rows<T>, out: &mut Rows<T>) -> Eval {
        self.forward.apply(v.as_slice(), out.as_mut_slice(), at.parallel(), &Jvp { at, v, d });
        Ok(())
    }

    fn vjp(&self, at: Active<'_>, d: &Rows<T>, u: &Rows<T>, out: &mut Rows<T>) -> Eval {
        let n = self.n;
        crate::kernels::scratch::with(u.samples() * n, |du: &mut [T]| {
            for (i, du) in du.chunks_exact_mut(n).enumerate() {
                vector::product(du, u.row(i), d.row(at.slot(i).index()));
            }
            self.multiply_transposed(at, du, out, &Vjp { u });
        });
        Ok(())
    }

    fn capabilities(&self) -> CapabilitiesOf<'_, Self> {
        // with a single block there is nothing to save
        let passes = (self.n > T::PANEL).then_some(self as &dyn Passes<_, _>);
        Capabilities { dense: Some(self), passes, ..Capabilities::NONE }
    }
}

impl<T: Real> DenseJacobian<Rows<T>, T> for Tanh<T> {
    fn jacobian(&self, slot: Slot, d: &Rows<T>, out: &mut [T]) {
        let (n, d) = (self.n, d.row(slot.index()));
        for (j, column) in out.chunks_exact_mut(n).enumerate() {
            for (i, (entry, &d)) in column.iter_mut().zip(d).enumerate() {
                *entry = -d * self.w[i * n + j];
            }
            column[j] += T::one();
        }
    }
}

//! tanh(W z + x) at a solution z of z = tanh(W z + x): its value is z, its derivative D = diag(1 - z^2).

use burn::backend::autodiff::{
    Autodiff,
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, Flex, backend_extension};
use burn::prelude::*;

/// Backends on which the operation exists, as for [`GradientHook`](crate::hook::GradientHook).
#[backend_extension(Autodiff, Flex)]
pub trait SolvedTanh: Backend {
    /// z, a constant B x n, as a function of x (B x n) and W (n x n).
    fn solved_tanh(z: FloatTensor<Self>, _x: FloatTensor<Self>, _weight: FloatTensor<Self>) -> FloatTensor<Self> {
        z
    }
}

impl SolvedTanh for Flex {}

impl<B: SolvedTanh, C: CheckpointStrategy> SolvedTanh for Autodiff<B, C> {
    fn solved_tanh(z: FloatTensor<Self>, x: FloatTensor<Self>, weight: FloatTensor<Self>) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct SolvedTanhBackward;

        impl<B: Backend> Backward<B, 2> for SolvedTanhBackward {
            /// z
            type State = FloatTensor<B>;

            /// dx = D u and dW = (D u)^T z
            fn backward(self, ops: Ops<FloatTensor<B>, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
                let (z, [x, weight]) = (ops.state, ops.parents);
                let u = grads.consume::<B>(&ops.node);
                let squares = B::float_mul(z.clone(), z.clone());
                let du = B::float_sub(u.clone(), B::float_mul(u, squares));
                if let Some(weight) = weight {
                    grads.register::<B>(weight.id, B::float_matmul(B::float_transpose(du.clone()), z));
                }
                if let Some(x) = x {
                    grads.register::<B>(x.id, du);
                }
            }
        }

        let ((z, _), (_, x), (_, weight)) = (z.into_parts(), x.into_parts(), weight.into_parts());
        match SolvedTanhBackward.prepare::<C>([x, weight]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(z.clone(), z),
            OpsKind::UnTracked(prep) => prep.finish(z),
        }
    }
}

/// z, which solves z = tanh(W z + x), with the derivatives of tanh(W z + x) by x and W at the constant z.
///
/// No evaluation; the backward pass costs B n^2 multiplications for W.
pub fn solved_tanh(z: Tensor<2>, x: Tensor<2>, weight: Tensor<2>) -> Tensor<2> {
    Tensor::from_dispatch(Dispatch::solved_tanh(z.into_dispatch(), x.into_dispatch(), weight.into_dispatch()))
}

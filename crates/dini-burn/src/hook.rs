//! An identity whose backward pass maps the gradient.

use std::fmt;
use std::sync::Arc;

use burn::backend::autodiff::{
    Autodiff,
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::tensor::FloatTensor;
use burn::backend::{
    Backend, BackendTensor, Dispatch, DispatchKindConversion, DispatchTensor, Flex, backend_extension,
};
use burn::prelude::*;

/// A map of gradients, on tensors without autodiff; erased, so that the operation has no rank.
#[derive(Clone)]
pub struct Hook(Arc<dyn Fn(DispatchTensor) -> DispatchTensor + Send + Sync>);

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hook")
    }
}

/// Backends on which the operation exists. Other backends are added to the attribute when their features are enabled.
#[backend_extension(Autodiff, Flex)]
pub trait GradientHook: Backend {
    /// y, unchanged; its gradient passes through `hook` on the way back.
    fn gradient_hook(y: FloatTensor<Self>, _hook: Hook) -> FloatTensor<Self> {
        y
    }
}

impl GradientHook for Flex {}

impl<B: GradientHook, C: CheckpointStrategy> GradientHook for Autodiff<B, C>
where
    DispatchTensor: DispatchKindConversion<B>,
{
    fn gradient_hook(y: FloatTensor<Self>, hook: Hook) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct HookBackward;

        impl<B: Backend> Backward<B, 1> for HookBackward
        where
            DispatchTensor: DispatchKindConversion<B>,
        {
            type State = Hook;

            fn backward(self, ops: Ops<Hook, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
                let [parent] = ops.parents;
                let gradient = grads.consume::<B>(&ops.node);
                let Some(parent) = parent else { return };
                type Convert = DispatchTensor;
                let erased = <Convert as DispatchKindConversion<B>>::from_backend(BackendTensor::Float(gradient));
                // the hook returns a tensor of the backend it was given; anything else leaves no gradient
                if let Ok(mapped) = <Convert as DispatchKindConversion<B>>::try_into_backend((ops.state.0)(erased)) {
                    grads.register::<B>(parent.id, mapped.float());
                }
            }
        }

        let (primitive, guard) = y.into_parts();
        match HookBackward.prepare::<C>([guard]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(hook, primitive),
            OpsKind::UnTracked(prep) => prep.finish(primitive),
        }
    }
}

/// y with its gradient mapped by `map`.
pub fn gradient_hook<const D: usize>(
    y: Tensor<D>,
    map: impl Fn(Tensor<D>) -> Tensor<D> + Send + Sync + 'static,
) -> Tensor<D> {
    let hook = Hook(Arc::new(move |v| map(Tensor::from_dispatch(v)).into_dispatch()));
    Tensor::from_dispatch(Dispatch::gradient_hook(y.into_dispatch(), hook))
}

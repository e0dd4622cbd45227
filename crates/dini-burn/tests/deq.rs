//! Gradients of the layer against unrolled autodiff and differences; threads, dropout and failures.

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig, Linear, LinearConfig};
use burn::prelude::*;
use burn::tensor::{FloatDType, activation};
use dini::gradient::{AnyMode, Implicit, Method};
use dini::linear::Gmres;
use dini::solve::AnySolver;
use dini::{Anderson, Error, Newton, OnFailure, Options, Picard};
use dini_burn::{Cell, Deq, DeqConfig, Settings, SpectralBound, TanhCell, TanhCellConfig};

const B: usize = 6;
const N: usize = 12;
const P: usize = 5;

/// A cell no kernel knows: tanh(z W + x U + b) with x of another width.
#[derive(Module, Debug)]
struct Injected {
    w: Linear,
    u: Linear,
}

impl Cell<2> for Injected {
    fn forward(&self, z: Tensor<2>, x: Tensor<2>) -> Tensor<2> {
        activation::tanh(self.w.forward(z) + self.u.forward(x))
    }
}

fn device() -> Device {
    let mut device = Device::flex().autodiff();
    // every test asks for the same settings; only the first call can set them
    let _ = device.configure(FloatDType::F64);
    device
}

fn random(rows: usize, columns: usize, seed: u64) -> Tensor<2> {
    let values: Vec<f64> = (0..rows * columns).map(|i| ((i as f64 + seed as f64) * 12.9898).sin()).collect();
    Tensor::from_data(TensorData::new(values, [rows, columns]), &device())
}

fn injected() -> Injected {
    let linear = |input: usize, seed: u64| {
        let mut linear = LinearConfig::new(input, N).init(&device());
        linear.weight = linear.weight.map(|_| (random(input, N, seed) * 0.3).detach().require_grad());
        linear
    };
    Injected { w: linear(N, 1), u: linear(P, 2) }
}

fn tanh_cell() -> TanhCell {
    let cell = TanhCellConfig::new(N).init(&device());
    TanhCell { weight: cell.weight.map(|_| (random(N, N, 3) * 0.25).detach().require_grad()) }
}

fn exact(solver: AnySolver, method: Method) -> Settings {
    Settings {
        solver,
        options: Options { relative: 1e-13, max_iterations: 500, ..Options::default() },
        backward: Implicit { method, tolerance: Some(1e-12), ..Implicit::default() }.into(),
    }
}

fn scalar(t: Tensor<1>) -> f64 {
    t.into_scalar::<f64>()
}

fn difference(a: Tensor<2>, b: Tensor<2>) -> f64 {
    scalar((a - b.clone()).abs().max()) / scalar(b.abs().max())
}

/// L = sum of z * c
fn loss(z: Tensor<2>) -> Tensor<1> {
    let [rows, columns] = z.dims();
    (z * random(rows, columns, 9)).sum()
}

fn unrolled<C: Cell<2>>(cell: &C, x: Tensor<2>) -> Tensor<2> {
    let mut z = random(B, N, 0) * 0.0;
    for _ in 0..300 {
        z = cell.forward(z, x.clone());
    }
    z
}

#[test]
fn any_cell_has_the_gradient_of_unrolling() {
    let cell = injected();
    let x = random(B, P, 4).require_grad();
    let reference = loss(unrolled(&cell, x.clone())).backward();
    for (solver, method) in [
        (AnySolver::Picard(Picard::default()), Method::Auto),
        (AnySolver::Anderson(Anderson::default()), Method::Krylov(Gmres::default().into())),
        (AnySolver::Anderson(Anderson::default()), Method::FixedPoint(Default::default())),
        (AnySolver::Newton(Newton::default()), Method::Auto),
    ] {
        let deq = Deq::with_settings(cell.clone(), exact(solver, method));
        let start = random(B, N, 0) * 0.0;
        let output = deq.forward_from(start, x.clone()).unwrap();
        assert!(output.backward.report().is_none());
        let gradients = loss(output.z).backward();
        for (a, b) in [(&cell.w.weight, &cell.w.weight), (&cell.u.weight, &cell.u.weight)] {
            assert!(difference(a.grad(&gradients).unwrap(), b.grad(&reference).unwrap()) < 1e-10);
        }
        assert!(difference(x.grad(&gradients).unwrap(), x.grad(&reference).unwrap()) < 1e-10);
        let report = output.backward.report().unwrap();
        assert!(report.error.is_none() && report.samples.len() == B && report.mean_iterations() >= 1.0);
    }
}

#[test]
fn the_tanh_cell_on_kernels_has_the_gradient_of_unrolling_and_differences() {
    let cell = tanh_cell();
    let x = random(B, N, 5).require_grad();
    let reference = loss(unrolled(&cell, x.clone())).backward();
    for solver in [AnySolver::Anderson(Anderson::default()), AnySolver::Newton(Newton::default())] {
        let deq = Deq::with_settings(cell.clone(), exact(solver, Method::Auto));
        let gradients = loss(deq.forward(x.clone()).unwrap().z).backward();
        let (dw, dx) = (cell.weight.grad(&gradients).unwrap(), x.grad(&gradients).unwrap());
        assert!(difference(dw.clone(), cell.weight.grad(&reference).unwrap()) < 1e-10);
        assert!(difference(dx, x.grad(&reference).unwrap()) < 1e-10);
        let direction = random(N, N, 6).inner();
        let at = |h: f64| {
            let weight =
                cell.weight.clone().map(|w| Tensor::from_inner(w.inner() + direction.clone() * h).require_grad());
            let deq = Deq::with_settings(TanhCell { weight }, deq.settings().clone());
            scalar(loss(deq.forward(x.clone()).unwrap().z).inner())
        };
        let h = 1e-5;
        let central = (at(h) - at(-h)) / (2.0 * h);
        assert!((central - scalar((dw * direction.clone()).sum())).abs() < 1e-8 * central.abs().max(1.0));
    }
}

#[test]
fn every_gradient_mode_runs_behind_the_layer() {
    let cell = tanh_cell();
    let x = random(B, N, 5).require_grad();
    let gradient = |solver: &str, backward: AnyMode| {
        let mut settings = exact(AnySolver::by_name(solver).unwrap(), Method::Auto);
        settings.backward = backward;
        let output = Deq::with_settings(cell.clone(), settings).forward(x.clone()).unwrap();
        let gradients = loss(output.z).backward();
        assert_eq!(output.backward.report().unwrap().error, None);
        cell.weight.grad(&gradients).unwrap()
    };
    let reference = gradient("newton", AnyMode::by_name("dense").unwrap());
    // conjugate gradients need a symmetric Jacobian
    for name in AnyMode::NAMES.into_iter().filter(|name| *name != "cg") {
        let away = difference(gradient("broyden", AnyMode::by_name(name).unwrap()), reference.clone());
        let exact = matches!(name, "auto" | "gmres" | "bicgstab" | "lsmr" | "fixed-point" | "gauss-seidel" | "dense");
        assert!(if exact { away < 1e-7 } else { away > 1e-7 && away < 1.0 }, "{name}: {away}");
    }
    // many terms are the exact adjoint
    let many = dini::gradient::Neumann { terms: 200, ..Default::default() };
    assert!(difference(gradient("broyden", AnyMode::Neumann(many)), reference) < 1e-7);
}

#[test]
fn gradients_are_right_from_several_threads() {
    let x = random(B, P, 7).inner();
    let settings = exact(AnySolver::Anderson(Anderson::default()), Method::Auto);
    let gradient = |cell: &Injected| {
        let deq = Deq::with_settings(cell.clone(), settings.clone());
        let start = Tensor::zeros([B, N], &device());
        let gradients = loss(deq.forward_from(start, Tensor::from_inner(x.clone())).unwrap().z).backward();
        cell.w.weight.grad(&gradients).unwrap()
    };
    let cell = injected();
    let expected = gradient(&cell);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                // fresh leaves per thread: burn's graphs of shared leaves wait for each other
                let own = cell.clone().fork(&device());
                for _ in 0..20 {
                    assert!(difference(gradient(&own), expected.clone()) < 1e-12);
                }
            });
        }
    });
}

#[test]
fn dropout_outside_the_cell_leaves_the_fixed_point_alone() {
    let dropout: Dropout = DropoutConfig::new(0.5).init();
    let deq = Deq::with_settings(tanh_cell(), exact(AnySolver::Anderson(Anderson::default()), Method::Auto));
    let x = dropout.forward(random(B, N, 8).require_grad());
    let output = deq.forward(x.clone()).unwrap();
    let again = deq.cell.forward(output.z.clone(), x);
    assert!(difference(again, output.z.clone()) < 1e-10);
    let gradients = loss(dropout.forward(output.z)).backward();
    assert!(deq.cell.weight.grad(&gradients).is_some());
}

#[test]
fn without_autodiff_only_the_value_is_computed() {
    let deq = DeqConfig::new().init(tanh_cell().valid());
    let output = deq.forward(random(B, N, 5).inner()).unwrap();
    assert!(!output.z.is_autodiff());
    assert_eq!(output.forward.failures(), 0);
}

/// W = 1, x = 0: z* = 0 with a singular Jacobian.
fn singular(on_failure: OnFailure) -> (Deq<TanhCell>, Tensor<2>) {
    let cell = TanhCellConfig::new(1).init(&device());
    let weight = cell.weight.map(|w| Tensor::ones_like(&w.inner()).autodiff().require_grad());
    let mut settings = exact(AnySolver::Newton(Newton::default()), Method::Dense);
    settings.backward = settings.backward.with_on_failure(on_failure);
    let x = Tensor::<2>::from_data(TensorData::new(vec![0.0, 0.4], [2, 1]), &device()).require_grad();
    (Deq::with_settings(TanhCell { weight }, settings), x)
}

#[test]
fn a_failed_backward_solve_is_reported_and_stops_the_next_step() {
    let (deq, x) = singular(OnFailure::Refuse);
    let output = deq.forward(x.clone()).unwrap();
    let gradients = output.z.sum().backward();
    assert_eq!(scalar(x.grad(&gradients).unwrap().abs().sum()), 0.0, "no gradient rather than a wrong one");
    assert!(deq.forward(x.clone()).is_err(), "nobody looked at the failure");
    let (deq, x) = singular(OnFailure::Refuse);
    let output = deq.forward(x.clone()).unwrap();
    let _ = output.z.sum().backward();
    assert!(output.backward.report().unwrap().error.unwrap().contains("singular"));
    assert!(deq.forward(x).is_ok(), "the failure was looked at");
}

#[test]
fn a_sample_may_be_dropped() {
    let (deq, x) = singular(OnFailure::Drop);
    let output = deq.forward(x.clone()).unwrap();
    let gradients = output.z.sum().backward();
    assert_eq!(output.backward.report().unwrap().failures, [0]);
    let dx = x.grad(&gradients).unwrap().into_data_as::<f64>();
    let dx = dx.as_slice::<f64>().unwrap();
    assert!(dx[0] == 0.0 && dx[1] > 0.1, "{dx:?}");
}

#[test]
fn an_unconverged_forward_solve_is_an_error() {
    let mut settings = exact(AnySolver::Picard(Picard::default()), Method::Auto);
    settings.options.max_iterations = 2;
    let deq = Deq::with_settings(injected(), settings);
    let refused = deq.forward_from(Tensor::zeros([B, N], &device()), random(B, P, 4));
    assert!(matches!(refused, Err(Error::NotConverged { sample: 0, .. })));
}

#[test]
fn bad_input_is_an_error() {
    let deq = DeqConfig::new().init(tanh_cell());
    let mut bad = vec![0.5; B * N];
    bad[N] = f64::NAN;
    let bad = Tensor::from_data(TensorData::new(bad, [B, N]), &device());
    assert!(matches!(deq.forward(bad), Err(Error::NonFinite { sample: 1, .. })));
    assert!(matches!(deq.forward(random(B, N + 1, 0)), Err(Error::Shape { .. })));
}

#[test]
fn the_spectral_bound_holds() {
    let weight = tanh_cell().weight.map(|_| (random(N, N, 3) * 2.0).detach().require_grad());
    let mut bound = SpectralBound::new(0.9);
    let bounded = bound.apply(weight, 50);
    let norm = SpectralBound::new(1.0).estimate(bounded.val().inner(), 200);
    assert!((norm - 0.9).abs() < 1e-3, "{norm}");
    assert!(bounded.val().is_require_grad());
}

//! A burn tensor as a batch of states.

use burn::prelude::*;
use burn::tensor::IndexingUpdateOp;
use dini::batch::{Batch, Keep};

/// A tensor B x n on any burn device, without autodiff. Numbers per sample are f64 on the host; every reduction is one
/// transfer.
#[derive(Clone, Debug)]
pub struct TensorBatch {
    tensor: Tensor<2>,
}

impl TensorBatch {
    /// Wraps a tensor B x n; detached from any autodiff graph.
    pub fn new(tensor: Tensor<2>) -> Self {
        TensorBatch { tensor: tensor.inner() }
    }

    /// The tensor.
    pub fn tensor(&self) -> &Tensor<2> {
        &self.tensor
    }

    pub(crate) fn set(&mut self, tensor: Tensor<2>) {
        self.tensor = tensor;
    }

    /// A column of per-sample numbers, B x k, on this tensor's device.
    fn numbers(&self, values: &[f64], columns: usize) -> Tensor<2> {
        let data = TensorData::new(values.to_vec(), [values.len() / columns.max(1), columns]);
        Tensor::from_data(data, (&self.tensor.device(), self.tensor.dtype()))
    }

    fn indices(&self, rows: &[usize]) -> Tensor<1, Int> {
        let rows: Vec<i64> = rows.iter().map(|&r| r as i64).collect();
        Tensor::from_data(TensorData::from(rows.as_slice()), &self.tensor.device())
    }
}

/// Whether `rows` are 0, 1, ... `all` - 1.
pub(crate) fn is_all(rows: &[usize], all: usize) -> bool {
    rows.len() == all && rows.iter().enumerate().all(|(i, &r)| i == r)
}

/// Rows of a tensor, without a copy where they are all of them.
pub(crate) fn select(tensor: &Tensor<2>, rows: &[usize]) -> Tensor<2> {
    if is_all(rows, tensor.dims()[0]) {
        return tensor.clone();
    }
    let indices: Vec<i64> = rows.iter().map(|&r| r as i64).collect();
    tensor.clone().select(0, Tensor::from_data(TensorData::from(indices.as_slice()), &tensor.device()))
}

impl Keep for TensorBatch {
    fn keep(&mut self, rows: &[usize]) {
        self.tensor = select(&self.tensor, rows);
    }

    fn reset(&mut self, samples: usize) {
        if self.samples() != samples {
            self.tensor = self.zeros(samples).tensor;
        }
    }
}

impl Batch for TensorBatch {
    type Scalar = f64;

    fn samples(&self) -> usize {
        self.tensor.dims()[0]
    }

    fn width(&self) -> usize {
        self.tensor.dims()[1]
    }

    fn zeros(&self, samples: usize) -> Self {
        let options = (&self.tensor.device(), self.tensor.dtype());
        TensorBatch { tensor: Tensor::zeros([samples, self.width()], options) }
    }

    fn copy_from(&mut self, x: &Self) {
        self.tensor = x.tensor.clone();
    }

    fn axpby(&mut self, a: f64, x: &Self, b: f64) {
        let ax = if a == 1.0 { x.tensor.clone() } else { x.tensor.clone().mul_scalar(a) };
        self.tensor = if b == 0.0 {
            ax
        } else if b == 1.0 {
            self.tensor.clone() + ax
        } else {
            self.tensor.clone().mul_scalar(b) + ax
        };
    }

    fn scale(&mut self, a: &[f64]) {
        self.tensor = self.tensor.clone() * self.numbers(&a[..self.samples()], 1);
    }

    fn dot_many(&self, xs: &[Self], out: &mut [f64]) {
        if xs.is_empty() {
            return;
        }
        let products = xs.iter().map(|x| (self.tensor.clone() * x.tensor.clone()).sum_dim(1)).collect();
        let columns: Tensor<2> = Tensor::cat(products, 1);
        let values = host(columns);
        out[..values.len()].copy_from_slice(&values);
    }

    fn add_combination(&mut self, c: &[f64], xs: &[Self]) {
        let k = xs.len();
        if k == 0 {
            return;
        }
        let coefficients = self.numbers(&c[..self.samples() * k], k);
        for (i, x) in xs.iter().enumerate() {
            let column = coefficients.clone().slice_dim(1, i..i + 1);
            self.tensor = self.tensor.clone() + x.tensor.clone() * column;
        }
    }

    fn put(&mut self, to: &[usize], x: &Self, from: &[usize]) {
        let values = select(&x.tensor, from);
        if is_all(to, self.samples()) {
            self.tensor = values;
        } else {
            let to = self.indices(to);
            self.tensor = self.tensor.clone().select_assign(0, to, values, IndexingUpdateOp::Assign);
        }
    }

    fn read(&self, sample: usize, out: &mut [f64]) {
        out.copy_from_slice(&host(self.tensor.clone().slice_dim(0, sample..sample + 1)));
    }

    fn write(&mut self, sample: usize, values: &[f64]) {
        let row = TensorBatch { tensor: self.numbers(values, values.len()) };
        self.put(&[sample], &row, &[0]);
    }
}

/// Host copy as f64; NaN where a device fails to deliver, which no verdict accepts.
pub(crate) fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    let count = tensor.shape().num_elements();
    let data = tensor.try_into_data_as::<f64>().ok();
    data.and_then(|d| d.as_slice::<f64>().map(<[f64]>::to_vec).ok()).unwrap_or_else(|| vec![f64::NAN; count])
}

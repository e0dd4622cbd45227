//! Classifying images with a trained model.

use burn::module::Module;
use burn::tensor::activation::log_softmax;

use super::step::pixels;
use crate::data::Images;
use crate::failure::Failure;
use crate::model::{Classifier, Preprocessing};

/// Images classified at a time.
const BATCH: usize = 500;

/// What a model makes of a set of images.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// Probabilities, N x classes, row-major.
    pub probabilities: Vec<f64>,
    /// Number of classes.
    pub classes: usize,
    /// Images whose implicit layer was not solved to tolerance.
    pub failures: usize,
}

/// Classifies every image.
///
/// # Errors
/// A broken contract of the layer, or probabilities that are not finite.
pub fn evaluate(model: &Classifier, images: &Images, p: Preprocessing) -> Result<Evaluation, Failure> {
    let model = model.valid();
    let device = model.input.weight.val().device();
    let classes = model.output.weight.val().dims()[1];
    let mut evaluation = Evaluation { probabilities: Vec::new(), classes, failures: 0 };
    let all: Vec<usize> = (0..images.len()).collect();
    for indices in all.chunks(BATCH) {
        let output = model.forward(pixels(images, indices, p, &device)).map_err(Failure::unsolved)?;
        let data = log_softmax(output.logits, 1).exp().into_data_as::<f64>();
        let probabilities = data.as_slice::<f64>().unwrap_or_default();
        if let Some(i) = probabilities.iter().position(|p| !p.is_finite()) {
            let why = format!("the probabilities of image {} are not finite", indices[i / classes]);
            return Err(Failure::unsolved(why));
        }
        evaluation.probabilities.extend_from_slice(probabilities);
        evaluation.failures += output.forward.failures();
    }
    Ok(evaluation)
}

impl Evaluation {
    /// Probabilities of image `i`.
    pub fn row(&self, i: usize) -> &[f64] {
        &self.probabilities[i * self.classes..(i + 1) * self.classes]
    }

    /// The most probable class of image `i`.
    pub fn predicted(&self, i: usize) -> usize {
        let row = self.row(i);
        (0..row.len()).fold(0, |best, c| if row[c] > row[best] { c } else { best })
    }

    /// Share of images classified as `labels` say.
    pub fn accuracy(&self, labels: &[u8]) -> f64 {
        let right = labels.iter().enumerate().filter(|(i, l)| self.predicted(*i) == usize::from(**l)).count();
        right as f64 / labels.len().max(1) as f64
    }

    /// Mean cross-entropy.
    pub fn loss(&self, labels: &[u8]) -> f64 {
        let term = |(i, l): (usize, &u8)| -self.row(i)[usize::from(*l)].max(f64::MIN_POSITIVE).ln();
        labels.iter().enumerate().map(term).sum::<f64>() / labels.len().max(1) as f64
    }

    /// Counts by \[true class\]\[predicted class\].
    pub fn confusion(&self, labels: &[u8]) -> Vec<Vec<usize>> {
        let mut counts = vec![vec![0; self.classes]; self.classes];
        for (i, &label) in labels.iter().enumerate() {
            counts[usize::from(label)][self.predicted(i)] += 1;
        }
        counts
    }
}

//! One self-contained HTML file that shows how a training run went.
//!
//! The file loads nothing from elsewhere and runs no script: charts are inline SVG, images are
//! inline PNG.

mod axis;
mod chart;
mod confusion;
mod curves;
mod gallery;
mod page;

use serde::{Deserialize, Serialize};

/// What one pass over the training images gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// The number of the epoch, as it is to be shown.
    pub epoch: usize,
    /// Mean loss over the training images.
    pub train_loss: f64,
    /// Share of the training images answered rightly, in 0..1.
    pub train_accuracy: f64,
    /// Mean loss over the test images.
    pub test_loss: f64,
    /// Share of the test images answered rightly, in 0..1.
    pub test_accuracy: f64,
    /// Mean number of iterations of the forward solve.
    pub forward_iterations: f64,
    /// Mean number of iterations of the adjoint solve that gives the gradient.
    pub backward_iterations: f64,
    /// Images without a derivative, left out of their steps.
    pub failures: usize,
    /// Wall-clock time the epoch took.
    pub seconds: f64,
}

/// A test image that was answered wrongly.
#[derive(Debug, Clone, PartialEq)]
pub struct Misclassified {
    /// Its pixels in 0..1, row by row, of the report's height and width.
    pub pixels: Vec<f32>,
    /// The true class.
    pub label: u8,
    /// The class the model chose.
    pub predicted: u8,
    /// The probability the model gave to its choice, in 0..1.
    pub probability: f64,
}

/// All that goes into a report. Any list may be empty, and values that are not finite are left
/// out of the charts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// The heading.
    pub title: String,
    /// The few facts to show large at the top, as name and value.
    pub summary: Vec<(String, String)>,
    /// The settings of the run, as name and value.
    pub settings: Vec<(String, String)>,
    /// The epochs in order.
    pub epochs: Vec<Epoch>,
    /// For each of some samples, the relative residual at iteration 0, 1, 2... of the forward
    /// solve.
    pub residuals: Vec<Vec<f64>>,
    /// The relative residual at which the forward solve stops.
    pub tolerance: f64,
    /// How many test images of each true class (outer) were given each class (inner).
    pub confusion: Vec<Vec<usize>>,
    /// Pixel rows of the images in [`misclassified`](Self::misclassified).
    pub height: usize,
    /// Pixel columns of those images.
    pub width: usize,
    /// Wrongly answered images; the surest of them are shown.
    pub misclassified: Vec<Misclassified>,
}

/// Why a report could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The drawing library refused a chart.
    #[error("cannot draw a chart of the report: {0}")]
    Chart(String),
    /// The PNG encoder refused an image.
    #[error("cannot encode an image of the report: {0}")]
    Image(#[from] png::EncodingError),
}

/// Renders a report as a complete HTML document.
///
/// # Errors
///
/// Only if the drawing or image library fails; no content of `report` is known to cause that.
pub fn html(report: &Report) -> Result<String, ReportError> {
    let cards = [
        curves::loss(&report.epochs)?,
        curves::accuracy(&report.epochs)?,
        curves::iterations(&report.epochs)?,
        curves::residuals(&report.residuals, report.tolerance)?,
        confusion::matrix(&report.confusion),
        gallery::mistakes(report)?,
        page::settings(&report.settings),
        page::epochs(&report.epochs),
    ];
    Ok(page::document(report, &cards.concat()))
}

#[cfg(test)]
mod tests;

//! The report's four charts.

use super::axis::Scale;
use super::chart::{Chart, Hue, Series};
use super::page::card;
use super::{Epoch, ReportError};

/// Residual curves drawn at most; more would hide each other.
const MOST_SAMPLES: usize = 64;

/// Loss by epoch.
pub(super) fn loss(epochs: &[Epoch]) -> Result<String, ReportError> {
    let chart = Chart {
        x_name: "epoch",
        y_name: "loss",
        scale: Scale::FromZero,
        series: vec![
            series("training images", Hue::First, epochs, |e| e.train_loss),
            series("test images", Hue::Second, epochs, |e| e.test_loss),
        ],
        rule: None,
    };
    let caption = "Mean loss after each epoch on the images learnt from and on the images held \
                   out; a widening gap between the two is overfitting.";
    figure("Loss", &chart, caption)
}

/// Accuracy by epoch.
pub(super) fn accuracy(epochs: &[Epoch]) -> Result<String, ReportError> {
    let chart = Chart {
        x_name: "epoch",
        y_name: "right answers (%)",
        scale: Scale::UpTo(100.0),
        series: vec![
            series("training images", Hue::First, epochs, |e| 100.0 * e.train_accuracy),
            series("test images", Hue::Second, epochs, |e| 100.0 * e.test_accuracy),
        ],
        rule: None,
    };
    let caption = "Share of images given their true class after each epoch; the vertical axis \
                   covers only the range that occurs.";
    figure("Accuracy", &chart, caption)
}

/// Solver iterations by epoch.
pub(super) fn iterations(epochs: &[Epoch]) -> Result<String, ReportError> {
    let chart = Chart {
        x_name: "epoch",
        y_name: "mean iterations",
        scale: Scale::FromZero,
        series: vec![
            series("forward", Hue::First, epochs, |e| e.forward_iterations),
            series("backward", Hue::Second, epochs, |e| e.backward_iterations),
        ],
        rule: None,
    };
    let caption = "Iterations the solver needed: forward ones find the layer's fixed point, \
                   backward ones are those of the adjoint solve that gives the gradient.";
    figure("Solver iterations", &chart, caption)
}

/// Residual by iteration of the forward solve.
pub(super) fn residuals(samples: &[Vec<f64>], tolerance: f64) -> Result<String, ReportError> {
    let curves = samples.iter().take(MOST_SAMPLES).map(|sample| Series {
        name: "one line per sample",
        hue: Hue::First,
        points: (0u32..).map(f64::from).zip(sample.iter().copied()).collect(),
    });
    let chart = Chart {
        x_name: "iteration",
        y_name: "relative residual",
        scale: Scale::Log,
        series: curves.collect(),
        rule: Some(("tolerance", tolerance)),
    };
    let caption = "How far each of some samples still is from its fixed point as the forward \
                   solve goes on; the solve stops once it is below the dashed tolerance.";
    figure("Convergence of the forward solve", &chart, caption)
}

fn series(name: &'static str, hue: Hue, epochs: &[Epoch], value: impl Fn(&Epoch) -> f64) -> Series {
    Series { name, hue, points: epochs.iter().map(|e| (e.epoch as f64, value(e))).collect() }
}

fn figure(title: &str, chart: &Chart, caption: &str) -> Result<String, ReportError> {
    Ok(match chart.render()? {
        Some(body) => card(title, "chart", &body, caption),
        None => card(title, "chart", "", "There are no values to draw."),
    })
}

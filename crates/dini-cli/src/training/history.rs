//! The files people look at: `metrics.csv` and `report.html`.

use std::collections::BTreeMap;
use std::sync::Mutex;

use dini::solve::{Control, Workspace};
use dini::{Rows, cells};

use super::checkpoint::Progress;
use super::evaluate::Evaluation;
use super::folder::{METRICS, REPORT, RunFolder};
use super::options::TrainArgs;
use super::step::pixels;
use crate::data::Images;
use crate::failure::{Failure, Outcome};
use crate::files::FileError;
use crate::model::{Classifier, Preprocessing};
use crate::report::{Epoch, Misclassified, Report, html};
use crate::text::shown;

/// Images whose residuals are drawn.
const TRACED: usize = 8;
/// Misclassified images shown.
const SHOWN: usize = 24;

/// Columns of `metrics.csv`.
const COLUMNS: [&str; 9] = [
    "epoch",
    "train_loss",
    "train_accuracy",
    "test_loss",
    "test_accuracy",
    "forward_iterations",
    "backward_iterations",
    "failures",
    "seconds",
];

/// Writes `metrics.csv`.
///
/// # Errors
/// A folder that cannot be written.
pub fn write_metrics(folder: &RunFolder, history: &[Epoch]) -> Outcome {
    let failed = |e: String| {
        Failure::unsolved(FileError::new("cannot write the metrics", folder.file(METRICS), e, "report this"))
    };
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    writer.write_record(COLUMNS).map_err(|e| failed(e.to_string()))?;
    for record in history {
        writer.serialize(record).map_err(|e| failed(e.to_string()))?;
    }
    folder.write(METRICS, &writer.into_inner().map_err(|e| failed(e.to_string()))?)
}

/// ||z - f(z)|| / ||z|| against the iteration for the first test images.
fn residuals(model: &Classifier, test: &Images, p: Preprocessing, args: &TrainArgs) -> Result<Vec<Vec<f64>>, Failure> {
    use burn::module::Module;
    let model = model.valid();
    let settings = args.settings();
    let indices: Vec<usize> = (0..test.len().min(TRACED)).collect();
    let device = model.input.weight.val().device();
    let x = model.input.forward(pixels(test, &indices, p, &device)).into_data_as::<f32>();
    let w = model.layer.cell.weight.val().into_data_as::<f32>();
    let values = |d: &burn::tensor::TensorData| d.as_slice::<f32>().unwrap_or_default().to_vec();
    let cell = Rows::from_vec(indices.len(), args.n, values(&x)).and_then(|x| cells::Tanh::new(args.n, values(&w), x));
    let cell = cell.map_err(Failure::unsolved)?;
    let traces: Mutex<BTreeMap<usize, Vec<f64>>> = Mutex::default();
    let tolerance = settings.options.relative;
    let observer = |progress: &dini::solve::Progress<'_, f32>| {
        let mut traces = traces.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for (i, (r, target)) in progress.residual.iter().zip(progress.target).enumerate() {
            // at z = 0 nothing is there to be relative to
            let relative = if *target > 0.0 { f64::from(*r) / f64::from(*target) * tolerance } else { 1.0 };
            traces.entry(progress.at.sample(i).index()).or_default().push(relative);
        }
        Control::Continue
    };
    let z0 = Rows::new(indices.len(), args.n);
    dini::solve_with(&cell, &z0, &settings.solver, &settings.options, &mut Workspace::default(), &observer)
        .map_err(Failure::unsolved)?;
    Ok(traces.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).into_values().collect())
}

/// Writes `report.html`.
///
/// # Errors
/// A folder that cannot be written, or a drawing that fails.
pub fn write_report(
    folder: &RunFolder,
    args: &TrainArgs,
    (name, test): (&str, &Images),
    (model, p): (&Classifier, Preprocessing),
    evaluation: &Evaluation,
    progress: &Progress,
) -> Outcome {
    let mut misclassified: Vec<Misclassified> = (0..test.len())
        .filter(|&i| evaluation.predicted(i) != usize::from(test.labels[i]))
        .map(|i| Misclassified {
            pixels: test.row(i).unwrap_or_default().to_vec(),
            label: test.labels[i],
            predicted: evaluation.predicted(i) as u8,
            probability: evaluation.row(i)[evaluation.predicted(i)],
        })
        .collect();
    misclassified.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    misclassified.truncate(SHOWN);
    let last = progress.history.last();
    let seconds: f64 = progress.history.iter().map(|r| r.seconds).sum();
    let percent = |v: f64| format!("{:.2} %", 100.0 * v);
    let text = |v: Option<String>| v.unwrap_or_else(|| "-".into());
    let settings: toml::Table = toml::from_str(&args.to_toml()?).unwrap_or_default();
    let report = Report {
        title: format!("dini: {}", shown(name)),
        summary: vec![
            ("test accuracy".into(), percent(evaluation.accuracy(&test.labels))),
            ("test images".into(), test.len().to_string()),
            ("epochs".into(), progress.history.len().to_string()),
            ("forward iterations".into(), text(last.map(|r| format!("{:.1}", r.forward_iterations)))),
            ("adjoint iterations".into(), text(last.map(|r| format!("{:.1}", r.backward_iterations)))),
            ("training time".into(), format!("{seconds:.1} s")),
        ],
        settings: settings
            .iter()
            .map(|(k, v)| (k.clone(), shown(v.as_str().unwrap_or(&v.to_string())).into_owned()))
            .collect(),
        epochs: progress.history.clone(),
        residuals: residuals(model, test, p, args)?,
        tolerance: args.forward_tolerance(),
        confusion: evaluation.confusion(&test.labels),
        height: test.height,
        width: test.width,
        misclassified,
    };
    let page = html(&report).map_err(|e| Failure::usage(format!("cannot draw the report: {e}")))?;
    folder.write(REPORT, page.as_bytes())
}

//! `dini eval` and `dini predict`.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use burn::prelude::Device;
use clap::Args;
use serde_json::{Value, json};

use super::images;
use crate::data::idx::{self, MAX_IMAGES};
use crate::data::{Images, digits};
use crate::failure::{Failure, Outcome};
use crate::files::{FileError, read_sealed};
use crate::model::{self, Classifier, Origin, Preprocessing, Sizes};
use crate::output::{self, say};
use crate::text::shown_path;
use crate::training::{CHECKPOINT, Checkpoint, Evaluation, MODEL, TrainArgs, evaluate, is_run};

/// Accuracy of a trained model on test images, and a table by class
#[derive(Args, Clone, Debug)]
pub struct EvalArgs {
    /// Run folder that `dini train` has written
    run: PathBuf,
    /// Folder with MNIST in IDX form, whose test images are used; without it those the run was tested on
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Probabilities of the classes of images.
///
/// Names of files are printed with control characters escaped (\u{1b}), and bytes that are not UTF-8 as \xff, also in JSON.
#[derive(Args, Clone, Debug)]
pub struct PredictArgs {
    /// Run folder that `dini train` has written
    run: PathBuf,
    /// PNG images, or IDX files of images (raw or .gz)
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

struct Trained {
    args: TrainArgs,
    model: Classifier,
    sizes: Sizes,
    preprocessing: Preprocessing,
}

impl Trained {
    fn open(run: &Path) -> Result<Self, Failure> {
        is_run(run)?;
        let path = run.join(MODEL);
        let bytes = read_sealed(&path, "cannot read the model")?;
        let stored = model::open(&path, &bytes)?;
        let header = &stored.header;
        is_of_its_run(&run.join(CHECKPOINT), &path, &header.origin)?;
        let args = TrainArgs::from_text(&header.origin.options, &shown_path(&path), &[])?;
        let (model, sizes) = stored.load(args.settings(), &Device::flex())?;
        Ok(Trained { args, model, sizes, preprocessing: header.preprocessing })
    }

    /// Classifies `images`, which come from `path`.
    fn classify(&self, images: &Images, path: &Path) -> Result<Evaluation, Failure> {
        let (expected, found) = ((self.sizes.height, self.sizes.width), (images.height, images.width));
        if expected != found {
            let why = format!(
                "its images have {} x {} pixels, the model takes {} x {}",
                found.0, found.1, expected.0, expected.1
            );
            return Err(FileError::new(
                "cannot classify",
                path,
                why,
                "give images of the size the model was trained on",
            )
            .into());
        }
        let evaluation = evaluate(&self.model, images, self.preprocessing)?;
        if evaluation.failures > 0 {
            output::note(format_args!(
                "warning: the implicit layer did not converge for {} images",
                evaluation.failures
            ));
        }
        Ok(evaluation)
    }
}

/// Refuses a model that is not of the run whose checkpoint lies beside it, and says where it is older. A model alone is taken as it is.
fn is_of_its_run(checkpoint: &Path, path: &Path, origin: &Origin) -> Result<(), FileError> {
    if !checkpoint.exists() {
        return Ok(());
    }
    let bytes = read_sealed(checkpoint, "cannot read the checkpoint")?;
    let Checkpoint { identity, progress, .. } = Checkpoint::decode(checkpoint, &bytes)?;
    let now = identity.origin(&progress);
    if now.run != origin.run {
        let why = "it is of another run than the checkpoint beside it";
        return Err(FileError::new("cannot use the model", path, why, "make it again with `dini train --resume`"));
    }
    if (now.epoch, now.step) != (origin.epoch, origin.step) {
        output::note(format_args!(
            "warning: the model is of epoch {}, step {}, the checkpoint of epoch {}, step {}; `dini train --resume` makes it again",
            origin.epoch, origin.step, now.epoch, now.step
        ));
    }
    Ok(())
}

/// `dini eval`
///
/// # Errors
/// An unusable run folder or data.
pub fn eval(args: &EvalArgs) -> Outcome {
    let trained = Trained::open(&args.run)?;
    let (test, path) = match (&args.data, &trained.args.data) {
        (Some(dir), _) | (None, Some(dir)) => (idx::test_set(dir)?, dir.clone()),
        (None, None) => (digits(trained.args.seed)?.test, PathBuf::from("the embedded digits")),
    };
    let evaluation = trained.classify(&test, &path)?;
    if let Some(label) = test.labels.iter().find(|l| usize::from(**l) >= trained.sizes.classes) {
        let why = format!("label {label} occurs, the model knows {} classes", trained.sizes.classes);
        return Err(FileError::new("cannot evaluate", path, why, "give the data the model was trained on").into());
    }
    let confusion = evaluation.confusion(&test.labels);
    let (accuracy, loss) = (evaluation.accuracy(&test.labels), evaluation.loss(&test.labels));
    let table = |class: usize| {
        let images: usize = confusion[class].iter().sum();
        let predicted: usize = confusion.iter().map(|row| row[class]).sum();
        let share = |of: usize| (of > 0).then(|| confusion[class][class] as f64 / of as f64);
        (images, share(images), share(predicted))
    };
    if args.json {
        let classes: Vec<Value> = (0..evaluation.classes)
            .map(|class| {
                let (images, recall, precision) = table(class);
                json!({ "class": class, "images": images, "recall": recall, "precision": precision })
            })
            .collect();
        let object = json!({
            "images": test.len(), "accuracy": accuracy, "loss": loss, "classes": classes, "confusion": confusion,
            "unconverged": evaluation.failures,
        });
        say!("{object}");
        return Ok(());
    }
    say!("accuracy {:.2} %, cross-entropy {loss:.4}, {} images", 100.0 * accuracy, test.len());
    say!("{:>5} {:>7} {:>9} {:>10}", "class", "images", "recall", "precision");
    for class in 0..evaluation.classes {
        let (images, recall, precision) = table(class);
        let percent = |v: Option<f64>| v.map_or("-".into(), |v| format!("{:.2} %", 100.0 * v));
        say!("{class:>5} {images:>7} {:>9} {:>10}", percent(recall), percent(precision));
    }
    Ok(())
}

/// `dini predict`
///
/// # Errors
/// An unusable run folder, an image that cannot be read or has another size, or too many of them.
pub fn predict(args: &PredictArgs) -> Outcome {
    let trained = Trained::open(&args.run)?;
    let mut files = Vec::new();
    let mut count = 0;
    for path in &args.images {
        let images = images::read(path)?;
        count += images.len();
        if count > MAX_IMAGES {
            let advice = format!("give at most {MAX_IMAGES} images at a time");
            return Err(FileError::new("cannot classify", path, format!("{count} images are given"), advice).into());
        }
        files.push((images::name(path), trained.classify(&images, path)?));
    }
    // one at a time: the text of many takes more memory than their probabilities
    let predictions = files.iter().flat_map(|(name, evaluation)| {
        let images = evaluation.probabilities.len() / evaluation.classes.max(1);
        (0..images).map(move |i| (name, (images > 1).then_some(i), evaluation.predicted(i), evaluation.row(i)))
    });
    let label = |name: &str, index: Option<usize>| index.map_or(name.to_owned(), |i| format!("{name}[{i}]"));
    output::write(|out| {
        let mut out = BufWriter::new(out);
        if args.json {
            out.write_all(b"{\"predictions\":[")?;
        }
        for (i, (name, index, class, p)) in predictions.enumerate() {
            if args.json {
                let image = label(&name.plain, index);
                let object = json!({ "image": image, "class": class, "probability": p[class], "probabilities": p });
                write!(out, "{}{object}", if i > 0 { "," } else { "" })?;
            } else {
                let others: String = p.iter().enumerate().map(|(c, p)| format!(" {c}: {p:.4}")).collect();
                writeln!(out, "{}: {class} ({:.2} %) {others}", label(&name.shown, index), 100.0 * p[class])?;
            }
        }
        if args.json {
            out.write_all(b"]}\n")?;
        }
        out.flush()
    })
}

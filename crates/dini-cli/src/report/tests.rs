use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::*;

/// A made-up but plausible run.
fn plausible() -> Report {
    let mut rng = StdRng::seed_from_u64(5);
    let epochs = (1..=12u32)
        .map(|n| {
            let x = f64::from(n);
            Epoch {
                epoch: n as usize,
                train_loss: 2.2 * (-0.5 * x).exp() + 0.02,
                train_accuracy: 1.0 - 0.5 * (-0.5 * x).exp() - 0.004,
                test_loss: 2.1 * (-0.45 * x).exp() + 0.07 + 0.01 * rng.random::<f64>(),
                test_accuracy: 1.0 - 0.5 * (-0.45 * x).exp() - 0.018,
                forward_iterations: 8.0 + 7.0 * (1.0 - (-0.3 * x).exp()),
                backward_iterations: 7.0 + 5.0 * (1.0 - (-0.3 * x).exp()),
                failures: 0,
                seconds: 1.4 + 0.3 * rng.random::<f64>(),
            }
        })
        .collect();
    let residuals = (0..16)
        .map(|_| {
            let rate: f64 = rng.random_range(0.2..0.45);
            (0..16).map(|k| rate.powi(k) * rng.random_range(0.6..1.4)).take_while(|&r| r > 2e-6).collect()
        })
        .collect();
    let confusion = (0..10)
        .map(|row| {
            let cell = |column| match (row, column) {
                (r, c) if r == c => 34,
                (4, 9) | (8, 1) => 2,
                (3, 5) => 1,
                _ => 0,
            };
            (0..10).map(cell).collect()
        })
        .collect();
    let misclassified = (0..14u8)
        .map(|i| Misclassified {
            pixels: (0..64).map(|_| rng.random()).collect(),
            label: i % 10,
            predicted: (i + 3) % 10,
            probability: rng.random_range(0.4..1.0),
        })
        .collect();
    let pairs = |list: &[(&str, &str)]| {
        let pair = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
        list.iter().map(pair).collect()
    };
    Report {
        title: "Fixed-point classifier on <digits> & co.".to_owned(),
        summary: pairs(&[
            ("test accuracy", "98.1 %"),
            ("test loss", "0.074"),
            ("epochs", "12"),
            ("training time", "19 s"),
        ]),
        settings: pairs(&[
            ("data", "digits"),
            ("hidden units", "64"),
            ("forward solver", "Anderson, window 5, tolerance 1e-5"),
            ("learning rate", "0.001"),
            ("seed", "7"),
        ]),
        epochs,
        residuals,
        tolerance: 1e-5,
        confusion,
        height: 8,
        width: 8,
        misclassified,
    }
}

#[test]
fn a_plausible_run_has_every_part() {
    let page = html(&plausible()).unwrap();
    assert_eq!(page.matches("<svg ").count(), 4);
    assert_eq!(page.matches("</svg>").count(), 4);
    assert_eq!(page.matches("<section").count(), 8);
    assert_eq!(page.matches("<img").count(), 14);
    assert!(page.contains("<h1>Fixed-point classifier on &lt;digits&gt; &amp; co.</h1>"));
    assert!(page.contains("stroke=\"#D55E00\""));
    assert!(page.contains(">tolerance</span>"));
    assert!(page.contains("adjoint"));
}

#[test]
fn nothing_is_loaded_and_no_script_runs() {
    let page = html(&plausible()).unwrap();
    assert!(!page.contains("<script") && !page.contains("<link") && !page.contains("@import"));
    // The only address is the SVG name space, which nothing fetches.
    let addresses = page.matches("http").count();
    assert_eq!(addresses, page.matches("http://www.w3.org/2000/svg").count());
}

#[test]
fn an_empty_report_is_still_a_page() {
    let page = html(&Report::default()).unwrap();
    assert!(page.ends_with("</html>\n"));
    assert_eq!(page.matches("<svg").count(), 0);
    assert_eq!(page.matches("There are no").count(), 6);
}

#[test]
fn a_single_epoch_shows_its_points() {
    let mut report = plausible();
    report.epochs.truncate(1);
    report.residuals.truncate(1);
    let page = html(&report).unwrap();
    assert_eq!(page.matches("<svg ").count(), 4);
    assert!(page.contains("<circle"));
}

#[test]
fn values_that_are_not_finite_leave_no_trace() {
    let mut report = plausible();
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -1.0, f64::MAX];
    for (epoch, value) in report.epochs.iter_mut().zip(odd) {
        epoch.train_loss = value;
        epoch.test_accuracy = value;
        epoch.forward_iterations = value;
        epoch.seconds = value;
    }
    for (sample, value) in report.residuals.iter_mut().zip(odd) {
        sample.push(value);
    }
    for (image, value) in report.misclassified.iter_mut().zip(odd) {
        image.probability = value;
    }
    for tolerance in odd {
        report.tolerance = tolerance;
        let page = html(&report).unwrap();
        assert!(!page.contains("NaN") && !page.contains(">inf"));
    }
}

#[test]
fn every_text_is_escaped() {
    let mut report = plausible();
    let nasty = "</style><script>\"'&";
    report.title = nasty.to_owned();
    report.summary = vec![(nasty.to_owned(), nasty.to_owned())];
    report.settings = vec![(nasty.to_owned(), nasty.to_owned())];
    let page = html(&report).unwrap();
    assert!(!page.contains("<script>"));
    assert_eq!(page.matches("&lt;script&gt;&quot;&#39;&amp;").count(), 6);
}

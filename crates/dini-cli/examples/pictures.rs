//! The pictures of the book: `cargo run --release -p dini-cli --example pictures`, from the root of the repository.

use std::error::Error;
use std::sync::Mutex;

use dini::cells::{Tanh, TanhGradient};
use dini::gradient::Method;
use dini::problem::Grouped;
use dini::solve::{AnySolver, Control, Progress, Workspace, solve_with};
use dini::{Implicit, Model, Newton, Options, Rows, solve};
use plotters::prelude::*;

const FOLDER: &str = "docs/book/src/pictures";
const BLUE: RGBColor = RGBColor(31, 119, 180);
const RED: RGBColor = RGBColor(214, 39, 40);
const COLOURS: [RGBColor; 5] = [BLUE, RGBColor(255, 127, 14), RGBColor(44, 160, 44), RED, RGBColor(148, 103, 189)];
/// Unknowns of the cell.
const N: usize = 100;
/// Iterations shown.
const SHOWN: f64 = 60.0;
/// What is smaller is rounding.
const LEAST: f64 = 1e-14;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// z = tanh(W z + x) with a W of norm 0.95, so that plain iteration is slow.
fn cell() -> Outcome<Tanh<f64>> {
    let mut w = vec![0.0; N * N];
    for i in 0..N {
        w[i * N + (i + 2) % N] = 0.6;
        w[i * N + (i ^ 1)] = if i % 2 == 0 { 0.35 } else { -0.35 };
    }
    let x = Rows::from_vec(1, N, (0..N).map(|i| 0.05 * (i as f64).sin()).collect())?;
    Ok(Tanh::new(N, w, x)?)
}

/// |g| after each iteration.
fn history(problem: &Tanh<f64>, solver: &AnySolver) -> Outcome<Vec<f64>> {
    let (seen, options) = (Mutex::new(Vec::new()), Options { relative: 1e-12, ..Options::default() });
    let observer = |progress: &Progress<'_, f64>| {
        if let Ok(mut seen) = seen.lock() {
            seen.push(progress.residual[0]);
        }
        Control::Continue
    };
    solve_with(problem, &Rows::new(1, N), solver, &options, &mut Workspace::default(), &observer)?;
    Ok(seen.into_inner().unwrap_or_default())
}

fn convergence(path: &str) -> Outcome<()> {
    let problem = cell()?;
    let area = SVGBackend::new(path, (720, 420)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut builder = ChartBuilder::on(&area);
    builder.margin(12).x_label_area_size(40).y_label_area_size(70);
    let mut chart = builder.build_cartesian_2d(0.0..SHOWN, (LEAST..10.0).log_scale())?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .x_desc("iterations")
        .y_desc("|g|")
        .y_label_formatter(&|y| format!("{y:.0e}"))
        .draw()?;
    for (name, colour) in ["picard", "gauss-seidel", "anderson", "newton-krylov", "newton"].into_iter().zip(COLOURS) {
        let solver = AnySolver::by_name(name).ok_or("a solver of that name")?;
        let points = history(&problem, &solver)?.into_iter().enumerate().map(|(k, g)| (k as f64, g.max(LEAST)));
        let line = LineSeries::new(points.take_while(|(k, _)| *k <= SHOWN), colour.stroke_width(2));
        let key = move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2));
        chart.draw_series(line)?.label(name).legend(key);
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .background_style(WHITE)
        .border_style(BLACK.mix(0.3))
        .draw()?;
    area.present()?;
    Ok(())
}

/// z - z^3 / 3 = a, which has a fold at a = 2/3, z = 1.
fn fold(path: &str) -> Outcome<()> {
    let model = Model::equation(|z, a| [z[0] - z[0].powi(3) / 3.0 - a[0]]).parameters(&[-0.6]).start(&[-0.8]);
    let mut reached = Vec::new();
    for point in model.sweep(0, -0.6..=1.0, 0.05)? {
        match point {
            Ok(point) => reached.push((point.value, point.solved.converged()?[0])),
            Err(ended) => println!("{ended}"),
        }
    }
    let area = SVGBackend::new(path, (720, 420)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut builder = ChartBuilder::on(&area);
    builder.margin(12).x_label_area_size(40).y_label_area_size(50);
    let mut chart = builder.build_cartesian_2d(-1.0..1.0, -2.2..2.2)?;
    chart.configure_mesh().light_line_style(TRANSPARENT).x_desc("a").y_desc("z").draw()?;
    let roots = (-220..=220).map(|k| f64::from(k) / 100.0).map(|z: f64| (z - z.powi(3) / 3.0, z));
    chart.draw_series(LineSeries::new(roots, BLACK.mix(0.5).stroke_width(1)))?;
    chart.draw_series(reached.into_iter().map(|point| Circle::new(point, 3, BLUE.filled())))?;
    chart.draw_series([Cross::new((2.0 / 3.0, 1.0), 6, RED.stroke_width(2))])?;
    area.present()?;
    Ok(())
}

/// Numbers in -1..1.
fn numbers(seed: u64, count: usize) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    };
    std::iter::repeat_with(next).take(count).collect()
}

/// True error and bound, relative to the norm, of dL/dW and every dL/dx of a cell of 8 unknowns with 25 inputs; without a tolerance the
/// adjoint is as exact as Newton's factors make it.
fn errors(seed: u64, relative: f64, adjoint: Option<f64>) -> Outcome<Vec<(f64, f64)>> {
    let (n, samples) = (8, 25);
    let w = numbers(seed, n * n).into_iter().map(|v| 0.25 * v).collect();
    let cell = Tanh::new(n, w, Rows::from_vec(samples, n, numbers(seed + 1, samples * n))?)?;
    let cotangent = Rows::from_vec(samples, n, numbers(seed + 2, samples * n))?;
    let gradient = |relative: f64, mode: &Implicit| {
        let options = Options { relative, ..Options::default() };
        let solution = solve(&cell, &Rows::new(samples, n), &Newton::default(), &options)?;
        solution.gradient_report(&cotangent, mode)
    };
    let exact = Implicit { method: Method::Dense, tolerance: Some(1e-14), ..Implicit::default() };
    let exact: TanhGradient<f64> = gradient(1e-16, &exact)?.corrected;
    let method = if adjoint.is_some() { Method::FixedPoint(Default::default()) } else { Method::Auto };
    let report = gradient(relative, &Implicit { method, tolerance: adjoint, ..Implicit::default() })?;
    let groups = report.derivative.value.groups().into_iter().zip(exact.groups()).zip(&report.bounds);
    let point = |((found, exact), bound): ((dini::problem::Group, dini::problem::Group), &dini::gradient::Bound)| {
        let gap: f64 = found.numbers.iter().zip(&exact.numbers).map(|(a, b)| (a - b).powi(2)).sum();
        (gap.sqrt() / bound.norm, bound.relative())
    };
    Ok(groups.map(point).filter(|(error, _)| *error > 0.0).collect())
}

/// Bounds on the errors of gradients against the errors themselves.
fn pessimism(path: &str) -> Outcome<()> {
    let area = SVGBackend::new(path, (720, 420)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut builder = ChartBuilder::on(&area);
    builder.margin(12).x_label_area_size(40).y_label_area_size(70);
    let mut chart = builder.build_cartesian_2d((1e-17..1.0).log_scale(), (1e-17..1.0).log_scale())?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .x_desc("true error of the gradient")
        .y_desc("bound")
        .x_label_formatter(&|x| format!("{x:.0e}"))
        .y_label_formatter(&|y| format!("{y:.0e}"))
        .draw()?;
    chart.draw_series(LineSeries::new([(1e-17, 1e-17), (1.0, 1.0)], BLACK.mix(0.5).stroke_width(1)))?;
    let tolerances = [(1e-2, Some(1e-10)), (1e-4, Some(1e-4)), (1e-8, Some(1e-6)), (1e-10, Some(1e-10)), (1e-16, None)];
    for ((relative, adjoint), colour) in tolerances.into_iter().zip(COLOURS) {
        let points = (0..8).map(|seed| errors(100 + 10 * seed, relative, adjoint)).collect::<Outcome<Vec<_>>>()?;
        let circles = points.into_iter().flatten().map(|point| Circle::new(point, 2, colour.mix(0.6).filled()));
        let key = move |(x, y)| Circle::new((x + 9, y), 3, colour.filled());
        let label = match adjoint {
            Some(adjoint) => format!("z to {relative:.0e}, adjoint to {adjoint:.0e}"),
            None => "both to rounding".to_owned(),
        };
        chart.draw_series(circles)?.label(label).legend(key);
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .background_style(WHITE)
        .border_style(BLACK.mix(0.3))
        .draw()?;
    area.present()?;
    Ok(())
}

fn main() -> Outcome<()> {
    std::fs::create_dir_all(FOLDER)?;
    convergence(&format!("{FOLDER}/convergence.svg"))?;
    fold(&format!("{FOLDER}/fold.svg"))?;
    pessimism(&format!("{FOLDER}/pessimism.svg"))
}

//! A picture of a branch.

use std::ops::Range;

use dini::continuation::{Event, Point};
use plotters::prelude::*;

use super::branch::Traced;
use crate::palette;

/// Unknowns that are drawn, each with a colour of its own.
const SHOWN: usize = 6;
const INK: RGBColor = RGBColor(0x33, 0x3A, 0x42);
const SIZE: (u32, u32) = (800, 500);
const FONT: (&str, i32) = ("sans-serif", 17);
/// Beyond this a picture has no room for a number.
const MOST: f64 = 1e300;

/// The unknowns against the parameter: stable parts solid, unstable ones dashed, thin where that is not known; events are marked.
pub(super) fn svg(traced: &Traced) -> Result<String, String> {
    let mut svg = String::new();
    draw(traced, &mut svg).map_err(|error| error.to_string())?;
    Ok(svg)
}

fn draw(traced: &Traced, svg: &mut String) -> Result<(), DrawingAreaErrorKind<std::io::Error>> {
    let points = &traced.branch.points;
    let shown = traced.unknowns.len().min(SHOWN);
    let (x, y) = (around(points.iter().map(|p| p.a)), around(points.iter().flat_map(|p| &p.z[..shown]).copied()));
    let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart =
        ChartBuilder::on(&root).margin(14).x_label_area_size(52).y_label_area_size(78).build_cartesian_2d(x, y)?;
    let names = traced.unknowns[..shown].join(", ");
    chart
        .configure_mesh()
        .label_style(FONT)
        .axis_desc_style(FONT)
        .light_line_style(TRANSPARENT)
        .x_desc(&traced.parameter)
        .y_desc(names)
        .x_label_formatter(&|v| label(*v))
        .y_label_formatter(&|v| label(*v))
        .draw()?;
    for (j, colour) in palette::COLOURS.into_iter().enumerate().take(shown) {
        let place = |point: &Point| (point.a.clamp(-MOST, MOST), point.z[j].clamp(-MOST, MOST));
        for (name, part) in lines(points) {
            let line = part.iter().map(place);
            match name {
                Line::Solid => _ = chart.draw_series(LineSeries::new(line, colour.stroke_width(3)))?,
                Line::Thin => _ = chart.draw_series(LineSeries::new(line, colour.stroke_width(1)))?,
                Line::Dashed => _ = chart.draw_series(DashedLineSeries::new(line, 8, 6, colour.stroke_width(2)))?,
            }
        }
        for (point, event) in points.iter().filter_map(|point| Some((point, point.event?))) {
            let at = place(point);
            match event {
                Event::Fold { .. } => _ = chart.draw_series([Circle::new(at, 5, INK.filled())])?,
                Event::Hopf { .. } => _ = chart.draw_series([TriangleMarker::new(at, 7, INK.filled())])?,
                Event::BranchPoint => _ = chart.draw_series([Cross::new(at, 6, INK.stroke_width(2))])?,
                _ => _ = chart.draw_series([Circle::new(at, 5, INK.stroke_width(2))])?,
            }
        }
        if shown > 1 {
            let key = move |(x, y)| PathElement::new([(x, y), (x + 22, y)], colour.stroke_width(3));
            chart.draw_series(LineSeries::new([], colour))?.label(&traced.unknowns[j]).legend(key);
        }
    }
    if shown > 1 {
        let mut labels = chart.configure_series_labels();
        labels.background_style(WHITE.mix(0.8)).border_style(BLACK.mix(0.2)).label_font(FONT).draw()?;
    }
    root.present()
}

/// How a part is drawn.
#[derive(Clone, Copy, PartialEq)]
enum Line {
    Solid,
    Dashed,
    Thin,
}

/// Parts of one stability, each up to the first point of the next.
fn lines(points: &[Point]) -> Vec<(Line, &[Point])> {
    let kind = |pair: &[Point]| match pair[0].stable().or(pair[1].stable()) {
        Some(true) => Line::Solid,
        Some(false) => Line::Dashed,
        None => Line::Thin,
    };
    let mut parts: Vec<(Line, usize, usize)> = Vec::new();
    for (k, pair) in points.windows(2).enumerate() {
        match parts.last_mut() {
            Some((known, _, end)) if *known == kind(pair) => *end = k + 1,
            _ => parts.push((kind(pair), k, k + 1)),
        }
    }
    parts.into_iter().map(|(line, first, last)| (line, &points[first..=last])).collect()
}

/// A range with room at both ends.
fn around(values: impl Iterator<Item = f64>) -> Range<f64> {
    let values = values.filter(|v| v.abs() < MOST);
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    if low > high {
        return -1.0..1.0;
    }
    let size = low.abs().max(high.abs());
    let room = if high - low > 1e-9 * size { 0.05 * (high - low) } else { 0.5 * size.max(f64::MIN_POSITIVE) };
    if room > 1e-290 { low - room..high + room } else { -1.0..1.0 }
}

/// A number as people write it on an axis.
fn label(value: f64) -> String {
    if value == 0.0 || (1e-3..1e5).contains(&value.abs()) {
        let text = format!("{value:.4}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        format!("{value:.2e}")
    }
}

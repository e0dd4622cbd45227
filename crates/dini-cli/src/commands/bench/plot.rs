//! Charts with logarithmic axes, as SVG files for documents.

use std::ops::Range;
use std::path::Path;

use plotters::prelude::*;

use crate::failure::Failure;
use crate::files::write_whole;
use crate::palette;
use crate::text::shown_path;

/// A line and what it shows.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its entry in the legend.
    pub name: String,
    /// Its points; those that have no logarithm are left out.
    pub points: Vec<(f64, f64)>,
}

/// What to draw.
#[derive(Clone, Debug)]
pub struct Chart<'a> {
    /// The heading.
    pub title: &'a str,
    /// Names of the axes, with units.
    pub axes: (&'a str, &'a str),
    /// The lines, eight at most in colours of their own.
    pub lines: Vec<Line>,
}

const SIZE: (u32, u32) = (800, 500);
const FONT: (&str, i32) = ("sans-serif", 17);

impl Chart<'_> {
    /// Writes the chart to `path`.
    ///
    /// # Errors
    /// A chart without points, or a file that cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), Failure> {
        let mut svg = String::new();
        self.draw(&mut svg).map_err(|e| Failure::unsolved(format!("cannot draw {}: {e}", shown_path(path))))?;
        Ok(write_whole(path, svg.as_bytes())?)
    }

    fn draw(&self, svg: &mut String) -> Result<(), DrawingAreaErrorKind<std::io::Error>> {
        let kept = |line: &Line| -> Vec<(f64, f64)> {
            line.points
                .iter()
                .copied()
                .filter(|(x, y)| *x > 0.0 && *y > 0.0 && x.is_finite() && y.is_finite())
                .collect()
        };
        let lines: Vec<Vec<(f64, f64)>> = self.lines.iter().map(kept).collect();
        let range = |pick: fn(&(f64, f64)) -> f64| around(lines.iter().flatten().map(pick));
        let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
        root.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&root)
            .caption(self.title, (FONT.0, 21))
            .margin(14)
            .x_label_area_size(52)
            .y_label_area_size(78)
            .build_cartesian_2d(range(|p| p.0).log_scale(), range(|p| p.1).log_scale())?;
        chart
            .configure_mesh()
            .label_style(FONT)
            .axis_desc_style(FONT)
            .x_desc(self.axes.0)
            .y_desc(self.axes.1)
            .light_line_style(TRANSPARENT)
            .x_label_formatter(&|v| plain(*v))
            .y_label_formatter(&|v| plain(*v))
            .draw()?;
        for (i, (line, points)) in self.lines.iter().zip(&lines).enumerate() {
            let colour = palette::COLOURS[i % palette::COLOURS.len()];
            let drawn = LineSeries::new(points.iter().copied(), colour.stroke_width(2)).point_size(4);
            chart
                .draw_series(drawn)?
                .label(&line.name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 22, y)], colour.stroke_width(3)));
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .background_style(WHITE.mix(0.8))
            .border_style(BLACK.mix(0.2))
            .label_font(FONT)
            .draw()?;
        root.present()
    }
}

/// From a little below the smallest value to a little above the largest; all positive.
fn around(values: impl Iterator<Item = f64>) -> Range<f64> {
    let (low, high) = values.fold((f64::INFINITY, 0.0f64), |(low, high), v| (low.min(v), high.max(v)));
    if low > high { 1.0..10.0 } else { low / 1.3..high * 1.3 }
}

/// A power of ten as people write it.
fn plain(value: f64) -> String {
    if (1e-3..1e5).contains(&value) { format!("{value}") } else { format!("{value:e}") }
}

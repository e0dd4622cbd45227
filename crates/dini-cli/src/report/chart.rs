//! A line chart as inline SVG with an HTML legend.

use plotters::prelude::*;

use super::ReportError;
use super::axis::{Axis, Scale};
use super::page::escape;

/// The first line's colour and the second's, a pair that colour-blind readers can tell apart.
/// `style.css` knows these values and lightens them on dark screens.
const FIRST: RGBColor = RGBColor(0x00, 0x72, 0xB2);
const SECOND: RGBColor = RGBColor(0xD5, 0x5E, 0x00);
const INK: RGBColor = RGBColor(0x33, 0x3A, 0x42);
const GRID: RGBColor = RGBColor(0xDD, 0xE2, 0xE8);

/// Drawn at about twice its usual size on screen, because the drawing library rounds places to
/// whole units.
const SIZE: (u32, u32) = (960, 540);
const FONT: (&str, i32) = ("sans-serif", 30);

/// Lines of more points than this carry no dots.
const MOST_DOTS: usize = 40;
/// Values beyond this are left out: differences between larger ones may not be finite.
const MOST: f64 = 1e300;

/// Which of the two colours a line has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hue {
    First,
    Second,
}

/// One line. Lines of the same name share one entry of the legend.
pub(super) struct Series {
    pub(super) name: &'static str,
    pub(super) hue: Hue,
    pub(super) points: Vec<(f64, f64)>,
}

/// What to draw.
pub(super) struct Chart {
    pub(super) x_name: &'static str,
    pub(super) y_name: &'static str,
    pub(super) scale: Scale,
    pub(super) series: Vec<Series>,
    /// A dashed horizontal line, such as a threshold.
    pub(super) rule: Option<(&'static str, f64)>,
}

impl Chart {
    /// Legend and drawing, or `None` when no point can be drawn.
    pub(super) fn render(&self) -> Result<Option<String>, ReportError> {
        let lines: Vec<Vec<(f64, f64)>> = self
            .series
            .iter()
            .map(|series| {
                let placed = series.points.iter().filter_map(|&point| self.place(point));
                placed.collect()
            })
            .collect();
        if lines.iter().all(Vec::is_empty) {
            return Ok(None);
        }
        let rule = self.rule.and_then(|(_, y)| self.place((0.0, y)));
        let mut svg = String::new();
        self.draw(&mut svg, &lines, rule.map(|(_, y)| y)).map_err(|error| ReportError::Chart(error.to_string()))?;
        let label = escape(&format!("{} against {}", self.y_name, self.x_name));
        let svg = svg.replacen("<svg ", &format!("<svg role=\"img\" aria-label=\"{label}\" "), 1);
        Ok(Some(self.legend(rule.is_some()) + &svg))
    }

    /// Where a point goes, if it can be shown.
    fn place(&self, (x, y): (f64, f64)) -> Option<(f64, f64)> {
        let y = match self.scale {
            Scale::Log if y > 0.0 => y.log10(),
            Scale::Log => return None,
            _ => y,
        };
        (x.abs() < MOST && y.abs() < MOST).then_some((x, y))
    }

    fn draw(
        &self,
        svg: &mut String,
        lines: &[Vec<(f64, f64)>],
        rule: Option<f64>,
    ) -> Result<(), DrawingAreaErrorKind<std::io::Error>> {
        let points = || lines.iter().flatten();
        let x = Axis::counting(points().map(|point| point.0));
        let y = Axis::measuring(points().map(|point| point.1).chain(rule), self.scale);

        let ends = rule.map(|rule| [(x.low, rule), (x.high, rule)]);

        let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
        let mut chart = ChartBuilder::on(&root)
            .margin(14)
            .margin_right(24)
            .margin_bottom(0)
            .x_label_area_size(74)
            .y_label_area_size(112)
            .build_cartesian_2d(x, y)?;
        chart
            .configure_mesh()
            .bold_line_style(GRID.stroke_width(2))
            .axis_style(INK.stroke_width(2))
            .label_style(FONT.into_font().color(&INK))
            .axis_desc_style(FONT.into_font().color(&INK))
            .x_desc(self.x_name)
            .y_desc(self.y_name)
            .draw()?;

        if let Some(ends) = ends {
            chart.draw_series(DashedLineSeries::new(ends, 12, 9, INK.stroke_width(3)))?;
        }
        // Many lines of one colour stay readable when they shine through each other.
        let opacity = if lines.len() > 2 { 0.55 } else { 1.0 };
        for (series, line) in self.series.iter().zip(lines) {
            let colour = series.hue.colour();
            let style = colour.mix(opacity).stroke_width(4);
            chart.draw_series(LineSeries::new(line.iter().copied(), style))?;
            if line.len() <= MOST_DOTS {
                let dots = line.iter();
                chart.draw_series(dots.map(|&at| {
                    let size = if lines.len() > 2 { 4 } else { 6 };
                    Circle::new(at, size, colour.mix(opacity).filled())
                }))?;
            }
        }
        root.present()
    }

    fn legend(&self, with_rule: bool) -> String {
        let mut entries: Vec<(&str, &str)> = Vec::new();
        for series in &self.series {
            let entry = (series.hue.class(), series.name);
            if !entries.contains(&entry) {
                entries.push(entry);
            }
        }
        if let (true, Some((name, _))) = (with_rule, self.rule) {
            entries.push(("rule", name));
        }
        let items: String = entries
            .iter()
            .map(|(class, name)| format!("<span class=\"key {class}\">{}</span>", escape(name)))
            .collect();
        format!("<div class=\"legend\">{items}</div>\n")
    }
}

impl Hue {
    fn colour(self) -> RGBColor {
        match self {
            Self::First => FIRST,
            Self::Second => SECOND,
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Second => "second",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(points: Vec<(f64, f64)>, scale: Scale) -> Chart {
        Chart {
            x_name: "epoch",
            y_name: "a & b",
            scale,
            series: vec![Series { name: "train", hue: Hue::First, points }],
            rule: Some(("limit", 1e-3)),
        }
    }

    #[test]
    fn the_style_sheet_knows_every_colour() {
        for RGBColor(r, g, b) in [FIRST, SECOND, INK, GRID] {
            let colour = format!("\"#{r:02X}{g:02X}{b:02X}\"");
            assert!(super::super::page::STYLE.contains(&colour), "{colour}");
        }
    }

    #[test]
    fn points_that_cannot_be_shown_are_left_out() {
        let points = vec![(0.0, f64::NAN), (1.0, f64::INFINITY), (2.0, 0.5), (3.0, 0.0)];
        let svg = chart(points.clone(), Scale::Log).render().unwrap().unwrap();
        assert_eq!(svg.matches("<circle").count(), 1);
        let svg = chart(points, Scale::FromZero).render().unwrap().unwrap();
        assert_eq!(svg.matches("<circle").count(), 2);
        let nothing = vec![(0.0, f64::NAN), (1.0, -1.0)];
        assert_eq!(chart(nothing, Scale::Log).render().unwrap(), None);
    }

    #[test]
    fn huge_and_tiny_values_draw() {
        for scale in [Scale::FromZero, Scale::UpTo(100.0), Scale::Log] {
            let points = vec![(1.0, f64::MAX), (2.0, 9e299), (3.0, 5e-324), (4.0, -9e299)];
            let svg = chart(points, scale).render().unwrap().unwrap();
            assert!(!svg.contains("NaN") && !svg.contains("inf"));
        }
    }

    #[test]
    fn legend_names_lines_and_rule_once() {
        let mut chart = chart(vec![(0.0, 1.0)], Scale::Log);
        chart.series.push(Series { name: "train", hue: Hue::First, points: vec![(0.0, 2.0)] });
        let svg = chart.render().unwrap().unwrap();
        assert_eq!(svg.matches("class=\"key").count(), 2);
        assert!(svg.contains("aria-label=\"a &amp; b against epoch\""));
        chart.rule = Some(("limit", 0.0));
        let svg = chart.render().unwrap().unwrap();
        assert_eq!(svg.matches("class=\"key").count(), 1);
    }
}

//! The document around the cards, and the cards that are plain tables.

use super::{Epoch, Report};

/// The style sheet, put into the document.
pub(super) const STYLE: &str = include_str!("style.css");

/// The whole document around the finished cards.
pub(super) fn document(report: &Report, cards: &str) -> String {
    let title = escape(&report.title);
    let facts: String = report
        .summary
        .iter()
        .map(|(name, value)| format!("<div><dt>{}</dt><dd>{}</dd></div>\n", escape(name), escape(value)))
        .collect();
    let facts = if facts.is_empty() { facts } else { format!("<dl class=\"facts\">\n{facts}</dl>\n") };
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <header>\n<h1>{title}</h1>\n{facts}</header>\n\
         <main>\n{cards}</main>\n</body>\n</html>\n"
    )
}

/// One card. `title` and `caption` are plain text, `body` is HTML.
pub(super) fn card(title: &str, class: &str, body: &str, caption: &str) -> String {
    format!(
        "<section class=\"card {class}\">\n<h2>{}</h2>\n{body}<p>{}</p>\n</section>\n",
        escape(title),
        escape(caption)
    )
}

/// The settings of the run; nothing if there are none.
pub(super) fn settings(settings: &[(String, String)]) -> String {
    if settings.is_empty() {
        return String::new();
    }
    let rows: String = settings
        .iter()
        .map(|(name, value)| format!("<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n", escape(name), escape(value)))
        .collect();
    let body = format!("<div class=\"scroll\"><table class=\"settings\">\n{rows}</table></div>\n");
    card("Settings", "", &body, "What the run was started with.")
}

/// The numbers behind the charts, folded away; nothing if there are no epochs.
pub(super) fn epochs(epochs: &[Epoch]) -> String {
    if epochs.is_empty() {
        return String::new();
    }
    let rows: String = epochs.iter().map(epoch_row).collect();
    let body = format!(
        "<details><summary>Show all {} rows</summary>\n<div class=\"scroll\">\
         <table class=\"epochs\">\n<thead><tr><th>epoch</th><th>train loss</th><th>test loss</th>\
         <th>train %</th><th>test %</th><th>forward</th><th>backward</th><th>seconds</th></tr>\
         </thead>\n<tbody>\n{rows}</tbody></table></div></details>\n",
        epochs.len()
    );
    let caption = "The numbers behind the charts: loss, share of right answers, mean solver \
                   iterations and time by epoch.";
    card("Epochs", "", &body, caption)
}

fn epoch_row(epoch: &Epoch) -> String {
    let cells: String = [
        (epoch.train_loss, 4),
        (epoch.test_loss, 4),
        (100.0 * epoch.train_accuracy, 2),
        (100.0 * epoch.test_accuracy, 2),
        (epoch.forward_iterations, 1),
        (epoch.backward_iterations, 1),
        (epoch.seconds, 1),
    ]
    .map(|(value, decimals)| format!("<td>{}</td>", number(value, decimals)))
    .concat();
    format!("<tr><th scope=\"row\">{}</th>{cells}</tr>\n", epoch.epoch)
}

/// A table entry that stays narrow whatever the value.
fn number(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        "–".to_owned()
    } else if value.abs() >= 1e7 {
        format!("{value:.2e}")
    } else {
        format!("{value:.decimals$}")
    }
}

/// Text made safe for HTML content and quoted attributes.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c if c.is_control() && !c.is_whitespace() => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaping_covers_what_html_minds() {
        assert_eq!(
            escape("<a href='x' b=\"y\">&\0</a>\n"),
            "&lt;a href=&#39;x&#39; b=&quot;y&quot;&gt;&amp;\u{fffd}&lt;/a&gt;\n"
        );
    }

    #[test]
    fn numbers_stay_narrow() {
        assert_eq!(number(0.12345, 4), "0.1235");
        assert_eq!(number(f64::NAN, 1), "–");
        assert_eq!(number(f64::MAX, 1), "1.80e308");
    }
}

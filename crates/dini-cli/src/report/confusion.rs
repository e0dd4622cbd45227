//! The confusion matrix as a shaded table.

use super::page::card;

/// Shades from this on are dark enough to need light text.
const DARK: f64 = 0.85;

/// The matrix with the recall of every class.
pub(super) fn matrix(matrix: &[Vec<usize>]) -> String {
    const TITLE: &str = "Confusion matrix";
    let columns = matrix.iter().map(Vec::len).max().unwrap_or(0);
    if columns == 0 {
        return card(TITLE, "wide", "", "There are no test images to count.");
    }
    let heads: String = (0..columns).map(|class| format!("<th scope=\"col\">{class}</th>")).collect();
    let rows: String = matrix.iter().enumerate().map(|(class, counts)| row(class, counts, columns)).collect();
    let body = format!(
        "<div class=\"scroll\"><table class=\"confusion\">\n<thead><tr><th></th>\
         <th class=\"side\" colspan=\"{columns}\">predicted class</th><th></th></tr>\n\
         <tr><th class=\"side\">true class</th>{heads}<th>recall</th></tr></thead>\n\
         <tbody>\n{rows}</tbody></table></div>\n"
    );
    let caption = "Test images counted by true and predicted class: blue cells are right \
                   answers, orange ones mistakes, stronger the larger their share of the row; \
                   recall is the share of a class that was recognised.";
    card(TITLE, "wide", &body, caption)
}

fn row(class: usize, counts: &[usize], columns: usize) -> String {
    // In floating point, since a sum of counts might overflow.
    let total: f64 = counts.iter().map(|&count| count as f64).sum();
    let cells: String = (0..columns)
        .map(|column| {
            let count = counts.get(column).copied().unwrap_or(0);
            cell(count, count as f64 / total, column == class)
        })
        .collect();
    let right = counts.get(class).copied().unwrap_or(0) as f64;
    let recall = if total > 0.0 { format!("{:.1} %", 100.0 * right / total) } else { "–".to_owned() };
    format!("<tr><th scope=\"row\">{class}</th>{cells}<td class=\"recall\">{recall}</td></tr>\n")
}

fn cell(count: usize, share: f64, right: bool) -> String {
    if count == 0 {
        return "<td class=\"none\">·</td>".to_owned();
    }
    // A base and the square root make even one mistake among a thousand visible.
    let shade = 0.15 + 0.85 * share.sqrt();
    let kind = if right { "right" } else { "wrong" };
    let dark = if shade >= DARK { " dark" } else { "" };
    format!("<td class=\"{kind}{dark}\" style=\"--shade:{shade:.2}\">{count}</td>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_shades_and_recall() {
        let html = matrix(&[vec![3, 1], vec![0, 0]]);
        assert!(html.contains("class=\"right dark\" style=\"--shade:0.89\">3<"));
        assert!(html.contains("class=\"wrong\" style=\"--shade:0.57\">1<"));
        assert!(html.contains(">75.0 %<"));
        assert!(html.contains("class=\"recall\">–<"));
        assert!(!html.contains("NaN"));
    }

    #[test]
    fn empty_ragged_and_huge_matrices() {
        assert!(matrix(&[]).contains("no test images"));
        assert!(matrix(&[vec![], vec![]]).contains("no test images"));
        let html = matrix(&[vec![1], vec![], vec![usize::MAX, usize::MAX, 0]]);
        assert_eq!(html.matches("<td class=\"recall\"").count(), 3);
        assert_eq!(html.matches("<td").count(), 12);
    }
}

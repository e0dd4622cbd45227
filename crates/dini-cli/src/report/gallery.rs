//! The images the model got wrong, inlined as PNG.

use super::page::card;
use super::{Misclassified, Report, ReportError};

/// Images shown at most.
const MOST: usize = 48;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The surest wrong answers first.
pub(super) fn mistakes(report: &Report) -> Result<String, ReportError> {
    const TITLE: &str = "Surest mistakes";
    let mut worst: Vec<&Misclassified> = report.misclassified.iter().collect();
    if worst.is_empty() {
        return Ok(card(TITLE, "wide", "", "There are no mistakes to show."));
    }
    let key = |image: &Misclassified| {
        if image.probability.is_nan() { f64::NEG_INFINITY } else { image.probability }
    };
    worst.sort_by(|a, b| key(b).total_cmp(&key(a)));
    worst.truncate(MOST);
    let mut body = "<div class=\"gallery\">\n".to_owned();
    for image in worst {
        body.push_str(&shot(image, report.height, report.width)?);
    }
    body.push_str("</div>\n");
    let caption = "Test images answered wrongly, the surest answers first: true class → \
                   predicted class, and the probability given to that prediction.";
    Ok(card(TITLE, "wide", &body, caption))
}

fn shot(image: &Misclassified, height: usize, width: usize) -> Result<String, ReportError> {
    let (label, predicted) = (image.label, image.predicted);
    let picture = match data_uri(&image.pixels, height, width)? {
        Some(uri) => format!("<img src=\"{uri}\" alt=\"a {label} taken for a {predicted}\">"),
        None => "<div class=\"blank\"></div>".to_owned(),
    };
    let probability = if (0.0..=1.0).contains(&image.probability) {
        format!("{:.1} %", 100.0 * image.probability)
    } else {
        "–".to_owned()
    };
    Ok(format!(
        "<div class=\"shot\">{picture}<b>{label} → {predicted}</b> <small>{probability}</small>\
         </div>\n"
    ))
}

/// A gray PNG as a data URI, or `None` if the pixels do not make up such an image.
fn data_uri(pixels: &[f32], height: usize, width: usize) -> Result<Option<String>, ReportError> {
    let (Ok(rows), Ok(columns)) = (u32::try_from(height), u32::try_from(width)) else {
        return Ok(None);
    };
    if pixels.is_empty() || height.checked_mul(width) != Some(pixels.len()) {
        return Ok(None);
    }
    // The cast saturates and takes NaN to zero.
    let gray: Vec<u8> = pixels.iter().map(|p| (p * 255.0).round() as u8).collect();
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, columns, rows);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&gray)?;
    writer.finish()?;
    Ok(Some(format!("data:image/png;base64,{}", base64(&bytes))))
}

fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = (0..3).fold(0u32, |bits, i| bits << 8 | u32::from(group.get(i).copied().unwrap_or(0)));
        for i in 0..4 {
            let digit = (bits >> (18 - 6 * i)) & 63;
            text.push(if i <= group.len() { char::from(ALPHABET[digit as usize]) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_pads_as_rfc_4648_says() {
        for (plain, coded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
        assert_eq!(base64(&[0xfb, 0xff, 0xfe]), "+//+");
    }

    fn image(pixels: Vec<f32>, probability: f64) -> Misclassified {
        Misclassified { pixels, label: 4, predicted: 9, probability }
    }

    #[test]
    fn surest_first_and_capped() {
        let mut report = Report { height: 1, width: 2, ..Report::default() };
        report.misclassified = [0.5, f64::NAN, 0.9].map(|p| image(vec![0.0, f32::NAN], p)).to_vec();
        let html = mistakes(&report).unwrap();
        let order: Vec<_> = ["90.0 %", "50.0 %", "<small>–"].map(|text| html.find(text).unwrap()).to_vec();
        assert!(order.is_sorted(), "{html}");
        report.misclassified = vec![image(vec![2.0, -1.0], 0.5); 100];
        assert_eq!(mistakes(&report).unwrap().matches("<img").count(), MOST);
    }

    #[test]
    fn pixels_of_another_size_leave_a_blank() {
        let report = Report {
            height: usize::MAX,
            width: 2,
            misclassified: vec![image(vec![0.0; 3], 0.5), image(vec![], 0.5)],
            ..Report::default()
        };
        assert_eq!(mistakes(&report).unwrap().matches("blank").count(), 2);
        assert_eq!(data_uri(&[], 0, 0).unwrap(), None);
        assert!(mistakes(&Report::default()).unwrap().contains("no mistakes"));
    }
}

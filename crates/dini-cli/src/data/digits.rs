//! The handwritten digits compiled into the program; `data/README.md` gives their source.

use flate2::read::GzDecoder;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use super::{Images, Split};
use crate::files::FileError;

static EMBEDDED: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/digits.csv.gz"));

const SIDE: usize = 8;
const CLASSES: usize = 10;
/// Pixel value of full ink.
const FULL_INK: u8 = 16;
/// One image in this many is held out, class by class.
const HELD_OUT: usize = 5;

/// The 1797 embedded 8x8 digits, a fifth of every class held out for testing.
///
/// `seed` decides which ones: the same seed always gives the same split.
///
/// # Errors
///
/// Only if the program was built with a damaged copy of the data.
pub fn digits(seed: u64) -> Result<Split, FileError> {
    let all = parse(EMBEDDED)?;
    let (train, test) = stratified(&all.labels, seed);
    Ok(Split { name: "digits".to_owned(), train: all.select(&train), test: all.select(&test) })
}

/// Reads gzipped lines of 64 pixels and a label.
fn parse(bytes: &[u8]) -> Result<Images, FileError> {
    let bad = |why: String| {
        FileError::new(
            "cannot read the embedded digits",
            "data/digits.csv.gz",
            why,
            "rebuild the program from clean sources",
        )
    };
    let mut pixels = Vec::new();
    let mut labels = Vec::new();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(GzDecoder::new(bytes));
    for (line, record) in (1..).zip(reader.records()) {
        let record = record.map_err(|error| bad(error.to_string()))?;
        if record.len() != SIDE * SIDE + 1 {
            return Err(bad(format!("line {line} has {} numbers, not 65", record.len())));
        }
        for (column, field) in record.iter().enumerate() {
            let is_label = column == SIDE * SIDE;
            let most = if is_label { 9 } else { FULL_INK };
            match field.parse::<u8>() {
                Ok(value) if value > most => {
                    return Err(bad(format!("line {line} has {value}, above {most}")));
                }
                Ok(value) if is_label => labels.push(value),
                Ok(value) => pixels.push(f32::from(value) / f32::from(FULL_INK)),
                Err(error) => return Err(bad(format!("line {line} has {field:?}: {error}"))),
            }
        }
    }
    if labels.is_empty() {
        return Err(bad("it has no lines".to_owned()));
    }
    Ok(Images { pixels, labels, height: SIDE, width: SIDE, classes: CLASSES })
}

/// Indices to train on and to test on, each in ascending order.
fn stratified(labels: &[u8], seed: u64) -> (Vec<usize>, Vec<usize>) {
    let mut rng = StdRng::seed_from_u64(seed);
    let (mut train, mut test) = (Vec::new(), Vec::new());
    for class in 0..CLASSES {
        let mut members: Vec<usize> =
            (0..).zip(labels).filter(|&(_, &label)| usize::from(label) == class).map(|(i, _)| i).collect();
        members.shuffle(&mut rng);
        // Rounded to the nearest whole image.
        let held = (members.len() + HELD_OUT / 2) / HELD_OUT;
        train.extend(members.split_off(held));
        test.append(&mut members);
    }
    train.sort_unstable();
    test.sort_unstable();
    (train, test)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    fn gz(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    fn counts(images: &Images) -> Vec<usize> {
        let mut counts = vec![0; CLASSES];
        for &label in &images.labels {
            counts[usize::from(label)] += 1;
        }
        counts
    }

    #[test]
    fn a_fifth_of_every_class_is_held_out() {
        let split = digits(7).unwrap();
        assert_eq!(split.train.len() + split.test.len(), 1797);
        for (train, test) in counts(&split.train).into_iter().zip(counts(&split.test)) {
            let share = test as f64 / (train + test) as f64;
            assert!((share - 0.2).abs() < 0.005, "{share}");
        }
        assert_eq!(split.test.pixels.len(), split.test.len() * 64);
        assert!(split.train.pixels.iter().all(|p| (0.0..=1.0).contains(p)));
        assert!(split.train.pixels.contains(&1.0));
    }

    #[test]
    fn every_image_is_on_exactly_one_side() {
        let labels = parse(EMBEDDED).unwrap().labels;
        let (train, test) = stratified(&labels, 3);
        let mut both = [train, test].concat();
        both.sort_unstable();
        assert_eq!(both, (0..1797).collect::<Vec<_>>());
    }

    #[test]
    fn the_seed_decides_the_split() {
        assert_eq!(digits(1).unwrap(), digits(1).unwrap());
        assert_ne!(digits(1).unwrap().test, digits(2).unwrap().test);
    }

    #[test]
    fn the_first_image_is_the_zero_at_the_top_of_the_file() {
        let all = parse(EMBEDDED).unwrap();
        let top = [0.0, 0.0, 5.0, 13.0, 9.0, 1.0, 0.0, 0.0].map(|ink| ink / 16.0);
        assert_eq!(all.row(0).unwrap()[..8], top);
        assert_eq!(all.labels[0], 0);
    }

    #[test]
    fn damage_is_reported_on_one_line() {
        let zeros = |n: usize| vec!["0"; n].join(",");
        for (bytes, expected) in [
            (gz(""), "no lines"),
            (gz(&zeros(64)), "64 numbers"),
            (gz(&format!("17,{}", zeros(64))), "17, above 16"),
            (gz(&format!("{},10", zeros(64))), "10, above 9"),
            (gz(&format!("x,{}", zeros(64))), "\"x\""),
            (EMBEDDED[..EMBEDDED.len() / 2].to_vec(), "embedded digits"),
            (b"plain".to_vec(), "embedded digits"),
        ] {
            let text = parse(&bytes).unwrap_err().to_string();
            assert!(text.contains(expected), "{text}");
            assert_eq!(text.lines().count(), 1);
        }
    }
}

//! Roots and derivatives computed at 60 digits by `reference/roots.py`.

use dini::Rows;

use crate::case::{Root, Tangent};

const TEXT: &str = include_str!("../reference/references.txt");

/// One root of one sample and dz*/da_j for every parameter.
struct Entry {
    z: Vec<f64>,
    derivatives: Vec<Vec<f64>>,
}

fn entries(name: &str) -> Vec<Entry> {
    let mut found: Vec<Entry> = Vec::new();
    for line in TEXT.lines() {
        let mut words = line.split(' ');
        if words.next() != Some(name) {
            continue;
        }
        let kind = words.next();
        if kind == Some("tangent") {
            words.next();
        }
        let values = words.map(|w| w.parse().expect("a number in references.txt")).collect();
        match (kind, found.last_mut()) {
            (Some("tangent"), Some(entry)) => entry.derivatives.push(values),
            _ => found.push(Entry { z: values, derivatives: Vec::new() }),
        }
    }
    assert!(!found.is_empty(), "references.txt has no {name}");
    found
}

/// The regular roots recorded under `name`, for a problem of one sample.
pub(crate) fn roots(name: &str) -> Vec<Root> {
    entries(name).iter().map(|entry| join(std::slice::from_ref(entry))).collect()
}

/// The roots recorded under `name` as the samples of one batch.
pub(crate) fn batch(name: &str) -> Root {
    join(&entries(name))
}

fn join(samples: &[Entry]) -> Root {
    let stack = |rows: Vec<&[f64]>| rows_of(&rows);
    let p = samples[0].derivatives.len();
    let tangent = |j: usize| {
        let unit: Vec<f64> = (0..p).map(|i| f64::from(u8::from(i == j))).collect();
        Tangent {
            da: stack(vec![&unit; samples.len()]),
            dz: stack(samples.iter().map(|e| e.derivatives[j].as_slice()).collect()),
        }
    };
    let z = stack(samples.iter().map(|e| e.z.as_slice()).collect());
    Root { z, tangents: (0..p).map(tangent).collect(), regular: true }
}

/// A batch of these rows.
pub(crate) fn rows_of(rows: &[&[f64]]) -> Rows<f64> {
    Rows::from_vec(rows.len(), rows[0].len(), rows.concat()).expect("rows of one length")
}

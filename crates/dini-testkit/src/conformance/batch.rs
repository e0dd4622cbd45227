//! The contract of [`Batch`].

use dini::Real;
use dini::batch::Batch;

use super::numbers::{dot, epsilon, norm, numbers, random, read};

/// Checks a [`Batch`]: every operation against plain loops, sample by sample, for many sizes; each sample's result
/// independent of the others, bitwise; `keep` and `reset`; `put`, `read` and `write`.
///
/// `make(samples, width)` makes a batch of any content.
///
/// # Panics
/// Where a property does not hold.
pub fn batch<V: Batch>(make: impl Fn(usize, usize) -> V) {
    for width in [1, 2, 3, 7, 8, 9, 16, 17, 33, 100] {
        for samples in [1, 2, 3, 5, 17] {
            let like = make(samples, width);
            assert_eq!((like.samples(), like.width()), (samples, width), "the size asked for");
            storage(&like);
            arithmetic(&like);
            reductions(&like);
            combinations(&like);
            independence(&like);
            compaction(&like);
        }
    }
}

/// All samples, read one by one.
fn all<V: Batch>(v: &V) -> Vec<Vec<V::Scalar>> {
    (0..v.samples()).map(|s| read(v, s)).collect()
}

/// |a - b| <= 8 eps scale (n + 1) for every component.
fn close<T: Real>(found: &[T], expected: &[f64], scale: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}: length");
    let tolerance = 8.0 * epsilon::<T>() * scale * (found.len() + 1) as f64;
    for (i, (f, e)) in found.iter().zip(expected).enumerate() {
        assert!((f.as_f64() - e).abs() <= tolerance, "{what}: component {i} is {f}, not {e}");
    }
}

fn storage<V: Batch>(like: &V) {
    let (b, n) = (like.samples(), like.width());
    let zeros = like.zeros(b + 1);
    assert_eq!((zeros.samples(), zeros.width()), (b + 1, n), "zeros: size");
    assert!(all(&zeros).concat().iter().all(|v| v.as_f64() == 0.0), "zeros: content");
    let x = random(like, 1, b);
    let original: Vec<Vec<V::Scalar>> = numbers(1, b * n).chunks_exact(n).map(<[V::Scalar]>::to_vec).collect();
    assert_eq!(all(&x), original, "write then read");
    let mut y = like.zeros(b);
    y.copy_from(&x);
    assert_eq!(all(&y), original, "copy_from");
    assert_eq!(all(&y.clone()), original, "clone");
    let row: Vec<V::Scalar> = numbers(2, n);
    y.write(b / 2, &row);
    for (s, before) in original.iter().enumerate() {
        assert_eq!(&read(&y, s), if s == b / 2 { &row } else { before }, "write touches one sample");
    }
    // a gather that skips and a scatter that reorders
    let from: Vec<usize> = (0..b).step_by(2).collect();
    let to: Vec<usize> = (0..from.len()).rev().collect();
    let mut z = like.zeros(b);
    z.put(&to, &x, &from);
    for s in 0..b {
        let source = to.iter().position(|&t| t == s).map(|i| from[i]);
        let expected = source.map_or(vec![V::Scalar::default(); n], |f| original[f].clone());
        assert_eq!(read(&z, s), expected, "put from {from:?} to {to:?}: sample {s}");
    }
    z.put(&[], &x, &[]);
}

fn arithmetic<V: Batch>(like: &V) {
    let b = like.samples();
    let (x, y) = (random(like, 3, b), random(like, 4, b));
    for (a, c) in [(2.0, 0.0), (-1.0, 1.0), (0.0, 1.0), (0.0, -3.0), (0.75, 0.5), (0.0, 0.0)] {
        let mut z = y.clone();
        z.axpby(V::Scalar::of(a), &x, V::Scalar::of(c));
        for s in 0..b {
            let (x, y) = (read(&x, s), read(&y, s));
            let expected: Vec<f64> = x.iter().zip(&y).map(|(x, y)| a * x.as_f64() + c * y.as_f64()).collect();
            close(&read(&z, s), &expected, 4.0, "axpby");
        }
    }
    let mut z = like.zeros(b);
    (0..b).for_each(|s| z.write(s, &vec![V::Scalar::of(f64::NAN); like.width()]));
    z.axpby(V::Scalar::of(1.0), &x, V::Scalar::of(0.0));
    assert_eq!(all(&z), all(&x), "axpby with b = 0 ignores what was there, NaN included");
    let factors: Vec<V::Scalar> = numbers(5, b);
    let mut z = x.clone();
    z.scale(&factors);
    for (s, factor) in factors.iter().enumerate() {
        let expected: Vec<f64> = read(&x, s).iter().map(|v| v.as_f64() * factor.as_f64()).collect();
        close(&read(&z, s), &expected, 1.0, "scale");
    }
    z.scale(&vec![V::Scalar::of(0.0); b]);
    assert!(all(&z).concat().iter().all(|v| v.as_f64() == 0.0), "scale by zero");
}

fn reductions<V: Batch>(like: &V) {
    let b = like.samples();
    let x = random(like, 6, b);
    let mut norms = vec![V::Scalar::of(f64::NAN); b];
    x.norms(&mut norms);
    for (s, found) in norms.iter().enumerate() {
        let expected = norm(&read(&x, s));
        close(&[*found], &[expected], expected * like.width() as f64, "norms");
    }
    for k in [0, 1, 2, 3, 4, 5, 9] {
        let ys: Vec<V> = (0..k).map(|i| random(like, 10 + i as u64, b)).collect();
        let mut out = vec![V::Scalar::of(f64::NAN); b * k];
        x.dot_many(&ys, &mut out);
        for s in 0..b {
            for (i, y) in ys.iter().enumerate() {
                let (x, y) = (read(&x, s), read(y, s));
                let scale = norm(&x) * norm(&y) * like.width() as f64;
                close(&[out[s * k + i]], &[dot(&x, &y)], scale, "dot_many");
            }
        }
    }
}

fn combinations<V: Batch>(like: &V) {
    let b = like.samples();
    let start = random(like, 20, b);
    for k in [0, 1, 2, 3, 4, 5, 9] {
        let xs: Vec<V> = (0..k).map(|i| random(like, 30 + i as u64, b)).collect();
        let c: Vec<V::Scalar> = numbers(40, b * k);
        let mut z = start.clone();
        z.add_combination(&c, &xs);
        for s in 0..b {
            let mut expected: Vec<f64> = read(&start, s).iter().map(|v| v.as_f64()).collect();
            for (x, c) in xs.iter().zip(&c[s * k..(s + 1) * k]) {
                let x = read(x, s);
                expected.iter_mut().zip(&x).for_each(|(e, x)| *e += c.as_f64() * x.as_f64());
            }
            close(&read(&z, s), &expected, 1.0 + k as f64, "add_combination");
        }
        let mut z = start.clone();
        z.add_combination(&vec![V::Scalar::of(0.0); b * k], &xs);
        assert_eq!(all(&z), all(&start), "add_combination with coefficients 0 changes nothing");
    }
}

/// Every operation gives a sample bitwise the same result alone and in the company of NaN.
fn independence<V: Batch>(like: &V) {
    let b = like.samples();
    let poison = |v: &mut V, s: usize| {
        (0..b).filter(|&o| o != s).for_each(|o| v.write(o, &vec![V::Scalar::of(f64::NAN); like.width()]));
    };
    for s in [0, b / 2, b - 1] {
        let whole: Vec<V> = (0..4).map(|i| random(like, 50 + i, b)).collect();
        let alone: Vec<V> = whole
            .iter()
            .map(|v| {
                let mut one = like.zeros(1);
                one.put(&[0], v, &[s]);
                one
            })
            .collect();
        let mut poisoned = whole.clone();
        poisoned.iter_mut().for_each(|v| poison(v, s));
        let c: Vec<V::Scalar> = numbers(60, 3 * b);
        let run = |v: &[V], c: &[V::Scalar], row: usize| {
            let samples = v[0].samples();
            let mut z = v[0].clone();
            z.axpby(V::Scalar::of(0.3), &v[1], V::Scalar::of(0.7));
            z.add_combination(c, &v[1..]);
            let mut out = vec![V::Scalar::default(); 4 * samples];
            z.dot_many(v, &mut out);
            let mut norms = vec![V::Scalar::default(); samples];
            z.norms(&mut norms);
            (read(&z, row), out[4 * row..4 * row + 4].to_vec(), norms[row])
        };
        let expected = run(&alone, &c[3 * s..3 * s + 3], 0);
        assert_eq!(run(&whole, &c, s), expected, "sample {s} alone and in a batch");
        assert_eq!(run(&poisoned, &c, s), expected, "sample {s} beside NaN");
    }
}

fn compaction<V: Batch>(like: &V) {
    let b = like.samples();
    let x = random(like, 70, b);
    for pattern in 0..8u32 {
        let rows: Vec<usize> = (0..b).filter(|s| pattern >> (s % 3) & 1 == 1).collect();
        let mut z = x.clone();
        z.keep(&rows);
        assert_eq!((z.samples(), z.width()), (rows.len(), like.width()), "keep: size");
        for (i, &row) in rows.iter().enumerate() {
            assert_eq!(read(&z, i), read(&x, row), "keep {rows:?}: row {i}");
        }
        // what is kept is a batch like any other, and can be thinned out further
        let mut norms = vec![V::Scalar::default(); rows.len()];
        z.norms(&mut norms);
        if rows.len() > 1 {
            let last = rows.len() - 1;
            z.keep(&[last]);
            assert_eq!(all(&z), vec![read(&x, rows[last])], "keep after keep");
        }
        z.reset(b);
        assert_eq!((z.samples(), z.width()), (b, like.width()), "reset: size");
        z.copy_from(&x);
        assert_eq!(all(&z), all(&x), "copy_from after reset");
    }
}

//! Certificates and lists of roots of random equations against closed forms: none may claim too much.

use dini::{Error, Model};

/// Equations of each kind; 10^5 cells were tried when this was written.
const ROUNDS: usize = 600;

fn random(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Where f changes sign between two numbers at which it has different ones.
fn bisected(f: impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    let rising = f(low) < 0.0;
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if (f(middle) < 0.0) == rising { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

#[test]
fn cubics() -> Result<(), Error> {
    let mut next = random(11);
    let (mut certified, mut roots, mut close) = (0, 0, 0);
    for round in 0..ROUNDS {
        // of every seventh two roots are as near as rounding may tell, or just not there
        let [b, c] = [4.0 * next() - 2.0, 4.0 * next() - 2.5];
        let disc = b * b - 3.0 * c;
        let critical: Vec<f64> =
            if disc > 0.0 { vec![(-b - disc.sqrt()) / 3.0, (-b + disc.sqrt()) / 3.0] } else { Vec::new() };
        let plain = |z: f64| ((z + b) * z + c) * z;
        let d = match (round % 7, critical.first()) {
            (0, Some(z)) => -plain(*z) + (next() - 0.5) * 10f64.powf(-15.0 * next()),
            _ => 4.0 * next() - 2.0,
        };
        let p = |z: f64| plain(z) + d;
        // monotone between these
        let ends: Vec<f64> = std::iter::once(-10.0).chain(critical.iter().copied()).chain([10.0]).collect();
        let known: Vec<(f64, f64)> = ends
            .windows(2)
            .filter(|piece| p(piece[0]) * p(piece[1]) < 0.0)
            .map(|piece| {
                let folds = piece.iter().filter(|end| end.abs() < 10.0).map(|end| p(*end).abs());
                (bisected(p, piece[0], piece[1]), folds.fold(f64::INFINITY, f64::min))
            })
            .collect();
        let model = Model::equation(|z, a| [z[0].powi(3) + b * z[0] * z[0] + c * z[0] + d + a[0]]).parameters(&[0.0]);
        let all = model.roots_within(&[(-10.0, 10.0)])?;
        let told = |z: f64| known.iter().any(|(other, _)| (other - z).abs() < 1e-5);
        assert!(all.roots.iter().all(|root| told(root.z[0])), "{b} {c} {d}: {all:?} {known:?}");
        if all.is_complete() {
            assert_eq!(all.roots.len(), known.len(), "{b} {c} {d}: {all:?} {known:?}");
        } else {
            close += 1;
        }
        roots += all.roots.len();
        for root in &all.roots {
            let proof = model.clone().tolerance(1e-13).solve(&root.z)?;
            let (z, proof) = (proof.z()[0], proof.certificate()?);
            let nearest = known.iter().min_by(|one, other| (one.0 - z).abs().total_cmp(&(other.0 - z).abs()));
            let Some((exact, fold)) = nearest.filter(|_| proof.holds) else { continue };
            certified += 1;
            let rounding = 1e-14 * (1.0 + exact.abs());
            assert!(
                (z - exact).abs() <= proof.ball + rounding * (1.0 + 1.0 / fold),
                "{b} {c} {d}: {proof:?} {known:?}"
            );
            assert!(proof.parameters[0].radius <= fold + 1e-15, "{b} {c} {d}: {proof:?} {known:?}");
            let other = known.iter().map(|(other, _)| (other - exact).abs()).filter(|off| *off > 0.0);
            let other = other.fold(f64::INFINITY, f64::min);
            assert!(proof.unique_within <= other + rounding, "{b} {c} {d}: {proof:?} {known:?}");
        }
    }
    println!("{roots} roots, {certified} certified, {close} lists not complete");
    assert!(certified > roots * 9 / 10 && close < ROUNDS / 7);
    Ok(())
}

#[test]
fn tanh_cells_of_one_unit() -> Result<(), Error> {
    let mut next = random(12);
    let (mut certified, mut worst) = (0, f64::INFINITY);
    for _ in 0..ROUNDS {
        let (w, x) = (6.0 * next() - 2.0, 2.0 * next() - 1.0);
        let model = Model::fixed_point(move |z, x| [(w * z[0] + x[0]).tanh()]).parameters(&[x]).tolerance(1e-13);
        let all = model.roots_within(&[(-1.5, 1.5)])?;
        // folds at z = -+edge, where x = atanh z - w z
        let edge = (w > 1.0).then(|| (1.0 - 1.0 / w).sqrt());
        let at = |z: f64| z.atanh() - w * z;
        for root in &all.roots {
            let s = model.solve(&root.z)?;
            let proof = s.certificate()?;
            let distance = match edge {
                None => f64::INFINITY,
                Some(edge) if root.z[0] < -edge => at(-edge) - x,
                Some(edge) if root.z[0] > edge => x - at(edge),
                Some(edge) => (at(-edge) - x).min(x - at(edge)),
            };
            if !proof.holds {
                continue;
            }
            certified += 1;
            let radius = proof.parameters[0].radius;
            assert!(radius <= distance + 1e-14, "w = {w}, x = {x}: {proof:?}, but the fold is {distance} away");
            if distance.is_finite() && distance > 1e-6 {
                worst = f64::min(worst, radius / distance);
            }
        }
        let expected = match edge {
            Some(edge) if x.abs() < at(-edge) => 3,
            _ => 1,
        };
        assert!(!all.is_complete() || all.roots.len() == expected, "w = {w}, x = {x}: {all:?}");
    }
    println!("{certified} certified, at least {worst:.2} of the distance to a fold");
    assert!(certified > ROUNDS && worst > 0.5);
    Ok(())
}

//! Kepler's equation E - e sin E = M for a batch of orbits, with sensitivities.
//!
//! The equation is written once and traced; the derivatives by E and by the parameters (e, M) are its own, so that nothing is
//! differentiated by hand.
//!
//! Run with `cargo run --release -p dini --example kepler`.

use dini::{Error, Model, Newton, Options, Rows};

fn main() -> Result<(), Error> {
    // eccentricity and mean anomaly: a circle, Earth, Mercury, Halley's comet, and a comet close to a parabola
    let orbits: [[f64; 2]; 5] = [[0.0, 1.0], [0.0167, 1.0], [0.2056, 1.0], [0.967, 0.3], [0.9999, 0.01]];
    let parameters = Rows::from_vec(orbits.len(), 2, orbits.concat())?;
    let start = Rows::from_vec(orbits.len(), 1, orbits.map(|[e, mean]| mean + e * mean.sin()).to_vec())?;
    let kepler = Model::equation(|z, a| {
        let (anomaly, e, mean) = (z[0], a[0], a[1]);
        [anomaly - e * anomaly.sin() - mean]
    });
    let options = Options { relative: 0.0, absolute: 1e-14, ..Options::default() };
    let solution = kepler.samples(parameters).solver(Newton::default()).options(options).solve_samples(&start)?;

    // reverse mode: both sensitivities of every orbit from one adjoint solve
    let ones = Rows::from_vec(orbits.len(), 1, vec![1.0; orbits.len()])?;
    let reverse = solution.pullback(&ones)?.value;
    // forward mode: the rate of E where every mean anomaly advances at unit rate
    let forward = solution.pushforward(&Rows::from_vec(orbits.len(), 2, [[0.0, 1.0]; 5].concat())?)?.value;

    println!("{:>8} {:>6} {:>12} {:>6} {:>12} {:>12} {:>10}", "e", "M", "E", "steps", "dE/de", "dE/dM", "error");
    let z = solution.converged()?;
    for (s, [e, mean]) in orbits.into_iter().enumerate() {
        let anomaly = z.row(s)[0];
        let [de, dm] = [reverse.row(s)[0], reverse.row(s)[1]];
        // by hand: dE/de = sin E / (1 - e cos E), dE/dM = 1 / (1 - e cos E)
        let radius = 1.0 - e * anomaly.cos();
        let exact = [anomaly.sin() / radius, 1.0 / radius, 1.0 / radius];
        let error = [de, dm, forward.row(s)[0]].iter().zip(exact).map(|(a, b)| (a / b - 1.0).abs()).fold(0.0, f64::max);
        println!(
            "{e:>8} {mean:>6} {anomaly:>12.8} {:>6} {de:>12.6} {dm:>12.6} {error:>10.1e}",
            solution.outcomes()[s].iterations
        );
    }
    Ok(())
}

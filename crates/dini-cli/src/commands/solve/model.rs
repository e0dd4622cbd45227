//! A typed system as a problem of the library.

use dini::Error;
use dini::model::Kind;
use dini::program::{Id, Trace};

use crate::equation::System;

/// What the library solves.
pub(in crate::commands) type Problem = dini::model::System<f64>;

/// The equations in the order of the unknowns, as a fixed point z - f(z) where that is how they are written.
///
/// An equation with an unknown alone on one side belongs to it, as unknown minus the rest; the others fill the places left, as left
/// minus right.
#[derive(Debug)]
pub(in crate::commands) struct Model {
    pub problem: Problem,
    /// By row: its equation.
    equations: Vec<usize>,
}

impl Model {
    pub fn new(system: &System) -> Result<Self, Error> {
        let mut graph = system.graph().clone();
        let mut row = |(equation, flip): (usize, bool)| -> (usize, Id) {
            let g = system.residuals()[equation];
            (equation, if flip { graph.negate(g) } else { g })
        };
        let (equations, outputs) = orientation(system).into_iter().map(&mut row).unzip();
        let problem = dini::Model::program(Kind::Equation, Trace { graph, outputs })
            .find_pattern()
            .parameters(system.parameter_values())
            .unknown_names(system.unknowns())
            .parameter_names(system.parameters())
            .system(system.unknowns().len())?;
        Ok(Model { problem, equations })
    }

    /// The equation that row `row` is.
    pub fn equation(&self, row: usize) -> usize {
        self.equations[row]
    }
}

/// The equations in the order of their unknowns, and whether their signs change.
fn orientation(system: &System) -> Vec<(usize, bool)> {
    let mut places: Vec<Option<(usize, bool)>> = vec![None; system.unknowns().len()];
    let mut homeless = Vec::new();
    for equation in 0..system.residuals().len() {
        let place = system.alone(equation).into_iter().zip([false, true]).find_map(|(unknown, flip)| {
            let unknown = unknown?;
            places[unknown].is_none().then_some((unknown, flip))
        });
        match place {
            Some((unknown, flip)) => places[unknown] = Some((equation, flip)),
            None => homeless.push((equation, false)),
        }
    }
    let mut homeless = homeless.into_iter();
    places.into_iter().filter_map(|place| place.or_else(|| homeless.next())).collect()
}

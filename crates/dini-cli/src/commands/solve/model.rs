//! A typed system as a problem of the library.

use dini::num_dual::DualNum;
use dini::problem::{Dual, Equation, Sparse, Sparsity};
use dini::{Error, Rows};

use crate::equation::System;

/// The equations in the order of the unknowns, as a fixed point z - f(z) where that is how they are written.
///
/// An equation with an unknown alone on one side belongs to it, as unknown minus the rest; the others fill the places left, as left
/// minus right.
#[derive(Clone, Debug)]
pub(super) struct Model<'s> {
    system: &'s System,
    /// Row i is equation `order[i]` times `signs[i]`.
    order: Vec<usize>,
    signs: Vec<f64>,
}

/// The problem of the library.
pub(super) type Problem<'s> = Sparse<Dual<Model<'s>, f64>>;

impl<'s> Model<'s> {
    pub fn new(system: &'s System) -> Self {
        let (order, signs) = orientation(system);
        Model { system, order, signs }
    }

    /// The problem with the parameter values of the system.
    pub fn problem(&self) -> Result<Problem<'s>, Error> {
        let values = self.system.parameter_values().to_vec();
        let rows = self.order.iter().enumerate();
        let entries =
            rows.flat_map(|(row, &equation)| self.system.unknowns_of(equation).map(move |place| (row, place)));
        let sparsity = Sparsity::new(self.order.len(), entries)?;
        let problem = Dual::new(self.clone(), Rows::from_vec(1, values.len(), values)?)?;
        Ok(Sparse { problem, sparsity })
    }

    /// The equation that row `row` is.
    pub fn equation(&self, row: usize) -> usize {
        self.order[row]
    }
}

impl Equation<f64> for Model<'_> {
    fn unknowns(&self) -> usize {
        self.order.len()
    }

    fn parameters(&self) -> usize {
        self.system.parameters().len()
    }

    fn residual<D: DualNum<Primitive = f64> + Copy>(&self, z: &[D], a: &[D], out: &mut [D]) {
        let mut g = vec![D::from(0.0); z.len()];
        self.system.residual(z, a, &mut g);
        for ((out, &equation), sign) in out.iter_mut().zip(&self.order).zip(&self.signs) {
            *out = g[equation] * *sign;
        }
    }
}

fn orientation(system: &System) -> (Vec<usize>, Vec<f64>) {
    let unknowns = system.unknowns();
    let mut places: Vec<Option<(usize, f64)>> = vec![None; unknowns.len()];
    let mut homeless = Vec::new();
    for (index, equation) in system.equations().enumerate() {
        let place = equation.alone().into_iter().zip([1.0, -1.0]).find_map(|(side, sign)| {
            let unknown = unknowns.iter().position(|name| Some(name.as_str()) == side)?;
            places[unknown].is_none().then_some((unknown, sign))
        });
        match place {
            Some((unknown, sign)) => places[unknown] = Some((index, sign)),
            None => homeless.push((index, 1.0)),
        }
    }
    let mut homeless = homeless.into_iter();
    places.into_iter().filter_map(|place| place.or_else(|| homeless.next())).unzip()
}

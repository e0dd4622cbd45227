//! Which equations depend on which parameters.

use super::system::{Binding, System};

/// What uses a parameter or an abbreviation.
#[derive(Clone, Copy, Debug)]
enum User {
    Abbreviation(usize),
    Equation(usize),
}

/// The users of every parameter and every abbreviation of a system.
#[derive(Clone, Debug)]
pub struct Dependence {
    of_parameters: Vec<Vec<User>>,
    of_abbreviations: Vec<Vec<User>>,
}

impl Dependence {
    /// Of a system; costs as much as its equations are long.
    pub fn new(system: &System) -> Self {
        let mut dependence = Dependence {
            of_parameters: vec![Vec::new(); system.parameters().len()],
            of_abbreviations: vec![Vec::new(); system.abbreviations().len()],
        };
        for (index, bindings) in system.abbreviation_bindings().enumerate() {
            dependence.note(bindings, User::Abbreviation(index));
        }
        for (index, bindings) in system.equation_bindings().enumerate() {
            dependence.note(bindings, User::Equation(index));
        }
        dependence
    }

    fn note(&mut self, bindings: &[Binding], user: User) {
        for binding in bindings {
            match binding {
                Binding::Parameter(index) => self.of_parameters[*index].push(user),
                Binding::Abbreviation(index) => self.of_abbreviations[*index].push(user),
                Binding::Unknown(_) | Binding::Constant => {}
            }
        }
    }

    /// The equations that depend on a parameter, be it through abbreviations, in order.
    pub fn equations(&self, parameter: usize) -> Vec<usize> {
        let mut equations = Vec::new();
        let mut met = vec![false; self.of_abbreviations.len()];
        let mut open: Vec<&[User]> = vec![&self.of_parameters[parameter]];
        while let Some(users) = open.pop() {
            for user in users {
                match *user {
                    User::Equation(index) => equations.push(index),
                    User::Abbreviation(index) => {
                        if !std::mem::replace(&mut met[index], true) {
                            open.push(&self.of_abbreviations[index]);
                        }
                    }
                }
            }
        }
        equations.sort_unstable();
        equations.dedup();
        equations
    }
}

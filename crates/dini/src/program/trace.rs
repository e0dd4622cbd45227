//! Running a closure on traced numbers.

use std::cell::RefCell;

use super::graph::Graph;
use super::node::Id;
use super::var::Var;
use crate::Error;

/// Most nodes of a trace.
const MOST: usize = 1 << 27;
/// Nodes for which there is room at first.
const FEW: usize = 400;

thread_local! {
    /// the trace being made, the innermost last
    static OPEN: RefCell<Vec<Open>> = const { RefCell::new(Vec::new()) };
    static COUNT: RefCell<u32> = const { RefCell::new(0) };
}

/// A trace being made.
struct Open {
    serial: u32,
    graph: Graph,
    fault: Option<&'static str>,
}

/// A function of inputs as a graph.
#[derive(Clone, Debug)]
pub struct Trace {
    /// The operations.
    pub graph: Graph,
    /// What the function returned.
    pub outputs: Vec<Id>,
}

/// What a traced function may return: one number, an array, or a vector.
pub trait Outputs {
    /// The numbers in order.
    fn numbers(self) -> Vec<Var>;
}

impl Outputs for Var {
    fn numbers(self) -> Vec<Var> {
        vec![self]
    }
}

impl Outputs for Vec<Var> {
    fn numbers(self) -> Vec<Var> {
        self
    }
}

impl<const N: usize> Outputs for [Var; N] {
    fn numbers(self) -> Vec<Var> {
        self.to_vec()
    }
}

impl Trace {
    /// Calls `f` once with `inputs` traced numbers.
    ///
    /// # Errors
    /// [`Error::Trace`] where `f` uses traced numbers of another function, or does more than 2^27 operations.
    pub fn new<R: Outputs>(inputs: usize, f: impl FnOnce(&[Var]) -> R) -> Result<Self, Error> {
        let guard = Guard::open();
        let numbers: Vec<Var> =
            (0..inputs).map(|index| guard.in_graph(|graph| Var::node(guard.serial, graph.input(index)))).collect();
        let outputs = f(&numbers).numbers();
        let outputs = outputs.into_iter().map(|number| record([number], |_, [id]| id).parts());
        // what is recorded is a node, but beyond the limit, which is a fault
        let outputs = outputs.map(|parts| parts.map_or_else(|(_, id)| id, |_| Id(0))).collect();
        let Open { graph, fault, .. } = guard.close();
        match fault {
            Some(what) => Err(Error::Trace { what }),
            None => Ok(Trace { graph, outputs }),
        }
    }

    /// The outputs must be nodes of the graph, and what they are made of inputs below `inputs`.
    pub(crate) fn check(&self, inputs: usize) -> Result<(), Error> {
        let Trace { graph, outputs } = self;
        if outputs.iter().any(|id| id.index() >= graph.len()) {
            return Err(Error::Trace { what: "an output is no node of its graph" });
        }
        let highest = graph.ancestors(outputs).into_iter().filter_map(|id| graph.as_input(id)).max();
        match highest {
            Some(index) if index >= inputs => {
                let (expected, found) = (format!("{inputs}, unknowns and parameters"), format!("input {index}"));
                Err(Error::Shape { what: "the inputs of the program", expected, found })
            }
            _ => Ok(()),
        }
    }
}

/// Closes the trace also where the function panics.
struct Guard {
    serial: u32,
}

impl Guard {
    fn open() -> Self {
        let serial = COUNT.with_borrow_mut(|count| {
            *count = count.wrapping_add(1);
            *count
        });
        OPEN.with_borrow_mut(|open| open.push(Open { serial, graph: Graph::with_capacity(FEW), fault: None }));
        Guard { serial }
    }

    fn in_graph<R>(&self, f: impl FnOnce(&mut Graph) -> R) -> R {
        OPEN.with_borrow_mut(|open| match open.last_mut() {
            Some(last) => f(&mut last.graph),
            None => f(&mut Graph::new()),
        })
    }

    fn close(self) -> Open {
        let last = OPEN.with_borrow_mut(Vec::pop);
        std::mem::forget(self);
        last.unwrap_or(Open { serial: 0, graph: Graph::new(), fault: None })
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        OPEN.with_borrow_mut(Vec::pop);
    }
}

/// Writes an operation on numbers into the trace being made.
pub(super) fn record<const N: usize>(numbers: [Var; N], operation: impl FnOnce(&mut Graph, [Id; N]) -> Id) -> Var {
    OPEN.with_borrow_mut(|open| {
        let Some(Open { serial, graph, fault }) = open.last_mut() else { return Var::number(f64::NAN) };
        let ids = numbers.map(|number| match number.parts() {
            Ok(value) => graph.number(value),
            Err((of, id)) if of == *serial => id,
            Err(_) => {
                fault.get_or_insert("it uses a traced number of another function");
                graph.number(f64::NAN)
            }
        });
        if graph.len() > MOST {
            fault.get_or_insert("it has more than 2^27 operations");
            return Var::number(f64::NAN);
        }
        Var::node(*serial, operation(graph, ids))
    })
}

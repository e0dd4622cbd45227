//! Graphs translated for evaluation: instructions on a few numbered places, for many samples at once.

use pulp::{Arch, Simd, WithSimd};

use super::function::Function;
use super::graph::Graph;
use super::node::{Id, Join, Op, choose, raise};
use crate::Real;
use crate::kernels::scratch;

/// Samples evaluated together.
const LANES: usize = 16;
/// From so many on, the lanes are used even where some stay empty.
const ENOUGH: usize = 5;
/// Places above which samples are evaluated one by one, so that they stay in cache.
const MANY: usize = 1 << 14;

#[derive(Clone, Copy, Debug)]
pub(super) enum Action {
    Negate,
    Call(Function),
    Raise(f64),
    Join(Join),
    Select,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Instruction {
    pub action: Action,
    pub to: u32,
    pub operands: [u32; 3],
}

/// The outputs of a graph, ready to be computed from its inputs, for either scalar and any number of samples. A sample's outputs are
/// the same bits, whatever other samples there are.
#[derive(Clone, Debug)]
pub struct Code {
    pub(super) instructions: Vec<Instruction>,
    pub(super) inputs: usize,
    /// in the places after the inputs
    pub(super) constants: Vec<f64>,
    /// by constant: how far what it stands for may be from it
    pub(super) uncertain: Vec<f64>,
    pub(super) places: usize,
    /// places
    pub(super) outputs: Vec<u32>,
}

impl Code {
    /// Translates what is needed for `outputs`, of inputs below `inputs`.
    pub fn new(graph: &Graph, outputs: &[Id], inputs: usize) -> Self {
        let order = graph.ancestors(outputs);
        let nodes = order.last().map_or(0, |id| id.index() + 1);
        let (mut last_use, mut place) = (vec![u32::MAX; nodes], vec![0u32; nodes]);
        let (mut constants, mut uncertain) = (Vec::new(), Vec::new());
        for id in &order {
            let node = graph.node(*id);
            match node.op {
                Op::Input(index) => place[id.index()] = index,
                Op::Constant(bits) => {
                    place[id.index()] = (inputs + constants.len()) as u32;
                    constants.push(f64::from_bits(bits));
                    uncertain.push(graph.uncertainty(f64::from_bits(bits)));
                }
                _ => node.operands().iter().for_each(|operand| last_use[operand.index()] = id.0),
            }
        }
        // what is wanted in the end is never overwritten
        outputs.iter().for_each(|output| last_use[output.index()] = u32::MAX);
        let first = inputs + constants.len();
        let (mut places, mut free) = (first, Vec::new());
        let mut instructions = Vec::with_capacity(order.len());
        for id in &order {
            let node = graph.node(*id);
            let action = match node.op {
                Op::Input(_) | Op::Constant(_) => continue,
                Op::Negate => Action::Negate,
                Op::Call(function) => Action::Call(function),
                Op::Raise(bits) => Action::Raise(f64::from_bits(bits)),
                Op::Join(join) => Action::Join(join),
                Op::Select => Action::Select,
            };
            let mut operands = [0; 3];
            for (index, (to, operand)) in operands.iter_mut().zip(node.operands()).enumerate() {
                *to = place[operand.index()];
                let repeated = node.operands()[..index].contains(operand);
                if *to as usize >= first && last_use[operand.index()] == id.0 && !repeated {
                    free.push(*to);
                }
            }
            let to = free.pop().unwrap_or_else(|| {
                places += 1;
                places as u32 - 1
            });
            place[id.index()] = to;
            instructions.push(Instruction { action, to, operands });
        }
        let outputs = outputs.iter().map(|id| place[id.index()]).collect();
        Code { instructions, inputs, constants, uncertain, places, outputs }
    }

    /// Number of outputs.
    pub fn outputs(&self) -> usize {
        self.outputs.len()
    }

    /// Number of operations.
    pub fn operations(&self) -> usize {
        self.instructions.len()
    }

    /// Computes the outputs of `samples` samples: input k of sample s is `input(s, k)`, and `output(s, k, value)` takes output k.
    pub fn run<T: Real>(
        &self,
        samples: usize,
        input: impl Fn(usize, usize) -> T,
        mut output: impl FnMut(usize, usize, T),
    ) {
        let few = self.places > MANY;
        let mut next = 0;
        while next < samples {
            let left = samples - next;
            if few || left < ENOUGH {
                self.block::<T, 1>(next, 1, &input, &mut output);
                next += 1;
            } else {
                self.block::<T, LANES>(next, left.min(LANES), &input, &mut output);
                next += left.min(LANES);
            }
        }
    }

    /// Computes the outputs of one sample, whose inputs are those of `parts` one behind the other.
    pub fn run_one<T: Real>(&self, parts: &[&[T]], mut output: impl FnMut(usize, T)) {
        scratch::with_any(self.places, [T::zero()], |places: &mut [[T; 1]]| {
            let mut first = 0;
            for part in parts {
                places[first..first + part.len()].iter_mut().zip(*part).for_each(|(place, value)| *place = [*value]);
                first += part.len();
            }
            self.interpret(places);
            self.outputs.iter().enumerate().for_each(|(k, place)| output(k, places[*place as usize][0]));
        });
    }

    /// The `count` samples from `first` on, one a lane.
    fn block<T: Real, const L: usize>(
        &self,
        first: usize,
        count: usize,
        input: &impl Fn(usize, usize) -> T,
        output: &mut impl FnMut(usize, usize, T),
    ) {
        scratch::with_any(self.places, [T::zero(); L], |places: &mut [[T; L]]| {
            for (k, lanes) in places[..self.inputs].iter_mut().enumerate() {
                for (lane, value) in lanes.iter_mut().enumerate() {
                    *value = input(first + lane.min(count - 1), k);
                }
            }
            self.interpret(places);
            for (k, place) in self.outputs.iter().enumerate() {
                let lanes = &places[*place as usize];
                lanes[..count].iter().enumerate().for_each(|(lane, value)| output(first + lane, k, *value));
            }
        });
    }

    fn interpret<T: Real, const L: usize>(&self, places: &mut [[T; L]]) {
        for (place, value) in places[self.inputs..].iter_mut().zip(&self.constants) {
            *place = [T::of(*value); L];
        }
        let interpret = Interpret { instructions: &self.instructions, places };
        if L == 1 {
            // there is nothing to put into registers
            interpret.run();
        } else {
            Arch::new().dispatch(interpret);
        }
    }
}

/// The loop over the instructions, under the instruction set of the processor at hand.
struct Interpret<'a, T, const L: usize> {
    instructions: &'a [Instruction],
    places: &'a mut [[T; L]],
}

impl<T: Real, const L: usize> WithSimd for Interpret<'_, T, L> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.run();
    }
}

impl<T: Real, const L: usize> Interpret<'_, T, L> {
    #[inline(always)]
    fn run(self) {
        let places = self.places;
        for Instruction { action, to, operands } in self.instructions {
            let [a, b, c] = operands.map(|place| place as usize);
            let x = places[a];
            let result = match *action {
                Action::Negate => map(x, |x| -x),
                Action::Raise(2.0) => map(x, |x| x * x),
                Action::Raise(3.0) => map(x, |x| x * x * x),
                Action::Raise(n) => map(x, |x| raise(x, n)),
                Action::Call(function) => call(function, x),
                Action::Join(join) => joined(join, x, places[b]),
                Action::Select => {
                    let (yes, no) = (places[b], places[c]);
                    std::array::from_fn(|lane| choose(x[lane], yes[lane], no[lane]))
                }
            };
            places[*to as usize] = result;
        }
    }
}

#[inline(always)]
fn map<T: Real, const L: usize>(x: [T; L], f: impl Fn(T) -> T) -> [T; L] {
    std::array::from_fn(|lane| f(x[lane]))
}

#[inline(always)]
fn zip<T: Real, const L: usize>(a: [T; L], b: [T; L], f: impl Fn(T, T) -> T) -> [T; L] {
    std::array::from_fn(|lane| f(a[lane], b[lane]))
}

#[inline(always)]
fn joined<T: Real, const L: usize>(join: Join, a: [T; L], b: [T; L]) -> [T; L] {
    match join {
        Join::Add => zip(a, b, |a, b| a + b),
        Join::Subtract => zip(a, b, |a, b| a - b),
        Join::Multiply => zip(a, b, |a, b| a * b),
        Join::Divide => zip(a, b, |a, b| a / b),
        Join::Gate => zip(a, b, |a, b| Join::Gate.apply(a, b)),
        other => rare(other, a, b),
    }
}

/// Outside of the loop, so that this stays small.
#[inline(never)]
fn rare<T: Real, const L: usize>(join: Join, a: [T; L], b: [T; L]) -> [T; L] {
    zip(a, b, |a, b| join.apply(a, b))
}

#[inline(never)]
fn call<T: Real, const L: usize>(function: Function, x: [T; L]) -> [T; L] {
    match function {
        Function::Sqrt => map(x, |x| num_traits::Float::sqrt(x)),
        Function::Abs => map(x, |x| num_traits::Float::abs(x)),
        Function::Exp => map(x, |x| num_traits::Float::exp(x)),
        other => map(x, |x| T::of(other.value(x.as_f64()))),
    }
}

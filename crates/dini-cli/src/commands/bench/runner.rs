//! Cases on a pool of threads.

use std::time::Duration;

use burn::tensor::Element;
use dini::Real;
use faer::traits::RealField;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::case::{Case, DType, MOST_DENSE, PAIRS, PLAIN, Pair, Workload};
use super::data::{Data, Layer};
use super::gemm::Bound;
use super::layer::{self, Timed};
use super::reference::{Reference, worst};
use super::row::Row;
use super::small;
use crate::failure::{Failure, Outcome};
use crate::memory;

/// Runs cases on its own threads.
pub(super) struct Runner {
    pool: ThreadPool,
    budget: Duration,
}

/// Share of a row's time that each way to multiply is measured for.
const GEMM_SHARE: u32 = 20;

impl Runner {
    /// With so many threads (one per processor without a number) and so much time for a row.
    pub fn new(threads: Option<usize>, budget: Duration) -> Result<Self, Failure> {
        let pool = ThreadPoolBuilder::new().num_threads(threads.unwrap_or(0)).build();
        let pool = pool.map_err(|e| Failure::usage(format!("cannot start the threads: {e}")))?;
        Ok(Runner { pool, budget })
    }

    pub fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    /// A standard workload.
    pub fn case(&self, case: &Case, seed: u64, print: impl FnMut(&Row) -> Outcome + Send) -> Outcome {
        match case.workload {
            Workload::Small => self.pool.install(|| small::rows(case, self.budget).iter().try_for_each(print)),
            Workload::Contraction | Workload::Slow => {
                case.require_memory()?;
                self.layer(case, &Data::new(case, seed)?, print)
            }
        }
    }

    /// The layer with these numbers, by every pair of methods.
    pub fn layer(&self, case: &Case, data: &Data, print: impl FnMut(&Row) -> Outcome + Send) -> Outcome {
        self.pool.install(|| match case.dtype {
            DType::F32 => self.typed::<f32>(case, data, print),
            DType::F64 => self.typed::<f64>(case, data, print),
        })
    }

    fn typed<T: Real + Element + RealField>(
        &self,
        case: &Case,
        data: &Data,
        mut print: impl FnMut(&Row) -> Outcome,
    ) -> Outcome {
        let layer: Layer<T> = data.layer().map_err(Failure::usage)?;
        // without a reference there are still times
        let reference = Reference::new(&layer).ok();
        let bound = Bound::measure::<T>(case.n, case.batch, self.budget / GEMM_SHARE);
        let plain = layer::products(&layer, &PLAIN, case).ok().map(|products| bound.of(products));
        let no_memory = memory::missing(case.dense_bytes());
        for pair in PAIRS.iter().filter(|pair| !pair.dense || case.n <= MOST_DENSE) {
            let row = match &no_memory {
                Some(why) if pair.dense => {
                    Row { status: why.clone(), ..Row::new(case, (pair.forward, pair.adjoint), self.threads()) }
                }
                _ => self.row(case, pair, &layer, reference.as_ref(), (&bound, plain)),
            };
            print(&row)?;
        }
        Ok(())
    }

    fn row<T: Real>(
        &self,
        case: &Case,
        pair: &Pair,
        layer: &Layer<T>,
        reference: Option<&Reference>,
        (bound, plain): (&Bound, Option<f64>),
    ) -> Row {
        let mut row = Row::new(case, (pair.forward, pair.adjoint), self.threads());
        let Timed { forward, total, repetitions, evaluations, products, z, dx } =
            match layer::time(layer, pair, case, self.budget) {
                Ok(timed) => timed,
                Err(error) => {
                    row.status = error.to_string();
                    return row;
                }
            };
        row.set_times(forward, total, repetitions);
        (row.evaluations, row.products) = (Some(evaluations), Some(products));
        // the first evaluation is at z = 0, where there is nothing to multiply
        let bound = bound.of(evaluations - 1.0 + products);
        (row.gemm_bound_ms, row.ratio) = (Some(bound), Some(total.median / bound));
        (row.fixed_point_bound_ms, row.fixed_point_ratio) = (plain, plain.map(|plain| total.median / plain));
        row.z_error = reference.map(|r| worst(&z, &r.z));
        row.dx_error = reference.map(|r| worst(&dx, &r.dx));
        row
    }
}

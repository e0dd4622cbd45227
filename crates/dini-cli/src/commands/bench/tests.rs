//! The command on small data.

use std::path::{Path, PathBuf};
use std::time::Duration;

use npyz::WriterBuilder;
use serde_json::Value;

use super::case::{Case, DType, PAIRS, Workload, by_name};
use super::data::Data;
use super::input::Input;
use super::row::Row;
use super::runner::Runner;

const KEYS: [&str; 12] = [
    "case",
    "n",
    "batch",
    "dtype",
    "tol",
    "solver",
    "adjoint",
    "threads",
    "forward_ms",
    "total_ms",
    "gemm_bound_ms",
    "z_error",
];

fn rows(case: &Case, data: Option<&Data>) -> Vec<Row> {
    let mut rows = Vec::new();
    let keep = |row: &Row| {
        rows.push(row.clone());
        Ok(())
    };
    let runner = Runner::new(Some(2), Duration::ZERO).unwrap();
    match data {
        Some(data) => runner.layer(case, data, keep).unwrap(),
        None => runner.case(case, 1, keep).unwrap(),
    }
    rows
}

fn small_case(dtype: DType, tol: f64) -> Case {
    Case { n: 20, batch: 3, dtype, tol, ..by_name("100x100").unwrap().clone() }
}

#[test]
fn every_pair_gives_a_complete_row_with_small_errors() {
    for (dtype, tol) in [(DType::F32, 1e-4), (DType::F64, 1e-10)] {
        let rows = rows(&small_case(dtype, tol), None);
        assert_eq!(rows.len(), PAIRS.len());
        for row in rows {
            assert_eq!(row.status, "converged", "{} {}", row.solver, row.adjoint);
            let object: Value = serde_json::from_str(&row.json().unwrap()).unwrap();
            for key in KEYS.iter().chain(&["dx_error"]) {
                assert!(!object[*key].is_null(), "{key}");
            }
            // ||J^-1|| is at most 10 where ||W|| = 0.9, and the gradient adds an error of its own
            assert!(row.z_error.unwrap() < 11.0 * tol && row.dx_error.unwrap() < 100.0 * tol, "{row:?}");
            assert!(row.total_ms >= row.forward_ms && row.gemm_bound_ms > Some(0.0));
            let [low, high] = row.total_iqr_ms.unwrap();
            assert!(low <= row.total_ms.unwrap() && row.total_ms.unwrap() <= high);
        }
    }
}

#[test]
fn the_slow_case_converges_and_the_small_one_is_exact() {
    let slow = Case { n: 16, batch: 2, ..by_name("slow-256x64").unwrap().clone() };
    assert!(rows(&slow, None).iter().all(|row| row.status == "converged" && row.z_error.unwrap() < 1e-2));
    for row in rows(by_name("2x2").unwrap(), None) {
        assert!(row.z_error.unwrap() < 1e-10 && row.dx_error.unwrap() < 1e-10, "{row:?}");
    }
}

#[test]
fn what_does_not_converge_is_a_row_without_times() {
    // no fixed point iteration converges for an expansion; Newton's method does
    let data = Data { n: 2, batch: 1, w: vec![0.0, -3.0, 3.0, 0.0], x: vec![0.1, 0.2], c: vec![1.0, 1.0] };
    let case = Case { n: 2, batch: 1, workload: Workload::Contraction, ..small_case(DType::F64, 1e-8) };
    let rows = rows(&case, Some(&data));
    let picard = rows.iter().find(|row| row.solver == "picard").unwrap();
    assert!(picard.status.contains("sample 0") && picard.total_ms.is_none(), "{}", picard.status);
    assert!(picard.json().unwrap().contains("\"forward_ms\":null"));
    assert!(rows.iter().any(|row| row.solver == "newton" && row.status == "converged"));
}

#[test]
fn what_does_not_fit_into_memory_is_refused() {
    let absurd = Case { n: 4_000_000_000, batch: usize::MAX, ..by_name("100x100").unwrap().clone() };
    assert_eq!(absurd.dense_bytes(), u64::MAX);
    assert_eq!(Case { n: 10, batch: 3, ..absurd.clone() }.dense_bytes(), 2 * 4 * 300);
    if crate::memory::available().is_none() {
        return;
    }
    let message = absurd.require_memory().unwrap_err().message;
    assert!(message.contains("n = 4000000000, B = ") && message.contains("of memory would be needed"), "{message}");
    assert!(by_name("100x100").unwrap().require_memory().is_ok());
}

#[test]
fn unknown_cases_are_refused_with_the_nearest() {
    let message = by_name("256x65").unwrap_err().message;
    assert!(message.contains("unknown case `256x65`") && message.contains("did you mean `256x64`"), "{message}");
    assert!(message.contains("2x2"), "all names: {message}");
}

/// Writes an array as numpy.save does.
fn save<T: npyz::AutoSerialize>(path: PathBuf, shape: &[u64], order: npyz::Order, values: &[T]) -> PathBuf {
    let file = std::fs::File::create(&path).unwrap();
    let mut writer =
        npyz::WriteOptions::new().default_dtype().order(order).shape(shape).writer(file).begin_nd().unwrap();
    values.iter().for_each(|v| writer.push(v).unwrap());
    writer.finish().unwrap();
    path
}

#[test]
fn arrays_are_read_in_both_orders_and_types() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let w = save(path("w"), &[2, 2], npyz::Order::Fortran, &[1.0, 3.0, 2.0, 4.0]);
    let x = save(path("x"), &[3, 2], npyz::Order::C, &[0.5f32, 1.5, 2.5, 3.5, 4.5, 5.5]);
    let input = Input::open(&w, &x, &x).unwrap();
    assert_eq!(input.dtype(), DType::F64);
    let data = input.read().unwrap();
    assert_eq!((data.n, data.batch), (2, 3));
    assert_eq!(data.w, [1.0, 2.0, 3.0, 4.0]);
    assert_eq!(data.x, [0.5, 1.5, 2.5, 3.5, 4.5, 5.5]);
    let single = save(path("v"), &[2, 2], npyz::Order::C, &[0.0f32; 4]);
    assert_eq!(Input::open(&single, &x, &x).unwrap().dtype(), DType::F32);
}

#[test]
fn unusable_arrays_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let array = |name: &str, shape: &[u64], values: &[f64]| save(path(name), shape, npyz::Order::C, values);
    let (w, x) = (array("w", &[2, 2], &[0.1; 4]), array("x", &[3, 2], &[0.1; 6]));
    let refusal = |w: &Path, x: &Path, c: &Path| Input::open(w, x, c).and_then(Input::read).unwrap_err().to_string();

    assert!(refusal(&path("none"), &x, &x).contains("no such file"));
    std::fs::write(path("text"), "1 2 3").unwrap();
    assert!(refusal(&path("text"), &x, &x).contains("not a .npy file"));
    assert!(refusal(&x, &x, &x).contains("W must be 3 x 3, found 3 x 2"));
    assert!(refusal(&w, &array("wide", &[1, 3], &[0.1; 3]), &x).contains("x must be 1 x 2, found 1 x 3"));
    assert!(refusal(&w, &x, &w).contains("c = dL/dz must be 3 x 2, found 2 x 2"));
    assert!(refusal(&w, &array("flat", &[6], &[0.1; 6]), &x).contains("1 dimensions"));
    assert!(refusal(&w, &array("empty", &[0, 2], &[]), &x).contains("empty"));
    let nan = array("nan", &[3, 2], &[0.1, 0.1, 0.1, f64::NAN, 0.1, 0.1]);
    assert!(refusal(&w, &nan, &x).contains("row 1, column 1 is NaN"));

    let whole = std::fs::read(&x).unwrap();
    std::fs::write(path("short"), &whole[..whole.len() - 8]).unwrap();
    assert!(refusal(&w, &path("short"), &x).contains("cut short"));
    let integers = save(path("integers"), &[3, 2], npyz::Order::C, &[1i64, 2, 3, 4, 5, 6]);
    assert!(refusal(&w, &integers, &x).contains("not f32 or f64"));
}

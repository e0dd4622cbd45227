//! Files of every format, made wrong in every way: no reader may panic, take much memory or time, or say more than one line.
//!
//! `cargo test --release -p dini-cli --test fuzz` reads the seeds and 2000 mutations of them for each reader, always the same.
//! Many more, from a seed that is printed:
//!
//! ```sh
//! DINI_FUZZ=1000000 cargo test --release -p dini-cli --test fuzz -- --nocapture
//! ```
//!
//! `DINI_FUZZ` is the number of inputs for each reader, `DINI_FUZZ_SEED` repeats a run, `DINI_FUZZ_ONLY` names a single reader. An
//! input that breaks a rule is kept, and its path printed; it belongs into `tests/corpus`.
//!
//! A new format takes a line in `readers.rs`, a folder in `tests/corpus`, and its seeds with what is said about them in `seeds.rs`.

mod containers;
mod mutate;
mod readers;
mod seeds;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use dini_cli::contain;
use peak_alloc::PeakAlloc;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use readers::{READERS, Reader};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;
/// Memory is that of the process: one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// Mutations for each reader where nothing else is asked for.
const INPUTS: usize = 2000;
/// The largest file that is tried.
const LARGEST: usize = 1 << 20;
const PATIENCE: Duration = Duration::from_secs(10);

/// Fails with a message that is seen although panics are silent.
fn fail(why: &str) -> ! {
    println!("{why}");
    panic!("{why}");
}

/// What a reader made of a file: its one line where it refused it.
///
/// # Errors
/// The rule that was broken.
fn examine(reader: &Reader, path: &Path) -> Result<Option<String>, String> {
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    let read = || {
        let begun = Instant::now();
        contain::contain(|| (reader.read)(path)).map(|result| (result, begun.elapsed()))
    };
    let mut result = read();
    // the machine may have halted: what is slow is slow twice
    if result.as_ref().is_ok_and(|(_, time)| *time > PATIENCE) {
        result = read();
    }
    let (result, time) = result.map_err(|panic| format!("panic: {panic}"))?;
    let memory = MEMORY.peak_usage().saturating_sub(before);
    if time > PATIENCE {
        return Err(format!("it took {time:?}"));
    }
    if memory > reader.most_memory {
        return Err(format!("it took {memory} bytes of memory"));
    }
    let Err(text) = result else { return Ok(None) };
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err(format!("its message is not one line: {text:?}"));
    }
    Ok(Some(text))
}

#[test]
fn every_seed_is_read_or_refused_for_its_reason() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    contain::silence();
    let mut wrong = Vec::new();
    for reader in READERS {
        for (name, expected) in seeds::expected(reader.name) {
            let path = seeds::folder(reader.name).join(&name);
            match examine(reader, &path) {
                Ok(None) if expected.is_empty() => {}
                Ok(Some(text)) if !expected.is_empty() && text.contains(&expected) => {}
                found => wrong.push(format!("{}/{name}: {found:?}, expected {expected:?}", reader.name)),
            }
        }
    }
    if !wrong.is_empty() {
        fail(&wrong.join("\n"));
    }
}

#[test]
fn no_mutation_does_harm() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    contain::silence();
    let number = |name: &str| std::env::var(name).ok().map(|v| v.parse::<u64>().expect("a whole number"));
    let inputs = number("DINI_FUZZ");
    let seed = number("DINI_FUZZ_SEED").unwrap_or_else(|| if inputs.is_some() { rand::random() } else { 1 });
    let only = std::env::var("DINI_FUZZ_ONLY").ok();
    println!("DINI_FUZZ_SEED={seed}");
    for reader in READERS.iter().filter(|reader| only.as_ref().is_none_or(|only| only == reader.name)) {
        let inputs = inputs.map_or(INPUTS, |inputs| inputs as usize);
        let mut rng = StdRng::seed_from_u64(seed);
        fuzz(reader, inputs, &mut rng);
    }
}

/// Reads mutations until there were `inputs`.
fn fuzz(reader: &Reader, inputs: usize, rng: &mut StdRng) {
    let corpus = seeds::contents(reader.name);
    let good = seeds::good(reader.name);
    // should the process end, the input that ended it is there
    let path: PathBuf = std::env::temp_dir().join(format!("dini-fuzz-{}-{}", std::process::id(), reader.name));
    println!("{}: {inputs} inputs, {} seeds, {}", reader.name, corpus.len(), path.display());
    let (mut read, mut contained, begun) = (0, 0, Instant::now());
    for input in 0..inputs {
        // what is wrong already is mostly refused for that
        let begin = if rng.random_bool(0.8) { &good } else { &corpus };
        let mut bytes = begin[rng.random_range(0..begin.len())].clone();
        for _ in 0..rng.random_range(1..=3) {
            bytes = (reader.mutate)(bytes, &corpus, rng);
        }
        bytes.truncate(LARGEST);
        std::fs::write(&path, &bytes).expect("a file");
        match examine(reader, &path) {
            Ok(None) => read += 1,
            Ok(Some(text)) => contained += usize::from(text.contains(readers::CONTAINED)),
            Err(why) => fail(&format!("{}, input {input}: {why}; it is kept in {}", reader.name, path.display())),
        }
    }
    println!("  {read} were read, {contained} panics contained, {:.0} s", begun.elapsed().as_secs_f64());
    // mutations that are never read test the first check of a reader only
    if read <= inputs / 100 || read == inputs {
        fail(&format!("{}: {read} of {inputs} were read", reader.name));
    }
    let _ = std::fs::remove_file(path);
}

//! Threads to work with, as many as the system lets a process have.

use std::sync::mpsc;
use std::thread;

/// Threads that do not compute: the one that watches for an interruption.
const OTHERS: usize = 1;

/// Where the system gives fewer threads than there are processors, makes do with those, or with this thread alone; the pool of threads
/// would end the process otherwise. Costs a thread's start and end for each processor.
pub fn make_do() {
    let wanted = thread::available_parallelism().map_or(1, usize::from);
    let there = count(wanted + OTHERS);
    if there < wanted + OTHERS {
        // this thread works, too; if there is a pool already, it stays
        let workers = (there + 1).saturating_sub(OTHERS).max(1);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(workers).use_current_thread();
        let _ = pool.build_global();
    }
}

/// How many of `wanted` threads can live at a time.
fn count(wanted: usize) -> usize {
    let mut threads = Vec::new();
    for _ in 0..wanted {
        let (end, ended) = mpsc::channel::<()>();
        // waits until the other side is dropped
        match thread::Builder::new().spawn(move || ended.recv().is_err()) {
            Ok(thread) => threads.push((end, thread)),
            Err(_) => break,
        }
    }
    let there = threads.len();
    for (end, thread) in threads {
        drop(end);
        let _ = thread.join();
    }
    there
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_few_threads_can_be_had() {
        assert_eq!(super::count(3), 3);
    }
}

//! Ctrl-C and its relatives, for work that has something to save.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// Exit code of an interrupted process.
pub const CODE: i32 = 130;
/// The work may take so long to save what it has.
const PATIENCE: Duration = Duration::from_millis(800);
const LOOK: Duration = Duration::from_millis(20);

/// Whether an interruption was asked for.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    asked: Arc<AtomicBool>,
}

impl Interrupt {
    /// From now on the first of SIGINT, SIGTERM and SIGHUP asks for an end, and the process ends by itself if it has not in 0.8
    /// seconds, after `last_words`; a second signal ends it at once. SIGHUP stays ignored where it was, as by `nohup`.
    ///
    /// # Errors
    /// Signals that cannot be listened to.
    pub fn listen(last_words: impl FnOnce() + Send + 'static) -> io::Result<Self> {
        let interrupt = Interrupt::default();
        for signal in signals() {
            // in this order: the first signal finds the flag unset
            flag::register_conditional_shutdown(signal, CODE, interrupt.asked.clone())?;
            flag::register(signal, interrupt.asked.clone())?;
        }
        let asked = interrupt.asked.clone();
        let watch = move || {
            while !asked.load(Ordering::Relaxed) {
                thread::sleep(LOOK);
            }
            let begun = Instant::now();
            while begun.elapsed() < PATIENCE {
                thread::sleep(LOOK);
            }
            last_words();
            std::process::exit(CODE);
        };
        // without a thread to be had, the work is asked alone
        let _ = thread::Builder::new().name("interrupt".into()).spawn(watch);
        Ok(interrupt)
    }

    /// Whether to save and end.
    pub fn asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }
}

/// From now on a file that would grow beyond its limit (SIGXFSZ, `ulimit -f`) is an error of the write, not the end of the process.
///
/// # Errors
/// A signal that cannot be listened to.
pub fn make_large_files_errors() -> io::Result<()> {
    #[cfg(unix)]
    flag::register(libc::SIGXFSZ, Arc::default())?;
    Ok(())
}

#[cfg(unix)]
fn signals() -> Vec<i32> {
    use signal_hook::consts::SIGHUP;
    if is_ignored(SIGHUP) { vec![SIGINT, SIGTERM] } else { vec![SIGINT, SIGTERM, SIGHUP] }
}

#[cfg(not(unix))]
fn signals() -> Vec<i32> {
    vec![SIGINT, SIGTERM]
}

/// Whether this process was started with the signal ignored; where that cannot be seen (outside Linux), it was not.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap_or("0").trim();
    u64::from_str_radix(mask, 16).is_ok_and(|mask| mask >> (signal - 1) & 1 == 1)
}

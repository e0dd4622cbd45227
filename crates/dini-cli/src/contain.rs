//! Panics as errors: of decoders that may panic, and of the program itself.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Mutex, Once, PoisonError};

/// Where the last panic was.
static PLACE: Mutex<String> = Mutex::new(String::new());

/// What `f` returns, or the message of the panic that ended it.
///
/// # Errors
/// A panic.
pub fn contain<T>(f: impl FnOnce() -> T) -> Result<T, String> {
    panic::catch_unwind(AssertUnwindSafe(f)).map_err(|payload| message(payload.as_ref()))
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "unknown".to_owned())
}

/// From now on a panic prints nothing; whoever contains it says what is to be said.
pub fn silence() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        panic::set_hook(Box::new(|info| {
            let place = info.location().map(|at| format!("{}:{}", at.file(), at.line())).unwrap_or_default();
            *PLACE.lock().unwrap_or_else(PoisonError::into_inner) = place;
        }));
    });
}

/// Where the last panic was, once [`silence`] has been called.
pub fn place() -> String {
    PLACE.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panics_become_messages() {
        assert_eq!(contain(|| 7), Ok(7));
        assert_eq!(contain(|| -> u8 { panic!("no") }), Err("no".to_owned()));
        let index = [1, 2].len();
        assert!(contain(|| [1, 2][std::hint::black_box(index)]).unwrap_err().contains("out of bounds"));
    }
}

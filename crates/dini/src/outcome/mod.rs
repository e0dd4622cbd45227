//! How things end: reasons that errors and results carry, below everything that gives them.

mod ended;
mod reason;
mod status;
mod stop;

pub use ended::Ended;
pub use reason::Reason;
pub use status::Status;
pub use stop::Stop;

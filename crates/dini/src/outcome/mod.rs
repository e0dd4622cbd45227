//! How things end: reasons that errors and results carry, below everything that gives them.

mod ended;
mod limit;
mod reason;
mod status;
mod stop;

pub use ended::Ended;
pub use limit::Limit;
pub use reason::Reason;
pub use status::Status;
pub use stop::Stop;

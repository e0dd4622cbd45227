//! Branches along a parameter: folds, crossings, loops, ends, and what must not be called any of them.

mod continuation {
    pub mod common;
    mod ends;
    mod events;
    mod folds;
    mod near;
    mod systems;
}

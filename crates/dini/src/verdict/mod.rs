//! Whether the implicit function theorem holds at a computed solution.

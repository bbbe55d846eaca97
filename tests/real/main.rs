//! The real programs that consume our output judge it: see `README.md`.

fn main() {}

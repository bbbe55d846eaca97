//! Everything that is tested through the front door: the built binary, the library as a whole, the
//! checked-in output and the tree of sources. Units are tested beside their code.
//!
//! `README.md` says how to run one case and how to take new output over.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "tests touch files and processes themselves, and a failed step is a failed test"
)]

mod support;

mod bytes;
mod cases;
mod catalog;
mod ci;
mod fleets;
mod grafana;
mod hero;
mod interrupted;
mod invariants;
mod live;
mod mutations;
mod output;
mod pager;
mod pages;
mod review;
mod routing;
mod safety;
mod trace;

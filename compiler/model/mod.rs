//! What the phases hand on: the resolved fleet and the plan. Types only, no logic.

pub mod fleet;
pub mod ids;
pub mod plan;
pub mod trace;
pub mod value;

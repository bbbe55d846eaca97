//! Layout and quoting, nothing else: `fmt` never changes what a text says, and loses no comment.

mod kdl;
mod yaml;

pub use kdl::kdl;
pub use yaml::yaml;

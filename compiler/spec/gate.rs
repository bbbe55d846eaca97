//! Whether this compiler may read a spec at all. Asked before anything else.

use super::codes;
use crate::diag::Diagnostic;
use crate::model::value::{Version, VersionRange};
use crate::syntax::{Data, Document, Object, Scalar, Spanned};

/// The version of the language that this compiler defines; it reads every earlier one.
pub const LANGUAGE: i128 = 1;

/// The version of this compiler.
pub const COMPILER: &str = env!("CARGO_PKG_VERSION");

/// Why this compiler does not read the spec: a later language, or a `requires` it is outside of.
/// The finding stands alone; whatever else was found, in form as well, means nothing beside it.
pub fn gate(document: &Document) -> Option<Diagnostic> {
    let fleet = object(&document.root, "fleet")?;
    language(fleet).or_else(|| compiler(fleet))
}

fn language(fleet: &Object) -> Option<Diagnostic> {
    let stated = scalar(fleet, "language")?;
    let number = stated.value.as_int().filter(|n| *n > LANGUAGE)?;
    let what = format!("this spec is written in language {number}; this compiler reads up to {LANGUAGE}");
    let help = format!(
        "compile it with a later release of watershed (this is {COMPILER}), or write it in language {LANGUAGE}"
    );
    Some(Diagnostic::new(&codes::LANGUAGE, stated.span, what).help(help))
}

fn compiler(fleet: &Object) -> Option<Diagnostic> {
    let stated = scalar(object(fleet, "requires")?, "watershed")?;
    // A malformed range is found with the other values.
    let range = VersionRange::parse(stated.value.as_str()?).ok()?;
    let own = Version::parse(COMPILER).ok()?;
    if range.contains(own) {
        return None;
    }
    let what = format!("this spec asks for watershed {range}; this is {COMPILER}");
    Some(Diagnostic::new(&codes::COMPILER, stated.span, what))
}

fn object<'a>(parent: &'a Object, key: &str) -> Option<&'a Object> {
    match &parent.get(key)?.data {
        Data::Object(object) => Some(object),
        _ => None,
    }
}

fn scalar<'a>(parent: &'a Object, key: &str) -> Option<&'a Spanned<Scalar>> {
    match &parent.get(key)?.data {
        Data::Scalar(scalar) => Some(scalar),
        _ => None,
    }
}

//! Whether two documents say the same.

use super::document::{Data, Document, Free, Named, Object, Scalar, Spanned};

/// Whether two documents hold the same data, wherever and in whichever form it was written.
///
/// Keys of an object may stand in any order, which means nothing in the language. Everything else
/// is compared as it stands: lists, maps, and the members of named and repeated sets, by order;
/// absent, empty and null as three different things; `1` and `1.0` as two.
pub fn same_data(a: &Document, b: &Document) -> bool {
    same_object(&a.root, &b.root)
}

fn same_object(a: &Object, b: &Object) -> bool {
    std::ptr::eq(a.shape, b.shape)
        && a.nodes.len() == b.nodes.len()
        && a.nodes.iter().all(|n| b.get(n.key.name).is_some_and(|m| same(&n.data, &m.data)))
}

fn same(a: &Data, b: &Data) -> bool {
    match (a, b) {
        (Data::Null, Data::Null) => true,
        (Data::Scalar(a), Data::Scalar(b)) => same_scalar(&a.value, &b.value),
        (Data::List(a), Data::List(b)) => all(a, b, |a, b| same_scalar(&a.value, &b.value)),
        (Data::Map(a), Data::Map(b)) => {
            all(a, b, |(k, v), (l, w)| k.value == l.value && same_scalar(&v.value, &w.value))
        }
        (Data::Object(a), Data::Object(b)) => same_object(a, b),
        (Data::Named(a), Data::Named(b)) => all(a, b, same_member),
        (Data::Repeated(a), Data::Repeated(b)) => all(a, b, same_object),
        (Data::Free(a), Data::Free(b)) => same_free(a, b),
        _ => false,
    }
}

fn same_member(a: &Named, b: &Named) -> bool {
    a.name.value == b.name.value
        && match (&a.object, &b.object) {
            (None, None) => true,
            (Some(a), Some(b)) => same_object(a, b),
            _ => false,
        }
}

fn same_free(a: &Spanned<Free>, b: &Spanned<Free>) -> bool {
    match (&a.value, &b.value) {
        (Free::Scalar(a), Free::Scalar(b)) => same_scalar(a, b),
        (Free::List(a), Free::List(b)) => all(a, b, same_free),
        (Free::Map(a), Free::Map(b)) => all(a, b, |(k, v), (l, w)| k.value == l.value && same_free(v, w)),
        _ => false,
    }
}

fn same_scalar(a: &Scalar, b: &Scalar) -> bool {
    match (a, b) {
        // To the bit, so that −0.0 survives a conversion too.
        (Scalar::Float(a), Scalar::Float(b)) => a.to_bits() == b.to_bits(),
        _ => a == b,
    }
}

fn all<T>(a: &[T], b: &[T], same: impl Fn(&T, &T) -> bool) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
}

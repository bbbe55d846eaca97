//! Words that are no key of their block: what was meant instead.

use super::codes;
use super::shape::{Form, Key, Shape, Type};
use crate::diag::{Diagnostic, Span, nearest};

/// The answer to a word that `shape` has no key for. `root` is the shape of the whole language, in
/// which other homes for the word are looked for; `whole` is the word with all that was given to it.
pub(super) fn unknown_key(
    word: &str,
    at: Span,
    whole: Span,
    shape: &'static Shape,
    root: &'static Shape,
) -> Diagnostic {
    if is_credential(word) {
        let what = format!("`{}` stands where credentials are given by the name of a Secret only", shown(word));
        return Diagnostic::new(&codes::CREDENTIAL, at, what)
            .here("its value is not shown")
            .hide(Span { start: at.end, ..whole });
    }
    let found = answer(word, at, shape, root);
    // What stands behind it is most likely the credential itself.
    let hidden = names_a_secret(shape) || carries_a_credential(word);
    if hidden { found.hide(Span { start: at.end, ..whole }) } else { found }
}

/// The answer to values that stand right behind `word`, which takes the name of a Secret in a key.
pub(super) fn bare_credential(word: &str, at: Span) -> Diagnostic {
    let what = format!("`{word}` is given a bare value; credentials are given by the name of a Secret only");
    let help = format!(
        "if this is the name of a Secret, write `{word} secret=\"name\"`; if it is the credential, put it into a Secret in \
         the cluster, name that, and replace the credential itself: it has been seen"
    );
    Diagnostic::new(&codes::CREDENTIAL, at, what).here("not shown").help(help).hide(at)
}

/// Whether a block says which Secret holds a credential.
pub(super) fn names_a_secret(shape: &Shape) -> bool {
    shape.key("secret").is_some()
}

/// Words that have a credential behind them, here or in other tools.
fn carries_a_credential(word: &str) -> bool {
    ["bearer", "basic-auth", "authorization", "auth", "oauth2"].contains(&kebab(word).as_str())
}

fn answer(word: &str, at: Span, shape: &'static Shape, root: &'static Shape) -> Diagnostic {
    if let Some(key) = foreign(word, shape) {
        let what = format!("`{}` is spelled `{}` here", shown(word), key.name);
        return Diagnostic::new(&codes::NATIVE_KEY, at, what).help(format!("write `{}`", key.name)).fix(
            at,
            key.name,
            format!("replace it by `{}`", key.name),
        );
    }
    let what = if std::ptr::eq(shape, root) {
        format!("`{}` is nothing that can stand at the top of a spec", shown(word))
    } else {
        format!("`{}` is not a key of `{}`", shown(word), shape.word())
    };
    let found = Diagnostic::new(&codes::UNKNOWN_KEY, at, what).here("not known here");
    let near = nearest(word, shape.keys.iter().map(|k| k.name));
    if kebab(word) == "tenant" && shape.keys.iter().any(|k| matches!(k.form, Form::List(Type::Destination))) {
        let help = format!(
            "a tenant stands behind its store, by its name: `{} \"store/tenant\"`, where the store has `tenant \"tenant\" id=…`",
            shape.word()
        );
        return found.help(help);
    }
    match (home(word, shape, root), near) {
        (Some(home), None) => found.help(home),
        (Some(home), Some(near)) => found.help(format!("did you mean `{near}`? Otherwise: {home}")),
        (None, Some(near)) => found.help(format!("did you mean `{near}`?")),
        (None, None) => found.help(format!("known here: {}", known(shape))),
    }
}

/// Words that other tools give a credential to. Those for a file or a name are none.
fn is_credential(word: &str) -> bool {
    const WORDS: [&str; 8] =
        ["password", "passwd", "token", "api-key", "apikey", "credentials", "client-secret", "secret-key"];
    let kebab = kebab(word);
    WORDS.iter().any(|w| kebab == *w || kebab.strip_suffix(w).is_some_and(|before| before.ends_with('-')))
}

/// The key a word of another tool stands for, or that differs in `_`, capitals or a colon only.
fn foreign(word: &str, shape: &'static Shape) -> Option<&'static Key> {
    let kebab = kebab(word.strip_suffix(':').unwrap_or(word));
    shape.keys.iter().find(|k| k.native.contains(&word) || k.name == kebab)
}

fn kebab(word: &str) -> String {
    let mut out = String::with_capacity(word.len() + 4);
    for c in word.chars() {
        if c == '_' {
            out.push('-');
        } else if c.is_ascii_uppercase() {
            if !out.is_empty() && !out.ends_with('-') {
                out.push('-');
            }
            out.push(c.to_ascii_lowercase());
        } else {
            out.push(c);
        }
    }
    out
}

/// Where in the language a word is a key, if it is one anywhere.
fn home(word: &str, here: &'static Shape, root: &'static Shape) -> Option<String> {
    let mut places: Vec<&'static str> = Vec::new();
    let mut shapes: Vec<&'static Shape> = vec![root];
    let mut next = 0;
    // Nearest to the top first; a shape that stands in many places counts once for each key.
    while let Some(shape) = shapes.get(next).copied() {
        next += 1;
        for key in shape.keys {
            let Some(inner) = inner(key) else { continue };
            if !std::ptr::eq(inner, here) && inner.key(word).is_some() && !places.contains(&key.name) {
                places.push(key.name);
            }
            if !shapes.iter().any(|s| std::ptr::eq(*s, inner)) {
                shapes.push(inner);
            }
        }
    }
    let settings = ["fleet", "profile", "cluster"];
    if std::ptr::eq(here, root) && settings.iter().all(|s| places.contains(s)) {
        return Some(format!(
            "`{word}` is a setting: it belongs in `fleet` (for every cluster), a `profile` or a `cluster`"
        ));
    }
    let shown: Vec<String> = places.iter().take(4).map(|p| format!("`{p}`")).collect();
    match shown.as_slice() {
        [] => None,
        [one] => Some(format!("`{word}` is a key of {one}: move it into that block")),
        [all @ .., last] => {
            Some(format!("`{word}` is a key of {} and {last}: move it into such a block", all.join(", ")))
        }
    }
}

fn inner(key: &Key) -> Option<&'static Shape> {
    match key.form {
        Form::Object(shape) | Form::Named(_, shape) | Form::Repeated(shape) => Some(shape),
        _ => None,
    }
}

/// The keys of a small block, or the first of a large one.
fn known(shape: &'static Shape) -> String {
    const SHOWN: usize = 14;
    let names: Vec<String> = shape.keys.iter().take(SHOWN).map(|k| format!("`{}`", k.name)).collect();
    let more = shape.keys.len().saturating_sub(SHOWN);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", names.join(", "))
}

/// A word as messages quote it: a garbled file may have one of megabytes.
pub(super) fn shown(word: &str) -> String {
    match word.char_indices().nth(60) {
        Some((at, _)) => format!("{}…", &word[..at]),
        None => word.to_owned(),
    }
}

/// `a list`, `one value`: a form as messages name it.
pub(super) fn form_name(form: Form) -> &'static str {
    match form {
        Form::Scalar(_) => "one value",
        Form::Flag => "a flag",
        Form::List(_) => "a list",
        Form::Map(..) => "a map",
        Form::Object(_) => "a block of keys",
        Form::Named(..) => "a set of named blocks",
        Form::Repeated(_) => "a list of blocks",
        Form::Free => "a tree",
    }
}

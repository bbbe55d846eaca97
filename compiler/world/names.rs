//! Which paths may be written below an output root. Pure; knows nothing of what is on disk.

use super::{Trouble, TroubleKind, WriteSet};

/// Every file that exists only while a build runs begins with this, and so does nothing else.
pub const OURS_HIDDEN: &str = ".watershed-";
/// A cluster folder being written; renamed to its name when whole.
pub(super) const NEW_FOLDER: &str = ".watershed-new-";
/// A file being written beside the one it will replace.
pub(super) const TEMPORARY: &str = ".watershed-tmp-";
/// The note of an unfinished commit ([`super::pending`]).
pub(super) const PENDING: &str = ".watershed-pending";

/// Longest path component that every file system in use takes, less what our prefixes need.
const COMPONENT_MAX: usize = 255 - NEW_FOLDER.len();

/// Whether a path is relative, stays below its folder and is none of our temporary names.
pub fn usable(path: &str) -> bool {
    !path.is_empty() && path.split('/').all(usable_component)
}

fn usable_component(name: &str) -> bool {
    !name.is_empty()
        && name != "."
        && name != ".."
        && name.len() <= COMPONENT_MAX
        && !name.starts_with(OURS_HIDDEN)
        // A backslash separates folders elsewhere, a colon names a drive or a stream.
        && !name.chars().any(|c| c.is_control() || c == '\\' || c == ':')
}

/// Refuses a set with an unusable path, with two paths that a case-insensitive file system takes
/// for one, or with a file where another path needs a folder.
pub(super) fn check(set: &WriteSet<'_>) -> Result<(), Trouble> {
    let mut folded = Vec::with_capacity(set.files.len() + 1);
    for path in paths(set) {
        if !usable(path) {
            return Err(unusable(path));
        }
        folded.push((path.to_lowercase(), path));
    }
    if !usable(set.folder) {
        return Err(unusable(set.folder));
    }
    if let Some((path, _)) = set.owned.iter().find(|(path, _)| !usable(path)) {
        return Err(unusable(path));
    }
    folded.sort();
    for pair in folded.windows(2) {
        if pair[0].0 == pair[1].0 {
            return Err(Trouble::new(
                pair[1].1,
                TroubleKind::Name,
                format!("`{}` is the same file where upper and lower case are not told apart", pair[0].1),
            ));
        }
    }
    for (fold, path) in &folded {
        let mut at = fold.len();
        while let Some(slash) = fold[..at].rfind('/') {
            if folded.binary_search_by(|(f, _)| f.as_str().cmp(&fold[..slash])).is_ok() {
                return Err(Trouble::new(*path, TroubleKind::Name, "its folder is to be written as a file too"));
            }
            at = slash;
        }
    }
    Ok(())
}

fn paths<'s>(set: &'s WriteSet<'_>) -> impl Iterator<Item = &'s str> {
    set.files.iter().chain(&set.index).map(|(path, _)| path.as_str())
}

fn unusable(path: &str) -> Trouble {
    Trouble::new(
        path,
        TroubleKind::Name,
        "a path must be relative, without `..`, control characters, `\\` or `:`, without parts over 240 bytes \
         and without parts that begin with `.watershed-`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(paths: &[&str]) -> Result<(), Trouble> {
        let files = paths.iter().map(|p| ((*p).to_owned(), &b""[..])).collect();
        check(&WriteSet { folder: "f/c", files, ..WriteSet::default() })
    }

    #[test]
    fn paths_that_leave_the_folder_are_refused() {
        for path in
            ["", "/etc/passwd", "../x", "a/../x", "a//b", "a/.", "a\\b", "a\nb", "c:x", ".watershed-tmp-0", "a/"]
        {
            assert_eq!(set(&[path]).unwrap_err().kind, TroubleKind::Name, "{path:?}");
        }
        set(&["a/b.yaml", "a/..b", ".hidden"]).unwrap();
    }

    #[test]
    fn one_name_in_two_cases_is_refused_and_so_is_a_file_in_place_of_a_folder() {
        assert!(set(&["a/role-X.yaml", "a/role-x.yaml"]).is_err());
        assert!(set(&["a/b/c.yaml", "a/B"]).is_err());
        assert!(set(&["a/b.yaml", "a/b.yaml.bak", "b/b.yaml"]).is_ok());
    }

    #[test]
    fn a_forged_index_cannot_make_us_remove_files_elsewhere() {
        let owned = vec![("../../etc/passwd".to_owned(), super::super::Fingerprint(0))];
        let trouble = check(&WriteSet { folder: "f/c", owned, ..WriteSet::default() }).unwrap_err();
        assert_eq!(trouble.kind, TroubleKind::Name);
    }
}

//! The page for a pull request, over a whole fleet.

use crate::support::{Folder, git, steps};

const CLUSTERS: usize = 100;

/// What GitHub takes as a comment.
const GITHUB: usize = 65_536;

fn fleet(team: &str) -> String {
    let mut text = format!(
        "fleet \"acme\" language=1 {{
    versions kubernetes=\"1.34\"
    alerts \"main\"
    external-labels team=\"{team}\"
    prometheus \"user\" {{
        rest
        retention \"15d\"
        storage \"50Gi\"
    }}
}}
alertmanager \"main\" service=\"monitoring/alertmanager-main\"
"
    );
    for i in 0..CLUSTERS {
        text.push_str(&format!("cluster \"edge-{i:03}\" nodes=3 pods=90\n"));
    }
    text
}

/// New labels are new series in every cluster: all of them are named, in the open, within what a forge
/// takes; and the run takes no longer than a person waits.
#[test]
fn a_label_of_a_hundred_clusters_is_one_page() {
    let folder = Folder::new();
    folder.write("fleet.kdl", &fleet("a"));
    git::run(folder.path(), &["commit", "The fleet"]).unwrap();
    folder.write("fleet.kdl", &fleet("b"));
    let ended = steps::binary(folder.path(), &["review", "HEAD"]);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    let page = ended.stdout;
    assert!(page.chars().count() <= GITHUB, "{} characters", page.chars().count());
    assert!(page.contains("**100 destructive changes: 100 × new series**"), "{page}");
    let open = &page[..page.find("<details").unwrap_or(page.len())];
    assert!(open.contains("`spec.externalLabels.team`: `a` → `b`"), "{page}");
    let missing: Vec<usize> = (0..CLUSTERS).filter(|i| !open.contains(&format!("edge-{i:03}"))).collect();
    assert!(missing.is_empty(), "not named in the open: {missing:?}");
    assert!(open.contains("`fleet.kdl:4:21  external-labels team=\"b\"`"), "{page}");
}

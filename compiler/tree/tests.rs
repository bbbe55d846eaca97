use super::*;
use crate::world::{Access, Memory, TroubleKind, World};

const HEADER: Header<'_> = Header { compiler: "0.1.0", catalog: "1", fleet: "acme", cluster: "edge-1" };

fn id(api: &str, kind: &str, namespace: &str, name: &str) -> ObjectId {
    ObjectId { api_version: api.into(), kind: kind.into(), namespace: namespace.into(), name: name.into() }
}

fn add(tree: &mut ClusterTree, place: Place, id: &ObjectId, text: &str) {
    let spec_path = format!("cluster[edge-1].{}", id.name);
    let release = (place == Place::Helm).then_some(Release {
        name: &id.name,
        namespace: "vm",
        chart: "victoria-metrics-cluster",
        version: "0.49.0",
    });
    tree.push(&Entry { id, place, unit: "u", spec_path: &spec_path, release }, |out| out.push_str(text));
}

fn small() -> ClusterTree {
    let mut tree = ClusterTree::new();
    add(&mut tree, Place::Prometheus, &id("monitoring.coreos.com/v1", "Prometheus", "monitoring", "user"), "kind: P\n");
    add(&mut tree, Place::Prereq, &id("v1", "Namespace", "", "monitoring"), "kind: N\n");
    add(&mut tree, Place::Helm, &id("", "values", "", "central"), "vmselect: {}\n");
    tree.file("README.md", |out| out.push_str("# edge-1\n"));
    tree
}

#[test]
fn a_cluster_is_a_folder_of_stages() {
    let mut tree = small();
    let finished = tree.finish(&HEADER).unwrap();
    let shown: Vec<(&str, &str)> =
        finished.files.iter().map(|(p, bytes)| (p.as_str(), std::str::from_utf8(bytes).unwrap())).collect();
    let head = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n";
    let expected = [
        ("00-prereq/kustomization.yaml", format!("{head}  - namespace-monitoring.yaml\n")),
        ("00-prereq/namespace-monitoring.yaml", "kind: N\n".to_owned()),
        ("20-prometheus/kustomization.yaml", format!("{head}  - prometheus-user.yaml\n")),
        ("20-prometheus/prometheus-user.yaml", "kind: P\n".to_owned()),
        ("README.md", "# edge-1\n".to_owned()),
        (
            "helm/central.values.yaml",
            "# chart: victoria-metrics-cluster, version: 0.49.0, release: central, namespace: vm\nvmselect: {}\n"
                .to_owned(),
        ),
        (
            "helm/releases.yaml",
            "releases:\n  - name: \"central\"\n    namespace: \"vm\"\n    chart: \"vm/victoria-metrics-cluster\"\n    \
             version: \"0.49.0\"\n    values: [\"central.values.yaml\"]\n"
                .to_owned(),
        ),
        ("kustomization.yaml", format!("{head}  - 00-prereq\n  - 20-prometheus\n")),
    ];
    assert_eq!(shown, expected.each_ref().map(|(p, t)| (*p, t.as_str())));
}

#[test]
fn the_order_of_objects_makes_no_difference() {
    let (a, b) = (id("v1", "Service", "m", "a"), id("v1", "Service", "m", "b"));
    let mut forward = ClusterTree::new();
    add(&mut forward, Place::Stores, &a, "a\n");
    add(&mut forward, Place::Stores, &b, "b\n");
    let mut backward = ClusterTree::new();
    add(&mut backward, Place::Stores, &b, "b\n");
    add(&mut backward, Place::Stores, &a, "a\n");
    let (forward, backward) = (forward.finish(&HEADER).unwrap(), backward.finish(&HEADER).unwrap());
    assert_eq!(forward.files, backward.files);
    assert_eq!(forward.index_text(), backward.index_text());
}

#[test]
fn one_object_made_twice_is_refused_even_in_two_stages() {
    let mut tree = small();
    add(&mut tree, Place::Stores, &id("v1", "Namespace", "", "monitoring"), "again\n");
    assert_eq!(tree.finish(&HEADER).unwrap_err(), Twice("Namespace/monitoring".to_owned()));
    let mut tree = small();
    tree.file("kustomization.yaml", |_| {});
    assert_eq!(tree.finish(&HEADER).unwrap_err(), Twice("kustomization.yaml".to_owned()));
}

#[test]
fn an_index_reads_back_and_its_digest_follows_every_file() {
    let mut tree = small();
    let finished = tree.finish(&HEADER).unwrap();
    let read = Index::parse("index.json", finished.index_text().as_bytes()).unwrap();
    assert_eq!((&read.objects, &read.files), (&finished.index.objects, &finished.index.files));
    assert_eq!(read.owned().len(), finished.files.len() + 1);
    assert_eq!(read.object("20-prometheus/prometheus-user.yaml").unwrap().spec, "cluster[edge-1].user");
    let digest = finished.index.digest.clone();
    let mut other = small();
    other.file("x", |_| {});
    assert_ne!(other.finish(&HEADER).unwrap().index.digest, digest);
}

#[test]
fn a_broken_index_is_a_trouble_with_its_cause() {
    let mut tree = small();
    let text = tree.finish(&HEADER).unwrap().index_text().to_owned();
    let cases = [
        (String::new(), "EOF"),
        (text[..text.len() / 2].to_owned(), "EOF"),
        (format!("<<<<<<< HEAD\n{text}"), "expected value"),
        (text.replace("\"format_version\": 1", "\"format_version\": 2"), "format version 2"),
        (text.replace("README.md", "../../README.md"), "no path below its folder"),
        (text.replace("xxh3:", "sha256:"), "no hash"),
    ];
    for (text, cause) in cases {
        let trouble = Index::parse("out/index.json", text.as_bytes()).unwrap_err();
        assert_eq!(trouble.kind, TroubleKind::Corrupt);
        assert!(trouble.message.contains(cause), "{trouble} lacks {cause}");
    }
}

#[test]
fn a_build_after_a_build_writes_nothing_and_one_without_an_object_removes_its_file() {
    let world = Memory::new();
    let output = world.output("out", Access::Write).unwrap();
    let index = |world: &Memory| {
        let bytes = world.get("out/acme/edge-1/index.json")?;
        Some(Index::parse("index.json", &bytes).unwrap())
    };
    let mut tree = small();
    output.commit(&tree.finish(&HEADER).unwrap().write_set("acme/edge-1", index(&world).as_ref())).unwrap();
    let again = output.commit(&small().finish(&HEADER).unwrap().write_set("acme/edge-1", index(&world).as_ref()));
    assert_eq!(again.unwrap().written, Vec::<String>::new());

    let mut fewer = ClusterTree::new();
    add(&mut fewer, Place::Prereq, &id("v1", "Namespace", "", "monitoring"), "kind: N\n");
    let done = output.commit(&fewer.finish(&HEADER).unwrap().write_set("acme/edge-1", index(&world).as_ref())).unwrap();
    assert_eq!(done.written, ["kustomization.yaml", "index.json"]);
    assert_eq!(done.removed.len(), 5, "{done:?}");
}

#[test]
fn the_fleet_file_is_its_folders_index() {
    let clusters = ["edge-2", "edge-1"].map(|identity| FleetCluster {
        identity: identity.to_owned(),
        name: identity.to_uppercase(),
        digest: "xxh3:00000000000000000000000000000000".to_owned(),
    });
    let mut fleet = FleetIndex::new("0.1.0", "1", "acme", clusters.to_vec());
    fleet.plan.insert("stores".to_owned(), serde_json::json!([{"name": "central"}]));
    let text = fleet.render("# acme\n");
    let read = FleetIndex::parse("fleet.json", text.as_bytes()).unwrap();
    assert_eq!(read.clusters[0].identity, "edge-1");
    assert_eq!(read.digest("edge-2"), Some("xxh3:00000000000000000000000000000000"));
    assert_eq!(read.plan, fleet.plan);
    let set = FleetIndex::write_set("acme", &text, "# acme\n", Some(&read));
    assert_eq!(set.owned.iter().map(|(p, _)| p.as_str()).collect::<Vec<_>>(), ["README.md", "fleet.json"]);
}

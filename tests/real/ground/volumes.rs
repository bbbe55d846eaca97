//! The volumes of a pod as files: what a kubelet would mount. Secrets, ConfigMaps and tokens are read from the API
//! server when the pod starts; later changes arrive with [`refresh`].

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::kubectl::Kubectl;
use super::root::Base;
use super::{During, Outcome, Trouble, write};

/// Whose volumes they are, and from where they are filled.
pub struct Filler<'a> {
    pub kubectl: &'a Kubectl,
    pub base: &'a Base,
    /// The pod as the API server has it.
    pub pod: &'a Value,
    /// The pod's own folder.
    pub folder: &'a Path,
    /// Where claims are kept; they outlive pods.
    pub claims: &'a Path,
}

/// Makes a volume, or fills it anew, and says where it is.
///
/// # Errors
/// What it is filled from does not exist (and is not optional), or its type is not known here.
pub fn refresh(volume: &Value, filler: &Filler<'_>) -> Outcome<PathBuf> {
    let name = text(volume, "/name");
    let folder = filler.folder.join("volumes").join(name);
    std::fs::create_dir_all(&folder).during(folder.display())?;
    let doing = |e: Trouble| e.during(format!("volume {name}"));
    let has = |kind: &str| volume.get(kind);
    if has("emptyDir").is_some() {
        return Ok(folder);
    }
    if let Some(claim) = has("persistentVolumeClaim") {
        let folder = filler.claims.join(filler.namespace()).join(text(claim, "/claimName"));
        std::fs::create_dir_all(&folder).during(folder.display())?;
        return Ok(folder);
    }
    if let Some(host) = has("hostPath") {
        let path = filler.base.machine.join(text(host, "/path").trim_start_matches('/'));
        if !path.exists() && text(host, "/type").ends_with("OrCreate") {
            return Ok(folder);
        }
        return Ok(path);
    }
    if let Some(projected) = has("projected") {
        for source in projected["sources"].as_array().into_iter().flatten() {
            source_of(source, &folder, filler).map_err(doing)?;
        }
        return Ok(folder);
    }
    source_of(volume, &folder, filler).map_err(doing)?;
    Ok(folder)
}

/// The value of a field of the pod, as `fieldRef` names it.
///
/// # Errors
/// The field is not one that can be named.
pub fn field(pod: &Value, path: &str) -> Outcome<String> {
    let quoted = |prefix: &str| path.strip_prefix(prefix)?.strip_suffix("']").map(str::to_owned);
    for (prefix, at) in [("metadata.labels['", "/metadata/labels"), ("metadata.annotations['", "/metadata/annotations")]
    {
        if let Some(key) = quoted(prefix) {
            let value = pod.pointer(at).and_then(|m| m.get(&key)).and_then(Value::as_str);
            return Ok(value.unwrap_or_default().to_owned());
        }
    }
    let known = ["metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName"];
    if known.contains(&path) || ["status.podIP", "status.hostIP"].contains(&path) {
        return Ok(text(pod, &format!("/{}", path.replace('.', "/"))).to_owned());
    }
    Err(Trouble::new(format!("fieldRef {path} is not known here")))
}

/// One key of a Secret (`secretKeyRef`) or ConfigMap (`configMapKeyRef`); nothing where it is optional and missing.
///
/// # Errors
/// It is missing.
pub fn key(kind: &str, reference: &Value, filler: &Filler<'_>) -> Outcome<Option<String>> {
    let (name, key) = (text(reference, "/name"), text(reference, "/key"));
    let optional = reference["optional"].as_bool().unwrap_or(false);
    let found = contents(kind, name, filler)?.and_then(|c| c.into_iter().find(|(k, _)| k == key));
    match found {
        Some((_, bytes)) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        None if optional => Ok(None),
        None => {
            Err(Trouble::new(format!("{kind} {name} with key {key} is missing in namespace {}", filler.namespace())))
        }
    }
}

impl Filler<'_> {
    fn namespace(&self) -> &str {
        text(self.pod, "/metadata/namespace")
    }
}

fn source_of(source: &Value, folder: &Path, filler: &Filler<'_>) -> Outcome<()> {
    if let Some(token) = source.get("serviceAccountToken") {
        let pod = (text(filler.pod, "/metadata/name"), text(filler.pod, "/metadata/uid"));
        let account = text(filler.pod, "/spec/serviceAccountName");
        let token_text = filler.kubectl.token(filler.namespace(), account, Some(pod), text(token, "/audience"))?;
        return write(&folder.join(text(token, "/path")), token_text);
    }
    if let Some(downward) = source.get("downwardAPI") {
        for item in downward["items"].as_array().into_iter().flatten() {
            let value = field(filler.pod, text(item, "/fieldRef/fieldPath"))?;
            write(&folder.join(text(item, "/path")), value)?;
        }
        return Ok(());
    }
    let (kind, reference, name) = match (source.get("secret"), source.get("configMap")) {
        (Some(secret), _) => {
            let name = if secret.get("secretName").is_some() { "/secretName" } else { "/name" };
            ("secrets", secret, text(secret, name))
        }
        (None, Some(map)) => ("configmaps", map, text(map, "/name")),
        (None, None) => return Err(Trouble::new(format!("its type is not known here: {source}"))),
    };
    let Some(contents) = contents(kind, name, filler)? else {
        if reference["optional"].as_bool().unwrap_or(false) {
            return Ok(());
        }
        return Err(Trouble::new(format!("{kind} {name} is missing in namespace {}", filler.namespace())));
    };
    let items = reference["items"].as_array();
    for (key, bytes) in contents {
        match items {
            None => put(&folder.join(&key), &bytes)?,
            Some(items) => {
                for item in items.iter().filter(|i| text(i, "/key") == key) {
                    put(&folder.join(text(item, "/path")), &bytes)?;
                }
            }
        }
    }
    Ok(())
}

/// Who watches a file waits until nothing is written to it any more, so what is there is left.
fn put(file: &Path, bytes: &[u8]) -> Outcome<()> {
    if std::fs::read(file).is_ok_and(|there| there == bytes) { Ok(()) } else { write(file, bytes) }
}

/// Keys of a Secret or ConfigMap with their bytes.
type Contents = Vec<(String, Vec<u8>)>;

fn contents(kind: &str, name: &str, filler: &Filler<'_>) -> Outcome<Option<Contents>> {
    let Some(object) = filler.kubectl.get(kind, filler.namespace(), name)? else { return Ok(None) };
    let mut out = Contents::new();
    for (field, encoded) in [("data", kind == "secrets"), ("binaryData", true)] {
        for (key, value) in object[field].as_object().into_iter().flatten() {
            let value = value.as_str().unwrap_or_default();
            let bytes = if encoded { STANDARD.decode(value).during(key)? } else { value.as_bytes().to_vec() };
            out.push((key.clone(), bytes));
        }
    }
    Ok(Some(out))
}

/// The string at a pointer, or nothing.
pub fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

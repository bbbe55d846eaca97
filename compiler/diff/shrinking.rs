//! Changes whose effect is another one where a value shrinks: retention, replicas, shards, deduplication.
//!
//! What cannot be read is taken for the graver one. Sources: VictoriaMetrics' `-retentionPeriod` (a number without a
//! unit is months, the default is one); Prometheus' `--storage.tsdb.retention.size` and the operator's `ByteSize`
//! (decimals, `GB` and `GiB`, both powers of 1024); the operator's default of 24h where neither a time nor a size is given.

use serde_json::Value as Json;

use super::Effect;
use crate::model::value::Duration;

const DELETED: &str = "samples older than the new retention are deleted";
const DAY: f64 = 86_400_000.0;
/// As VictoriaMetrics counts them.
const MONTH: f64 = 31.0 * DAY;

/// `path` of the object or values file, and its value on both sides, where there is one.
pub(super) fn of(
    kind: &str,
    path: &[String],
    before: Option<&Json>,
    after: Option<&Json>,
) -> Option<(Effect, &'static str)> {
    if before.is_none() && after.is_none() {
        return None;
    }
    let field = path.last()?.as_str();
    let prometheus = matches!(kind, "Prometheus" | "PrometheusAgent") && path.len() == 2;
    match field {
        "retentionPeriod" => less(months(before), months(after)).then_some((Effect::DataLoss, DELETED)),
        "retention" if prometheus => {
            let time = |value: Option<&Json>| value.map_or(Some(DAY), millis);
            less(time(before), time(after)).then_some(match after {
                Some(_) => (Effect::DataLoss, DELETED),
                None => (Effect::DataLoss, "without it 24h are kept, or 15d beside a size: older samples are deleted"),
            })
        }
        "retentionSize" if prometheus => {
            let limit = |value: Option<&Json>| value.map_or(Some(f64::INFINITY), bytes);
            less(limit(before), limit(after))
                .then_some((Effect::DataLoss, "the oldest samples beyond the new size are deleted"))
        }
        "replicas" if prometheus => less(count(before), count(after)).then_some((
            Effect::QueueReset,
            "what only the replicas that go have, or had not sent yet, stays on their volumes, out of reach",
        )),
        "shards" if prometheus => less(count(before), count(after)).then_some((
            Effect::DataLoss,
            "the samples of the shards that go, and what they had not sent yet, stay on their volumes, out of reach",
        )),
        "replicaCount" if path.first().is_some_and(|c| c == "vmstorage") => less(count(before), count(after)).then_some((
            Effect::DataLoss,
            "nodes taken away take what only they store along: give what they hold time to expire, or vmctl it over, \
             before they go; with replication, take away one less than its factor",
        )),
        "replicationFactor" if path.first().is_some_and(|c| c == "vminsert") => {
            less(copies(before), copies(after)).then_some((
                Effect::DataLoss,
                "what is written from now on has fewer copies: as many storage nodes as there are copies, once lost, take \
                 samples along for good",
            ))
        }
        "whenDeleted" | "whenScaled" if path.iter().any(|step| step == "persistentVolumeClaimRetentionPolicy") => {
            (after.and_then(Json::as_str) == Some("Delete"))
                .then_some((Effect::DataLoss, "from now on volumes are deleted with what they belong to: samples that only they have are lost then"))
        }
        "replicas" if kind == "Alertmanager" && path.len() == 2 => less(count(before), count(after)).then_some((
            Effect::Restart,
            "the peers that stay take over; with one alone silences and what was notified are on its volume only",
        )),
        "dedup.minScrapeInterval" => {
            let (before, after) = (before?, after?);
            less(millis(before), millis(after))
                .then_some((Effect::Restart, "more samples are kept from now on; what was deleted stays so"))
        }
        _ => None,
    }
}

fn less(before: Option<f64>, after: Option<f64>) -> bool {
    match (before, after) {
        (Some(before), Some(after)) => after < before,
        _ => true,
    }
}

/// Pods; one where nothing is said.
#[allow(clippy::cast_precision_loss)]
fn count(value: Option<&Json>) -> Option<f64> {
    value.map_or(Some(1.0), |v| v.as_u64().map(|n| n as f64))
}

/// Values of flags are texts.
fn copies(value: Option<&Json>) -> Option<f64> {
    value.map_or(Some(1.0), |v| v.as_f64().or_else(|| v.as_str()?.parse().ok()))
}

#[allow(clippy::cast_precision_loss)]
fn millis(value: &Json) -> Option<f64> {
    Duration::parse(value.as_str()?).ok().map(|d| d.millis() as f64)
}

fn months(value: Option<&Json>) -> Option<f64> {
    let Some(value) = value else { return Some(MONTH) };
    let number = value.as_f64().or_else(|| value.as_str()?.parse().ok());
    number.map(|n| n * MONTH).or_else(|| millis(value))
}

/// `80GB`, `0.5TiB`; `0` is no limit.
fn bytes(value: &Json) -> Option<f64> {
    let text = value.as_str().map(str::to_owned).or_else(|| value.as_u64().map(|n| n.to_string()))?;
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let shift = match text[number.len()..].trim_end_matches("iB").trim_end_matches('B') {
        "" => 0,
        "K" => 10,
        "M" => 20,
        "G" => 30,
        "T" => 40,
        "P" => 50,
        "E" => 60,
        _ => return None,
    };
    let number: f64 = number.parse().ok()?;
    Some(if number == 0.0 { f64::INFINITY } else { number * f64::powi(2.0, shift) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn effect(kind: &str, path: &[&str], before: Option<Json>, after: Option<Json>) -> Option<Effect> {
        let path: Vec<String> = path.iter().map(|s| (*s).to_owned()).collect();
        of(kind, &path, before.as_ref(), after.as_ref()).map(|(effect, _)| effect)
    }

    #[test]
    fn fewer_copies_and_volumes_that_go_with_their_owner_are_told() {
        let copies = |was: &str, is: &str| {
            effect("values", &["vminsert", "extraArgs", "replicationFactor"], Some(was.into()), Some(is.into()))
        };
        assert_eq!((copies("2", "1"), copies("1", "2")), (Some(Effect::DataLoss), None));
        let policy = ["spec", "persistentVolumeClaimRetentionPolicy", "whenScaled"];
        let of = |was: &str, is: &str| effect("StatefulSet", &policy, Some(was.into()), Some(is.into()));
        assert_eq!((of("Retain", "Delete"), of("Delete", "Retain")), (Some(Effect::DataLoss), None));
    }

    #[test]
    fn retention_of_victoriametrics_is_counted_in_months_without_a_unit() {
        let of =
            |before: Json, after: Json| effect("values", &["server", "retentionPeriod"], Some(before), Some(after));
        for (before, after) in [(json!(12), json!("30d")), (json!("12"), json!("30d")), (json!("1y"), json!(11))] {
            assert_eq!(of(before.clone(), after), Some(Effect::DataLoss), "{before}");
        }
        assert_eq!(of(json!(1), json!("90d")), None);
        assert_eq!(of(json!("soon"), json!("90d")), Some(Effect::DataLoss), "nobody knows");
        let gone = |before| effect("values", &["server", "retentionPeriod"], Some(before), None);
        assert_eq!((gone(json!("90d")), gone(json!("7d"))), (Some(Effect::DataLoss), None));
    }

    #[test]
    fn sizes_have_decimals_and_two_kinds_of_units_and_none_is_no_limit() {
        let of = |before: Option<&str>, after: Option<&str>| {
            effect("Prometheus", &["spec", "retentionSize"], before.map(Json::from), after.map(Json::from))
        };
        for before in ["120GiB", "0.2TB", "1.5TB", "0", "81GB"] {
            assert_eq!(of(Some(before), Some("80GB")), Some(Effect::DataLoss), "{before}");
        }
        assert_eq!(of(None, Some("80GB")), Some(Effect::DataLoss));
        assert_eq!(of(Some("80GB"), None), None);
        assert_eq!(of(Some("80GB"), Some("0.1TB")), None);
    }

    #[test]
    fn what_is_not_said_is_the_operators_default() {
        let of = |field: &str, before: Option<Json>, after: Option<Json>| {
            effect("Prometheus", &["spec", field], before, after)
        };
        assert_eq!(of("retention", Some(json!("15d")), None), Some(Effect::DataLoss));
        assert_eq!(of("retention", None, Some(json!("15d"))), None);
        assert_eq!(of("replicas", Some(json!(2)), None), Some(Effect::QueueReset));
        assert_eq!(of("replicas", None, Some(json!(2))), None);
        assert_eq!(of("shards", Some(json!(3)), None), Some(Effect::DataLoss));
        assert_eq!(of("shards", Some(json!(1)), Some(json!(3))), None);
    }
}

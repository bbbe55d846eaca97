//! Random rules and labels: what is drawn is drawn again from the same seed.
//!
//! Regexes are made from a text they are to match, for one that never does proves nothing; names and values come from small
//! pools, so that rules meet the labels of others.

use watershed::relabel::regex::{Paste, Regex};
use watershed::relabel::{Action, Dialect, Rule};

use super::regexes::regex;

/// SplitMix64.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// A stream of its own for each seed and part.
    pub fn new(seed: u64, part: u64) -> Self {
        // Mixed before it is added: the state goes on by a constant, and neighbours would share their numbers.
        Random(Random(seed).next() ^ Random(!part).next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit.max(1) as u64).unwrap_or(0)
    }

    /// True in `n` of a hundred.
    pub fn percent(&mut self, n: usize) -> bool {
        self.below(100) < n
    }

    pub fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }
}

/// Label sets, in the order they are written down.
pub type Pairs = Vec<(String, String)>;

const NAMES: [&str; 18] = [
    "a",
    "b",
    "namespace",
    "pod",
    "node",
    "region",
    "exported_a",
    "exported_b",
    "exported_exported_a",
    "exported_job",
    "job",
    "instance",
    "exported_namespace",
    "le",
    "_x",
    "A",
    "a1",
    "label_app",
];
const TEMPORARY: [&str; 4] = ["__tmp_a", "__tmp_hash", "__meta_b", "__x"];
/// Names that Prometheus 2 does not know.
const FREE: [&str; 6] = ["k8s.io/app", "zone-a", "é", "a b", "名", "1a"];
const METRICS: [&str; 6] =
    ["m", "m_total", "node_cpu_seconds_total", "container_memory_rss", "kube:pod:sum", "upper_A"];
pub const VALUES: [&str; 40] = [
    "x",
    "X",
    "prod",
    "prod-1",
    "hero-user-a",
    "hero-user-B",
    "kube-system",
    "10.0.0.1:9100",
    "a;b",
    "a.b",
    "aXb",
    "ab",
    "line\nbreak",
    "\n",
    "x\n",
    "ÄÖü",
    "ß",
    "İı",
    "ſK",
    "ΣΑΣ",
    "ᾳᾀ",
    "12",
    "0",
    "007",
    "٣",
    "_y",
    "a",
    "b",
    "namespace",
    "1a",
    "k=v",
    "(.*)",
    "$1",
    "aaa",
    "abab",
    " ",
    "a b",
    "Pod;web-0",
    "back\\slash",
    "quo\"te",
];
const SEPARATORS: [&str; 7] = [";", "", "-", ",", "::", "é", "\n"];

/// What rules of a program may look like.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    pub dialect: Dialect,
    /// Names beyond letters, digits and `_`.
    pub free_names: bool,
}

impl Style {
    /// A name labels of this program may have.
    pub fn name(self, random: &mut Random) -> String {
        match random.below(100) {
            0..12 => random.pick(&TEMPORARY).to_owned(),
            12..24 if self.free_names => random.pick(&FREE).to_owned(),
            _ => random.pick(&NAMES).to_owned(),
        }
    }
}

pub fn value(random: &mut Random) -> String {
    random.pick(&VALUES).to_owned()
}

pub fn metric(random: &mut Random) -> String {
    random.pick(&METRICS).to_owned()
}

/// Up to `most` labels, each name once, sorted; `empty` in a hundred have no value.
pub fn labels(random: &mut Random, style: Style, most: usize, empty: usize) -> Pairs {
    let mut all = std::collections::BTreeMap::new();
    for _ in 0..=random.below(most) {
        let name = style.name(random);
        all.insert(name, if random.percent(empty) { String::new() } else { value(random) });
    }
    all.into_iter().collect()
}

/// Rules for labels of which `seen` are examples.
pub fn chain(random: &mut Random, style: Style, seen: &[&Pairs], most: usize) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    for _ in 0..=random.below(most) {
        rules.push(rule(random, style, seen));
    }
    rules
}

fn rule(random: &mut Random, style: Style, seen: &[&Pairs]) -> Rule {
    let vmagent = style.dialect.is_vmagent();
    let one = seen[random.below(seen.len())];
    let action = action(random, vmagent);
    let mut rule = Rule::new(action);
    let source = |random: &mut Random, from: usize| -> Vec<String> {
        let number = (from + random.below(3)).max(1);
        (0..number)
            .map(|_| {
                if random.percent(75) && !one.is_empty() {
                    one[random.below(one.len())].0.clone()
                } else {
                    style.name(random)
                }
            })
            .collect()
    };
    let joined = |names: &[String], separator: &str| -> String {
        let value = |name: &String| one.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v.as_str());
        names.iter().map(value).collect::<Vec<_>>().join(separator)
    };
    match action {
        Action::LabelMap | Action::LabelMapAll | Action::LabelDrop | Action::LabelKeep => {
            let name = if one.is_empty() || random.percent(15) {
                style.name(random)
            } else {
                one[random.below(one.len())].0.clone()
            };
            let mut regex = regex(random, &name);
            if action == Action::LabelKeep {
                // A series without its name ends the scrape: rarely.
                let rest = if random.percent(97) { "|__.*|job|instance|[a-n].*" } else { "" };
                regex = format!("{regex}{rest}");
            } else if action == Action::LabelDrop && takes_the_name(&regex) && random.percent(95) {
                regex = "a|exported_.+|pod".to_owned();
            }
            rule = rule.regex(regex);
            if matches!(action, Action::LabelMap | Action::LabelMapAll) && random.percent(80) {
                rule = rule.replacement(random.pick(&[
                    "$1",
                    "label_$1",
                    "${1}_x",
                    "a",
                    "b$1",
                    "exported_${1}",
                    "x_${2}",
                    "__tmp_$1",
                ]));
            }
            return rule;
        }
        _ => {}
    }
    let separator = random.percent(35).then(|| random.pick(&SEPARATORS).to_owned());
    let names = match action {
        Action::KeepMetrics | Action::DropMetrics => vec!["__name__".to_owned()],
        Action::KeepIfEqual | Action::DropIfEqual => source(random, 2),
        Action::Replace if random.percent(8) => Vec::new(),
        _ => source(random, 1),
    };
    let text = joined(&names, separator.as_deref().unwrap_or(";"));
    let with_regex = match action {
        Action::Replace => random.percent(75),
        Action::Keep | Action::Drop => true,
        Action::KeepMetrics | Action::DropMetrics | Action::ReplaceAll => true,
        _ => false,
    };
    if with_regex {
        rule = rule.regex(if random.percent(85) {
            regex(random, &text)
        } else {
            let v = value(random);
            regex(random, &v)
        });
    }
    if vmagent && with_regex && random.percent(12) {
        let odd = random.pick(&["12", "true", "null", "007", "a|b", "(a", "x.*"]);
        let more: Vec<String> = (0..=random.below(2)).map(|_| regex(random, &text)).collect();
        let mut list: Vec<&str> = more.iter().map(String::as_str).collect();
        list.insert(random.below(list.len() + 1), odd);
        rule = rule.regex_of(&list);
    }
    match action {
        Action::Replace | Action::ReplaceAll => {
            if random.percent(70) {
                rule = rule.replacement(replacement(random, vmagent));
            }
            let templated = action == Action::Replace && random.percent(15);
            rule = rule.target(if templated {
                random.pick(&["$1", "${1}_x", "x_$1", "a${2}", "$1$2"]).to_owned()
            } else {
                target(random, style)
            });
        }
        Action::HashMod => rule = rule.target(target(random, style)).modulus(1 + random.below(20) as u64),
        Action::KeepEqual | Action::DropEqual | Action::Lowercase | Action::Uppercase => {
            rule = rule.target(if random.percent(50) && !names.is_empty() {
                names[random.below(names.len())].clone()
            } else {
                target(random, style)
            });
            if !style.free_names && rule.target_label.as_deref() == Some("__name__") {
                rule = rule.target("a");
            }
        }
        Action::KeepIfContains | Action::DropIfContains => rule = rule.target(target(random, style)),
        _ => {}
    }
    if !matches!(action, Action::KeepMetrics | Action::DropMetrics) {
        rule = rule.source(names);
    }
    // Prometheus takes neither with a separator; vmagent does.
    let plain = matches!(action, Action::KeepEqual | Action::DropEqual) && !vmagent;
    if let Some(separator) = separator.filter(|_| !plain) {
        rule = rule.separator(separator);
    }
    if vmagent && random.percent(25) {
        rule = rule.when(condition(random, style, one));
    }
    rule
}

/// Whether a regex takes the name of a series, without which a scrape ends.
fn takes_the_name(text: &str) -> bool {
    Regex::new(text, Paste::DotAll).is_ok_and(|regex| regex.is_match("__name__"))
}

fn action(random: &mut Random, vmagent: bool) -> Action {
    // `keep` and `drop` are a chain's end for whatever they take: rarer than their share.
    let common = [
        Action::Replace,
        Action::Replace,
        Action::Replace,
        Action::Replace,
        Action::LabelMap,
        Action::LabelMap,
        Action::LabelDrop,
        Action::LabelKeep,
        Action::HashMod,
        Action::Lowercase,
        Action::Uppercase,
        Action::Drop,
        Action::Keep,
        Action::DropEqual,
    ];
    let own = [
        Action::ReplaceAll,
        Action::ReplaceAll,
        Action::LabelMapAll,
        Action::KeepIfEqual,
        Action::DropIfEqual,
        Action::KeepIfContains,
        Action::DropIfContains,
        Action::KeepMetrics,
        Action::DropMetrics,
    ];
    if random.percent(3) {
        return Action::KeepEqual;
    }
    if vmagent && random.percent(35) { own[random.below(own.len())] } else { common[random.below(common.len())] }
}

fn target(random: &mut Random, style: Style) -> String {
    if random.percent(4) { "__name__".to_owned() } else { style.name(random) }
}

fn replacement(random: &mut Random, vmagent: bool) -> String {
    if vmagent && random.percent(15) {
        return random.pick(&["{{a}}", "{{namespace}}-$1", "x{{missing}}", "{{a", "{{b}}{{a}}"]).to_owned();
    }
    let all = [
        "$1",
        "${1}",
        "$2",
        "${1}-${2}",
        "$1_x",
        "${1}_x",
        "x",
        "",
        "$$1",
        "$0",
        "pre-$1",
        "${n}",
        "$n",
        "$",
        "é$1",
        "a.$1",
    ];
    random.pick(&all).to_owned()
}

fn condition(random: &mut Random, style: Style, one: &Pairs) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let join = random.pick(&[",", " or "]);
    let mut filters = Vec::new();
    for _ in 0..=random.below(2) {
        let (name, value) = match one.is_empty() || random.percent(20) {
            true => (style.name(random), value(random)),
            false => one[random.below(one.len())].clone(),
        };
        let name = if name.bytes().all(|b| b == b'_' || b.is_ascii_alphabetic()) { name } else { quoted(&name) };
        // Before 1.150 the name one group asks for is asked of all groups.
        let of_all = join == " or " && name == "__name__";
        let filter = match random.below(4) {
            0 if of_all => format!("{name}!={}", quoted(&value)),
            0 => format!("{name}={}", quoted(&value)),
            1 => format!("{name}!={}", quoted(&value)),
            2 => format!("{name}=~{}", quoted(&regex(random, &value))),
            _ => format!("{name}!~{}", quoted(&regex(random, &value))),
        };
        filters.push(filter);
    }
    format!("{{{}}}", filters.join(join))
}

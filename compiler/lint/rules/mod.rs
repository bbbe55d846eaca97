//! The rules, in the order of their codes.

pub mod alerts_to_nobody;
pub mod assumed_pods;
pub mod everything_selected;
pub mod fast_and_read;
pub mod narrow_uplink;
pub mod nothing_left;
pub mod open_credentials;
pub mod pairs_kept_twice;
pub mod rare_scrapes;
pub mod unknown_metric;
pub mod unknown_window;
pub mod unused_allow;

use super::Rule;
use crate::diag::Code;

pub const RULES: &[Rule] = &[
    alerts_to_nobody::RULE,
    assumed_pods::RULE,
    narrow_uplink::RULE,
    unused_allow::RULE,
    unknown_metric::RULE,
    nothing_left::RULE,
    everything_selected::RULE,
    fast_and_read::RULE,
    rare_scrapes::RULE,
    pairs_kept_twice::RULE,
    open_credentials::RULE,
    unknown_window::RULE,
    unknown_window::PAIRS_RULE,
];

pub const CODES: [&Code; RULES.len()] = {
    let mut codes = [RULES[0].code; RULES.len()];
    let mut i = 0;
    while i < RULES.len() {
        codes[i] = RULES[i].code;
        i += 1;
    }
    codes
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_says_why_and_what_to_do() {
        for rule in RULES {
            assert!(!rule.code.why.is_empty() && !rule.code.help.is_empty(), "{}", rule.code.id);
            assert!(rule.code.allowable || rule.code.id == "LNT104", "{} cannot be allowed", rule.code.id);
        }
    }
}

//! Which Prometheus owns which job or class (§6.5 of the reference).
//!
//! A claim is an item of a `jobs` list, or the `prometheus` of a job or class. `job/class` beats
//! `job`, and `rest` takes what nobody claims.

use std::collections::BTreeMap;

use super::codes;
use super::context::Context;
use super::lane::no_such_lane;
use super::merge::Block;
use crate::diag::{Diagnostic, Span};

#[derive(Debug, Clone, Copy)]
pub struct Claim<'d> {
    pub lane: &'d str,
    pub at: Span,
}

#[derive(Debug, Default)]
pub struct Claims<'d> {
    of: BTreeMap<(&'d str, Option<&'d str>), Claim<'d>>,
    /// The Prometheus that takes the rest.
    pub rest: Option<&'d str>,
    pub any_lane: bool,
}

impl<'d> Claims<'d> {
    /// The claims of a cluster. A job or class in two Prometheis is reported.
    pub fn of(cx: &mut Context<'_, 'd>, cluster: &str, block: &Block<'d>) -> Self {
        let mut claims = Claims::default();
        let mut lanes = Vec::new();
        for (lane, _, lane_block) in block.enabled("prometheus") {
            claims.any_lane = true;
            if lane_block.flag("rest").is_some() {
                claims.rest = claims.rest.or(Some(lane));
            }
            lanes.push(lane);
            for (text, at) in lane_block.texts("jobs") {
                let (job, class) = split(text);
                claims.claim(cx, cluster, (job, class), Claim { lane, at });
            }
        }
        for (job, _, job_block) in block.enabled("job") {
            let classes = job_block.enabled("class").map(|(class, _, b)| (Some(class), b));
            for (class, named) in std::iter::once((None, job_block)).chain(classes) {
                let Some(said) = named.scalar("prometheus") else { continue };
                let Some(lane) = said.value.as_str() else { continue };
                if lanes.contains(&lane) {
                    claims.claim(cx, cluster, (job, class), Claim { lane, at: said.span });
                } else {
                    no_such_lane(cx, cluster, lane, said.span, lanes.iter().copied());
                }
            }
        }
        claims
    }

    fn claim(&mut self, cx: &mut Context<'_, 'd>, cluster: &str, what: (&'d str, Option<&'d str>), claim: Claim<'d>) {
        let Some(first) = self.of.insert(what, claim).filter(|first| first.lane != claim.lane) else { return };
        // The later line of the text is the one to change.
        let (first, second) = if first.at < claim.at { (first, claim) } else { (claim, first) };
        let (kind, name) = match what {
            (job, None) => ("job", job.to_owned()),
            (job, Some(class)) => ("class", format!("{job}/{class}")),
        };
        cx.read.report(
            Diagnostic::new(
                &codes::TWO_OWNERS,
                second.at,
                format!(
                    "the {kind} `{name}` is in two Prometheis of cluster `{cluster}`: `{}` and `{}`",
                    first.lane, second.lane
                ),
            )
            .here(format!("in `{}`", second.lane))
            .label(first.at, format!("and in `{}`", first.lane)),
        );
    }

    /// The claim of exactly this job or class.
    pub fn get(&self, job: &str, class: Option<&str>) -> Option<Claim<'d>> {
        self.of.get(&(job, class)).copied()
    }

    /// The Prometheus that owns a job or class, if one does.
    pub fn owner(&self, job: &str, class: Option<&str>) -> Option<&'d str> {
        let claim = class.and_then(|c| self.get(job, Some(c))).or_else(|| self.get(job, None));
        claim.map(|c| c.lane).or(self.rest)
    }

    /// All claims of a job and its classes.
    pub fn of_job<'c>(&'c self, job: &'c str) -> impl Iterator<Item = (Option<&'d str>, Claim<'d>)> + use<'c, 'd> {
        // `None` is the smallest class.
        self.of
            .range((job, None)..)
            .take_while(move |((j, _), _)| *j == job)
            .map(|((_, class), claim)| (*class, *claim))
    }

    /// Names of all jobs claimed.
    pub fn jobs(&self) -> impl Iterator<Item = &'d str> {
        self.of.keys().map(|(job, _)| *job)
    }
}

pub fn split(text: &str) -> (&str, Option<&str>) {
    text.split_once('/').map_or((text, None), |(job, class)| (job, Some(class)))
}

//! Exit codes: a public table, held by a test against the README.

/// What a run ends with. Several at once: the gravest wins, in the order of [`Exit::grave`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Clean,
    /// Our own input or output failed: spec unreadable, output not writable, bad git revision.
    InputOutput,
    /// Differences: `diff`, `build --check`, `fmt --check`, stale docs.
    Differences,
    /// Findings at or above `--fail-on`.
    Findings,
    /// Another side is unreachable, forbidden or incomplete; also a partial apply.
    OtherSide,
    /// Usage; no spec found.
    Usage,
    /// A bug of ours.
    Bug,
}

/// Code, meaning: as the README prints it.
pub const TABLE: [(Exit, u8, &str); 7] = [
    (Exit::Clean, 0, "clean"),
    (
        Exit::InputOutput,
        1,
        "our own input or output failed: spec unreadable, output not writable, no such git revision",
    ),
    (
        Exit::Differences,
        2,
        "differences: `diff`, `build --check`, `fmt --check`; `apply` without approval or against the answer",
    ),
    (Exit::Findings, 3, "findings at or above `--fail-on`: anything written in the spec, syntax errors included"),
    (
        Exit::OtherSide,
        4,
        "another side (cluster, snapshot, release, earlier spec) unreachable, forbidden or incomplete; a partial `apply`",
    ),
    (Exit::Usage, 64, "usage, or no spec found"),
    (Exit::Bug, 70, "a bug of ours"),
];

impl Exit {
    pub fn code(self) -> u8 {
        TABLE.iter().find(|(exit, ..)| *exit == self).map_or(70, |(_, code, _)| *code)
    }

    /// The graver of two.
    #[must_use]
    pub fn and(self, other: Exit) -> Exit {
        if other.grave() > self.grave() { other } else { self }
    }

    fn grave(self) -> u8 {
        match self {
            Exit::Clean => 0,
            Exit::Differences => 1,
            Exit::Findings => 2,
            Exit::OtherSide => 3,
            Exit::InputOutput => 4,
            Exit::Usage => 5,
            Exit::Bug => 6,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gravest_wins_in_the_documented_order() {
        let order = [Exit::Bug, Exit::Usage, Exit::InputOutput, Exit::OtherSide, Exit::Findings, Exit::Differences];
        for pair in order.windows(2) {
            assert_eq!(pair[0].and(pair[1]), pair[0]);
            assert_eq!(pair[1].and(pair[0]), pair[0]);
        }
        assert_eq!(order.map(Exit::code), [70, 64, 1, 4, 3, 2]);
        assert_eq!(Exit::Clean.and(Exit::Differences).code(), 2);
    }
}

//! A case: one text file with the files it needs, the commands, and all they print.
//!
//! ```text
//! What the case is about, in a sentence or two.
//! -- fleet.kdl --
//! fleet "lab" language=1
//! -- run --
//! $ watershed check fleet.kdl
//! [stderr]
//! error[…]: …
//! [exit 3]
//! ```

/// One parsed case.
pub struct Case {
    /// Everything above `-- run --`, as it stands.
    head: String,
    pub files: Vec<File>,
    pub steps: Vec<Step>,
}

/// A section `-- path (how, how) --` and what stands below it.
pub struct File {
    pub path: String,
    pub how: Vec<String>,
    pub body: String,
}

/// A line `$ command` and the lines below it.
pub struct Step {
    pub command: String,
    pub expected: String,
}

impl Case {
    pub fn parse(text: &str) -> Result<Case, String> {
        let mut head = String::new();
        let mut files: Vec<File> = Vec::new();
        let mut steps: Vec<Step> = Vec::new();
        let mut running = false;
        for line in text.split_inclusive('\n') {
            let bare = line.trim_end_matches('\n');
            if running {
                if let Some(command) = bare.strip_prefix("$ ") {
                    steps.push(Step { command: command.to_owned(), expected: String::new() });
                } else if let Some(step) = steps.last_mut() {
                    step.expected.push_str(line);
                } else if !bare.is_empty() {
                    return Err(format!("`{bare}` stands above the first command"));
                }
                continue;
            }
            head.push_str(line);
            match section(bare) {
                Some(("run", _)) => running = true,
                Some((path, how)) => files.push(File { path: path.to_owned(), how, body: String::new() }),
                None => {
                    if let Some(file) = files.last_mut() {
                        file.body.push_str(line);
                    }
                }
            }
        }
        if head.starts_with("-- ") {
            return Err("the case does not begin with a sentence that says what it is about".to_owned());
        }
        if steps.is_empty() {
            return Err("the case has no `-- run --` with a command".to_owned());
        }
        Ok(Case { head, files, steps })
    }

    /// The case with other expectations.
    pub fn with(&self, transcripts: &[String]) -> String {
        let mut out = self.head.clone();
        for (i, (step, transcript)) in self.steps.iter().zip(transcripts).enumerate() {
            if i > 0 {
                out.push('\n');
            }
            out.push_str(&format!("$ {}\n{transcript}", step.command));
        }
        out
    }

    /// The case as its expectations stand, for comparing with [`Case::with`].
    pub fn as_written(&self) -> String {
        let expected: Vec<String> = self
            .steps
            .iter()
            .map(|s| {
                // The blank line between two steps belongs to neither.
                let own = s.expected.trim_end_matches('\n');
                if own.is_empty() { String::new() } else { format!("{own}\n") }
            })
            .collect();
        self.with(&expected)
    }
}

/// `-- path --` or `-- path (how, how) --`.
fn section(line: &str) -> Option<(&str, Vec<String>)> {
    let inner = line.strip_prefix("-- ")?.strip_suffix(" --")?;
    match inner.strip_suffix(')').and_then(|i| i.split_once(" (")) {
        None => Some((inner, Vec::new())),
        Some((path, how)) => Some((path, how.split(", ").map(str::to_owned).collect())),
    }
}

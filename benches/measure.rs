//! Clocks, peaks and trees: everything that touches the machine.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Runs a command to its end and says how long that took, as somebody who waits sees it.
pub fn timed<S: AsRef<OsStr>>(program: &str, args: &[S]) -> io::Result<Duration> {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let start = Instant::now();
    let output = command.output()?;
    let took = start.elapsed();
    if output.status.success() {
        return Ok(took);
    }
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(io::Error::other(format!("{program} ended with {}:\n{text}", output.status)))
}

/// `work` in this process.
pub fn clocked<T>(sum: &mut Duration, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    *sum += start.elapsed();
    result
}

/// The most memory this process ever had resident, in bytes: `VmHWM` of `/proc/self/status`, its
/// own code and libraries included.
pub fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

/// Files and bytes below a folder.
#[derive(Debug, Default, Clone, Copy)]
pub struct Size {
    pub files: usize,
    pub bytes: u64,
}

pub fn size(folder: &Path) -> io::Result<Size> {
    let mut sum = Size::default();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            let inner = size(&entry.path())?;
            sum.files += inner.files;
            sum.bytes += inner.bytes;
        } else {
            sum.files += 1;
            sum.bytes += entry.metadata()?.len();
        }
    }
    Ok(sum)
}

pub fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// The middle one; of an even number the upper of the two in the middle.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

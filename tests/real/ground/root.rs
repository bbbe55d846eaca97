//! The file system of a container: its own root, in it the machine's libraries, the one program its image is known for,
//! its volumes, and names and certificates of this run in `/etc`.

use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::mount::{MountFlags, UnmountFlags};

use super::{During, Outcome, Trouble, write};

/// What every root of a run has in common.
#[derive(Debug, Clone)]
pub struct Base {
    /// `/etc/hosts` of all pods; rewritten in place when services come and go.
    pub hosts: PathBuf,
    /// What they trust.
    pub authority: PathBuf,
    /// The machine's files as they were before the first pod had mounts of its own.
    pub machine: PathBuf,
}

impl Base {
    /// # Errors
    /// The machine's files cannot be mounted a second time.
    pub fn new(scratch: &Path, authority: &Path) -> Outcome<Self> {
        let machine = scratch.join("machine");
        std::fs::create_dir_all(&machine).during(machine.display())?;
        rustix::mount::mount_bind_recursive("/", &machine).during("the machine's files a second time")?;
        let hosts = scratch.join("hosts");
        write(&hosts, "127.0.0.1 localhost\n")?;
        Ok(Self { hosts, authority: authority.to_owned(), machine })
    }
}

pub struct Root {
    path: PathBuf,
    mounts: Vec<PathBuf>,
}

impl Root {
    /// # Errors
    /// A mount or a file could not be made.
    pub fn new(path: PathBuf, base: &Base) -> Outcome<Self> {
        let mut root = Self { path, mounts: Vec::new() };
        for folder in ["etc", "tmp", "bin", "var", "run"] {
            let folder = root.path.join(folder);
            std::fs::create_dir_all(&folder).during(folder.display())?;
        }
        for name in ["usr", "lib", "lib32", "lib64", "proc", "dev", "sys"] {
            let from = Path::new("/").join(name);
            match std::fs::read_link(&from) {
                Ok(target) => {
                    let link = root.path.join(name);
                    std::os::unix::fs::symlink(target, &link).during(link.display())?;
                }
                Err(_) if from.is_dir() => {
                    let of_kernel = matches!(name, "proc" | "dev" | "sys");
                    root.bind(&from, &format!("/{name}"), !of_kernel)?;
                }
                Err(_) => {}
            }
        }
        let etc = root.path.join("etc");
        write(&etc.join("passwd"), "root:x:0:0::/:/\nnobody:x:65534:65534::/:/\n")?;
        write(&etc.join("nsswitch.conf"), "hosts: files\n")?;
        write(&etc.join("resolv.conf"), "options attempts:1 timeout:1\n")?;
        root.bind(&base.hosts, "/etc/hosts", true)?;
        root.bind(&base.authority, "/etc/ssl/certs/ca-certificates.crt", true)?;
        Ok(root)
    }

    /// Makes a file or folder appear at `at`, an absolute path in here.
    ///
    /// # Errors
    /// It does not exist, or `at` is where the machine's own files are.
    pub fn bind(&mut self, source: &Path, at: &str, read_only: bool) -> Outcome<()> {
        let target = self.path.join(at.trim_start_matches('/'));
        let what = || format!("mounting {} at {at}", source.display());
        let of_machine = ["/usr/", "/lib", "/proc/", "/sys/"].iter().any(|p| at.starts_with(p)) && at.len() > 6;
        if of_machine && !target.exists() {
            return Err(Trouble::new(format!("{}: nothing may be made below the machine's own folders", what())));
        }
        if !target.exists() {
            if source.is_dir() {
                std::fs::create_dir_all(&target).during(what())?;
            } else {
                write(&target, "").map_err(|e| e.during(what()))?;
            }
        }
        rustix::mount::mount_bind_recursive(source, &target).during(what())?;
        self.mounts.push(target.clone());
        if read_only {
            // What the machine has locked stays as it is in a user namespace; it is a safeguard, not what is tested.
            let _ = rustix::mount::mount_remount(&target, MountFlags::BIND | MountFlags::RDONLY, "");
        }
        Ok(())
    }

    /// Lays a package's `/usr` over the machine's.
    ///
    /// # Errors
    /// The kernel has no overlays, or does not permit them here.
    pub fn over_usr(&mut self, package: &Path) -> Outcome<()> {
        let target = self.path.join("usr");
        let layers =
            std::ffi::CString::new(format!("lowerdir={}:/usr", package.display())).during(package.display())?;
        rustix::mount::mount("overlay", &target, "overlay", MountFlags::RDONLY, layers.as_c_str())
            .during(format!("{} over /usr", package.display()))?;
        self.mounts.push(target);
        Ok(())
    }

    /// A command that runs `program`, an absolute path in here, on the network that `namespace` names.
    pub fn command(&self, program: &str, namespace: &Path, folder: &str) -> Command {
        let mut command = Command::new("nsenter");
        command
            .arg(format!("--net={}", namespace.display()))
            .arg(format!("--root={}", self.path.display()))
            .arg(format!("--wd={}", self.path.join(folder.trim_start_matches('/')).display()))
            .arg("--")
            .arg(program)
            .env_clear()
            .env("PATH", "/bin:/usr/local/bin:/usr/bin");
        command
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        for mount in self.mounts.iter().rev() {
            // Whatever stays goes with the namespace.
            let _ = rustix::mount::unmount(mount, UnmountFlags::DETACH);
        }
    }
}

//! The browser of the browser tests: Chromium or a relative of it.

use std::path::PathBuf;
use std::process::Command;

use crate::process::{self, Failure};
use crate::tools::Tools;

/// Names under which systems have it.
const PROGRAMS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
/// Debian's packages for it. Without any font a page shows no text.
const PACKAGES: [&str; 2] = ["chromium", "fonts-dejavu-core"];

/// The browser's path: `$CHROME`, or one found on `PATH`, or one installed for it.
///
/// # Errors
/// There is none, and it cannot be installed.
pub(crate) fn find_or_install(tools: &Tools) -> Result<PathBuf, Failure> {
    if let Some(chrome) = std::env::var_os("CHROME").filter(|chrome| !chrome.is_empty()) {
        return Ok(chrome.into());
    }
    if let Some(chrome) = find(tools) {
        return Ok(chrome);
    }
    let hint = "Chromium is missing: install it (on Debian: apt-get install chromium), or name a browser with CHROME=/path/to/chrome";
    let prefix = root_prefix(tools)
        .filter(|_| tools.find("apt-get").is_some())
        .ok_or_else(|| Failure::new(hint))?;
    eprintln!("installing Chromium with apt-get (about a minute, once)...");
    let packages = PACKAGES.join(" ");
    let mut shell = root_command(tools, prefix);
    shell.args([
        "sh",
        "-c",
        &format!(
            "export DEBIAN_FRONTEND=noninteractive && \
             apt-get -o DPkg::Lock::Timeout=120 update -qq && \
             apt-get -o DPkg::Lock::Timeout=120 install -qq -y --no-install-recommends {packages} >/dev/null"
        ),
    ]);
    process::run(&mut shell)
        .map_err(|failure| Failure::new(format!("{}\n{hint}", failure.message)))?;
    find(tools).ok_or_else(|| Failure::new(hint))
}

/// The first one on `PATH`.
fn find(tools: &Tools) -> Option<PathBuf> {
    PROGRAMS.iter().find_map(|program| tools.find(program))
}

/// The words to put before a command that needs root's rights, if we can have those without
/// asking anybody for a password.
fn root_prefix(tools: &Tools) -> Option<&'static [&'static str]> {
    let user = process::output(tools.command("id").arg("-u"))?;
    if user.trim() == "0" {
        return Some(&["env"]);
    }
    tools.find("sudo")?;
    process::output(tools.command("sudo").args(["-n", "true"])).map(|_| &["sudo", "-n"][..])
}

/// A command that starts with `prefix`.
fn root_command(tools: &Tools, prefix: &[&str]) -> Command {
    let mut command = tools.command(prefix[0]);
    command.args(&prefix[1..]);
    command
}

//! Installs tools into `.tools/`, each into a folder of its own that is there or not there.
//!
//! A tool is installed into `partial/`, and moved to its place by one rename when complete:
//! whatever interrupts an installation, the next run starts it again. A lock keeps two runs
//! from installing at the same time. It is handed to the installer as its standard input, so
//! that an installer which outlives us keeps it too; the system drops it when both have ended,
//! however they end.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{self, Failure};
use crate::tools::Tools;

/// A program that is built with `cargo install`.
#[derive(Debug)]
pub(crate) struct CargoTool<'a> {
    /// Its name for people.
    pub(crate) label: &'a str,
    /// Its package.
    pub(crate) package: &'a str,
    /// The version to install.
    pub(crate) version: &'a str,
    /// The program to look for.
    pub(crate) program: &'a str,
    /// About how long it takes to build on two cores.
    pub(crate) minutes: u32,
    /// Further arguments of `cargo install`.
    pub(crate) arguments: &'a [&'a str],
}

/// A release profile that compiles fast: these tools wait for compilers and files most of
/// their time, and building them optimised takes longer than they will ever save.
const QUICK_PROFILE: [(&str, &str); 4] = [
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "false"),
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0"),
];

/// The folder where `tool` is installed; installs it first if it is not.
///
/// # Errors
/// The installation failed.
pub(crate) fn cargo_package(tools: &Tools, tool: &CargoTool<'_>) -> Result<PathBuf, Failure> {
    let name = format!("{}-{}", tool.package, tool.version);
    let what = format!("{} {}", tool.label, tool.version);
    let how_long = match tool.minutes {
        1 => "about a minute".to_owned(),
        minutes => format!("about {minutes} minutes"),
    };
    once(tools, &name, &what, &how_long, |partial| {
        let mut cargo = tools.command("cargo");
        cargo
            .args(["install", tool.package, "--version", tool.version])
            .args(tool.arguments)
            .args(["--force", "--root"])
            .arg(partial)
            .envs(QUICK_PROFILE)
            // Shared, since the tools have dependencies in common.
            .env("CARGO_TARGET_DIR", build_dir(tools));
        if !io::stderr().is_terminal() {
            cargo.arg("--quiet");
        }
        Ok(cargo)
    })
}

/// The folder where an npm package is installed, in its `node_modules/`; installs it first
/// if it is not.
///
/// # Errors
/// The installation failed.
pub(crate) fn npm_package(tools: &Tools, package: &str, version: &str) -> Result<PathBuf, Failure> {
    let name = format!("{package}-{version}");
    let what = format!("{package} {version}");
    once(tools, &name, &what, "some seconds", |partial| {
        require_npm(tools)?;
        // Without a manifest of its own, npm would look for one in the folders above.
        write(&partial.join("package.json"), "{ \"private\": true }\n")?;
        let mut npm = tools.command("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--silent"])
            .arg(format!("{package}@{version}"))
            .current_dir(partial);
        Ok(npm)
    })
}

/// Installs what the lock file in `dir` names into its `node_modules/`, unless that was done.
///
/// # Errors
/// The installation failed.
pub(crate) fn npm_locked(tools: &Tools, dir: &Path) -> Result<(), Failure> {
    let lock_path = dir.join("package-lock.json");
    let wanted = fs::read_to_string(&lock_path)
        .map_err(|error| Failure::because(lock_path.display(), error))?;
    // `npm ci` removes node_modules/ when it starts, and this is written when it is done.
    let stamp = dir.join("node_modules/.installed.json");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    require_npm(tools)?;
    eprintln!("installing the browser tests' npm packages (some seconds, once)...");
    process::run(
        tools.command("npm").args(["ci", "--no-audit", "--no-fund", "--silent"]).current_dir(dir),
    )?;
    write(&stamp, &wanted)
}

/// Removes what was left by building tools.
pub(crate) fn clean_up(tools: &Tools) {
    let build = build_dir(tools);
    // Not while another run builds there.
    if build.is_dir()
        && let Ok(lock) = lock_file(tools)
        && lock.try_lock().is_ok()
    {
        let _ = fs::remove_dir_all(build);
    }
}

/// Cargo's target folder for tools.
fn build_dir(tools: &Tools) -> PathBuf {
    tools.dir().join("build")
}

/// Runs the command that installs the folder `name`, unless that is there, and gives its path.
fn once(
    tools: &Tools,
    name: &str,
    what: &str,
    how_long: &str,
    installer: impl FnOnce(&Path) -> Result<Command, Failure>,
) -> Result<PathBuf, Failure> {
    let installed = tools.dir().join(name);
    if installed.is_dir() {
        return Ok(installed);
    }
    let lock = lock(tools)?;
    if installed.is_dir() {
        return Ok(installed);
    }
    eprintln!("installing {what} into {} ({how_long}, once)...", tools.dir().display());
    let partial = tools.dir().join("partial");
    if partial.exists() {
        fs::remove_dir_all(&partial).map_err(|error| Failure::because(partial.display(), error))?;
    }
    create_dir(&partial)?;
    let held = lock.try_clone().map_err(|error| Failure::because(tools.dir().display(), error))?;
    process::run(installer(&partial)?.stdin(held)).map_err(|failure| {
        Failure::because(format_args!("{what} was not installed"), failure.message)
    })?;
    fs::rename(&partial, &installed)
        .map_err(|error| Failure::because(installed.display(), error))?;
    Ok(installed)
}

/// Locks `.tools/` until the file is dropped.
fn lock(tools: &Tools) -> Result<File, Failure> {
    let file = lock_file(tools)?;
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(TryLockError::WouldBlock) => {
            eprintln!("waiting for another run that installs tools...");
        }
        Err(TryLockError::Error(error)) => {
            return Err(Failure::because(tools.dir().display(), error));
        }
    }
    file.lock().map_err(|error| Failure::because(tools.dir().display(), error))?;
    Ok(file)
}

/// The file that is locked.
fn lock_file(tools: &Tools) -> Result<File, Failure> {
    create_dir(tools.dir())?;
    let path = tools.dir().join("lock");
    // Readable, and empty: it serves as standard input.
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(&path)
        .map_err(|error| Failure::because(path.display(), error))
}

/// Fails unless npm is there.
fn require_npm(tools: &Tools) -> Result<(), Failure> {
    tools.require("npm", "install Node.js 20 or newer, with npm").map(|_| ())
}

/// Creates the folder `path` and those above it.
fn create_dir(path: &Path) -> Result<(), Failure> {
    fs::create_dir_all(path).map_err(|error| Failure::because(path.display(), error))
}

/// Writes the file `path`.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(|error| Failure::because(path.display(), error))
}

//! What the commands need beyond Rust, Node.js and npm: which versions, and where they are.
//!
//! A program on `PATH` in the wanted version is used. Any other is installed into a folder of
//! its own in `.tools/`, named with its version, which appears only when the installation is
//! complete (see [`crate::install`]); so two checkouts that want different versions can share
//! one such folder.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::install;
use crate::process::{self, Failure};

/// Builds and serves the page. 0.22 needs a newer rustc than `rust-toolchain.toml` names.
const TRUNK_VERSION: &str = "0.21.14";
/// The npm package that has `wasm-opt`; distributions' own are often years old.
const BINARYEN_VERSION: &str = "132.0.0";
/// Runs the native tests; any version of the same series will do.
const NEXTEST_VERSION: &str = "0.9.143";
/// Feeds damaged bytes to the decoder; asked for by name only.
const CARGO_FUZZ_VERSION: &str = "0.13.1";
/// The target of the page.
pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// Variables that outer builds set for themselves, and that would change or break the
/// builds started here.
const NOT_INHERITED: [&str; 7] = [
    "CARGO",
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_ENCODED_RUSTFLAGS",
    "RUSTDOCFLAGS",
    "RUSTFLAGS",
    "OUT_DIR",
];
/// The same, for whole families of variables.
const NOT_INHERITED_PREFIXES: [&str; 4] =
    ["CARGO_MANIFEST_", "CARGO_PKG_", "CARGO_PROFILE_", "CARGO_TARGET_WASM32_"];

/// The project's tools: finds and installs them, and runs programs with them on `PATH`.
#[derive(Debug)]
pub(crate) struct Tools {
    /// The project's top folder.
    top: PathBuf,
    /// Where missing tools are installed.
    dir: PathBuf,
    /// Folders of installed tools, searched before `PATH`.
    prefixes: Vec<PathBuf>,
}

impl Tools {
    /// The tools of this project. Nothing is looked for yet.
    ///
    /// # Errors
    /// `SCALESMALL_TOOLS` is no path.
    pub(crate) fn new() -> Result<Self, Failure> {
        // Set by `cargo run`, and right even when the project was moved after xtask was built.
        let xtask = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let top = xtask.parent().unwrap_or(&xtask).to_path_buf();
        let dir = match std::env::var_os("SCALESMALL_TOOLS").filter(|dir| !dir.is_empty()) {
            Some(dir) => std::path::absolute(dir)
                .map_err(|error| Failure::because("SCALESMALL_TOOLS", error))?,
            None => top.join(".tools"),
        };
        Ok(Self { top, dir, prefixes: Vec::new() })
    }

    /// The project's top folder.
    pub(crate) fn top(&self) -> &Path {
        &self.top
    }

    /// Where missing tools are installed.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// `program`, to be run in the project's top folder, with the tools on `PATH` and without
    /// what an outer build left in the environment.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.find(program).unwrap_or_else(|| program.into()));
        command.current_dir(&self.top).env("PATH", self.path());
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if NOT_INHERITED.contains(&text.as_ref())
                || NOT_INHERITED_PREFIXES.iter().any(|prefix| text.starts_with(prefix))
            {
                command.env_remove(&name);
            }
        }
        command
    }

    /// The folders that are searched for programs, in order.
    fn search_path(&self) -> Vec<PathBuf> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut dirs = self.prefixes.clone();
        dirs.extend(std::env::split_paths(&path).filter(|dir| dir.is_absolute()));
        dirs
    }

    /// The value of `PATH` for children.
    fn path(&self) -> OsString {
        // Only a folder with a colon in its name cannot be joined, and none came apart.
        std::env::join_paths(self.search_path()).unwrap_or_default()
    }

    /// The first `program` that is found.
    pub(crate) fn find(&self, program: &str) -> Option<PathBuf> {
        self.search_path().into_iter().map(|dir| dir.join(program)).find(|file| file.is_file())
    }

    /// The path of npm or another program that cannot be installed here.
    ///
    /// # Errors
    /// It is missing.
    pub(crate) fn require(&self, program: &str, hint: &str) -> Result<PathBuf, Failure> {
        self.find(program).ok_or_else(|| Failure::new(format!("{program} is missing: {hint}")))
    }

    /// Everything that building the page needs; `wasm-opt` only for a release.
    ///
    /// # Errors
    /// Something is missing and cannot be installed.
    pub(crate) fn for_page(&mut self, release: bool) -> Result<(), Failure> {
        self.wasm_target()?;
        self.trunk()?;
        self.wasm_bindgen()?;
        if release {
            self.wasm_opt()?;
        }
        install::clean_up(self);
        Ok(())
    }

    /// Everything that the tests on wasm32 under Node need.
    ///
    /// # Errors
    /// Something is missing and cannot be installed.
    pub(crate) fn for_wasm_tests(&mut self) -> Result<(), Failure> {
        self.require_node()?;
        self.wasm_target()?;
        self.wasm_bindgen()?;
        install::clean_up(self);
        Ok(())
    }

    /// Node.js.
    ///
    /// # Errors
    /// It is missing.
    pub(crate) fn require_node(&self) -> Result<PathBuf, Failure> {
        self.require("node", "install Node.js 20 or newer")
    }

    /// The standard library for [`WASM_TARGET`].
    ///
    /// # Errors
    /// It is missing and cannot be added.
    pub(crate) fn wasm_target(&self) -> Result<(), Failure> {
        let installed = process::output(self.command("rustc").args([
            "--print",
            "target-libdir",
            "--target",
            WASM_TARGET,
        ]))
        .is_some_and(|dir| Path::new(dir.trim()).is_dir());
        if installed {
            return Ok(());
        }
        self.require(
            "rustup",
            &format!("install rustup, or Rust's standard library for {WASM_TARGET}"),
        )?;
        eprintln!("adding Rust's target {WASM_TARGET} (some seconds, once)...");
        process::run(self.command("rustup").args(["target", "add", WASM_TARGET]))
    }

    /// Trunk.
    fn trunk(&mut self) -> Result<(), Failure> {
        self.cargo_tool(&install::CargoTool {
            label: "Trunk",
            package: "trunk",
            version: TRUNK_VERSION,
            program: "trunk",
            minutes: 3,
            // Without what downloads other tools: they are all found on PATH.
            arguments: &["--locked", "--no-default-features"],
        })
    }

    /// `wasm-bindgen` and its test runner, in the version of the library.
    fn wasm_bindgen(&mut self) -> Result<(), Failure> {
        let manifest_path = self.top.join("Cargo.toml");
        let manifest = std::fs::read_to_string(&manifest_path)
            .map_err(|error| Failure::because(manifest_path.display(), error))?;
        let version = pinned_version(&manifest, "wasm-bindgen").ok_or_else(|| {
            Failure::new(format!(
                "{}: no line `wasm-bindgen = \"=VERSION\"`",
                manifest_path.display()
            ))
        })?;
        self.cargo_tool(&install::CargoTool {
            label: "wasm-bindgen",
            package: "wasm-bindgen-cli",
            version,
            // It comes with `wasm-bindgen` itself.
            program: "wasm-bindgen-test-runner",
            minutes: 1,
            // TLS is for remote browsers. No `--locked`: its lock file names a version of a
            // dependency that was withdrawn.
            arguments: &["--no-default-features"],
        })
    }

    /// nextest.
    ///
    /// # Errors
    /// It is missing and cannot be installed.
    pub(crate) fn nextest(&mut self) -> Result<(), Failure> {
        self.cargo_tool(&install::CargoTool {
            label: "nextest",
            package: "cargo-nextest",
            version: NEXTEST_VERSION,
            program: "cargo-nextest",
            minutes: 2,
            arguments: &["--locked", "--no-default-features", "--features", "default-no-update"],
        })?;
        install::clean_up(self);
        Ok(())
    }

    /// cargo-fuzz.
    ///
    /// # Errors
    /// It is missing and cannot be installed.
    pub(crate) fn cargo_fuzz(&mut self) -> Result<(), Failure> {
        self.cargo_tool(&install::CargoTool {
            label: "cargo-fuzz",
            package: "cargo-fuzz",
            version: CARGO_FUZZ_VERSION,
            program: "cargo-fuzz",
            minutes: 1,
            arguments: &["--locked"],
        })?;
        install::clean_up(self);
        Ok(())
    }

    /// `wasm-opt`.
    fn wasm_opt(&mut self) -> Result<(), Failure> {
        if self.is_on_path("wasm-opt", BINARYEN_VERSION) {
            return Ok(());
        }
        let installed = install::npm_package(self, "binaryen", BINARYEN_VERSION)?;
        self.add_prefix(installed.join("node_modules/.bin"));
        Ok(())
    }

    /// A tool that is built with Cargo.
    fn cargo_tool(&mut self, tool: &install::CargoTool<'_>) -> Result<(), Failure> {
        if self.is_on_path(tool.program, tool.version) {
            return Ok(());
        }
        let installed = install::cargo_package(self, tool)?;
        self.add_prefix(installed.join("bin"));
        Ok(())
    }

    /// Whether `program` is found, in a version that serves for `wanted`.
    fn is_on_path(&self, program: &str, wanted: &str) -> bool {
        self.find(program)
            .and_then(|file| {
                process::output(self.command(&file.to_string_lossy()).arg("--version"))
            })
            .is_some_and(|printed| serves(program, &printed, wanted))
    }

    /// Puts `dir` before everything else on `PATH`.
    fn add_prefix(&mut self, dir: PathBuf) {
        if !self.prefixes.contains(&dir) {
            self.prefixes.insert(0, dir);
        }
    }
}

/// Whether `program`, which printed `printed` as its version, can stand in for `wanted`.
fn serves(program: &str, printed: &str, wanted: &str) -> bool {
    let Some(version) =
        printed.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))
    else {
        return false;
    };
    match program {
        // The releases are numbered 132, the npm packages 132.0.0.
        "wasm-opt" => Some(version) == wanted.split('.').next(),
        "cargo-nextest" => series(version) == series(wanted),
        _ => version == wanted,
    }
}

/// A version without its last number.
fn series(version: &str) -> &str {
    version.rsplit_once('.').map_or(version, |(series, _)| series)
}

/// The version that the line `NAME = "=VERSION"` of a manifest pins.
fn pinned_version<'a>(manifest: &'a str, name: &str) -> Option<&'a str> {
    manifest.lines().find_map(|line| {
        line.strip_prefix(name)?
            .trim()
            .strip_prefix('=')?
            .trim()
            .strip_prefix("\"=")?
            .strip_suffix('"')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pinned_version_is_read() {
        let manifest = "wasm-bindgen-test = \"0.3\"\nwasm-bindgen = \"=0.2.130\"\n";
        assert_eq!(pinned_version(manifest, "wasm-bindgen"), Some("0.2.130"));
        assert_eq!(pinned_version(manifest, "wasm-bindgen-test"), None);
        assert_eq!(pinned_version(manifest, "yew"), None);
    }

    #[test]
    fn versions_are_compared_as_each_tool_numbers_them() {
        let check = |program, printed, wanted, expected| {
            assert_eq!(serves(program, printed, wanted), expected, "{printed}");
        };
        check("trunk", "trunk 0.21.14\n", "0.21.14", true);
        check("trunk", "trunk 0.21.1\n", "0.21.14", false);
        check("wasm-opt", "wasm-opt version 132 (version_132)", "132.0.0", true);
        check("wasm-opt", "wasm-opt version 108", "132.0.0", false);
        check("cargo-nextest", "cargo-nextest 0.9.99 (abc)", "0.9.143", true);
        check("cargo-nextest", "cargo-nextest 0.10.0", "0.9.143", false);
        check("trunk", "", "0.21.14", false);
    }

    #[test]
    fn the_workspace_pins_wasm_bindgen() {
        let manifest = std::fs::read_to_string(
            Tools::new().expect("no path is needed").top().join("Cargo.toml"),
        )
        .expect("the workspace has a manifest");
        assert!(pinned_version(&manifest, "wasm-bindgen").is_some());
    }
}

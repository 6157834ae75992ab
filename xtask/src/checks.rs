//! The checks of `cargo xtask test`, one after the other, and their summary.

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::process::{self, Failure};
use crate::tally::Tally;
use crate::tools::{Tools, WASM_TARGET};
use crate::{chromium, install, page};

/// No part of the checks takes longer, compiling included.
const PART_LIMIT: Duration = Duration::from_secs(30 * 60);
/// How many cases each property is tried on, and how many where it takes long.
const CASES: u32 = 1_500;
const CASES_LONG: u32 = 300_000;
/// Where the random cases begin: the same ones each time, so that a test that fails does so
/// because of a change. The long run begins anywhere.
const CASES_SEED: u32 = 2015;
/// Nor does what runs only when it is asked for by name.
const LONG_LIMIT: Duration = Duration::from_secs(2 * 60 * 60);
/// Nor do the browser tests, once the page is built.
const BROWSER_LIMIT: Duration = Duration::from_secs(25 * 60);
/// What each fuzz target is run for, in seconds, and with how much memory, in MiB.
const FUZZ_SECONDS: u32 = 60;
const FUZZ_MEMORY_MIB: u32 = 2048;
/// Nor does one file of them.
const BROWSER_FILE_LIMIT_MS: u32 = 5 * 60 * 1000;

/// One part of the checks.
struct Part {
    /// The name to run it by.
    name: &'static str,
    /// What it checks.
    about: &'static str,
    /// Carries it out.
    run: fn(&mut Tools) -> Result<Tally, Failure>,
    /// Whether what it runs prints a count of its own at its end.
    counts_itself: bool,
    /// Whether it only runs when it is named, because it takes long.
    only_named: bool,
}

/// All parts, the quick ones first.
const PARTS: [Part; 11] = [
    Part {
        name: "fmt",
        about: "the code is formatted",
        run: fmt,
        counts_itself: false,
        only_named: false,
    },
    Part {
        name: "clippy",
        about: "clippy has no warning",
        run: clippy,
        counts_itself: false,
        only_named: false,
    },
    Part {
        name: "clippy32",
        about: "clippy has none for the page as compiled to WebAssembly",
        run: clippy32,
        counts_itself: false,
        only_named: false,
    },
    Part {
        name: "rustdoc",
        about: "rustdoc has no warning",
        run: rustdoc,
        counts_itself: false,
        only_named: false,
    },
    Part {
        name: "nextest",
        about: "unit and integration tests",
        run: nextest,
        counts_itself: true,
        only_named: false,
    },
    Part {
        name: "doctest",
        about: "the examples of the documentation",
        run: doctest,
        counts_itself: false,
        only_named: false,
    },
    Part {
        name: "model",
        about: "100,000 random histories against the specification, and what each rule is for",
        run: model,
        counts_itself: false,
        only_named: false,
    },
    Part {
        name: "wasm",
        about: "tests of core, node and simulator as WebAssembly, under Node.js",
        run: wasm,
        counts_itself: false,
        only_named: false,
    },
    Part {
        name: "browser",
        about: "the page as built for release, in Chromium",
        run: browser,
        counts_itself: false,
        only_named: false,
    },
    Part {
        name: "long",
        about: "a million histories, each property anew, and 20,000 made-up scenarios; an hour or less, and only when it is named",
        run: long,
        counts_itself: false,
        only_named: true,
    },
    Part {
        name: "fuzz",
        about: "damaged bytes for two minutes, by a nightly compiler; only when it is named",
        run: fuzz,
        counts_itself: false,
        only_named: true,
    },
];

/// What became of a part.
struct Outcome {
    /// The part's name.
    name: &'static str,
    /// Its counts.
    tally: Tally,
    /// The wall time it took.
    took: Duration,
}

/// The lines of the help text that name the parts.
pub(crate) fn list() -> String {
    PARTS.iter().map(|part| format!("        {:<10}{}\n", part.name, part.about)).collect()
}

/// Runs the named parts, or all, each whatever became of those before it.
///
/// # Errors
/// A name is unknown, or a part failed.
pub(crate) fn run(tools: &mut Tools, names: &[&str]) -> Result<(), Failure> {
    if let Some(unknown) = names.iter().find(|name| PARTS.iter().all(|part| part.name != **name)) {
        return Err(Failure::usage(format!(
            "no part `{unknown}` of the tests: there are\n{}",
            list().trim_end()
        )));
    }
    let outcomes: Vec<Outcome> = PARTS
        .iter()
        .filter(|part| names.contains(&part.name) || (names.is_empty() && !part.only_named))
        .map(|part| run_part(tools, part))
        .collect();
    summarise(&outcomes)
}

/// Runs one part.
fn run_part(tools: &mut Tools, part: &Part) -> Outcome {
    println!("\n=== {}: {}", part.name, part.about);
    let start = Instant::now();
    let result = (part.run)(tools);
    let counts_itself = part.counts_itself && result.is_ok();
    let tally = result.unwrap_or_else(|failure| {
        eprintln!("{}", failure.message);
        Tally::of(false)
    });
    let took = start.elapsed();
    println!("=== {} took {:.1} s", part.name, took.as_secs_f64());
    if !counts_itself {
        println!("{}: {tally}", part.name);
    }
    Outcome { name: part.name, tally, took }
}

/// Prints the table of outcomes, and fails if one of them is a failure.
fn summarise(outcomes: &[Outcome]) -> Result<(), Failure> {
    println!("\n{:<10} {:>7} {:>7} {:>7} {:>9}", "part", "passed", "failed", "skipped", "time");
    for Outcome { name, tally, took } in outcomes {
        println!(
            "{name:<10} {:>7} {:>7} {:>7} {:>7.1} s{}",
            tally.passed,
            tally.failed,
            tally.skipped,
            took.as_secs_f64(),
            if tally.failed > 0 { "  FAILED" } else { "" }
        );
    }
    let failed: Vec<&str> = outcomes
        .iter()
        .filter(|outcome| outcome.tally.failed > 0)
        .map(|outcome| outcome.name)
        .collect();
    if failed.is_empty() {
        Ok(())
    } else {
        Err(Failure::new(format!("\nfailed: {}", failed.join(", "))))
    }
}

/// `cargo` with the given arguments.
fn cargo(tools: &Tools, arguments: &[&str]) -> Command {
    let mut cargo = tools.command("cargo");
    cargo.args(arguments);
    cargo
}

/// Runs a command that passes or fails as a whole.
fn whole(command: &mut Command) -> Result<Tally, Failure> {
    let status = process::run_within(command, PART_LIMIT)?;
    Ok(Tally::of(status.success()))
}

/// Runs tests of Rust's own harness, or of one that prints the same closing line.
fn libtest(command: &mut Command, limit: Duration) -> Result<Tally, Failure> {
    let (status, printed) = process::run_copying(with_colours(command), limit)?;
    let tally = Tally::from_libtest(&printed).or_failed(status.success());
    if tally == Tally::default() {
        return Err(Failure::new("no test ran"));
    }
    Ok(tally)
}

/// Keeps the colours of output that is read on its way to a terminal.
fn with_colours(command: &mut Command) -> &mut Command {
    if io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
        command.env("CARGO_TERM_COLOR", "always");
    }
    command
}

/// The code is formatted.
fn fmt(tools: &mut Tools) -> Result<Tally, Failure> {
    whole(&mut cargo(tools, &["fmt", "--all", "--check"]))
}

/// Clippy, for everything as compiled for this machine.
fn clippy(tools: &mut Tools) -> Result<Tally, Failure> {
    whole(&mut cargo(tools, &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

/// Clippy, for the page.
fn clippy32(tools: &mut Tools) -> Result<Tally, Failure> {
    tools.wasm_target()?;
    whole(&mut cargo(
        tools,
        &[
            "clippy",
            "--package",
            "scalesmall-app",
            "--package",
            "scalesmall-peer",
            "--target",
            WASM_TARGET,
            "--",
            "-D",
            "warnings",
        ],
    ))
}

/// The documentation builds without a warning.
fn rustdoc(tools: &mut Tools) -> Result<Tally, Failure> {
    whole(cargo(tools, &["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))
}

/// Unit and integration tests.
fn nextest(tools: &mut Tools) -> Result<Tally, Failure> {
    tools.nextest()?;
    // Called by its own name: cargo would prefer one among its own programs.
    let mut nextest = tools.command("cargo-nextest");
    nextest
        .args(["nextest", "run", "--workspace", "--no-fail-fast"])
        .env("PROPTEST_CASES", CASES.to_string())
        .env("PROPTEST_RNG_SEED", CASES_SEED.to_string());
    let (status, printed) = process::run_copying(with_colours(&mut nextest), PART_LIMIT)?;
    Tally::from_nextest(&printed)
        .map(|tally| tally.or_failed(status.success()))
        .ok_or_else(|| Failure::new("nextest ran no test"))
}

/// The examples in the documentation.
fn doctest(tools: &mut Tools) -> Result<Tally, Failure> {
    libtest(&mut cargo(tools, &["test", "--workspace", "--doc", "--no-fail-fast"]), PART_LIMIT)
}

/// The claim map against its specification, over more histories than a debug build has time for.
fn model(tools: &mut Tools) -> Result<Tally, Failure> {
    histories(tools, 100_000)
}

/// The same over ten times as many, properties on new cases, and ten thousand made-up scenarios of
/// each kind.
fn long(tools: &mut Tools) -> Result<Tally, Failure> {
    let histories = histories(tools, 1_000_000)?;
    let checked = |package| cargo(tools, &["test", "--profile", "checks", "--package", package]);
    let properties = libtest(
        checked("scalesmall-crdt")
            .args(["--test", "codec", "--test", "laws", "--test", "ownership"])
            .env("PROPTEST_CASES", CASES_LONG.to_string()),
        LONG_LIMIT,
    )?;
    let scenarios = libtest(
        checked("scalesmall-sim")
            .args(["--test", "safety", "--", "--nocapture"])
            .env("SCALESMALL_SCENARIOS", "10000"),
        LONG_LIMIT,
    )?;
    Ok(histories + properties + scenarios)
}

fn histories(tools: &Tools, count: u32) -> Result<Tally, Failure> {
    let mut cargo = cargo(tools, &["test", "--profile", "checks", "--package", "scalesmall-crdt"]);
    cargo
        .args(["--features", "ablation", "--test", "model", "--", "--nocapture"])
        .env("SCALESMALL_HISTORIES", count.to_string());
    libtest(&mut cargo, PART_LIMIT)
}

/// The decoder, and joins of what it lets through, on bytes that nobody would write.
fn fuzz(tools: &mut Tools) -> Result<Tally, Failure> {
    tools.cargo_fuzz()?;
    let has_nightly =
        process::output(tools.command("rustup").args(["run", "nightly", "rustc", "--version"]));
    if has_nightly.is_none() {
        return Err(Failure::new(
            "fuzzing needs a nightly compiler: rustup toolchain install nightly --profile minimal",
        ));
    }
    let dir = tools.top().join("src/crdt");
    let mut tally = Tally::default();
    for target in ["decode", "join"] {
        let corpus = dir.join("fuzz/corpus").join(target);
        std::fs::create_dir_all(&corpus)
            .map_err(|error| Failure::because(corpus.display(), error))?;
        let mut command = tools.command("rustup");
        command
            .args(["run", "nightly", "cargo", "fuzz", "run", target])
            .arg(&corpus)
            .args(["fuzz/seeds", "--"])
            .arg(format!("-max_total_time={FUZZ_SECONDS}"))
            .arg(format!("-rss_limit_mb={FUZZ_MEMORY_MIB}"))
            .env_remove("RUSTUP_TOOLCHAIN")
            .current_dir(&dir);
        tally = tally + whole(&mut command)?;
    }
    Ok(tally)
}

/// The tests of the pure crates, compiled to WebAssembly.
fn wasm(tools: &mut Tools) -> Result<Tally, Failure> {
    tools.for_wasm_tests()?;
    libtest(
        &mut cargo(
            tools,
            &[
                "test",
                "--target",
                WASM_TARGET,
                "--package",
                "scalesmall-crdt",
                "--package",
                "scalesmall-node",
                "--package",
                "scalesmall-peer",
                "--features",
                "scalesmall-peer/web",
                "--package",
                "scalesmall-sim",
                // The examples of the documentation run on this machine only.
                "--tests",
                "--no-fail-fast",
            ],
        ),
        PART_LIMIT,
    )
}

/// The page, built for release, in a browser.
fn browser(tools: &mut Tools) -> Result<Tally, Failure> {
    let node = tools.require_node()?;
    let dir = tools.top().join("www/tests");
    install::npm_locked(tools, &dir)?;
    let chrome = chromium::find_or_install(tools)?;
    page::build(tools)?;

    let report_dir = tools.top().join("target");
    std::fs::create_dir_all(&report_dir)
        .map_err(|error| Failure::because(report_dir.display(), error))?;
    let report_path = report_dir.join("browser.tap");
    let _ = std::fs::remove_file(&report_path);
    let mut command = tools.command(&node.to_string_lossy());
    command
        .arg("--test")
        .arg("--test-concurrency=1")
        .arg(format!("--test-timeout={BROWSER_FILE_LIMIT_MS}"))
        .args(["--test-reporter=spec", "--test-reporter-destination=stdout"])
        .arg("--test-reporter=tap")
        .arg(format!("--test-reporter-destination={}", report_path.display()))
        .args(test_files(&dir)?)
        .current_dir(&dir)
        .env("CHROME", chrome);
    let status = process::run_within(&mut command, BROWSER_LIMIT)?;
    std::fs::read_to_string(&report_path)
        .ok()
        .and_then(|report| Tally::from_tap(&report))
        .map(|tally| tally.or_failed(status.success()))
        .ok_or_else(|| Failure::new("the browser tests left no report"))
}

/// The files of browser tests in `dir`.
fn test_files(dir: &std::path::Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = std::fs::read_dir(dir).map_err(|error| Failure::because(dir.display(), error))?;
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.to_string_lossy().ends_with(".test.mjs"))
        .collect();
    files.sort();
    Ok(files)
}

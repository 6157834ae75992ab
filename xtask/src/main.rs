//! Builds, serves and tests scalesmall: `cargo xtask help` lists the commands.
//!
//! Whatever a command needs beyond Rust, Node.js and npm is installed on its first use into
//! `.tools/` at the project's top, in pinned versions, see [`tools`]. Nothing is written to
//! the user's own directories, so removing `.tools/` undoes it.

mod checks;
mod chromium;
mod install;
mod page;
mod process;
mod tally;
mod tools;

use std::process::ExitCode;

use process::Failure;
use tools::Tools;

/// The port of `serve` unless `--port` names another.
const PORT_DEFAULT: u16 = 8080;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{}", failure.message);
            ExitCode::from(failure.exit_code)
        }
    }
}

/// Carries out one command line.
fn run(words: &[&str]) -> Result<(), Failure> {
    match words {
        ["serve", options @ ..] => {
            let (port, release) = serve_options(options)?;
            page::serve(&mut Tools::new()?, port, release)
        }
        ["build"] => page::build(&mut Tools::new()?),
        ["build", word, ..] => Err(Failure::usage(format!("`build` takes no `{word}`"))),
        ["test", parts @ ..] => checks::run(&mut Tools::new()?, parts),
        ["help" | "--help" | "-h", ..] => {
            print!("{}", help());
            Ok(())
        }
        ["announce", port, pid] => page::announce(port, pid),
        [] => Err(Failure::usage(help())),
        [word, ..] => Err(Failure::usage(format!(
            "no command `{word}`: there are serve, build, test and help"
        ))),
    }
}

/// Port and `--release` of `serve`.
fn serve_options(words: &[&str]) -> Result<(u16, bool), Failure> {
    let mut port = PORT_DEFAULT;
    let mut release = false;
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let number = match *word {
            "--release" => {
                release = true;
                continue;
            }
            "--port" => words.next().copied().unwrap_or_default(),
            other => match other.strip_prefix("--port=") {
                Some(number) => number,
                None => {
                    return Err(Failure::usage(format!(
                        "`serve` takes --port N and --release, not `{other}`"
                    )));
                }
            },
        };
        port = number.parse().ok().filter(|port| *port != 0).ok_or_else(|| {
            Failure::usage(format!("--port takes a number from 1 to 65535, not `{number}`"))
        })?;
    }
    Ok((port, release))
}

/// The text of `cargo xtask help`.
fn help() -> String {
    format!(
        "\
cargo xtask serve [--port N] [--release]
    build the page, serve it on 127.0.0.1 (port {PORT_DEFAULT}), rebuild on every change
cargo xtask build
    build the page for a static host into dist/, and print the sizes
cargo xtask test [PART…]
    run all checks, or the named parts only:
{}cargo xtask help
    print this

Tools that are missing are installed into .tools/ (or $SCALESMALL_TOOLS) on first use.
",
        checks::list()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serve_takes_a_port_and_release() {
        let check = |words: &[&str], expected| {
            assert_eq!(serve_options(words).ok(), expected, "{words:?}");
        };
        check(&[], Some((PORT_DEFAULT, false)));
        check(&["--port", "9000"], Some((9000, false)));
        check(&["--port=9000", "--release"], Some((9000, true)));
        check(&["--port"], None);
        check(&["--port", "0"], None);
        check(&["--port", "65536"], None);
        check(&["--open"], None);
    }

    #[test]
    fn a_wrong_command_line_exits_with_2() {
        for words in
            [&["sevre"][..], &[], &["serve", "--prot"], &["build", "--release"], &["test", "unit"]]
        {
            let failure = run(words).expect_err("the command line is wrong");
            assert_eq!(failure.exit_code, 2, "{words:?}");
        }
    }
}

//! Builds and serves the page with Trunk.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::{CommandExt, parent_id};
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::process::{self, Failure};
use crate::tools::Tools;

/// Where the page for static hosts is built.
pub(crate) const DIST: &str = "dist";
/// Where the served page is built: apart, so that serving leaves a finished release alone.
const DIST_SERVED: &str = "target/page";
/// How often the announcer asks whether the page answers.
const ASK_EVERY: Duration = Duration::from_millis(100);
/// How long one such question may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// Builds the page, serves it on `port` of 127.0.0.1, and rebuilds it on changes until
/// interrupted.
///
/// # Errors
/// The port is taken, or a tool cannot be had. Failures of the build are shown by Trunk,
/// which waits for the next change.
pub(crate) fn serve(tools: &mut Tools, port: u16, release: bool) -> Result<(), Failure> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    // Before a long build, not after it. The listener is closed again at once.
    TcpListener::bind(address).map_err(|error| {
        Failure::usage(match error.kind() {
            io::ErrorKind::AddrInUse => {
                format!(
                    "port {port} is taken: end what listens there, or choose another with --port N"
                )
            }
            _ => format!("port {port} cannot be used: {error}"),
        })
    })?;
    prepare(tools, release)?;
    std::fs::create_dir_all(tools.top().join(DIST_SERVED))
        .map_err(|error| Failure::because(DIST_SERVED, error))?;

    // Trunk takes this process's place, so that a signal sent here reaches it: what tells
    // the address has to be a child.
    let announcer = std::env::current_exe().and_then(|xtask| {
        Command::new(xtask)
            .args(["announce", &port.to_string(), &std::process::id().to_string()])
            .spawn()
    });
    announcer.map_err(|error| Failure::because("xtask cannot be started", error))?;
    let mut trunk = trunk(tools);
    trunk.args(["serve", "--dist", DIST_SERVED, "--port", &port.to_string()]);
    if release {
        trunk.arg("--release");
    }
    Err(Failure::because("trunk cannot be started", trunk.exec()))
}

/// Waits until the server that process `pid` is or becomes answers on `port`, and prints its
/// address. Ends silently with that process.
///
/// # Errors
/// An argument is no number.
pub(crate) fn announce(port: &str, pid: &str) -> Result<(), Failure> {
    let (Ok(port), Ok(pid)) = (port.parse::<u16>(), pid.parse::<u32>()) else {
        return Err(Failure::usage("`announce` is for `serve` only"));
    };
    while parent_id() == pid {
        match answers_well(port) {
            Ok(true) => {
                println!("\nOpen http://127.0.0.1:{port}/\n");
                return Ok(());
            }
            Ok(false) => {
                println!(
                    "\nThe page did not build, see above: http://127.0.0.1:{port}/ will show it once it does\n"
                );
                return Ok(());
            }
            Err(_) => thread::sleep(ASK_EVERY),
        }
    }
    Ok(())
}

/// Whether the server on `port` has a page.
fn answers_well(port: u16) -> io::Result<bool> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, ANSWER_WITHIN)?;
    stream.set_read_timeout(Some(ANSWER_WITHIN))?;
    stream.set_write_timeout(Some(ANSWER_WITHIN))?;
    write!(stream, "GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n")?;
    let mut status = [0; "HTTP/1.1 200".len()];
    stream.read_exact(&mut status)?;
    Ok(status.ends_with(b" 200"))
}

/// Builds the page for a static host into [`DIST`] and prints the sizes of its files.
///
/// # Errors
/// A tool cannot be had, or the build failed.
pub(crate) fn build(tools: &mut Tools) -> Result<(), Failure> {
    prepare(tools, true)?;
    tools.require_node()?;
    process::run(trunk(tools).args(["build", "--release", "--dist", DIST]))?;
    // Only here: a page that is being worked on is not to be kept by browsers.
    process::run(tools.command("node").args(["www/file-list.mjs", DIST]))?;
    print_sizes(tools)
}

/// Gets tools and crates: Trunk itself works without a network.
fn prepare(tools: &mut Tools, release: bool) -> Result<(), Failure> {
    tools.for_page(release)?;
    process::run(tools.command("cargo").arg("fetch"))
}

/// Trunk, less what it stumbles over.
fn trunk(tools: &Tools) -> Command {
    let mut trunk = tools.command("trunk");
    // Its backtraces would bury the compiler's message under forty lines of its own.
    trunk.env("RUST_LIB_BACKTRACE", "0");
    // By convention any value counts; Trunk takes it for a flag that must be true or false.
    match std::env::var_os("NO_COLOR") {
        Some(value) if !value.is_empty() => trunk.env("NO_COLOR", "true"),
        _ => trunk.env_remove("NO_COLOR"),
    };
    trunk
}

/// Prints the sizes of the built files, as they are and as a host sends them.
fn print_sizes(tools: &Tools) -> Result<(), Failure> {
    const SCRIPT: &str = r"
        const { readdirSync, readFileSync } = require('node:fs');
        const { brotliCompressSync } = require('node:zlib');
        const dir = process.argv[1];
        for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
            if (!entry.isFile()) continue;
            const path = `${entry.parentPath ?? entry.path}/${entry.name}`;
            const bytes = readFileSync(path);
            console.log(bytes.length, brotliCompressSync(bytes).length, path);
        }";
    let printed = process::output(tools.command("node").args(["-e", SCRIPT, DIST]))
        .ok_or_else(|| Failure::new("the sizes of the built files cannot be read"))?;
    let mut sum = (0, 0);
    println!("{:>11} {:>11}", "bytes", "brotli");
    for line in printed.lines() {
        let mut words = line.splitn(3, ' ');
        let mut number = || words.next().and_then(|word| word.parse::<u64>().ok()).unwrap_or(0);
        let (raw, brotli) = (number(), number());
        sum = (sum.0 + raw, sum.1 + brotli);
        println!("{raw:>11} {brotli:>11}  {}", words.next().unwrap_or_default());
    }
    println!("{:>11} {:>11}  in all", sum.0, sum.1);
    Ok(())
}

//! Child processes: how they are run, watched and ended, and how a failure is told.

use std::fmt::Display;
use std::io::{self, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// How often a running child is looked at.
const POLL_EVERY: Duration = Duration::from_millis(20);
/// How long a child that was asked to end may take before it is killed.
const GRACE: Duration = Duration::from_secs(10);

/// Why a command stops: what to tell, and the exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What went wrong and, where known, what mends it.
    pub(crate) message: String,
    /// The process's exit code: 2 where the caller must change the call, else 1.
    pub(crate) exit_code: u8,
}

impl Failure {
    /// Something could not be done.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), exit_code: 1 }
    }

    /// The command line asks for something that is not there.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { message: message.into(), exit_code: 2 }
    }

    /// `error` happened while doing `what`.
    pub(crate) fn because(what: impl Display, error: impl Display) -> Self {
        Self::new(format!("{what}: {error}"))
    }
}

/// The program's own name, for messages.
fn name(command: &Command) -> String {
    let path = std::path::Path::new(command.get_program());
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Starts `command`.
fn spawn(command: &mut Command) -> Result<Child, Failure> {
    command.spawn().map_err(|error| {
        Failure::because(format_args!("{} cannot be started", name(command)), error)
    })
}

/// Runs `command` to its end, its output going where ours goes.
///
/// # Errors
/// It cannot be started or ends with a failure.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    let status = command.status().map_err(|error| {
        Failure::because(format_args!("{} cannot be started", name(command)), error)
    })?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::because(format_args!("{} failed", name(command)), status))
    }
}

/// What `command` prints on its standard output, if it ends well.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs `command` for at most `limit`, its output going where ours goes.
///
/// # Errors
/// It cannot be started, or had to be ended.
pub(crate) fn run_within(command: &mut Command, limit: Duration) -> Result<ExitStatus, Failure> {
    let mut child = spawn(command.stdin(Stdio::null()))?;
    wait_within(&mut child, &name(command), limit)
}

/// Like [`run_within`]; also gives what the command printed, on both outputs.
///
/// # Errors
/// As for [`run_within`].
pub(crate) fn run_copying(
    command: &mut Command,
    limit: Duration,
) -> Result<(ExitStatus, String), Failure> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = spawn(command)?;
    let printed = Arc::new(Mutex::new(Vec::new()));
    let copiers = [
        child.stdout.take().map(|from| copier(from, io::stdout(), Arc::clone(&printed))),
        child.stderr.take().map(|from| copier(from, io::stderr(), Arc::clone(&printed))),
    ];
    // A child that was killed may leave descendants which hold the pipes open: then the
    // copiers are not waited for.
    let status = wait_within(&mut child, &name(command), limit)?;
    for copier in copiers.into_iter().flatten() {
        copier.join().map_err(|_| Failure::new("copying the output failed"))?;
    }
    let printed = printed.lock().expect("no copier panicked");
    Ok((status, String::from_utf8_lossy(&printed).into_owned()))
}

/// A thread that copies what it reads to `to` and to `kept`.
fn copier(
    mut from: impl Read + Send + 'static,
    mut to: impl Write + Send + 'static,
    kept: Arc<Mutex<Vec<u8>>>,
) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            let bytes = &buffer[..length];
            // The child must not block on a full pipe because nobody reads us any more.
            let _ = to.write_all(bytes).and_then(|()| to.flush());
            kept.lock().expect("no copier panicked").extend_from_slice(bytes);
        }
    })
}

/// Waits for `child`, and ends it when `limit` has passed.
fn wait_within(child: &mut Child, name: &str, limit: Duration) -> Result<ExitStatus, Failure> {
    if let Some(status) = poll(child, limit)? {
        return Ok(status);
    }
    end(child);
    Err(Failure::new(format!("{name} took longer than {} s and was ended", limit.as_secs())))
}

/// The exit status of `child` as soon as there is one, at most `limit` from now.
fn poll(child: &mut Child, limit: Duration) -> Result<Option<ExitStatus>, Failure> {
    let start = Instant::now();
    loop {
        let status =
            child.try_wait().map_err(|error| Failure::because("a child process is lost", error))?;
        if status.is_some() || start.elapsed() >= limit {
            return Ok(status);
        }
        thread::sleep(POLL_EVERY);
    }
}

/// Asks `child` to end, so that it can end its own children, and kills it if it does not.
fn end(child: &mut Child) {
    let _ =
        Command::new("sh").args(["-c", "kill -TERM \"$0\""]).arg(child.id().to_string()).status();
    if !matches!(poll(child, GRACE), Ok(Some(_))) {
        let _ = child.kill();
        let _ = child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn what_a_child_prints_is_kept() {
        let (status, printed) =
            run_copying(&mut shell("echo out; echo err >&2; exit 3"), GRACE).expect("it starts");
        assert_eq!(status.code(), Some(3));
        assert!(printed.contains("out\n") && printed.contains("err\n"), "{printed}");
    }

    #[test]
    fn a_child_that_takes_too_long_is_ended() {
        let start = Instant::now();
        let failure = run_within(&mut shell("exec sleep 60"), Duration::from_millis(50))
            .expect_err("60 s are longer than 50 ms");
        assert!(failure.message.starts_with("sh took longer"), "{failure:?}");
        assert!(start.elapsed() < GRACE);
    }
}

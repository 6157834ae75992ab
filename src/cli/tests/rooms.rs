//! `scalesmall signal` and `scalesmall join`: processes in one room.

#![cfg(not(target_arch = "wasm32"))]

mod common;

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use common::{output, scalesmall, stderr, stdout};
use serde_json::Value;

/// For how long anything may be waited for.
const LIMIT: Duration = Duration::from_secs(60);

/// A program that goes on until it is asked to end, or dropped.
struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        let mut command = scalesmall(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("it can be started");
        let (lines_to, lines) = channel();
        let stdout = child.stdout.take().expect("it is piped");
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if lines_to.send(line).is_err() {
                    break;
                }
            }
        });
        Self { stdin: child.stdin.take(), child, lines }
    }

    /// The next line that `wanted` makes something of.
    fn line<T>(&self, wanted: impl Fn(&str) -> Option<T>) -> T {
        let until = Instant::now() + LIMIT;
        let mut seen = Vec::new();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("no such line among {seen:#?}");
            };
            if let Some(found) = wanted(&line) {
                return found;
            }
            seen.push(line);
        }
    }

    /// The next event of this kind.
    fn event(&self, kind: &str) -> Value {
        self.line(|line| {
            let event: Value = serde_json::from_str(line).expect("a line is JSON");
            (event["event"] == kind).then_some(event)
        })
    }

    /// The fingerprint on which so many nodes agree that is none of these.
    fn agreed_among(&self, nodes: u64, but: &[&str]) -> String {
        loop {
            let event = self.event("agreed");
            let fingerprint = event["fingerprint"].as_str().expect("one is agreed on");
            if event["nodes"] == nodes && !but.contains(&fingerprint) {
                return fingerprint.to_owned();
            }
        }
    }

    fn say(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().expect("it is piped");
        writeln!(stdin, "{line}").expect("it listens");
    }

    /// Waits until it ends by itself.
    fn status(&mut self) -> ExitStatus {
        let until = Instant::now() + LIMIT;
        loop {
            if let Some(status) = self.child.try_wait().expect("it can be waited for") {
                return status;
            }
            assert!(Instant::now() < until, "it goes on");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends it as Ctrl-C does.
    fn interrupt(&mut self) -> ExitStatus {
        let id = self.child.id().to_string();
        let killed = Command::new("kill").args(["-INT", &id]).status().expect("there is kill");
        assert!(killed.success());
        self.status()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A signalling server at a port of this machine, 0 for any, and its address.
fn signal(port: u16) -> (Running, String) {
    let server = Running::start(&["signal", "--bind", &format!("127.0.0.1:{port}")]);
    let address = server.line(|line| {
        let (_, rest) = line.split_once("signalling at ")?;
        Some(rest.split(';').next()?.to_owned())
    });
    (server, address)
}

fn join(server: &str, room: &str, more: &[&str]) -> Running {
    Running::start(&[&["join", "--json", "--room", room, "--signal", server], more].concat())
}

#[test]
#[cfg(unix)]
fn processes_agree_whether_or_not_the_server_is_there() {
    let (mut server, address) = signal(0);
    let port = address.rsplit(':').next().unwrap().parse().unwrap();
    let secret = ["--secret", "hush"];
    let mut one = join(&address, "room", &[&secret[..], &["--nodes", "3"]].concat());
    let own = one.event("joined")["nodes"][0].as_str().unwrap().to_owned();
    let mut two = join(&address, "room", &secret);
    let come = one.event("come");
    assert_eq!((&come["path"], come["nodes"].as_array().unwrap().len()), (&"host".into(), 1));
    let nothing = one.agreed_among(4, &[]);
    assert_eq!(two.agreed_among(4, &[]), nothing);

    two.say(&format!("increase {own} 0 99 7"));
    let first = one.agreed_among(4, &[&nothing]);
    assert_eq!(two.agreed_among(4, &[&nothing]), first);
    one.say("who 5");
    let who = one.event("who");
    assert_eq!(who["owners"][0]["node"], own);
    assert_eq!(who["owners"][0]["priority"], 7);

    assert_eq!(server.interrupt().code(), Some(0));
    assert_eq!(one.event("server")["reached"], false);
    one.say("register x 100 199");
    let second = two.agreed_among(4, &[&nothing, &first]);
    assert_eq!(one.agreed_among(4, &[&nothing, &first]), second);

    let (_server, _) = signal(port);
    assert_eq!(one.event("server")["reached"], true);
    let mut three = join(&address, "room", &[&secret[..], &["--for", "6"]].concat());
    assert_eq!(one.agreed_among(5, &[]), second);
    assert_eq!(three.agreed_among(5, &[]), second);
    assert_eq!(three.status().code(), Some(0), "it has agreed in the end");
    assert_eq!(one.event("gone")["nodes"].as_array().unwrap().len(), 1);

    two.say("tighten x 0 1 0 0");
    assert_eq!(two.event("error")["error"], "x on 0..=1 is not registered here");
    two.say("quit");
    assert_eq!(two.status().code(), Some(0));
    assert_eq!(one.interrupt().code(), Some(0));
    assert_eq!(one.event("leaving")["event"], "leaving");
}

#[test]
fn who_does_not_know_the_secret_is_turned_away_and_named() {
    let (_server, address) = signal(0);
    let one = join(&address, "room", &["--secret", "hush"]);
    let stranger = join(&address, "room", &["--secret", "guess"]);
    let id = stranger.event("joined")["peer"].clone();
    let turned_away = one.event("turned_away");
    assert_eq!(turned_away["peer"], id);
    assert_eq!(turned_away["why"], "it does not know the room's secret");
    stranger.event("turned_away");
    let (in_room, outside) = (one.event("agreed"), stranger.event("agreed"));
    assert_eq!([&in_room["peers"], &outside["peers"]], [&Value::from(1); 2], "each is by itself");
}

#[test]
fn what_is_asked_before_the_nodes_are_let_in_waits() {
    let (_server, address) = signal(0);
    let mut one = join(&address, "early", &[]);
    one.say("register x 0 9");
    one.say("who 5");
    assert_eq!(one.event("who")["owners"][0]["node"], "x");
}

#[test]
fn rooms_are_apart_and_what_is_typed_wrong_ends_nothing() {
    let (_server, address) = signal(0);
    let mut one = join(&address, "one", &[]);
    let two = join(&address, "two", &[]);
    assert_eq!([one.event("agreed"), two.event("agreed")].map(|it| it["peers"].clone()), [1, 1]);
    for (line, reason) in [
        ("register", "register: NODE is missing"),
        ("\u{fffd}", "\"\u{fffd}\" is no command; `help` says which there are"),
    ] {
        one.say(line);
        assert_eq!(one.event("error")["error"], reason);
    }
    one.say(&"x".repeat(5_000));
    one.event("error");
    one.say("status");
    assert_eq!(one.event("claims")["claims"], 0);
}

#[test]
fn who_is_alone_says_that_the_server_is_not_there_and_begins() {
    // A port that was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("ws://127.0.0.1:{port}");
    let alone = output(&["join", "--room", "a", "--signal", &address, "--for", "4"]);
    assert_eq!(alone.status.code(), Some(0));
    let text = stdout(&alone);
    assert!(text.contains(&format!("signalling by {address}: not reached")), "{text}");
    assert!(text.contains("all agree on 0000000000000000: 1 node of 1 peer"), "{text}");
    let early = output(&["join", "--room", "a", "--signal", &address, "--for", "0"]);
    assert_eq!(early.status.code(), Some(1), "nothing is agreed on yet");
    // One that speaks something else, or takes calls and says nothing.
    let secure = output(&["join", "--room", "a", "--signal", "wss://127.0.0.1:1", "--for", "0"]);
    assert_eq!((secure.status.code(), stderr(&secure)), (Some(1), ""));
}

#[test]
fn what_cannot_be_is_refused_with_the_reason() {
    let check = |arguments: &[&str], reason: &str| {
        let refused = output(arguments);
        assert_eq!((refused.status.code(), stdout(&refused)), (Some(2), ""), "{arguments:?}");
        assert!(stderr(&refused).contains(reason), "{arguments:?}: {}", stderr(&refused));
    };
    check(&["join"], "--room");
    check(&["join", "--room", ""], "a room's name has 1 to 64 characters");
    check(&["join", "--room", "a", "--nodes", "25"], "1 to 24 nodes");
    check(&["join", "--room", "a", "--signal", "http://b"], "neither ws:// nor wss://");
    check(&["join", "--room", "a", "--ice", "b"], "--ice: \"b\" is no STUN or TURN server");
    check(&["join", "--room", "a", "--ice", "turn:b"], "--ice: \"turn:b\" needs a user");
    check(&["join", "--room", "a", "--for", "x"], "--for");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    check(&["signal", "--bind", &address], &format!("scalesmall: {address}: "));
    check(&["signal", "--bind", "nowhere"], "nowhere");
}

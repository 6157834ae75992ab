//! The signalling server, called again whenever it has gone.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use rustls::crypto::aws_lc_rs;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval_at, sleep, timeout};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use super::{ServerAddress, random_bits};
use crate::PeerId;
use crate::signalling::directory::{Directory, News, TEXT_BYTES_MAX, pause_ms};
use crate::signalling::meeting::Input;
use crate::signalling::signal::Signal;

/// How long a call may take to be answered.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);
/// How often the server is asked whether it is there, and after how long a silence it is not.
const PING_EVERY: Duration = Duration::from_secs(20);
const SILENCE_LIMIT: Duration = Duration::from_secs(50);
/// The most texts that wait to be sent to the server; more are lost.
const QUEUE_MAX: usize = 512;
/// The most that has come from it and waits.
const HEARD_MAX: usize = 64;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A room at a signalling server, until this is dropped.
pub(super) struct Server {
    directory: Directory,
    heard: mpsc::Receiver<Heard>,
    queue: mpsc::Sender<String>,
    caller: JoinHandle<()>,
    is_reached: bool,
}

enum Heard {
    Text(String),
    Gone,
}

impl Server {
    /// Begins to call it. Must be called in a runtime of Tokio's.
    pub(super) fn call(own: PeerId, address: &ServerAddress, room: &str) -> Self {
        let (heard_by, heard) = mpsc::channel(HEARD_MAX);
        let (queue, queued) = mpsc::channel(QUEUE_MAX);
        let caller = tokio::spawn(call(address.of_room(room), queued, heard_by));
        Self { directory: Directory::new(own), heard, queue, caller, is_reached: false }
    }

    /// What is heard next. Nothing is lost where this is given up.
    pub(super) async fn next(&mut self) -> Vec<Input> {
        let Some(heard) = self.heard.recv().await else { return std::future::pending().await };
        let news = match heard {
            Heard::Text(text) => self.directory.hear(&text),
            Heard::Gone => {
                self.directory.clear();
                self.is_reached = false;
                return vec![Input::Server { is_reached: false }];
            }
        };
        match news {
            Some(News::Assigned) => {
                self.is_reached = true;
                vec![Input::Server { is_reached: true }, Input::Appeared]
            }
            Some(News::Came(greeting)) => {
                self.say(greeting);
                Vec::new()
            }
            Some(News::Left(peer)) => vec![Input::Unheard(peer)],
            Some(News::Heard(from, signal)) => vec![Input::Heard(from, signal)],
            None => Vec::new(),
        }
    }

    /// Sends a signal to one peer, or to all. It is lost where there is no way.
    pub(super) fn post(&self, to: Option<PeerId>, signal: &Signal) {
        if self.is_reached {
            self.directory.post(to, signal).into_iter().for_each(|text| self.say(text));
        }
    }

    fn say(&self, text: String) {
        let _ = self.queue.try_send(text);
    }

    /// Says what is still to be said, and goes; the server does not keep it for long.
    pub(super) async fn leave(self, limit: Duration) {
        let Self { heard, queue, mut caller, .. } = self;
        drop((heard, queue));
        if timeout(limit, &mut caller).await.is_err() {
            caller.abort();
        }
    }
}

/// Calls the server at `url` again and again until nobody listens.
async fn call(url: String, mut queued: mpsc::Receiver<String>, heard_by: mpsc::Sender<Heard>) {
    // Whoever runs this process may have chosen another already.
    let _ = aws_lc_rs::default_provider().install_default();
    let mut failures = 0;
    while !heard_by.is_closed() {
        let config = WebSocketConfig::default()
            .max_message_size(Some(TEXT_BYTES_MAX))
            .max_frame_size(Some(TEXT_BYTES_MAX));
        let connected =
            timeout(ANSWER_LIMIT, connect_async_with_config(&url, Some(config), true)).await;
        if let Ok(Ok((mut socket, _))) = connected {
            failures = 0;
            // What was meant for the last call's others is of no use to these.
            while queued.try_recv().is_ok() {}
            let _ = converse(&mut socket, &mut queued, &heard_by).await;
            // Who has gone itself says so.
            let _ = timeout(ANSWER_LIMIT, socket.close(None)).await;
        }
        if failures == 0 {
            let _ = heard_by.send(Heard::Gone).await;
        }
        let pause = Duration::from_millis(pause_ms(failures, random_bits() as u32).into());
        failures = failures.saturating_add(1);
        tokio::select! {
            () = sleep(pause) => {}
            () = heard_by.closed() => {}
        }
    }
}

/// Says and hears, until the server has gone or nobody listens.
async fn converse(
    socket: &mut Socket,
    queued: &mut mpsc::Receiver<String>,
    heard_by: &mpsc::Sender<Heard>,
) -> Result<(), Error> {
    let mut heard_at = Instant::now();
    let mut pings = interval_at(heard_at + PING_EVERY, PING_EVERY);
    loop {
        tokio::select! {
            biased;
            // First, so that nothing is left unsaid by who goes.
            text = queued.recv() => match text {
                Some(text) => socket.send(Message::text(text)).await?,
                None => return Ok(()),
            },
            message = socket.next() => {
                heard_at = Instant::now();
                match message {
                    Some(Ok(Message::Text(text))) => {
                        let text = text.as_str().to_owned();
                        if heard_by.send(Heard::Text(text)).await.is_err() {
                            return Ok(());
                        }
                    }
                    Some(Ok(Message::Close(_))) | None => return Ok(()),
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return Err(error),
                }
            }
            _ = pings.tick() => {
                if heard_at.elapsed() > SILENCE_LIMIT {
                    return Ok(());
                }
                socket.send(Message::Ping(Vec::new().into())).await?;
            }
        }
    }
}

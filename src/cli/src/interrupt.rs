//! How a program that goes on is ended from outside.

/// Waits until somebody asks the process to end: by Ctrl-C, or, where there is that, SIGTERM.
pub(crate) async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    // Where it cannot be heard of, the system ends the process by itself.
    let _ = tokio::signal::ctrl_c().await;
}

/// Runs what waits for several things at once.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    Ok(runtime.map_err(|error| format!("the system: {error}"))?.block_on(future))
}

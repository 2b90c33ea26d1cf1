//! The connections: accepted up to a number, each with a limit on the time and size of its headers, and ended in an orderly way.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::app::App;

/// How long to wait when the machine has no room for another connection.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// Serves until `stop` is done, then lets calls in flight finish within their time.
pub async fn serve(listener: TcpListener, service: Router, app: &Arc<App>, stop: impl Future<Output = ()>) {
    let settings = &app.settings;
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(settings.header_timeout_ms))
        .max_buf_size(settings.header_bytes_max)
        .max_headers(settings.headers_max)
        .keep_alive(true);
    let service = TowerToHyperService::new(service);
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(settings.connections_max));
    let mut open = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            // Ended connections are forgotten as they end.
            Some(_) = open.join_next() => continue,
            accepted = accept(&listener, &room) => accepted,
        };
        let (stream, permit) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(ACCEPT_AGAIN).await;
                continue;
            }
        };
        let connection = builder.serve_connection(TokioIo::new(stream), service.clone());
        let connection = graceful.watch(connection);
        open.spawn(async move {
            let _permit = permit;
            if let Err(error) = connection.await {
                // A caller that went away, or headers that were too slow or none: nothing that the operator could put right.
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
    app.stop();
    drop(listener);
    tracing::info!(connections = graceful.count(), "stopping");
    let time_max = Duration::from_millis(settings.shutdown_timeout_ms);
    if timeout(time_max, graceful.shutdown()).await.is_err() {
        tracing::warn!("calls were broken off: they took longer than shutdown_timeout_ms");
    }
    open.shutdown().await;
}

/// Accepts a connection once there is room for it.
async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> io::Result<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let permit = Arc::clone(room).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    // Answers are small: they go out at once.
    stream.set_nodelay(true)?;
    Ok((stream, permit))
}

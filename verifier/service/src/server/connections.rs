//! The connections: accepted up to a number in all and from one address, each with a limit on the time and size of its headers and on
//! the time that its reader lets it wait, and ended in an orderly way.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use super::stall::Stalling;
use super::tls::Tls;
use crate::app::App;
use crate::settings::Settings;

/// How long to wait when the machine has no room for another connection.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);
/// How often to look whether the certificate was renewed.
const RENEW_EVERY: Duration = Duration::from_secs(10);

/// What every connection is served with.
#[derive(Clone)]
struct Serving {
    builder: http1::Builder,
    service: TowerToHyperService<Router>,
    stall_max: Duration,
}

impl Serving {
    fn new(service: Router, settings: &Settings) -> Self {
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(Duration::from_millis(settings.header_timeout_ms))
            .max_buf_size(settings.header_bytes_max)
            .max_headers(settings.headers_max)
            .keep_alive(true);
        Self {
            builder,
            service: TowerToHyperService::new(service),
            stall_max: Duration::from_millis(settings.export_stall_ms),
        }
    }

    async fn serve(self, stream: impl AsyncRead + AsyncWrite + Unpin + 'static, watcher: Watcher) {
        let stream = TokioIo::new(Stalling::new(stream, self.stall_max));
        let connection = self.builder.serve_connection(stream, self.service);
        if let Err(error) = watcher.watch(connection).await {
            // A caller that went away, or headers that were too slow or none: nothing that the operator could put right.
            tracing::debug!(%error, "a connection ended early");
        }
    }
}

/// Serves until `stop` is done, then lets calls in flight finish within their time.
pub async fn serve(
    listener: TcpListener,
    service: Router,
    app: &Arc<App>,
    tls: Option<Tls>,
    stop: impl Future<Output = ()>,
) {
    let settings = &app.settings;
    let serving = Serving::new(service, settings);
    let handshake_max = Duration::from_millis(settings.header_timeout_ms);
    let graceful = GracefulShutdown::new();
    let room = Room::new(settings);
    let tls = tls.map(Arc::new);
    let mut renewal = interval(RENEW_EVERY);
    renewal.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut open = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            // Ended connections are forgotten as they end.
            Some(_) = open.join_next() => continue,
            _ = renewal.tick() => {
                tls.iter().for_each(renew);
                continue;
            }
            accepted = room.accept(&listener) => accepted,
        };
        let (stream, place) = match accepted {
            Ok(Some(accepted)) => accepted,
            Ok(None) => continue,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(ACCEPT_AGAIN).await;
                continue;
            }
        };
        let (serving, watcher) = (serving.clone(), graceful.watcher());
        let acceptor = tls.as_ref().map(|tls| tls.acceptor());
        open.spawn(async move {
            let _place = place;
            let Some(acceptor) = acceptor else {
                return serving.serve(stream, watcher).await;
            };
            match timeout(handshake_max, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => serving.serve(stream, watcher).await,
                Ok(Err(error)) => tracing::debug!(%error, "no TLS"),
                Err(_) => tracing::debug!("a TLS handshake was too slow"),
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

/// Reads the certificate again where it was renewed, on a thread that may wait for the disk.
fn renew(tls: &Arc<Tls>) {
    let tls = Arc::clone(tls);
    tokio::task::spawn_blocking(move || match tls.renew() {
        Ok(false) => {}
        Ok(true) => tracing::info!("the TLS certificate was read again"),
        Err(refusal) => {
            tracing::error!(%refusal, "the TLS certificate was changed and cannot be used; the one before goes on")
        }
    });
}

/// Room for connections.
struct Room {
    all: Arc<Semaphore>,
    per_address_max: usize,
    /// Open connections of each address, where that is limited.
    open: Arc<Mutex<BTreeMap<IpAddr, usize>>>,
}

/// A connection's place, given back when it is dropped.
struct Place {
    _permit: OwnedSemaphorePermit,
    open: Arc<Mutex<BTreeMap<IpAddr, usize>>>,
    address: Option<IpAddr>,
}

impl Room {
    fn new(settings: &Settings) -> Self {
        Self {
            all: Arc::new(Semaphore::new(settings.connections_max)),
            per_address_max: settings.connections_per_address_max,
            open: Arc::default(),
        }
    }

    /// Accepts a connection once there is room for it; `None` where its address has as many as it may, and it is closed.
    async fn accept(&self, listener: &TcpListener) -> io::Result<Option<(TcpStream, Place)>> {
        let permit = Arc::clone(&self.all).acquire_owned().await.map_err(io::Error::other)?;
        let (stream, from) = listener.accept().await?;
        // Answers are small: they go out at once.
        stream.set_nodelay(true)?;
        let address = (self.per_address_max > 0).then(|| from.ip().to_canonical());
        if let Some(address) = address {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            let count = open.entry(address).or_default();
            if *count >= self.per_address_max {
                tracing::debug!("an address has as many connections as it may");
                return Ok(None);
            }
            *count += 1;
        }
        let place = Place {
            _permit: permit,
            open: Arc::clone(&self.open),
            address,
        };
        Ok(Some((stream, place)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(address) = self.address else { return };
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&address);
            }
        }
    }
}

//! The server: accepts connections until it is told to stop, lets calls in flight finish, and closes the ledger.
//!
//! [`run`] takes a thread for as long as the server runs; [`Running`] gives it one of its own, for tests and benches.

mod connections;
mod stall;
mod tls;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use covenant_policy::refusal::Refusal;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use crate::app::App;
use crate::refusals::{INTERNAL_FAULT, LISTEN_FAILED};
use crate::settings::Settings;
use crate::{router, startup};

/// How long threads that read the ledger may take to notice that nobody listens any more.
const THREADS_END_MAX: Duration = Duration::from_secs(10);

/// Runs a server until `stop` is done. `ready` is called once with the address that it listens on.
///
/// # Errors
/// Whatever keeps it from starting; nothing once it has started.
pub fn run(
    settings: Settings,
    ready: impl FnOnce(SocketAddr, &Arc<App>),
    stop: impl Future<Output = ()>,
) -> Result<(), Refusal> {
    let runtime = runtime(&settings)?;
    let tls = tls::Tls::from(&settings)?;
    let app = startup::app(settings)?;
    let served = runtime.block_on(async {
        let listener = listen(app.settings.listen).await?;
        let address = listener
            .local_addr()
            .map_err(|error| failed(app.settings.listen, &error))?;
        ready(address, &app);
        tracing::info!(%address, entries = app.log.ledger().size(), "listening");
        connections::serve(listener, router::service(&app), &app, tls, stop).await;
        Ok(())
    });
    runtime.shutdown_timeout(THREADS_END_MAX);
    // The last reference closes the ledger, which writes what waits.
    match Arc::into_inner(app) {
        Some(app) => drop(app),
        None => tracing::warn!("a thread still reads the ledger; it is closed with the process"),
    }
    tracing::info!("stopped");
    served
}

fn runtime(settings: &Settings) -> Result<Runtime, Refusal> {
    let mut builder = Builder::new_multi_thread();
    if settings.worker_threads > 0 {
        builder.worker_threads(settings.worker_threads);
    }
    builder
        .max_blocking_threads(settings.blocking_threads_max)
        .enable_all()
        .build()
        .map_err(|error| Refusal::new(&INTERNAL_FAULT, format!("no threads to serve with: {error}")))
}

async fn listen(address: SocketAddr) -> Result<TcpListener, Refusal> {
    TcpListener::bind(address)
        .await
        .map_err(|error| failed(address, &error))
}

fn failed(address: SocketAddr, error: &std::io::Error) -> Refusal {
    Refusal::new(&LISTEN_FAILED, error.to_string()).at(address)
}

/// Done when the process is told to stop, by SIGTERM or SIGINT.
pub async fn stop_signal() {
    let wait = |kind| async move {
        match signal(kind) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(error) => {
                tracing::error!(%error, "signals cannot be waited for");
                std::future::pending::<()>().await;
            }
        }
    };
    tokio::select! {
        () = wait(SignalKind::terminate()) => {}
        () = wait(SignalKind::interrupt()) => {}
    }
}

/// A server on a thread of its own.
pub struct Running {
    address: SocketAddr,
    app: std::sync::Weak<App>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<Result<(), Refusal>>>,
}

impl Running {
    /// Starts a server and waits until it listens.
    ///
    /// # Errors
    /// Whatever keeps it from starting.
    pub fn start(settings: Settings) -> Result<Self, Refusal> {
        let (stop, stopped) = oneshot::channel::<()>();
        let (tell, told) = mpsc::channel();
        let fault = |what: &str| Refusal::new(&INTERNAL_FAULT, what);
        let thread = thread::Builder::new()
            .name("server".to_owned())
            .spawn(move || {
                let ready = move |address, app: &Arc<App>| drop(tell.send((address, Arc::downgrade(app))));
                // A sender that is dropped stops the server too.
                run(settings, ready, async { drop(stopped.await) })
            })
            .map_err(|error| fault(&error.to_string()))?;
        match told.recv() {
            Ok((address, app)) => Ok(Self {
                address,
                app,
                stop: Some(stop),
                thread: Some(thread),
            }),
            Err(_) => match thread.join() {
                Ok(Err(refusal)) => Err(refusal),
                Ok(Ok(())) | Err(_) => Err(fault("the server ended before it listened")),
            },
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its parts, while it runs. Whoever keeps them keeps the ledger open.
    pub fn app(&self) -> Option<Arc<App>> {
        self.app.upgrade()
    }

    /// Tells it to stop, without waiting.
    pub fn begin_stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }

    /// Stops it: calls in flight finish, and the ledger is closed.
    ///
    /// # Errors
    /// `internal-fault` where the server's thread broke down.
    pub fn stop(mut self) -> Result<(), Refusal> {
        self.begin_stop();
        self.join()
    }

    fn join(&mut self) -> Result<(), Refusal> {
        match self.thread.take().map(JoinHandle::join) {
            None => Ok(()),
            Some(Ok(outcome)) => outcome,
            Some(Err(_)) => Err(Refusal::new(&INTERNAL_FAULT, "the server's thread broke down")),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.begin_stop();
        drop(self.join());
    }
}

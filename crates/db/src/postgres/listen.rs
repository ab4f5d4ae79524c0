//! The connection that hears what other nodes committed.

use std::future::poll_fn;
use std::time::Duration;

use tokio::sync::{broadcast, oneshot};
use tokio::task::JoinHandle;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{AsyncMessage, Config, NoTls, Socket};

use super::tls::Tls;
use crate::notify::from_wire;
use crate::{Cause, Notice, StoreError};

/// One channel for all topics: the topic is part of the message.
pub(super) const CHANNEL: &str = "tenantry";

/// How often the connection is asked whether it still lives; a peer that vanished says nothing.
const PING: Duration = Duration::from_secs(15);

/// Returns once it listens, so that a subscriber misses nothing from then on.
pub(super) async fn start(
    config: Config,
    tls: Tls,
    notices: broadcast::Sender<Notice>,
) -> Result<JoinHandle<()>, StoreError> {
    let (ready, listens) = oneshot::channel();
    #[expect(
        clippy::disallowed_methods,
        reason = "lives as long as the database handle, which ends it"
    )]
    let task = tokio::spawn(keep_listening(config, tls, notices, ready));
    match listens.await {
        Ok(()) => Ok(task),
        Err(_) => Err(StoreError::Unavailable(Cause::new(
            "connection",
            "no connection that listens could be made",
        ))),
    }
}

async fn keep_listening(
    config: Config,
    tls: Tls,
    notices: broadcast::Sender<Notice>,
    ready: oneshot::Sender<()>,
) {
    let mut ready = Some(ready);
    let mut pause = Duration::from_millis(100);
    loop {
        let first = ready.is_some();
        let mut listens = false;
        let result = {
            let on_ready = || {
                listens = true;
                match ready.take() {
                    Some(ready) => drop(ready.send(())),
                    // Whatever was said while nobody listened is lost.
                    None => drop(notices.send(Notice::Everything)),
                }
            };
            match &tls {
                Tls::None => listen(&config, NoTls, &notices, on_ready).await,
                Tls::Rustls(tls) => listen(&config, tls.clone(), &notices, on_ready).await,
            }
        };
        if let Err(error) = result {
            tracing::warn!(error = %StoreError::from_postgres(error), "the listening database connection broke");
        }
        if first && !listens {
            // Opening fails; dropping `ready` tells.
            return;
        }
        // Caches must not outlive the connection that would correct them.
        drop(notices.send(Notice::Everything));
        pause = if listens {
            Duration::from_millis(100)
        } else {
            (pause * 2).min(Duration::from_secs(5))
        };
        tokio::time::sleep(pause).await;
    }
}

/// Listens until the connection breaks.
async fn listen<T>(
    config: &Config,
    tls: T,
    notices: &broadcast::Sender<Notice>,
    on_ready: impl FnOnce(),
) -> Result<(), tokio_postgres::Error>
where
    T: MakeTlsConnect<Socket>,
{
    let (client, mut connection) = config.connect(tls).await?;
    let hear = async {
        while let Some(message) = poll_fn(|cx| connection.poll_message(cx)).await {
            if let AsyncMessage::Notification(said) = message? {
                // An error only means that nobody subscribes.
                drop(notices.send(from_wire(said.payload())));
            }
        }
        Ok(())
    };
    let talk = async {
        client.batch_execute("LISTEN tenantry").await?;
        on_ready();
        loop {
            tokio::time::sleep(PING).await;
            if tokio::time::timeout(PING, client.batch_execute(""))
                .await
                .is_err()
            {
                tracing::warn!("the listening database connection does not answer");
                return Ok(());
            }
        }
    };
    tokio::select! {
        result = hear => result,
        result = talk => result,
    }
}

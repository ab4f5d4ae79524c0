//! SQLite: one thread writes, a few connections read, one thread keeps the WAL short.

mod checkpoint;
mod conn;
mod reader;
mod run;
mod writer;

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{broadcast, mpsc, oneshot};

use crate::answer::Started;
use crate::tx::Text;
use crate::value::is_text_with_nul;
use crate::{Args, Notice, OpenError, Param, Row, Settings, StoreError, Tx};
pub use conn::Readback;
use conn::Role;
pub(crate) use conn::{Conn, LocalTx};
use reader::Readers;
use writer::{Body, Order, Writer};

/// Everything behind a [`crate::Db`] that runs on SQLite.
pub(crate) struct Sqlite {
    path: PathBuf,
    readers: Readers,
    orders: mpsc::Sender<Order>,
    notices: broadcast::Sender<Notice>,
    threads: Mutex<Threads>,
    checkpointer: Readback,
    crowded: Arc<AtomicBool>,
}

struct Threads {
    writer: Option<JoinHandle<()>>,
    checkpointer: Option<JoinHandle<()>>,
    stop: Option<std::sync::mpsc::Sender<()>>,
    lock: Option<File>,
    /// Kept until SQLite has closed its own: closing it ends the locks that SQLite holds on the file in this process.
    file: Option<Arc<File>>,
}

impl Sqlite {
    pub(crate) fn open(path: &Path, settings: &Settings) -> Result<Self, OpenError> {
        let lock = if settings.exclusive {
            Some(lock(path)?)
        } else {
            None
        };
        create_private(path)?;
        let writer_conn = Conn::open(path, Role::Writer)?;
        let checkpoint_conn = Conn::open(path, Role::Checkpointer)?;
        let checkpointer = checkpoint_conn.readback().map_err(OpenError::Store)?;
        let readers = Readers::open(path.to_path_buf(), settings)?;
        let file = File::open(path).map_err(|source| file_error(path, source))?;
        let file = Arc::new(file);
        let (orders, inbox) = mpsc::channel(settings.queue.max(1));
        let (notices, _) = broadcast::channel(crate::notify::BACKLOG);
        let restart = Arc::new(AtomicBool::new(false));
        let crowded = Arc::new(AtomicBool::new(false));
        let writer = Writer {
            orders: inbox,
            notices: notices.clone(),
            journal: settings.journal.clone(),
            batch: settings.batch.max(1),
            restart: Arc::clone(&restart),
            crowded: Arc::clone(&crowded),
        };
        let (stop, stopped) = std::sync::mpsc::channel();
        let keeper = checkpoint::Checkpointer {
            conn: checkpoint_conn,
            file: Arc::clone(&file),
            wal: beside(path, "-wal"),
            restart,
            crowded: Arc::clone(&crowded),
            orders: orders.downgrade(),
            stop: stopped,
        };
        let writer = thread("db-writer", move || writer.run(writer_conn))?;
        let keeper = thread("db-checkpoint", move || keeper.run())?;
        let threads = Threads {
            writer: Some(writer),
            checkpointer: Some(keeper),
            stop: Some(stop),
            lock,
            file: Some(file),
        };
        Ok(Self {
            path: path.to_path_buf(),
            readers,
            orders,
            notices,
            threads: Mutex::new(threads),
            checkpointer,
            crowded,
        })
    }

    /// Whether background work should leave the disk alone.
    pub(crate) fn is_crowded(&self) -> bool {
        self.crowded.load(Ordering::Relaxed)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Notice> {
        self.notices.subscribe()
    }

    pub(crate) fn read<T, E, F>(&self, body: &F) -> Started<T, E>
    where
        F: AsyncFn(&Tx) -> Result<T, E>,
        E: From<StoreError>,
    {
        Started::Done(self.readers.read(body))
    }

    pub(crate) fn write<T, E, F>(&self, body: F) -> Started<T, E>
    where
        F: AsyncFn(&Tx) -> Result<T, E> + Send + 'static,
        E: From<StoreError> + Send + 'static,
        T: Send + 'static,
    {
        let (caller, answer) = oneshot::channel();
        match self.order(Order::Job(Box::new(Body::new(body, caller)))) {
            Ok(()) => Started::Elsewhere(answer),
            Err(error) => Started::Done(Err(error.into())),
        }
    }

    /// Runs something on the writer's connection outside of any transaction; other writes wait meanwhile.
    pub(crate) async fn alone<T: Send + 'static>(
        &self,
        run: impl FnOnce(&Conn) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        let (caller, answer) = oneshot::channel();
        self.order(Order::Alone(Box::new(move |conn| drop(caller.send(run(conn))))))?;
        answer.await.map_err(|_| StoreError::Closed)
    }

    pub(crate) async fn all(&self, text: Text<'_>, args: Args<'_>) -> Result<Vec<Row>, StoreError> {
        let found = self.readers.with(|conn| {
            if conn.only_reads(text)? {
                conn.all(text, args).map(Some)
            } else {
                Ok(None)
            }
        })?;
        match found {
            Some(rows) => Ok(rows),
            None => {
                self.statement(text, args, |tx, text, args| tx.with(|conn| conn.all(text, args)))
                    .await
            }
        }
    }

    pub(crate) async fn opt(&self, text: Text<'_>, args: Args<'_>) -> Result<Option<Row>, StoreError> {
        let found = self.readers.with(|conn| {
            if conn.only_reads(text)? {
                conn.opt(text, args).map(Some)
            } else {
                Ok(None)
            }
        })?;
        match found {
            Some(row) => Ok(row),
            None => {
                self.statement(text, args, |tx, text, args| tx.with(|conn| conn.opt(text, args)))
                    .await
            }
        }
    }

    pub(crate) async fn exec(&self, text: Text<'_>, args: Args<'_>) -> Result<u64, StoreError> {
        self.statement(text, args, |tx, text, args| tx.with(|conn| conn.exec(text, args)))
            .await
    }

    /// One statement that writes: a job of its own, with copies of its values.
    async fn statement<T: Send + 'static>(
        &self,
        text: Text<'_>,
        args: Args<'_>,
        run: fn(&LocalTx, Text<'_>, Args<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let values = args
            .iter()
            .map(|arg| owned(*arg))
            .collect::<Result<Vec<_>, _>>()?;
        let kept = match text {
            Text::Static(sql) => Ok(sql),
            Text::Built(text) => Err(text.to_owned()),
        };
        let body = async move |tx: &Tx| {
            let crate::tx::Inner::Sqlite(local) = &tx.0 else {
                return Err(StoreError::Closed);
            };
            let args: Vec<&(dyn Param + Sync)> =
                values.iter().map(|value| value as &(dyn Param + Sync)).collect();
            match &kept {
                Ok(sql) => run(local, Text::Static(*sql), &args),
                Err(built) => run(local, Text::Built(built), &args),
            }
        };
        match self.write(body) {
            Started::Done(result) => result,
            Started::Elsewhere(answer) => answer.await.unwrap_or(Err(StoreError::Closed)),
        }
    }

    pub(crate) async fn readback(&self) -> Result<Vec<Readback>, StoreError> {
        let mut all = self.readers.readback()?;
        all.push(self.alone(Conn::readback).await??);
        all.push(self.checkpointer.clone());
        Ok(all)
    }

    /// Lets the writer finish what is queued, empties the WAL and joins the threads. Blocks.
    pub(crate) fn close(&self) {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        drop(threads.stop.take());
        if let Some(thread) = threads.checkpointer.take()
            && thread.join().is_err()
        {
            tracing::error!("the checkpoint thread had panicked");
        }
        // Before the writer ends, so that its checkpoint meets no reader.
        self.readers.close();
        if let Some(thread) = threads.writer.take() {
            // An error means that the writer is gone already.
            drop(self.orders.blocking_send(Order::Close));
            if thread.join().is_err() {
                tracing::error!("the writer thread had panicked");
            }
        }
        drop(threads.file.take());
        drop(threads.lock.take());
    }

    fn order(&self, order: Order) -> Result<(), StoreError> {
        self.orders.try_send(order).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Overloaded,
            TrySendError::Closed(_) => StoreError::Closed,
        })
    }
}

fn owned(arg: &(dyn Param + Sync)) -> Result<crate::Value, StoreError> {
    use rusqlite::types::{ToSqlOutput, Value as Owned, ValueRef};
    let value = rusqlite::ToSql::to_sql(arg).map_err(StoreError::from_sqlite)?;
    if is_text_with_nul(&value) {
        return Err(StoreError::Nul);
    }
    let value = match value {
        ToSqlOutput::Owned(value) => value,
        ToSqlOutput::Borrowed(ValueRef::Text(text)) => {
            Owned::Text(String::from_utf8_lossy(text).into_owned())
        }
        ToSqlOutput::Borrowed(value) => value.try_into().map_err(|_| unknown())?,
        _ => return Err(unknown()),
    };
    Ok(match value {
        Owned::Null => crate::Value::Null,
        Owned::Integer(number) => crate::Value::Int(number),
        Owned::Text(text) => crate::Value::Text(text),
        Owned::Blob(bytes) => crate::Value::Bytes(bytes),
        Owned::Real(_) => return Err(unknown()),
    })
}

fn unknown() -> StoreError {
    StoreError::Other(crate::Cause::new(
        "driver",
        "a value of this kind cannot be bound",
    ))
}

fn thread(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, OpenError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(run)
        .map_err(OpenError::Thread)
}

/// `PATH-wal`, `PATH.lock`: a name next to the file.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn file_error(path: &Path, source: std::io::Error) -> OpenError {
    OpenError::File {
        path: path.display().to_string(),
        source,
    }
}

/// Takes the advisory lock that ends with the process, however that ends.
fn lock(path: &Path) -> Result<File, OpenError> {
    let name = beside(path, ".lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&name)
        .map_err(|source| file_error(&name, source))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse {
            path: path.display().to_string(),
        }),
        Err(TryLockError::Error(source)) => Err(file_error(&name, source)),
    }
}

/// Creates the file so that only its owner reads it; SQLite gives the WAL the same mode. A file that exists is not
/// opened, not even to look: closing it again would end the locks SQLite holds on it in this process.
fn create_private(path: &Path) -> Result<(), OpenError> {
    let mut options = OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(source) => Err(file_error(path, source)),
    }
}

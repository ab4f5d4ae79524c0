//! The connections that read. A read takes microseconds, so it runs inline on the thread that asks; handing it to
//! another thread would cost several times as much as the read.

use std::path::PathBuf;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::conn::{Conn, LocalTx, Role};
use super::run::poll_once;
use crate::tx::Inner;
use crate::{OpenError, Readback, Settings, StoreError, Tx};

pub(crate) struct Readers {
    path: PathBuf,
    wait: Duration,
    longest: Duration,
    size: usize,
    idle: Mutex<Idle>,
    freed: Condvar,
}

struct Idle {
    conns: Vec<Conn>,
    /// Connections that were thrown away and may be opened again.
    missing: usize,
    closed: bool,
}

impl Readers {
    pub(crate) fn open(path: PathBuf, settings: &Settings) -> Result<Self, OpenError> {
        let size = settings.readers.max(1);
        let mut conns = Vec::with_capacity(size);
        for _ in 0..size {
            conns.push(Conn::open(&path, Role::Reader)?);
        }
        let idle = Mutex::new(Idle {
            conns,
            missing: 0,
            closed: false,
        });
        Ok(Self {
            path,
            wait: settings.wait,
            longest: settings.longest,
            size,
            idle,
            freed: Condvar::new(),
        })
    }

    /// One statement on any reader, outside of a transaction.
    pub(crate) fn with<T>(
        &self,
        run: impl FnOnce(&mut Conn) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut conn = self.take()?;
        let result = run(&mut conn);
        self.give_back(conn);
        result
    }

    /// A whole body on one snapshot.
    pub(crate) fn read<T, E, F>(&self, body: &F) -> Result<T, E>
    where
        F: AsyncFn(&Tx) -> Result<T, E>,
        E: From<StoreError>,
    {
        let conn = self.take()?;
        if let Err(error) = conn.control("BEGIN DEFERRED") {
            self.give_back(conn);
            return Err(error.into());
        }
        let tx = Tx(Inner::Sqlite(LocalTx::new(conn, false)));
        let result = poll_once(body, &tx);
        if let Inner::Sqlite(local) = tx.0 {
            self.give_back(local.into_conn());
        }
        result
    }

    /// What every reader answers when asked for its settings; waits until none is busy.
    pub(crate) fn readback(&self) -> Result<Vec<Readback>, StoreError> {
        let mut held = Vec::with_capacity(self.size);
        while held.len() < self.size {
            match self.take() {
                Ok(conn) => held.push(conn),
                Err(error) => {
                    held.into_iter().for_each(|conn| self.give_back(conn));
                    return Err(error);
                }
            }
        }
        let answers = held.iter().map(Conn::readback).collect();
        held.into_iter().for_each(|conn| self.give_back(conn));
        answers
    }

    pub(crate) fn close(&self) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.closed = true;
        idle.conns.clear();
        self.freed.notify_all();
    }

    /// A connection for one read, which may take from now until the limit.
    fn take(&self) -> Result<Conn, StoreError> {
        let conn = self.free()?;
        conn.stop_after(self.longest);
        Ok(conn)
    }

    fn free(&self) -> Result<Conn, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut idle, timeout) = self
            .freed
            .wait_timeout_while(idle, self.wait, |idle| {
                idle.conns.is_empty() && idle.missing == 0 && !idle.closed
            })
            .unwrap_or_else(PoisonError::into_inner);
        if idle.closed {
            return Err(StoreError::Closed);
        }
        if let Some(conn) = idle.conns.pop() {
            return Ok(conn);
        }
        if timeout.timed_out() || idle.missing == 0 {
            return Err(StoreError::Overloaded);
        }
        idle.missing -= 1;
        drop(idle);
        Conn::open(&self.path, Role::Reader).map_err(|error| {
            tracing::error!(%error, "a database reader cannot be opened again");
            self.lose();
            StoreError::Overloaded
        })
    }

    fn give_back(&self, conn: Conn) {
        // A read has nothing to keep, so its transaction always ends with ROLLBACK.
        if !conn.is_idle() && conn.control("ROLLBACK").is_err() {
            drop(conn);
            self.lose();
            return;
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if !idle.closed {
            idle.conns.push(conn);
        }
        drop(idle);
        self.freed.notify_one();
    }

    fn lose(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).missing += 1;
        self.freed.notify_one();
    }
}

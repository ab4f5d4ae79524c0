//! The threads that hash passwords.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use kit::Secret;
use thiserror::Error;
use tokio::sync::oneshot;

use super::native::Hasher;
use super::{HashCost, MAX_PASSWORD_BYTES, StoredHash, normalised};

/// How far the threads stand back, so that a burst of logins does not slow every other request down.
const NICE: u8 = 10;

/// Why a password was not hashed or checked.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum HashError {
    /// Every thread works and the queue is full. The caller answers 503 with Retry-After.
    #[error("too many password checks are waiting")]
    Busy,
    /// The password has more than [`MAX_PASSWORD_BYTES`] bytes.
    #[error("the password is too long")]
    TooLong,
    /// No memory, no threads, or a fault inside a hash.
    #[error("the password hash could not be computed")]
    Failed,
}

/// The outcome of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The password is the right one.
    pub matches: bool,
    /// The password is the right one, and the stored hash is foreign or of another cost than the configured one: hash
    /// the password anew and store that.
    pub rehash: bool,
}

/// Threads that do nothing but hash passwords, one per core, fed by a bounded queue: hashing is what a login costs, so
/// it must neither block the threads that serve requests nor pile up without limit (DESIGN section 3, rule 10).
///
/// The handle is cheap to clone. When the last one is dropped, the threads end.
#[derive(Clone)]
pub struct HashPool(Arc<Handle>);

impl HashPool {
    /// Starts `threads` threads (at least one) that make hashes of `cost`, with at most `queue` calls (at least one)
    /// waiting. Each thread takes its memory at its first hash.
    #[must_use]
    pub fn start(cost: HashCost, threads: usize, queue: usize) -> Self {
        let shared = Arc::new(Shared {
            cost,
            capacity: queue.max(1),
            queue: Mutex::new(Queue {
                jobs: VecDeque::new(),
                kept: 0,
                open: true,
            }),
            wake: Condvar::new(),
            performed: AtomicU64::new(0),
        });
        let mut started = 0;
        for index in 0..threads.max(1) {
            let worker = Arc::clone(&shared);
            match std::thread::Builder::new()
                .name(format!("hash-{index}"))
                .spawn(move || worker.run())
            {
                Ok(_) => started += 1,
                Err(error) => tracing::error!(%error, "a password hash thread did not start"),
            }
        }
        if started == 0 {
            shared.close(); // every call then fails at once instead of waiting for ever
        }
        Self(Arc::new(Handle(shared)))
    }

    /// Keeps a place in the queue for a check of `password`: whatever refuses a check without making it is answered here,
    /// so that a caller can note the attempt in between and be sure that it is judged.
    ///
    /// # Errors
    /// [`HashError::Busy`], [`HashError::TooLong`], or [`HashError::Failed`] when the pool has ended.
    pub fn admit(&self, password: Secret) -> Result<Admitted, HashError> {
        fits(&password)?;
        self.0.0.keep()?;
        let place = Kept(Arc::clone(&self.0.0));
        Ok(Admitted {
            pool: self.clone(),
            password,
            place,
        })
    }

    /// A new hash of `password` as a PHC string, with a random salt, at the configured cost. The password is brought to
    /// NFC first.
    ///
    /// # Errors
    /// See [`HashError`].
    pub async fn hash(&self, password: Secret) -> Result<String, HashError> {
        self.submit(password, None, |hasher, password| {
            hasher.hash(normalised(password).reveal().as_bytes())
        })
        .await
    }

    /// Checks `password` against a stored hash, ours or foreign. Exactly one hash of work per call, whatever the
    /// outcome: an unreadable stored hash costs a dummy one and does not match.
    ///
    /// # Errors
    /// See [`HashError`].
    pub async fn verify(&self, password: Secret, stored: StoredHash) -> Result<Verdict, HashError> {
        self.admit(password)?.verify(stored).await
    }

    /// Does the work of a verification for a user who does not exist, so that the time does not tell.
    ///
    /// # Errors
    /// See [`HashError`]; the same ones that [`verify`](Self::verify) would have answered.
    pub async fn dummy(&self, password: Secret) -> Result<(), HashError> {
        self.admit(password)?.dummy().await
    }

    /// How many calls were worked off so far, of all kinds. Tests assert that each login path adds exactly one.
    #[must_use]
    pub fn performed(&self) -> u64 {
        self.0.0.performed.load(Ordering::SeqCst)
    }

    /// How many calls wait for a thread right now.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.0.0.lock().jobs.len()
    }

    /// The cost of new hashes.
    #[must_use]
    pub fn cost(&self) -> HashCost {
        self.0.0.cost
    }

    async fn submit<T: Send + 'static>(
        &self,
        password: Secret,
        place: Option<Kept>,
        work: impl FnOnce(&mut Hasher, &Secret) -> Option<T> + Send + 'static,
    ) -> Result<T, HashError> {
        fits(&password)?;
        let (reply, answer) = oneshot::channel();
        let task = Task {
            password,
            work,
            reply,
        };
        self.0.0.push(Box::new(task), place.is_some())?;
        drop(place); // the call stands in it now
        // The sender is dropped unanswered only when the hash panicked or the threads are gone.
        answer.await.unwrap_or(None).ok_or(HashError::Failed)
    }
}

impl std::fmt::Debug for HashPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HashPool({})", self.cost())
    }
}

/// A check that has its place in the queue and has not begun.
#[derive(Debug)]
pub struct Admitted {
    pool: HashPool,
    password: Secret,
    place: Kept,
}

impl Admitted {
    /// See [`HashPool::verify`].
    ///
    /// # Errors
    /// [`HashError::Failed`].
    pub async fn verify(self, stored: StoredHash) -> Result<Verdict, HashError> {
        self.pool
            .submit(self.password, Some(self.place), move |hasher, password| {
                hasher.verify(password, &stored)
            })
            .await
    }

    /// See [`HashPool::dummy`].
    ///
    /// # Errors
    /// [`HashError::Failed`].
    pub async fn dummy(self) -> Result<(), HashError> {
        self.pool
            .submit(self.password, Some(self.place), |hasher, password| {
                hasher
                    .dummy(normalised(password).reveal().as_bytes())
                    .then_some(())
            })
            .await
    }
}

fn fits(password: &Secret) -> Result<(), HashError> {
    if password.reveal().len() > MAX_PASSWORD_BYTES {
        return Err(HashError::TooLong);
    }
    Ok(())
}

/// A place in the queue, free again when this goes.
struct Kept(Arc<Shared>);

impl Drop for Kept {
    fn drop(&mut self) {
        self.0.lock().kept -= 1;
    }
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Kept")
    }
}

/// Ends the threads when the last handle goes.
struct Handle(Arc<Shared>);

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.close();
    }
}

trait Job: Send {
    /// Nobody waits for the answer any more.
    fn abandoned(&self) -> bool;
    fn run(self: Box<Self>, hasher: &mut Hasher, performed: &AtomicU64);
}

struct Task<T, W> {
    password: Secret,
    work: W,
    reply: oneshot::Sender<Option<T>>,
}

impl<T: Send, W: FnOnce(&mut Hasher, &Secret) -> Option<T> + Send> Job for Task<T, W> {
    fn abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn run(self: Box<Self>, hasher: &mut Hasher, performed: &AtomicU64) {
        let Self {
            password,
            work,
            reply,
        } = *self;
        let answer = work(hasher, &password);
        performed.fetch_add(1, Ordering::SeqCst);
        // The caller may have gone meanwhile.
        let _ = reply.send(answer);
    }
}

struct Shared {
    cost: HashCost,
    capacity: usize,
    queue: Mutex<Queue>,
    wake: Condvar,
    performed: AtomicU64,
}

struct Queue {
    jobs: VecDeque<Box<dyn Job>>,
    /// Places that are kept for calls that have not come yet.
    kept: usize,
    open: bool,
}

impl Queue {
    /// Whether there is room for one more.
    fn has_room(&mut self, capacity: usize) -> Result<(), HashError> {
        if !self.open {
            return Err(HashError::Failed);
        }
        if self.jobs.len() + self.kept >= capacity {
            // Callers that hung up must not keep those out who still wait.
            self.jobs.retain(|job| !job.abandoned());
            if self.jobs.len() + self.kept >= capacity {
                return Err(HashError::Busy);
            }
        }
        Ok(())
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        // Nothing panics while it holds the lock, and the queue would be whole if something did.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self) -> Result<(), HashError> {
        let mut queue = self.lock();
        queue.has_room(self.capacity)?;
        queue.kept += 1;
        Ok(())
    }

    /// Queues a job, in a place that was kept for it or in one that is free.
    fn push(&self, job: Box<dyn Job>, has_place: bool) -> Result<(), HashError> {
        let mut queue = self.lock();
        if has_place && !queue.open {
            return Err(HashError::Failed);
        }
        if !has_place {
            queue.has_room(self.capacity)?;
        }
        queue.jobs.push_back(job);
        drop(queue);
        self.wake.notify_one();
        Ok(())
    }

    fn close(&self) {
        let mut queue = self.lock();
        queue.open = false;
        queue.jobs.clear();
        drop(queue);
        self.wake.notify_all();
    }

    /// The next job that somebody waits for; `None` when the pool has ended.
    fn next(&self) -> Option<Box<dyn Job>> {
        let mut queue = self.lock();
        loop {
            if !queue.open {
                return None;
            }
            match queue.jobs.pop_front() {
                Some(job) if job.abandoned() => {}
                Some(job) => return Some(job),
                None => {
                    queue = self.wake.wait(queue).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }

    fn run(&self) {
        kit::yield_to_requests(NICE);
        let mut hasher = Hasher::new(self.cost);
        while let Some(job) = self.next() {
            // A panic inside a hash costs that call, not the thread; the next hash overwrites all memory.
            if catch_unwind(AssertUnwindSafe(|| job.run(&mut hasher, &self.performed))).is_err() {
                tracing::error!("a password hash panicked");
                hasher = Hasher::new(self.cost);
            }
        }
    }
}

#[cfg(test)]
mod tests;

#![expect(
    clippy::disallowed_methods,
    reason = "callers that come at once need tasks of their own"
)]

use std::sync::mpsc;
use std::time::Duration;

use super::*;
use crate::HashKind;

// Made with argon2-cffi 25.1 of "Tr0ub4dor&3" and of "café-latte" (composed), salt "saltsaltsaltsalt".
const OWN: &str =
    "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$edVUs1zhsl13K6K9DcDVMlVV/MTTXzLVn4IMisTI3RU";
const OWN_COMPOSED: &str =
    "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$4SIoiiIf9vMrtoJ0ogE0xa/La1qfXHHa1dJnPqPy0OY";
const OWN_DEFAULT_COST: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$2IUOTENR8uIb/M1yKy7vwdbaTyLXWBUcuFTsZ6gSBfk";
// Made with Python bcrypt 5.0 of "café-latte" (decomposed).
const BCRYPT_DECOMPOSED: &str = "$2b$05$abcdefghijklmnopqrstuuknsjaucT0WaJbElQD7xJK8rMmB17YmO";

const RIGHT: Verdict = Verdict {
    matches: true,
    rehash: false,
};
const RIGHT_BUT_OLD: Verdict = Verdict {
    matches: true,
    rehash: true,
};
const WRONG: Verdict = Verdict {
    matches: false,
    rehash: false,
};

fn cheap() -> HashCost {
    HashCost::new(64, 1, 1).unwrap()
}

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

fn stored(kind: HashKind, text: &str) -> StoredHash {
    StoredHash {
        kind,
        text: text.to_owned(),
        config: None,
    }
}

#[tokio::test]
async fn a_hash_verifies_and_every_call_costs_exactly_one() {
    let pool = HashPool::start(cheap(), 2, 8);
    let hash = pool.hash(secret("Tr0ub4dor&3")).await.unwrap();
    assert!(hash.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{hash}");
    assert_ne!(hash, pool.hash(secret("Tr0ub4dor&3")).await.unwrap());
    assert_eq!(pool.performed(), 2);
    let verdict = pool
        .verify(secret("Tr0ub4dor&3"), StoredHash::native(hash.clone()))
        .await;
    assert_eq!(verdict, Ok(RIGHT));
    let verdict = pool.verify(secret("tr0ub4dor&3"), StoredHash::native(hash)).await;
    assert_eq!(verdict, Ok(WRONG));
    pool.dummy(secret("x")).await.unwrap();
    assert_eq!(pool.performed(), 5);
    let verdict = pool
        .verify(secret("x"), StoredHash::native("junk".to_owned()))
        .await;
    assert_eq!((verdict, pool.performed()), (Ok(WRONG), 6));
}

#[tokio::test]
async fn a_hash_of_another_cost_is_to_be_made_anew() {
    let pool = HashPool::start(cheap(), 1, 8);
    for (text, verdict) in [(OWN, RIGHT), (OWN_DEFAULT_COST, RIGHT_BUT_OLD)] {
        let stored = StoredHash::native(text.to_owned());
        assert_eq!(
            pool.verify(secret("Tr0ub4dor&3"), stored.clone()).await,
            Ok(verdict)
        );
        assert_eq!(pool.verify(secret("wrong"), stored).await, Ok(WRONG));
    }
    // The same text under the kind of other systems is foreign, hence always to be replaced.
    let verdict = pool
        .verify(secret("Tr0ub4dor&3"), stored(HashKind::Argon2, OWN))
        .await;
    assert_eq!(verdict, Ok(RIGHT_BUT_OLD));
}

#[tokio::test]
async fn our_hashes_take_the_composed_form_and_foreign_ones_the_bytes_as_given() {
    let pool = HashPool::start(cheap(), 1, 8);
    let (composed, decomposed) = ("caf\u{e9}-latte", "cafe\u{301}-latte");
    for form in [composed, decomposed] {
        let own = StoredHash::native(OWN_COMPOSED.to_owned());
        assert_eq!(pool.verify(secret(form), own).await, Ok(RIGHT));
        let hash = pool.hash(secret(form)).await.unwrap();
        assert_eq!(
            pool.verify(secret(composed), StoredHash::native(hash)).await,
            Ok(RIGHT)
        );
    }
    let foreign = stored(HashKind::Bcrypt, BCRYPT_DECOMPOSED);
    assert_eq!(
        pool.verify(secret(decomposed), foreign.clone()).await,
        Ok(RIGHT_BUT_OLD)
    );
    assert_eq!(pool.verify(secret(composed), foreign).await, Ok(WRONG));
}

#[tokio::test]
async fn too_long_a_password_is_refused_without_work() {
    let pool = HashPool::start(cheap(), 1, 8);
    assert!(pool.hash(secret(&"x".repeat(1024))).await.is_ok());
    assert_eq!(
        pool.hash(secret(&"x".repeat(1025))).await,
        Err(HashError::TooLong)
    );
    assert_eq!(pool.performed(), 1);
}

/// Occupies the pool's only thread until the sender is dropped.
async fn occupied(pool: &HashPool) -> (mpsc::Sender<()>, tokio::task::JoinHandle<Result<(), HashError>>) {
    let (release, released) = mpsc::channel::<()>();
    let (begin, begun) = oneshot::channel();
    let occupant = pool.clone();
    let task = tokio::spawn(async move {
        occupant
            .submit(secret(""), None, move |_, _| {
                begin.send(()).ok();
                released.recv().ok();
                Some(())
            })
            .await
    });
    begun.await.unwrap();
    (release, task)
}

async fn until_waiting(pool: &HashPool, count: usize) {
    while pool.waiting() != count {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn a_full_queue_answers_busy_at_once_and_works_on() {
    let pool = HashPool::start(cheap(), 1, 2);
    let (release, occupant) = occupied(&pool).await;
    let waiting: Vec<_> = (0..2)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move { pool.hash(secret("x")).await })
        })
        .collect();
    until_waiting(&pool, 2).await;
    assert_eq!(pool.hash(secret("x")).await, Err(HashError::Busy));
    assert_eq!(pool.dummy(secret("x")).await, Err(HashError::Busy));
    drop(release);
    assert_eq!(occupant.await.unwrap(), Ok(()));
    for task in waiting {
        assert!(task.await.unwrap().is_ok());
    }
    assert!(pool.hash(secret("x")).await.is_ok());
}

#[tokio::test]
async fn a_place_is_kept_until_it_is_used_or_given_up() {
    let pool = HashPool::start(cheap(), 1, 2);
    let hash = pool.hash(secret("x")).await.unwrap();
    let (first, second) = (pool.admit(secret("x")).unwrap(), pool.admit(secret("x")).unwrap());
    assert_eq!(pool.admit(secret("x")).unwrap_err(), HashError::Busy);
    assert_eq!(pool.hash(secret("x")).await, Err(HashError::Busy));
    assert_eq!(first.verify(StoredHash::native(hash)).await, Ok(RIGHT));
    let again = pool.admit(secret("x")).unwrap();
    drop(second);
    assert!(pool.hash(secret("x")).await.is_ok());
    assert_eq!(again.dummy().await, Ok(()));
    let long = secret(&"x".repeat(MAX_PASSWORD_BYTES + 1));
    assert_eq!(pool.admit(long).unwrap_err(), HashError::TooLong);
    assert_eq!(pool.0.0.lock().kept, 0);
}

#[tokio::test]
async fn callers_that_hang_up_are_skipped_and_make_room() {
    let pool = HashPool::start(cheap(), 1, 2);
    let (release, occupant) = occupied(&pool).await;
    let gone: Vec<_> = (0..2)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move { pool.hash(secret("x")).await })
        })
        .collect();
    until_waiting(&pool, 2).await;
    for task in gone {
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
    }
    let stays = {
        let pool = pool.clone();
        tokio::spawn(async move { pool.hash(secret("x")).await })
    };
    until_waiting(&pool, 1).await;
    drop(release);
    assert!(stays.await.unwrap().is_ok());
    assert_eq!(occupant.await.unwrap(), Ok(()));
    assert_eq!(pool.performed(), 2, "the occupant and the one that stayed");
}

#[tokio::test]
async fn a_panic_costs_one_call_not_the_thread() {
    let pool = HashPool::start(cheap(), 1, 2);
    let answer: Result<(), _> = pool.submit(secret(""), None, |_, _| panic!("in a test")).await;
    assert_eq!(answer, Err(HashError::Failed));
    assert!(pool.hash(secret("x")).await.is_ok());
}

#[tokio::test]
async fn the_threads_end_with_the_last_handle() {
    let pool = HashPool::start(cheap(), 2, 2);
    let shared = Arc::downgrade(&pool.0.0);
    let other = pool.clone();
    drop(pool);
    assert!(other.hash(secret("x")).await.is_ok());
    drop(other);
    while shared.upgrade().is_some() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn only_the_hash_threads_have_a_lower_priority() {
    let own = || rustix::process::getpriority_process(Some(rustix::thread::gettid())).ok();
    let before = own();
    let pool = HashPool::start(cheap(), 1, 2);
    let theirs = pool
        .submit(secret(""), None, move |_, _| Some(own()))
        .await
        .unwrap();
    assert_eq!(theirs, Some(10));
    assert_eq!(own(), before);
}

#[tokio::test]
async fn a_pool_and_its_errors_do_not_show_a_password() {
    let pool = HashPool::start(cheap(), 1, 2);
    assert_eq!(format!("{pool:?}"), "HashPool(argon2id:m=64,t=1,p=1)");
    assert_eq!(pool.cost(), cheap());
}

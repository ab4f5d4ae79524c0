//! What this machine can do at most: the ceilings that the bench compares the server with.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::keys::{KeyError, SigningKey};
use crate::password::{HashCost, Hasher};

/// Password hashes per second of `threads` threads that do nothing else for `duration`, each reusing its memory as the
/// pool does.
#[must_use]
pub fn hashes_per_second(cost: HashCost, threads: usize, duration: Duration) -> f64 {
    rate(threads, duration, || {
        let mut hasher = Hasher::new(cost);
        move || hasher.dummy(b"correct horse battery staple")
    })
}

/// RS256 tokens signed per second by `threads` threads that do nothing else for `duration`, sharing one parsed key.
///
/// # Errors
/// When no key can be made.
pub fn rsa_signs_per_second(threads: usize, duration: Duration) -> Result<f64, KeyError> {
    let made = SigningKey::generate_rsa()?;
    let key = SigningKey::from_pkcs8("calibrate".to_owned(), &made.pkcs8)?;
    let claims = serde_json::json!({
        "sub": "00000000-0000-4000-8000-000000000001",
        "tenantId": "00000000-0000-4000-8000-000000000010",
        "roles": ["Admin"],
        "iat": 1_760_000_000,
        "exp": 1_760_086_400,
    });
    let (key, claims) = (&key, &claims);
    Ok(rate(threads, duration, || {
        move || std::hint::black_box(key.sign_jwt(claims)).is_ok()
    }))
}

/// Runs what `prepare` makes on each thread until the time is over and answers how often it succeeded per second.
/// Every thread does one round before the clock starts, so that memory is there.
fn rate<W: FnMut() -> bool>(threads: usize, duration: Duration, prepare: impl Fn() -> W + Sync) -> f64 {
    let threads = threads.max(1);
    let (stop, done) = (AtomicBool::new(false), AtomicU64::new(0));
    let ready = std::sync::Barrier::new(threads + 1);
    let start = std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut work = prepare();
                work();
                ready.wait();
                while !stop.load(Ordering::Relaxed) {
                    if work() {
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        ready.wait();
        #[expect(clippy::disallowed_methods, reason = "this is measuring code")]
        let start = Instant::now();
        std::thread::sleep(duration);
        stop.store(true, Ordering::Relaxed);
        start
    });
    // Read after the last round ended, so that the answer errs downwards.
    done.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ceilings_are_above_zero() {
        let cost = HashCost::new(64, 1, 1).unwrap();
        assert!(hashes_per_second(cost, 1, Duration::from_millis(50)) > 0.0);
        assert!(rsa_signs_per_second(1, Duration::from_millis(50)).unwrap() > 0.0);
    }
}

//! Codes and tickets.

use std::sync::Arc;

use blocks::jobs::{self, Job};
use blocks::one_time::{
    self, Bound, CodeKey, Holder, OneTimeCode, OneTimeSweep, Proof, Shown, Ticket, Verdict,
};
use blocks::throttle;
use kit::{Clock, EnvironmentId, HandClock, Millis};

use super::{Bench, futures, postgres, sqlite};

const CODE: OneTimeCode = OneTimeCode {
    purpose: "test-code",
    seconds: 600,
};
const OTHER_CODE: OneTimeCode = OneTimeCode {
    purpose: "other-code",
    seconds: 600,
};
const TICKET: Ticket = Ticket {
    purpose: "test-ticket",
    seconds: 600,
};
const OTHER_TICKET: Ticket = Ticket {
    purpose: "other-ticket",
    seconds: 600,
};

/// A code and its key, for guessing at.
struct Guess<'a> {
    bench: &'a Bench,
    environment: EnvironmentId,
    key: CodeKey,
}

impl<'a> Guess<'a> {
    fn on(bench: &'a Bench) -> Self {
        Self {
            bench,
            environment: bench.environment(),
            key: CodeKey::derived(b"secret of the environment"),
        }
    }

    /// Handle and code.
    async fn issue(&self, subject: &'static str, now: i64) -> (String, String) {
        let (ids, environment, key) = (self.bench.ids.clone(), self.environment.clone(), self.key.clone());
        let issued = self
            .bench
            .db
            .write(async move |tx| {
                let bound = Bound {
                    environment: &environment,
                    subject,
                    owner: "ada",
                };
                CODE.issue(tx, &ids, &key, &bound, &"what for", Millis(now)).await
            })
            .await
            .unwrap();
        (issued.handle, issued.code.reveal().to_owned())
    }

    async fn judge(&self, holder: Holder<'_>, code: &str, now: i64) -> Verdict {
        let db = &self.bench.db;
        CODE.judge(db, &self.key, &self.environment, holder, code, Millis(now))
            .await
            .unwrap()
    }

    async fn proof(&self, holder: Holder<'_>, code: &str, now: i64) -> Proof {
        let verdict = self.judge(holder, code, now).await;
        assert!(matches!(verdict, Verdict::Right(_)), "{verdict:?}");
        let Verdict::Right(proof) = verdict else {
            unreachable!("it was right")
        };
        proof
    }

    async fn spend(&self, proof: Proof, now: i64) -> bool {
        self.bench
            .db
            .write(async move |tx| proof.spend(tx, Millis(now)).await)
            .await
            .unwrap()
    }
}

/// A code that is not this one.
fn wrong(code: &str) -> String {
    let number: u32 = code.parse().unwrap();
    format!("{:06}", (number + 1) % 1_000_000)
}

async fn ticket(bench: &Bench, environment: &EnvironmentId, now: i64) -> String {
    let (ids, environment) = (bench.ids.clone(), environment.clone());
    let token = bench
        .db
        .write(async move |tx| {
            let bound = Bound {
                environment: &environment,
                subject: "ada",
                owner: "ada",
            };
            TICKET.issue(tx, &ids, &bound, &"what for", Millis(now)).await
        })
        .await
        .unwrap();
    token.reveal().to_owned()
}

async fn take(bench: &Bench, ticket: Ticket, environment: &EnvironmentId, token: &str, now: i64) -> Shown {
    let (environment, token) = (environment.clone(), token.to_owned());
    bench
        .db
        .write(async move |tx| ticket.take(tx, &environment, &token, Millis(now)).await)
        .await
        .unwrap()
}

both_engines! {
    async fn a_code_counts_once_for_what_it_was_issued_for(bench: Bench) {
        let guess = Guess::on(&bench);
        let (handle, code) = guess.issue("a", 0).await;
        let elsewhere = bench.environment();
        for (purpose, environment) in [(OTHER_CODE, &guess.environment), (CODE, &elsewhere)] {
            let verdict = purpose.judge(&bench.db, &guess.key, environment, Holder::Handle(&handle), &code, Millis(1)).await;
            assert!(matches!(verdict.unwrap(), Verdict::Wrong));
        }
        let other_key = CodeKey::derived(b"another secret");
        let verdict = CODE.judge(&bench.db, &other_key, &guess.environment, Holder::Handle(&handle), &code, Millis(1)).await;
        assert!(matches!(verdict.unwrap(), Verdict::Wrong), "whoever reads the database lacks the key");
        let proof = guess.proof(Holder::Handle(&handle), &format!(" {code} "), 1).await;
        assert_eq!((proof.good.subject.as_str(), proof.good.owner.as_str()), ("a", "ada"));
        assert_eq!(proof.good.read::<String>().unwrap(), "what for");
        assert!(guess.spend(proof.clone(), 1).await && !guess.spend(proof, 1).await);
        assert!(matches!(guess.judge(Holder::Handle(&handle), &code, 1).await, Verdict::Wrong));
    }

    async fn a_new_code_voids_the_old_one_and_time_ends_it(bench: Bench) {
        let guess = Guess::on(&bench);
        let (old, old_code) = guess.issue("a", 0).await;
        let proof = guess.proof(Holder::Handle(&old), &old_code, 1).await;
        let (new, code) = guess.issue("a", 2).await;
        assert!(matches!(guess.judge(Holder::Handle(&old), &old_code, 3).await, Verdict::Wrong));
        assert!(!guess.spend(proof, 3).await, "what was proved of the old one is worth nothing");
        assert!(matches!(guess.judge(Holder::Subject("a"), &code, 600_001).await, Verdict::Right(_)));
        assert!(matches!(guess.judge(Holder::Subject("a"), &code, 600_002).await, Verdict::Expired));
        let proof = guess.proof(Holder::Handle(&new), &code, 600_001).await;
        assert!(!guess.spend(proof, 600_002).await);
    }

    async fn five_wrong_guesses_burn_a_code(bench: Bench) {
        let guess = Guess::on(&bench);
        let (handle, code) = guess.issue("a", 0).await;
        for _ in 0..5 {
            assert!(matches!(guess.judge(Holder::Handle(&handle), &wrong(&code), 1).await, Verdict::Wrong));
        }
        assert!(matches!(guess.judge(Holder::Handle(&handle), &code, 1).await, Verdict::Wrong));
        let (handle, code) = guess.issue("a", 2).await;
        assert!(matches!(guess.judge(Holder::Handle(&handle), &code, 3).await, Verdict::Right(_)));
    }

    async fn of_sixteen_right_guesses_at_once_five_are_judged_and_one_wins(bench: Bench) {
        let guess = Guess::on(&bench);
        let (handle, code) = guess.issue("a", 0).await;
        let mut guesses = Vec::new();
        for _ in 0..16 {
            let (db, key, environment) = (bench.db.clone(), guess.key.clone(), guess.environment.clone());
            let (handle, code) = (handle.clone(), code.clone());
            guesses.push(async move {
                let verdict = CODE.judge(&db, &key, &environment, Holder::Handle(&handle), &code, Millis(1)).await.unwrap();
                let Verdict::Right(proof) = verdict else { return (0, 0) };
                let won = db.write(async move |tx| proof.spend(tx, Millis(1)).await).await.unwrap();
                (1, usize::from(won))
            });
        }
        let ends = futures(guesses).await;
        let (judged, won) = ends.iter().fold((0, 0), |sum, end| (sum.0 + end.0, sum.1 + end.1));
        assert!((1..=5).contains(&judged), "{judged}");
        assert_eq!(won, 1);
    }

    async fn a_ticket_is_looked_at_freely_and_taken_once(bench: Bench) {
        let (environment, elsewhere) = (bench.environment(), bench.environment());
        let void = ticket(&bench, &environment, 0).await;
        let token = ticket(&bench, &environment, 0).await;
        assert!(token.len() >= 43 && token != void);
        assert!(matches!(take(&bench, TICKET, &environment, &void, 1).await, Shown::Unknown));
        assert!(matches!(take(&bench, OTHER_TICKET, &environment, &token, 1).await, Shown::Unknown));
        assert!(matches!(take(&bench, TICKET, &elsewhere, &token, 1).await, Shown::Unknown));
        assert!(matches!(take(&bench, TICKET, &environment, &token, 600_000).await, Shown::Expired));
        let (owner, shown) = (environment.clone(), token.clone());
        let seen = bench.db.read(async move |tx| TICKET.look(tx, &owner, &shown, Millis(1)).await).await.unwrap();
        assert_eq!(seen.good().unwrap().subject, "ada");
        let mut takers = Vec::new();
        for _ in 0..16 {
            let (db, environment, token) = (bench.db.clone(), environment.clone(), token.clone());
            takers.push(async move {
                db.write(async move |tx| TICKET.take(tx, &environment, &token, Millis(1)).await).await.unwrap().good().is_some()
            });
        }
        assert_eq!(futures(takers).await.into_iter().filter(|won| *won).count(), 1);
    }

    async fn what_a_user_leaves_behind_goes_and_what_expired_is_swept(bench: Bench) {
        // Long before the other tests, whose rows stand in the same tables.
        const DAY: i64 = 86_400_000;
        let begin = -10 * DAY;
        let guess = Guess::on(&bench);
        let (gone, gone_code) = guess.issue("a", begin).await;
        let gone_ticket = ticket(&bench, &guess.environment, begin).await;
        let environment = guess.environment.clone();
        bench.db.write(async move |tx| one_time::void_all_of(tx, &environment, "ada").await).await.unwrap();
        assert!(matches!(guess.judge(Holder::Handle(&gone), &gone_code, begin).await, Verdict::Wrong));
        assert!(matches!(take(&bench, TICKET, &guess.environment, &gone_ticket, begin).await, Shown::Unknown));

        let (stale, stale_code) = guess.issue("stale", begin).await;
        let (fresh, fresh_code) = guess.issue("fresh", begin + 700_000).await;
        throttle::count(&bench.db, &guess.environment, "x", "y", 60, Millis(begin)).await.unwrap();
        let sweep = async |at: i64| {
            let clock: Arc<dyn Clock> = Arc::new(HandClock::at(Millis(at)));
            let job: Arc<dyn Job> = Arc::new(OneTimeSweep { db: bench.db.clone(), clock });
            jobs::settle(&[job]).await.unwrap();
        };
        let hits = async || {
            let environment = guess.environment.clone();
            bench.db.read(async move |tx| throttle::hits(tx, &environment, "x", "y", 60, Millis(begin + 1)).await).await.unwrap()
        };
        sweep(begin + DAY).await;
        assert!(matches!(guess.judge(Holder::Handle(&stale), &stale_code, begin + DAY).await, Verdict::Expired));
        sweep(begin + 600_000 + DAY).await;
        assert!(matches!(guess.judge(Holder::Handle(&stale), &stale_code, begin + DAY).await, Verdict::Wrong));
        assert!(matches!(guess.judge(Holder::Handle(&fresh), &fresh_code, begin + 700_001).await, Verdict::Right(_)));
        assert_eq!(hits().await, 1);
        sweep(begin + 2 * DAY).await;
        assert_eq!(hits().await, 0);
    }

    async fn codes_are_sent_with_pauses_and_not_without_end(bench: Bench) {
        let environment = bench.environment();
        let limits = throttle::RateLimit::new(true);
        let send = async |seconds: i64, who: &str| {
            let sent = throttle::send(&bench.db, &limits, &environment, who, Millis(1_000_000 + seconds * 1000)).await;
            sent.map_err(|problem| problem.status().as_u16())
        };
        assert_eq!(send(0, "a").await, Ok(()));
        assert_eq!(send(29, "a").await, Err(429));
        assert_eq!(send(29, "b").await, Ok(()));
        for seconds in [30, 60, 90, 120] {
            assert_eq!(send(seconds, "a").await, Ok(()), "{seconds}");
        }
        assert_eq!(send(150, "a").await, Err(429));
        assert_eq!(send(900, "a").await, Ok(()));
        let off = throttle::RateLimit::new(false);
        for _ in 0..9 {
            throttle::send(&bench.db, &off, &environment, "c", Millis(0)).await.unwrap();
        }
    }
}

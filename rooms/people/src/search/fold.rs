//! Moving queued users into the postings and columns.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use blocks::jobs::Job;
use db::{Db, StoreError, Tx};
use kit::EnvironmentId;

use super::bits;
use super::columns;
use super::store;
use super::text::Content;

/// What one transaction moves at most.
#[derive(Clone, Copy, Debug)]
struct Measure {
    /// From so many queued users on.
    queued: i64,
    users: i64,
    /// Postings that change. Nearly each is a page of its own where there are many users, and a commit takes as long as its
    /// pages take to reach the disk: others wait for that.
    postings: usize,
}

const LITTLE: Measure = Measure {
    queued: 0,
    users: 64,
    postings: 600,
};
/// Searches read what is queued, so that the queue must not grow.
const MORE: Measure = Measure {
    queued: 4_000,
    users: 128,
    postings: 1_200,
};
/// Users who are folded together share postings: whatever it costs others, the queue gets shorter.
const MUCH: Measure = Measure {
    queued: 8_000,
    users: 256,
    postings: usize::MAX,
};

/// Keeps the search index up with the users.
#[derive(Debug)]
pub struct FoldJob {
    pub db: Db,
}

#[async_trait]
impl Job for FoldJob {
    fn name(&self) -> &'static str {
        "search-fold"
    }

    async fn pass(&self) -> Result<bool, StoreError> {
        let Some(environment) = store::waiting(&self.db).await? else {
            return Ok(false);
        };
        self.db.calm().await;
        fold_in(&self.db, environment).await
    }
}

/// Folds the first queued users of an environment in. True when there may be more.
pub(crate) async fn fold_in(db: &Db, environment: EnvironmentId) -> Result<bool, StoreError> {
    let waiting = store::waiting_in(db, &environment, MUCH.queued).await?;
    let measure = [MUCH, MORE]
        .into_iter()
        .find(|measure| waiting >= measure.queued)
        .unwrap_or(LITTLE);
    db.write(async move |tx| fold(tx, &environment, measure).await)
        .await
}

/// What changes in the postings: by block and gram, which places are set and which cleared.
type Changes = BTreeMap<i64, BTreeMap<i64, Vec<(u16, bool)>>>;

/// Folds the first queued users in. True when there may be more.
async fn fold(tx: &Tx, environment: &EnvironmentId, most: Measure) -> Result<bool, StoreError> {
    let mut next = store::hold(tx, environment).await?;
    let mut queued = store::first_queued(tx, environment, most.users).await?;
    let users: Vec<String> = queued.iter().map(|entry| entry.user.clone()).collect();
    let mut read = store::read_users(tx, environment, &users).await?;
    let known = store::docs_of(tx, environment, &users).await?;
    let (mut changes, mut written, mut gone) = (Changes::new(), Vec::new(), Vec::new());
    let mut sorted = Vec::new();
    let (mut taken, mut postings) = (0, 0);
    for user in users {
        if taken > 0 && postings >= most.postings {
            break;
        }
        taken += 1;
        let (new, keys) = read.remove(&user).unzip();
        let (new, old) = (new.as_ref(), known.get(&user));
        let doc = match (new, old) {
            (None, None) => continue,
            (_, Some((doc, _))) => *doc,
            (Some(_), None) => {
                next += 1;
                next - 1
            }
        };
        sorted.extend(keys.map(|keys| (doc, keys)));
        if let (Some(new), Some((_, old))) = (new, old)
            && new == old
        {
            continue;
        }
        let before = old.map_or_else(BTreeSet::new, |(_, old)| old.grams());
        let after = new.map_or_else(BTreeSet::new, Content::grams);
        let (block, at) = bits::place(doc);
        let block = changes.entry(block).or_default();
        let had = block.len();
        for gram in before.symmetric_difference(&after) {
            block.entry(*gram).or_default().push((at, after.contains(gram)));
        }
        postings += block.len() - had;
        match new {
            Some(new) => written.push((doc, user, new.stored())),
            None => gone.push(doc),
        }
    }
    apply(tx, environment, changes).await?;
    columns::write(tx, environment, &sorted).await?;
    store::put_docs(tx, environment, &written).await?;
    store::drop_docs(tx, environment, &gone).await?;
    store::advance(tx, environment, next).await?;
    let may_be_more = taken < queued.len() || i64::try_from(taken).is_ok_and(|taken| taken == most.users);
    queued.truncate(taken);
    store::dequeue(tx, environment, &queued).await?;
    Ok(may_be_more)
}

async fn apply(tx: &Tx, environment: &EnvironmentId, changes: Changes) -> Result<(), StoreError> {
    for (block, grams) in changes {
        let names: Vec<i64> = grams.keys().copied().collect();
        let stored = store::block_of(tx, environment, block, &names).await?;
        let postings: Vec<(i64, Vec<u8>)> = grams
            .iter()
            .map(|(gram, changes)| {
                let before = stored.get(gram).map_or(&[][..], Vec::as_slice);
                (*gram, bits::changed(before, changes))
            })
            .collect();
        store::put_block(tx, environment, block, &postings).await?;
    }
    Ok(())
}

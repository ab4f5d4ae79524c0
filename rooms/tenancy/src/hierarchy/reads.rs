//! Ways up and down as they are shown.

use std::collections::{BTreeMap, BTreeSet};

use db::{Db, StoreError, Tx};
use kit::EnvironmentId;

use super::domain::{FAR, ancestors};
use super::model::{FamilySize, Node, Relative};
use super::store;

/// Parents whose children one statement reads.
const PARENTS: usize = 200;
/// Children that one statement reads.
const PIECE: i64 = 1_000;

/// One tenant.
pub(super) async fn node(tx: &Tx, environment: &EnvironmentId, id: &str) -> Result<Option<Node>, StoreError> {
    Ok(store::nodes_of(tx, environment, [id]).await?.pop())
}

/// The tenants above one, the nearest first.
pub(super) async fn parents(
    tx: &Tx,
    environment: &EnvironmentId,
    id: &str,
) -> Result<Vec<Relative>, StoreError> {
    let above = ancestors(tx, environment, id).await?;
    let found = store::nodes_of(tx, environment, above.iter().map(String::as_str)).await?;
    let mut by_id: BTreeMap<String, Node> = found
        .into_iter()
        .map(|node| (node.tenant_id.clone(), node))
        .collect();
    let there = above.iter().filter_map(|id| by_id.remove(id));
    Ok(there
        .zip(1..)
        .map(|(node, level)| Relative::new(node, level))
        .collect())
}

/// Everything below a tenant with its level, level by level. Read piece by piece, so that no snapshot lasts long; a
/// tenant that moves meanwhile is met once or not at all.
pub(super) async fn everything_below(
    db: &Db,
    environment: &EnvironmentId,
    id: &str,
) -> Result<Vec<(Node, i64)>, StoreError> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::from([id.to_owned()]);
    let mut level_above = vec![id.to_owned()];
    for level in 1..=FAR {
        let mut here = Vec::new();
        for parents in level_above.chunks(PARENTS) {
            let heirs = removals_below(db, environment, parents).await?;
            let mut parents = parents.to_vec();
            parents.extend(heirs.keys().cloned());
            let mut last = (String::new(), String::new());
            loop {
                let (environment, wanted, after) = (environment.clone(), parents.clone(), last.clone());
                let piece = db
                    .read::<_, StoreError, _>(async move |tx| {
                        let wanted = wanted.iter().map(String::as_str);
                        store::children_after(tx, &environment, wanted, (&after.0, &after.1), PIECE).await
                    })
                    .await?;
                let Some(end) = piece.last() else { break };
                last = (end.parent.clone(), end.tenant_id.clone());
                for mut node in piece {
                    if let Some(heir) = heirs.get(&node.parent) {
                        node.parent.clone_from(heir);
                    }
                    if seen.insert(node.tenant_id.clone()) {
                        here.push(node.tenant_id.clone());
                        found.push((node, level));
                    }
                }
            }
        }
        if here.is_empty() {
            break;
        }
        level_above = here;
    }
    Ok(found)
}

/// The tenants being cleared away whose sub-tenants one of these takes over, each with who does.
async fn removals_below(
    db: &Db,
    environment: &EnvironmentId,
    parents: &[String],
) -> Result<BTreeMap<String, String>, StoreError> {
    let (environment, parents) = (environment.clone(), parents.to_vec());
    let found = db
        .read::<_, StoreError, _>(async move |tx| {
            store::removals_below(tx, &environment, parents.iter().map(String::as_str)).await
        })
        .await?;
    Ok(found.into_iter().collect())
}

/// The ways up from some tenants.
#[derive(Clone, Debug, Default)]
pub struct Lineage(BTreeMap<String, String>);

impl Lineage {
    /// The ids above a tenant, the nearest first.
    pub fn above<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a str> {
        let far = usize::try_from(FAR).unwrap_or(usize::MAX);
        std::iter::successors(self.0.get(id), |at| self.0.get(at.as_str()))
            .map(String::as_str)
            .take(far)
    }
}

/// The ways up from some tenants, each as far as `stop` where it meets that, else to its top.
///
/// # Errors
/// When storage fails.
pub async fn lineage(
    tx: &Tx,
    environment: &EnvironmentId,
    ids: &[String],
    stop: Option<&str>,
) -> Result<Lineage, StoreError> {
    let mut parent_of: BTreeMap<String, String> = BTreeMap::new();
    let mut asked: BTreeSet<String> = stop.map(str::to_owned).into_iter().collect();
    let mut next = ids.to_vec();
    for _ in 0..FAR {
        next.retain(|id| asked.insert(id.clone()));
        if next.is_empty() {
            break;
        }
        let mut above = Vec::new();
        for chunk in next.chunks(500) {
            let found = store::parents_of(tx, environment, chunk.iter().map(String::as_str)).await?;
            above.extend(found.iter().map(|(_, parent)| parent.clone()));
            parent_of.extend(found);
        }
        next = above;
    }
    Ok(Lineage(parent_of))
}

/// Those of the tenants that stand below `top`.
///
/// # Errors
/// When storage fails.
pub async fn below_among(
    tx: &Tx,
    environment: &EnvironmentId,
    top: &str,
    mut ids: Vec<String>,
) -> Result<Vec<String>, StoreError> {
    let lineage = lineage(tx, environment, &ids, Some(top)).await?;
    ids.retain(|id| lineage.above(id).any(|one| one == top));
    Ok(ids)
}

/// Which of the tenants have others below them.
///
/// # Errors
/// When storage fails.
pub async fn parents_among(
    tx: &Tx,
    environment: &EnvironmentId,
    ids: &[String],
) -> Result<BTreeSet<String>, StoreError> {
    let mut parents = BTreeSet::new();
    for chunk in ids.chunks(500) {
        parents.extend(store::parents_among(tx, environment, chunk.iter().map(String::as_str)).await?);
    }
    Ok(parents)
}

/// How much stands below each of the tenants, in the order asked.
pub(super) async fn sizes(
    tx: &Tx,
    environment: &EnvironmentId,
    ids: &[String],
) -> Result<Vec<FamilySize>, StoreError> {
    let found = store::sizes(tx, environment, ids.iter().map(String::as_str), FAR).await?;
    let found: BTreeMap<String, i64> = found.into_iter().collect();
    Ok(ids
        .iter()
        .map(|id| {
            let below = found.get(id).copied().unwrap_or(0);
            FamilySize {
                tenant_id: id.clone(),
                total_sub_tenants: below,
                is_parent: below > 0,
            }
        })
        .collect())
}

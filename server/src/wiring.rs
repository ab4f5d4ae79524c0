//! All rooms on one screen: who gets what, and which trait is answered by whom.

use std::sync::Arc;

use access::{AccessCredentials, AccessGatekeeper, Judge, SessionSweep};
use audit::AuditSink;
use blocks::jobs::{Job, OutboxJob, TaskJob, TaskSweep};
use blocks::one_time::OneTimeSweep;
use blocks::throttle::RateLimit;
use crypto::HashPool;
use db::Db;
use environment::{Delivery, Directory, MessageSink, Seed};
use kit::{Clock, Ids};
use metrics_exporter_prometheus::PrometheusHandle;
use outbound::Outbound;
use people::{
    BulkInvite, BulkRoles, Credentials, FamilyJob, FoldJob, GroupRemoval, InvitationReset, Mailer,
    MemberMove, PeopleTenancy, RoleRemoval, TemporaryExpiry,
};
use tenancy::{ApplicationHolders, Neighbours, RoleHolders, TenancySeed, TenantPurge};
use web::{App, BoundRoutes, Edge, EdgeSettings, RouteEntry, Services};

use crate::figures::Upkeep;
use crate::inbox::inbox_routes;
use crate::operator::operator_routes;

/// What a server is made of: the inputs that tests replace, and the settings.
pub struct Parts {
    pub db: Db,
    pub clock: Arc<dyn Clock>,
    pub ids: Ids,
    pub directory: Directory,
    pub hash_pool: HashPool,
    /// Whether request rates are limited.
    pub rate_limits: bool,
    pub edge: EdgeSettings,
    /// The server's own ways of sending.
    pub outbound: Outbound,
    /// None where nobody records metrics, as in tests.
    pub metrics: Option<PrometheusHandle>,
}

/// A server that only needs a listener and a loop.
pub struct Built {
    /// What the rooms share.
    pub app: App,
    pub edge: Edge,
    /// Every route with its guard.
    pub table: Vec<RouteEntry>,
    /// The background work.
    pub jobs: Vec<Arc<dyn Job>>,
}

/// What fills a new environment.
#[must_use]
pub fn seeds() -> Vec<Arc<dyn Seed>> {
    vec![Arc::new(TenancySeed)]
}

/// Puts the rooms together.
#[must_use]
pub fn build(parts: Parts) -> Built {
    let Parts {
        db,
        clock,
        ids,
        directory,
        hash_pool,
        rate_limits,
        mut edge,
        outbound,
        metrics,
    } = parts;
    let limits = RateLimit::new(rate_limits);
    edge.limits = Some(Arc::new(limits.clone()));
    let gatekeeper = Arc::new(AccessGatekeeper::new(
        db.clone(),
        Arc::clone(&clock),
        directory.clone(),
    ));
    let app = App::new(
        db.clone(),
        Arc::clone(&clock),
        ids.clone(),
        Arc::new(directory.clone()),
        gatekeeper,
        edge,
        Services {
            sealing: directory.sealing_key(),
            outbound: outbound.clone(),
        },
    );
    let posting: [Arc<dyn Job>; 2] = [
        Arc::new(OutboxJob {
            db: db.clone(),
            sink: Arc::new(MessageSink { app: app.clone() }),
        }),
        Arc::new(Delivery {
            app: app.clone(),
            directory: directory.clone(),
        }),
    ];

    // Left asks right through these.
    let judge = Judge::new(db.clone(), directory.clone(), hash_pool, outbound.leaks().clone());
    let passwords = AccessCredentials::new(judge.clone());
    let credentials: Arc<dyn Credentials> = Arc::new(passwords.clone());
    let members = Arc::new(PeopleTenancy::new(
        Arc::clone(&credentials),
        ids.clone(),
        Arc::clone(&clock),
    ));
    let neighbours = Neighbours {
        purges: Arc::from([
            Arc::new(passwords) as Arc<dyn TenantPurge>,
            Arc::clone(&members) as Arc<dyn TenantPurge>,
        ]),
        holders: Arc::clone(&members) as Arc<dyn RoleHolders>,
        application_holders: Arc::clone(&members) as Arc<dyn ApplicationHolders>,
        members,
    };

    let mut rooms = BoundRoutes::all([
        environment::routes(&app, directory.clone(), limits.clone()),
        audit::routes(&app),
        tenancy::routes(&app, directory.clone(), neighbours.clone()),
        people::routes(&app, directory.clone(), Arc::clone(&credentials), limits.clone()),
        access::routes(&app, directory.clone(), judge, limits),
    ]);
    let operator = operator_routes(&app, metrics.clone(), &mut rooms);
    let mut routes = BoundRoutes::all([rooms, operator]);
    if let Some(inbox) = outbound.inbox() {
        let inbox = inbox_routes(&app, inbox.clone(), Arc::from(posting.clone()));
        routes = BoundRoutes::all([routes, inbox]);
    }

    let mut jobs: Vec<Arc<dyn Job>> = vec![
        Arc::new(OutboxJob {
            db: db.clone(),
            sink: Arc::new(AuditSink),
        }),
        Arc::new(SessionSweep {
            db: db.clone(),
            clock: Arc::clone(&clock),
        }),
        Arc::new(TemporaryExpiry {
            db: db.clone(),
            clock: Arc::clone(&clock),
            ids: ids.clone(),
            credentials: Arc::clone(&credentials),
        }),
        Arc::new(TaskSweep {
            db: db.clone(),
            clock: Arc::clone(&clock),
        }),
        Arc::new(FoldJob { db: db.clone() }),
        Arc::new(FamilyJob { db: db.clone() }),
        Arc::new(OneTimeSweep {
            db: db.clone(),
            clock: Arc::clone(&clock),
        }),
    ];
    jobs.extend(posting);
    let mut runners = tenancy::runners(neighbours, ids.clone());
    runners.push(Arc::new(RoleRemoval));
    runners.push(Arc::new(GroupRemoval));
    runners.push(Arc::new(MemberMove::new(ids.clone(), Arc::clone(&credentials))));
    let mailer = Mailer::new(&app, &directory);
    runners.push(Arc::new(BulkInvite::new(
        ids.clone(),
        credentials,
        mailer.clone(),
    )));
    runners.push(Arc::new(InvitationReset::new(ids.clone(), mailer)));
    runners.push(Arc::new(BulkRoles::new(ids)));
    for runner in runners {
        jobs.push(Arc::new(TaskJob {
            db: db.clone(),
            clock: Arc::clone(&clock),
            runner,
        }));
    }
    if let Some(handle) = metrics {
        jobs.push(Arc::new(Upkeep(handle)));
    }
    Built {
        table: routes.table().to_vec(),
        edge: Edge::new(app.clone(), routes),
        app,
        jobs,
    }
}

//! `/audits/resources/metrics/v1`.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;
use web::{EnvironmentCaller, Guard, Json, Params, Problem, Routes, State, routes};

use super::domain::{self, Span};
use crate::AuditRoom;
use crate::model::HOUR;

const DAY: i64 = 24 * HOUR;

pub(crate) fn routes() -> Routes<AuditRoom> {
    Routes::new().on(Guard::environment(), routes!(read_metrics))
}

/// How many records there are, by what they are about, by tenant and over time.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Metrics {
    /// Kinds of things and how many records are about them, at most `limit`.
    #[schema(value_type = Object)]
    top_resources: BTreeMap<String, i64>,
    /// Tenants and how many records they have, at most `limit`.
    #[schema(value_type = Object)]
    top_tenants: BTreeMap<String, i64>,
    /// Beginnings of steps and how many records fall into them.
    #[schema(value_type = Object)]
    audits_counter_by_time: BTreeMap<String, i64>,
}

/// Sums over a time, by whole hours.
#[utoipa::path(get, path = "/audits/resources/metrics/v1", tag = "Audits",
    params(
        ("from" = Option<f64>, Query, description = "Milliseconds since 1970; otherwise a week before to"),
        ("to" = Option<f64>, Query, description = "Milliseconds since 1970; otherwise now"),
        ("limit" = Option<f64>, Query, description = "How many tenants and kinds, 1 to 100, otherwise 10"),
        ("frequency" = Option<f64>, Query, description = "Length of a step in milliseconds, otherwise a day; rounded up to hours"),
    ),
    responses((status = 200, body = Metrics)))]
async fn read_metrics(
    State(room): State<AuditRoom>,
    caller: EnvironmentCaller,
    params: Params,
) -> Result<Json<Metrics>, Problem> {
    const LATEST: i64 = 253_402_300_799_999; // the end of the year 9999
    let to = params.integer("to", 0, LATEST)?.unwrap_or(room.app.now().0);
    let from = params.integer("from", 0, LATEST)?.unwrap_or(to - 7 * DAY).max(0);
    let most = params.integer("limit", 1, 100)?.unwrap_or(10);
    let step = params.integer("frequency", 1, 366 * DAY)?.unwrap_or(DAY);
    let step = (step + HOUR - 1).div_euclid(HOUR) * HOUR;
    if from > to {
        return Err(Problem::bad_request("from must not be greater than to"));
    }
    if to - from > 366 * DAY {
        return Err(Problem::bad_request(
            "from and to must not be more than 366 days apart",
        ));
    }
    let span = Span { from, to, most, step };
    let sums = room
        .app
        .db()
        .read(async move |tx| domain::sums(tx, &caller.environment, span).await)
        .await?;
    Ok(Json(Metrics {
        top_resources: sums.resources.into_iter().collect(),
        top_tenants: sums.tenants.into_iter().collect(),
        audits_counter_by_time: sums.by_time,
    }))
}

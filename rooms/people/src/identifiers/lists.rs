//! `GET users/emails/v1`, `users/phone-numbers/v1` and `v2`: what users are found by, in pages.
//!
//! The whole of an environment in the order of values, and what begins with a prefix, is counted by rank and read from the
//! nearest bucket. Lists of named users, of one tenant's members and in the order of users are filtered in the database.

use blocks::listing::{Dialect, Order, Page, Paged};
use db::{StoreError, Tx};
use kit::EnvironmentId;
use serde::Serialize;
use web::{AnyCaller, Guard, Json, Need, Params, Problem, Routes, State, routes};

use super::book::ranking;
use super::model::{EmailView, Identifier, Kind, PhoneView, phone_prefix};
use super::store::{self, Filter};
use crate::room::People;

/// What such a list is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    User,
    Value,
}

const EMAILS: Dialect<Sort> = Dialect {
    most: 250,
    usual: 50,
    sorts: &[("userId", Sort::User), ("email", Sort::Value)],
};

const PHONES: Dialect<Sort> = Dialect {
    most: 250,
    usual: 50,
    sorts: &[("userId", Sort::User), ("phoneNumber", Sort::Value)],
};

/// Most ids that one call names.
const MOST_IDS: usize = 250;
/// Most characters of a text that is searched for.
const TEXT: usize = 255;

pub(super) fn routes() -> Routes<People> {
    let read = Guard::environment_or_user(Need::Permission("fe.secure.read.users"));
    Routes::new()
        .on(read, routes!(list_emails))
        .on(read, routes!(list_phones))
        .on(read, routes!(list_phones_v2))
}

/// One list as asked for.
struct Search {
    kind: Kind,
    filter: Filter,
    by_user: bool,
    order: Order,
    skip: i64,
    take: i64,
}

impl Search {
    fn new(kind: Kind, page: &Page<Sort>, caller: &AnyCaller, params: &Params) -> Result<Self, Problem> {
        let users = params.list("userIds", MOST_IDS)?;
        let filter = Filter {
            tenant: caller.scope().tenant.map(|tenant| tenant.to_string()),
            visible_only: caller.user().is_some(),
            users: (!users.is_empty()).then_some(users),
            prefix: None,
        };
        Ok(Self {
            kind,
            filter,
            by_user: page.sort == Some(Sort::User),
            order: page.order.unwrap_or(Order::Ascending),
            skip: page.skipped(),
            take: page.limit,
        })
    }

    async fn find(&self, tx: &Tx, environment: &EnvironmentId) -> Result<(Vec<Identifier>, i64), StoreError> {
        let filter = &self.filter;
        if filter.tenant.is_some() || filter.users.is_some() {
            let total = store::count_filtered(tx, environment, self.kind, filter).await?;
            return Ok((self.filtered(tx, environment).await?, total));
        }
        let (begin, end) = match &filter.prefix {
            None => (0, ranking(self.kind).total(tx, environment).await?),
            Some(prefix) => {
                let begin = self.rank(tx, environment, prefix).await?;
                let end = match kit::prefix_end(prefix) {
                    Some(end) => self.rank(tx, environment, &end).await?,
                    None => ranking(self.kind).total(tx, environment).await?,
                };
                (begin, end)
            }
        };
        let total = (end - begin).max(0);
        if self.by_user {
            return Ok((self.filtered(tx, environment).await?, total));
        }
        let take = self.take.min(total - self.skip);
        if take <= 0 {
            return Ok((Vec::new(), total));
        }
        // A descending page is an ascending stretch read backwards.
        let offset = match self.order {
            Order::Ascending => begin + self.skip,
            Order::Descending => end - self.skip - take,
        };
        let Some(seat) = ranking(self.kind).seat(tx, environment, offset).await? else {
            return Ok((Vec::new(), total));
        };
        let place = (seat.key.as_str(), seat.id.as_str());
        let mut items = store::from_place(tx, environment, self.kind, place, seat.skip, take).await?;
        if self.order == Order::Descending {
            items.reverse();
        }
        Ok((items, total))
    }

    async fn filtered(&self, tx: &Tx, environment: &EnvironmentId) -> Result<Vec<Identifier>, StoreError> {
        let (sort, range) = ((self.by_user, self.order), (self.skip, self.take));
        store::page_filtered(tx, environment, self.kind, &self.filter, sort, range).await
    }

    /// How many entries sort before a value.
    async fn rank(&self, tx: &Tx, environment: &EnvironmentId, value: &str) -> Result<i64, StoreError> {
        let rank = ranking(self.kind).rank(tx, environment, value, "").await?;
        let from = (rank.key.as_str(), rank.id.as_str());
        Ok(rank.before + store::count_between(tx, environment, self.kind, from, value).await?)
    }
}

async fn answer<T: From<Identifier> + Serialize>(
    room: &People,
    caller: &AnyCaller,
    params: &Params,
    page: Page<Sort>,
    search: Search,
) -> Result<Json<Paged<T>>, Problem> {
    let environment = caller.scope().environment;
    let (items, total) = room
        .app
        .db()
        .read(async move |tx| search.find(tx, &environment).await)
        .await?;
    let items = items.into_iter().map(T::from).collect();
    Ok(Json(page.answer(items, total, params)))
}

/// Addresses of users: of the environment, or of the members of one tenant.
#[utoipa::path(get, path = "/identity/resources/users/emails/v1", tag = "User management",
    params(("_limit" = Option<f64>, Query, description = "Addresses per page, 1 to 250; 50 when absent"),
        ("_offset" = Option<f64>, Query, minimum = 0, description = "Number of the page, from 0"),
        ("_sortBy" = Option<String>, Query, description = "userId or email (when absent)"),
        ("_order" = Option<String>, Query, description = "ASC (when absent) or DESC"),
        ("_email" = Option<String>, Query, description = "What the address begins with"),
        ("userIds" = Option<String>, Query, description = "Only of these users, parted by commas"),
        ("frontegg-tenant-id" = Option<String>, Header, description = "Only of members of this tenant")),
    responses((status = 200, body = Paged<EmailView>)))]
async fn list_emails(
    State(room): State<People>,
    caller: AnyCaller,
    params: Params,
) -> Result<Json<Paged<EmailView>>, Problem> {
    let page = EMAILS.read(&params)?;
    let mut search = Search::new(Kind::Email, &page, &caller, &params)?;
    let prefix = params.text_within("_email", TEXT)?.map(kit::search_key);
    search.filter.prefix = prefix.filter(|text| !text.is_empty());
    answer(&room, &caller, &params, page, search).await
}

async fn phones(
    room: &People,
    caller: &AnyCaller,
    params: &Params,
) -> Result<Json<Paged<PhoneView>>, Problem> {
    let page = PHONES.read(params)?;
    let mut search = Search::new(Kind::Phone, &page, caller, params)?;
    search.filter.prefix = params.text_within("_phoneNumber", TEXT)?.map(phone_prefix);
    answer(room, caller, params, page, search).await
}

/// Phone numbers of users: of the environment, or of the members of one tenant.
#[utoipa::path(get, path = "/identity/resources/users/phone-numbers/v1", tag = "SMS",
    params(("_limit" = Option<f64>, Query, description = "Numbers per page, 1 to 250; 50 when absent"),
        ("_offset" = Option<f64>, Query, minimum = 0, description = "Number of the page, from 0"),
        ("_sortBy" = Option<String>, Query, description = "userId or phoneNumber (when absent)"),
        ("_order" = Option<String>, Query, description = "ASC (when absent) or DESC"),
        ("_phoneNumber" = Option<String>, Query, description = "What the number begins with")),
    responses((status = 200, body = Paged<PhoneView>)))]
async fn list_phones(
    State(room): State<People>,
    caller: AnyCaller,
    params: Params,
) -> Result<Json<Paged<PhoneView>>, Problem> {
    phones(&room, &caller, &params).await
}

/// The same, also for named users.
#[utoipa::path(get, path = "/identity/resources/users/phone-numbers/v2", tag = "SMS",
    params(("_limit" = Option<f64>, Query, description = "Numbers per page, 1 to 250; 50 when absent"),
        ("_offset" = Option<f64>, Query, minimum = 0, description = "Number of the page, from 0"),
        ("_sortBy" = Option<String>, Query, description = "userId or phoneNumber (when absent)"),
        ("_order" = Option<String>, Query, description = "ASC (when absent) or DESC"),
        ("_phoneNumber" = Option<String>, Query, description = "What the number begins with"),
        ("userIds" = Option<Vec<String>>, Query, description = "Only of these users")),
    responses((status = 200, body = Paged<PhoneView>)))]
async fn list_phones_v2(
    State(room): State<People>,
    caller: AnyCaller,
    params: Params,
) -> Result<Json<Paged<PhoneView>>, Problem> {
    phones(&room, &caller, &params).await
}

//! What the handlers of this room share.

use blocks::throttle::RateLimit;
use web::{App, BoundRoutes, Routes};

use crate::{Directory, boot, configuration, discovery, login, messages, metadata, vendors};

/// State of this room's handlers.
#[derive(Clone)]
pub struct EnvironmentRoom {
    pub(crate) app: App,
    pub(crate) directory: Directory,
    pub(crate) limits: RateLimit,
}

/// The routes of this room.
pub fn routes(app: &App, directory: Directory, limits: RateLimit) -> BoundRoutes {
    let room = EnvironmentRoom {
        app: app.clone(),
        directory,
        limits,
    };
    Routes::new()
        .and(login::routes())
        .and(configuration::routes())
        .and(vendors::routes())
        .and(discovery::routes())
        .and(boot::routes())
        .and(metadata::routes())
        .and(messages::routes())
        .bind(app, room)
}

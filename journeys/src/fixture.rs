//! The environments every world starts with, and people in them.

use std::ops::Deref;

use crate::Client;

/// The password of every person a journey makes.
pub const PASSWORD: &str = "Correct-horse-9-battery";

/// An environment as its owner knows it.
#[derive(Clone, Copy, Debug)]
pub struct Environment {
    /// Also the client id of its token and the audience of its users' tokens.
    pub id: &'static str,
    pub secret: &'static str,
    pub name: &'static str,
    pub host: &'static str,
    /// The issuer.
    pub public_url: &'static str,
    /// An origin whose pages may read answers.
    pub origin: &'static str,
}

/// The one most journeys live in.
pub(crate) const HOME: Environment = Environment {
    id: "aaaaaaaa-0000-4000-8000-000000000001",
    secret: "aaaaaaaa-0000-4000-8000-0000000005ec",
    name: "Home",
    host: "login.home.test",
    public_url: "https://login.home.test",
    origin: "https://app.home.test",
};

/// The other one, whose things must not be seen.
pub(crate) const AWAY: Environment = Environment {
    id: "bbbbbbbb-0000-4000-8000-000000000002",
    secret: "bbbbbbbb-0000-4000-8000-0000000005ec",
    name: "Away",
    host: "login.away.test",
    public_url: "https://login.away.test",
    origin: "https://app.away.test",
};

/// A user who is logged in: a [`Client`] with the token and cookies, and who it is.
#[derive(Clone)]
pub struct Person {
    pub client: Client,
    pub id: String,
    pub email: String,
    pub tenant: String,
}

impl Deref for Person {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

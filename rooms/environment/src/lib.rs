//! Environments: their hosts, allowed origins, keys and environment-wide settings, and the login of their back ends.
//!
//! Tables: environments, signing_keys, messages, message_queues, message_templates, message_providers. Other rooms ask the [`Directory`] which environment a request means, and have it
//! sign and verify tokens; `server` creates and rotates through the functions re-exported here.

mod boot;
mod configuration;
mod directory;
mod discovery;
mod environments;
mod keys;
mod login;
mod messages;
mod metadata;
mod room;
mod vendors;

pub use configuration::{AuthConfiguration, AuthStrategy, CookieSameSite, JwtAlgorithm, MachineAuthStrategy};
pub use directory::{Directory, Purpose, TokenError, VerifiedToken};
pub use environments::{
    Environment, EnvironmentError, NewEnvironment, Rotated, Seed, create_environment,
    create_first_environment, list_environments, move_environment, rotate_secret, rotate_signing_key,
};
pub use messages::{
    Delivery, MailOrder, MailTemplate, MessageSink, Posted, SmsOrder, SmsTemplate, can_mail, send_mail,
    send_sms,
};
pub use room::{EnvironmentRoom, routes};

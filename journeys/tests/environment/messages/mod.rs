//! Mail and text messages, from the order to the receiver.

mod inbox;
mod providers;
mod queue;
mod smtp;
mod templates;

use environment::{MailOrder, Posted, SmsOrder};
use journeys::{Environment, World};
use kit::Scope;

/// Orders a mail as a flow does, in a transaction of its own.
async fn mail(world: &World, environment: &Environment, order: MailOrder) -> Posted {
    let (app, scope) = (world.app().clone(), Scope::environment(environment.id.into()));
    let ordered = world
        .db()
        .write(async move |tx| environment::send_mail(tx, &app, &scope, &order, app.now()).await);
    ordered.await.unwrap()
}

async fn sms(world: &World, environment: &Environment, order: SmsOrder) -> Posted {
    let (app, scope) = (world.app().clone(), Scope::environment(environment.id.into()));
    let ordered = world
        .db()
        .write(async move |tx| environment::send_sms(tx, &app, &scope, &order, app.now()).await);
    ordered.await.unwrap()
}

//! The environment's own way of sending, which goes before the server's.

mod api;
mod domain;
mod model;
mod store;

use std::sync::Arc;

use db::{StoreError, Tx};
use kit::EnvironmentId;
use outbound::{AwsKeys, MailTransport, Mailgun, SendGrid, Ses, SesKeys, SmsTransport, Taken, Twilio};
use web::App;

pub(crate) use api::routes;

use super::Channel;
use model::{MailProvider, MailWay, SmsWay};

/// Whether the environment has one.
pub(crate) async fn exists(
    tx: &Tx,
    environment: &EnvironmentId,
    channel: Channel,
) -> Result<bool, StoreError> {
    store::exists(tx, environment, channel).await
}

/// How mail of this environment goes: its own way, else the server's.
pub(crate) async fn mail(
    tx: &Tx,
    app: &App,
    environment: &EnvironmentId,
) -> Result<Option<Arc<dyn MailTransport>>, StoreError> {
    let own = domain::read::<MailWay>(tx, app.sealing(), environment, Channel::Mail).await?;
    let Some((way, ..)) = own else {
        return Ok(app.outbound().mail());
    };
    let outbound = app.outbound();
    let (http, endpoints) = (outbound.http().clone(), outbound.endpoints());
    let transport: Arc<dyn MailTransport> = match way.provider {
        MailProvider::Sendgrid => Arc::new(SendGrid {
            http,
            endpoint: endpoints.sendgrid.clone(),
            key: way.secret,
        }),
        MailProvider::Mailgun => Arc::new(Mailgun {
            http,
            endpoint: if way.region == "eu" {
                endpoints.mailgun_eu.clone()
            } else {
                endpoints.mailgun_us.clone()
            },
            domain: way.domain,
            key: way.secret,
        }),
        MailProvider::Ses | MailProvider::SesRole => Arc::new(Ses {
            http,
            endpoint: endpoints.ses.clone(),
            region: way.region,
            keys: if way.provider == MailProvider::Ses {
                SesKeys::Given(AwsKeys {
                    id: way.id,
                    secret: way.secret,
                    token: None,
                })
            } else {
                let taken = Taken {
                    role: way.secret.reveal().to_owned(),
                    environment: environment.clone(),
                };
                SesKeys::Role(outbound.aws_role(app.clock()).clone(), taken)
            },
            clock: Arc::clone(app.clock()),
        }),
    };
    Ok(Some(transport))
}

/// How text messages of this environment go.
pub(crate) async fn sms(
    tx: &Tx,
    app: &App,
    environment: &EnvironmentId,
) -> Result<Option<Arc<dyn SmsTransport>>, StoreError> {
    let own = domain::read::<SmsWay>(tx, app.sealing(), environment, Channel::Sms).await?;
    let Some((way, ..)) = own else {
        return Ok(app.outbound().sms());
    };
    Ok(Some(Arc::new(Twilio {
        http: app.outbound().http().clone(),
        endpoint: app.outbound().endpoints().twilio.clone(),
        account: way.account_id,
        token: way.token,
        sender: way.sender_name,
        service: way.service_id,
        whatsapp: way.channel == "whatsapp",
    })))
}

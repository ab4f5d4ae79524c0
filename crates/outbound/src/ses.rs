//! Amazon SES: requests signed by hand (Signature Version 4), with keys or with the role of the machine.

use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use aws_lc_rs::{digest, hmac};
use kit::{Clock, EnvironmentId, Millis, Secret};
use serde::Deserialize;
use serde_json::json;
use url::form_urlencoded;

use crate::http::{Call, Http};
use crate::message::{Mail, MailTransport, SendError};
use crate::providers::{Endpoints, judged};

/// Credentials are asked for again this long before they end.
const MARGIN_MILLIS: i64 = 5 * 60 * 1000;

/// A key pair, with the token that temporary ones have.
#[derive(Clone)]
pub struct AwsKeys {
    pub id: String,
    pub secret: Secret,
    pub token: Option<Secret>,
}

/// What the surroundings of the process say about its credentials.
#[derive(Clone, Default)]
pub struct AwsSurroundings {
    /// Whether environments may have this identity take on roles for them.
    pub allowed: bool,
    /// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN.
    pub keys: Option<AwsKeys>,
    /// AWS_CONTAINER_CREDENTIALS_FULL_URI, or the relative one made whole.
    pub container: Option<String>,
    /// AWS_CONTAINER_AUTHORIZATION_TOKEN.
    pub container_token: Option<Secret>,
}

/// The role of this machine: found where machines of the cloud find it, and remembered until it ends.
#[derive(Clone)]
pub struct AwsRole(Arc<RoleInner>);

struct RoleInner {
    surroundings: AwsSurroundings,
    /// The credentials of the machine lie on a link-local address.
    http: Http,
    endpoints: Endpoints,
    clock: Arc<dyn Clock>,
    /// The machine's own under no name.
    known: Mutex<Vec<(Option<Taken>, AwsKeys, i64)>>,
}

/// A role that is taken on for an environment. Whose it is goes along as its external id, which the role's trust policy
/// can insist on: that keeps an environment from naming another's role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// `arn:…`
    pub role: String,
    pub environment: EnvironmentId,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Handed {
    access_key_id: String,
    secret_access_key: Secret,
    token: Secret,
    expiration: String,
}

impl AwsRole {
    #[must_use]
    pub fn new(surroundings: AwsSurroundings, endpoints: Endpoints, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(RoleInner {
            surroundings,
            http: Http::new(true),
            endpoints,
            clock,
            known: Mutex::default(),
        }))
    }

    /// The keys of a role.
    async fn keys(&self, taken: &Taken, region: &str) -> Result<AwsKeys, SendError> {
        // The operator's word may have changed since the environment chose its provider.
        if !self.0.surroundings.allowed {
            let fault = "this server takes on no AWS roles (TENANTRY_ALLOW_AWS_ROLES)";
            return Err(SendError::Later(fault.to_owned()));
        }
        if let Some(keys) = self.remembered(Some(taken)) {
            return Ok(keys);
        }
        let own = match self.remembered(None) {
            Some(keys) => keys,
            None => self.own().await?,
        };
        let (keys, ends) = self.assumed(&own, taken, region).await?;
        self.remember(Some(taken), &keys, ends);
        Ok(keys)
    }

    fn remembered(&self, taken: Option<&Taken>) -> Option<AwsKeys> {
        let now = self.0.clock.now().0;
        let known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = |ends: i64| ends - MARGIN_MILLIS > now;
        let found = known
            .iter()
            .find(|(known, _, ends)| known.as_ref() == taken && fresh(*ends));
        found.map(|(_, keys, _)| keys.clone())
    }

    fn remember(&self, taken: Option<&Taken>, keys: &AwsKeys, ends: i64) {
        let now = self.0.clock.now().0;
        let mut known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|(known, _, ends)| known.as_ref() != taken && *ends > now);
        // Roles are named by environments: their number has no bound of its own.
        known.truncate(255);
        known.push((taken.cloned(), keys.clone(), ends));
    }

    async fn own(&self) -> Result<AwsKeys, SendError> {
        let surroundings = &self.0.surroundings;
        if let Some(keys) = &surroundings.keys {
            return Ok(keys.clone());
        }
        let body = match &surroundings.container {
            Some(url) => {
                let token = surroundings.container_token.as_ref();
                let headers = token
                    .map(|token| ("authorization", token.reveal().to_owned()))
                    .into_iter()
                    .collect();
                self.asked("GET", url.clone(), headers).await?
            }
            None => self.of_instance().await?,
        };
        let none = || SendError::Later("the machine has no AWS credentials".to_owned());
        let handed: Handed = serde_json::from_slice(&body).map_err(|_| none())?;
        let keys = AwsKeys {
            id: handed.access_key_id,
            secret: handed.secret_access_key,
            token: Some(handed.token),
        };
        let ends = Millis::from_iso(&handed.expiration).ok_or_else(none)?;
        self.remember(None, &keys, ends.0);
        Ok(keys)
    }

    async fn of_instance(&self) -> Result<Vec<u8>, SendError> {
        let base = &self.0.endpoints.instance;
        let life = vec![("x-aws-ec2-metadata-token-ttl-seconds", "300".to_owned())];
        let token = self
            .asked("PUT", format!("{base}/latest/api/token"), life)
            .await?;
        let token = String::from_utf8_lossy(&token).into_owned();
        let with = || vec![("x-aws-ec2-metadata-token", token.clone())];
        let list = format!("{base}/latest/meta-data/iam/security-credentials/");
        let names = self.asked("GET", list.clone(), with()).await?;
        let names = String::from_utf8_lossy(&names).into_owned();
        let name = names.lines().next().unwrap_or_default();
        self.asked("GET", format!("{list}{name}"), with()).await
    }

    async fn asked(
        &self,
        method: &'static str,
        url: String,
        headers: Vec<(&'static str, String)>,
    ) -> Result<Vec<u8>, SendError> {
        let call = Call {
            method,
            url,
            headers,
            body: Vec::new(),
        };
        // Whatever is wrong here is wrong with the machine, not with the message.
        let answer = judged("The source of AWS credentials", self.0.http.send(call).await);
        answer.map_err(|error| SendError::Later(error.to_string()))
    }

    async fn assumed(&self, own: &AwsKeys, taken: &Taken, region: &str) -> Result<(AwsKeys, i64), SendError> {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([
                ("Action", "AssumeRole"),
                ("Version", "2011-06-15"),
                ("RoleArn", taken.role.as_str()),
                ("RoleSessionName", "tenantry"),
                ("ExternalId", taken.environment.as_str()),
            ])
            .finish();
        let url = format!("{}/", self.0.endpoints.sts.replace("{region}", region));
        let order = Order {
            service: "sts",
            region,
            content_type: "application/x-www-form-urlencoded",
            url,
            body: body.into_bytes(),
        };
        let call = order.signed(own, self.0.clock.now())?;
        let answer = judged("AWS STS", self.0.http.send(call).await);
        let answer = answer.map_err(|error| SendError::Later(error.to_string()))?;
        let text = String::from_utf8_lossy(&answer).into_owned();
        let none = || SendError::Later("AWS STS handed out no credentials".to_owned());
        let part = |name: &str| {
            let (_, rest) = text.split_once(&format!("<{name}>"))?;
            rest.split_once(&format!("</{name}>"))
                .map(|(value, _)| value.trim().to_owned())
        };
        let ends = part("Expiration")
            .and_then(|at| Millis::from_iso(&at))
            .ok_or_else(none)?;
        let keys = AwsKeys {
            id: part("AccessKeyId").ok_or_else(none)?,
            secret: Secret::new(part("SecretAccessKey").ok_or_else(none)?),
            token: Some(Secret::new(part("SessionToken").ok_or_else(none)?)),
        };
        Ok((keys, ends.0))
    }
}

/// Whose keys sign.
pub enum SesKeys {
    Given(AwsKeys),
    /// The machine's role, and the one that it takes on.
    Role(AwsRole, Taken),
}

/// Amazon SES in one region.
pub struct Ses {
    pub http: Http,
    pub endpoint: String,
    pub region: String,
    pub keys: SesKeys,
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl MailTransport for Ses {
    async fn send(&self, mail: &Mail) -> Result<(), SendError> {
        let text = |data: &str| json!({"Data": data, "Charset": "UTF-8"});
        let body = json!({
            "FromEmailAddress": mail.from.header(),
            "Destination": {"ToAddresses": [mail.to.address()]},
            "Content": {"Simple": {
                "Subject": text(&mail.subject),
                "Body": {"Text": text(&mail.text), "Html": text(&mail.html)},
            }},
        });
        let keys = match &self.keys {
            SesKeys::Given(keys) => keys.clone(),
            SesKeys::Role(role, taken) => role.keys(taken, &self.region).await?,
        };
        let order = Order {
            service: "ses",
            region: &self.region,
            content_type: "application/json",
            url: format!(
                "{}/v2/email/outbound-emails",
                self.endpoint.replace("{region}", &self.region)
            ),
            body: body.to_string().into_bytes(),
        };
        let call = order.signed(&keys, self.clock.now())?;
        judged("Amazon SES", self.http.send(call).await).map(drop)
    }
}

/// A POST before it is signed.
struct Order<'a> {
    service: &'a str,
    region: &'a str,
    content_type: &'a str,
    url: String,
    body: Vec<u8>,
}

impl Order<'_> {
    fn signed(self, keys: &AwsKeys, now: Millis) -> Result<Call, SendError> {
        let unusable = || SendError::Never("the region cannot be used".to_owned());
        let url: url::Url = self.url.parse().map_err(|_| unusable())?;
        let host = match (url.host_str(), url.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (Some(host), None) => host.to_owned(),
            _ => return Err(unusable()),
        };
        let time = stamp(now);
        let day = time.get(..8).unwrap_or_default().to_owned();
        let mut headers = vec![
            ("content-type", self.content_type.to_owned()),
            ("host", host),
            ("x-amz-date", time.clone()),
        ];
        if let Some(token) = &keys.token {
            headers.push(("x-amz-security-token", token.reveal().to_owned()));
        }
        let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let mut request = format!("POST\n{}\n\n", url.path());
        for (name, value) in &headers {
            // Writing to a String does not fail.
            let _ = writeln!(request, "{name}:{}", value.trim());
        }
        let _ = write!(request, "\n{names}\n{}", hashed(&self.body));
        let place = format!("{day}/{}/{}/aws4_request", self.region, self.service);
        let to_sign = format!(
            "AWS4-HMAC-SHA256\n{time}\n{place}\n{}",
            hashed(request.as_bytes())
        );
        let first = Secret::new(format!("AWS4{}", keys.secret.reveal()));
        let mut key = mac(first.reveal().as_bytes(), day.as_bytes());
        for part in [self.region, self.service, "aws4_request"] {
            key = mac(&key, part.as_bytes());
        }
        let signature = hex(&mac(&key, to_sign.as_bytes()));
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={}/{place}, SignedHeaders={names}, Signature={signature}",
            keys.id
        );
        headers.retain(|(name, _)| *name != "host");
        headers.push(("authorization", authorization));
        Ok(Call {
            method: "POST",
            url: self.url,
            headers,
            body: self.body,
        })
    }
}

/// `20150830T123600Z`.
fn stamp(now: Millis) -> String {
    let iso = now.iso();
    let whole = iso.split('.').next().unwrap_or_default();
    let digits: String = whole.chars().filter(|c| !matches!(c, '-' | ':' | 'Z')).collect();
    format!("{digits}Z")
}

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text)
        .as_ref()
        .to_vec()
}

fn hashed(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a String does not fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_signed_as_the_published_example_is() {
        // post-x-www-form-urlencoded of the Signature Version 4 test suite.
        let keys = AwsKeys {
            id: "AKIDEXAMPLE".into(),
            secret: Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into()),
            token: None,
        };
        let order = Order {
            service: "service",
            region: "us-east-1",
            content_type: "application/x-www-form-urlencoded",
            url: "https://example.amazonaws.com/".into(),
            body: b"Param1=value1".to_vec(),
        };
        let now = Millis::from_iso("2015-08-30T12:36:00.000Z").unwrap();
        let call = order.signed(&keys, now).unwrap();
        let (_, authorization) = call
            .headers
            .iter()
            .find(|(name, _)| *name == "authorization")
            .unwrap();
        assert_eq!(
            authorization,
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, \
             Signature=ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"
        );
    }
}

//! What an operator can set: defaults, then `tenantry.toml`, then `TENANTRY_…` variables, then flags. Unknown keys stop
//! the start, and every mistake is reported at once.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crypto::{HashCost, SealingKey};
use db::DatabaseUrl;
use ipnet::IpNet;
use kit::Secret;
use outbound::{Http, LeakLists, Mailbox, SmsHook, Smtp};
use url::Url;

/// One key of the configuration, as file, variable and flag spell it.
struct Key {
    /// In `tenantry.toml`; the variable is `TENANTRY_` and this in capitals.
    name: &'static str,
    secret: bool,
    /// What it means, for `tenantry config`.
    meaning: &'static str,
}

const fn key(name: &'static str, meaning: &'static str) -> Key {
    Key {
        name,
        secret: false,
        meaning,
    }
}

const fn secret(name: &'static str, meaning: &'static str) -> Key {
    Key {
        name,
        secret: true,
        meaning,
    }
}

const KEYS: &[Key] = &[
    key("listen", "address to listen on; port 0 picks a free one"),
    key("public_url", "what browsers see: token issuer, cookies, links"),
    key("data_dir", "folder of the SQLite file and the sealing key"),
    secret("database_url", "sqlite:PATH or postgres://…"),
    key("client_id", "client id of the first environment"),
    secret("secret", "API key of the first environment"),
    secret("sealing_key", "seals stored secrets, instead of the key file"),
    key("password_hash", "cost of new password hashes"),
    key("rate_limits", "on or off"),
    key("trusted_proxies", "networks whose forwarding headers count"),
    secret(
        "smtp_url",
        "mail server: smtp://HOST or smtps://HOST, with USER:PASSWORD@ where it wants them",
    ),
    key("mail_from", "sender of mail, such as Acme <no-reply@example.com>"),
    secret("sms_url", "service that takes text messages as JSON"),
    key(
        "breach_url",
        "range service that knows leaked passwords, such as https://api.pwnedpasswords.com/range",
    ),
    key(
        "breach_file",
        "file of leaked passwords: SHA-1 in hex, a line each, in ascending order",
    ),
    key(
        "captcha_url",
        "service that judges captchas, instead of reCAPTCHA's own",
    ),
    key(
        "allow_private_addresses",
        "on or off: whether environments may have private addresses called",
    ),
    key(
        "allow_aws_roles",
        "on or off: whether environments may send through Amazon SES with roles that this server's AWS identity takes on",
    ),
    key("log", "log filter"),
];

/// Read by the test command and the program that runs tests, not by the server.
const FOREIGN: &[&str] = &["test_database_url"];

/// Which command asks, since `dev` has defaults of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Dev,
    Serve,
}

/// The credentials that `tenantry dev` always has.
pub const DEV_CLIENT_ID: &str = "00000000-0000-4000-8000-000000000001";
/// The API key that `tenantry dev` always has.
pub const DEV_SECRET: &str = "00000000-0000-4000-8000-00000000c0de";

/// The effective configuration.
#[derive(Debug)]
pub struct Config {
    pub mode: Mode,
    pub listen: SocketAddr,
    /// None until the listener knows its port, unless set.
    pub public_url: Option<Url>,
    pub data_dir: PathBuf,
    pub database_url: DatabaseUrl,
    pub client_id: Option<String>,
    pub secret: Option<Secret>,
    /// The sealing key as text, when it does not come from the key file.
    pub sealing_key: Option<Secret>,
    pub password_hash: HashCost,
    pub rate_limits: bool,
    pub trusted_proxies: Vec<IpNet>,
    /// Checked to be an address of a mail server.
    pub smtp_url: Option<Secret>,
    pub mail_from: Option<Mailbox>,
    /// Checked to be an address that can be called.
    pub sms_url: Option<Secret>,
    /// Checked to be an address that can be called.
    pub breach_url: Option<String>,
    pub breach_file: Option<PathBuf>,
    pub captcha_url: Option<Url>,
    pub allow_private_addresses: bool,
    pub allow_aws_roles: bool,
    pub log: String,
    shown: Shown,
}

/// Values by key name, with where each came from.
type Given = BTreeMap<&'static str, (String, &'static str)>;

/// The same, kept to be shown; its Debug says nothing, because some values are secret.
#[derive(Default)]
struct Shown(Given);

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl Config {
    /// Reads file, variables and flags. `flags` are (key name, value).
    ///
    /// # Errors
    /// Every mistake there is, each a sentence.
    pub fn read(
        mode: Mode,
        file: Option<&Path>,
        variables: impl IntoIterator<Item = (String, String)>,
        flags: &[(&'static str, Option<String>)],
    ) -> Result<Self, Vec<String>> {
        let mut faults = Vec::new();
        let mut given = Given::new();
        from_file(file, &mut given, &mut faults);
        from_variables(variables, &mut given, &mut faults);
        for (name, value) in flags {
            if let Some(value) = value {
                given.insert(name, (value.clone(), "flag"));
            }
        }
        let config = Self::settle(mode, given, &mut faults);
        match config {
            Some(config) if faults.is_empty() => Ok(config),
            _ => Err(faults),
        }
    }

    fn settle(mode: Mode, mut given: Given, faults: &mut Vec<String>) -> Option<Self> {
        let dev = mode == Mode::Dev;
        let mut default = |name: &'static str, value: &str| {
            given.entry(name).or_insert_with(|| (value.to_owned(), "default"));
        };
        default("listen", "127.0.0.1:8787");
        default("data_dir", if dev { "./tenantry-dev" } else { "./tenantry-data" });
        default("password_hash", &HashCost::default().to_string());
        default("rate_limits", if dev { "off" } else { "on" });
        default("trusted_proxies", "");
        default("allow_private_addresses", if dev { "on" } else { "off" });
        default("allow_aws_roles", "off");
        default("log", "info");
        if dev {
            default("client_id", DEV_CLIENT_ID);
            default("secret", DEV_SECRET);
        }
        let text = |name: &str| given.get(name).map(|(value, _)| value.as_str());
        let data_dir = PathBuf::from(text("data_dir").unwrap_or("."));
        let listen = parsed(
            text("listen"),
            faults,
            "listen must be an address and a port, such as 127.0.0.1:8787",
        );
        let public_url = text("public_url").and_then(|value| public_url(value, faults));
        let database_url = match text("database_url") {
            None => Some(DatabaseUrl::Sqlite(data_dir.join("tenantry.db"))),
            some => parsed(
                some,
                faults,
                "database_url must be sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME",
            ),
        };
        for name in ["client_id", "secret"] {
            if text(name).is_some_and(|value| !kit::is_uuid(value)) {
                faults.push(format!(
                    "{name} must be a UUID, because published clients parse it as one"
                ));
            }
        }
        if text("client_id").is_some() != text("secret").is_some() {
            faults.push("client_id and secret must be given together".to_owned());
        }
        if text("sealing_key").is_some_and(|value| SealingKey::parse(value).is_err()) {
            faults.push("sealing_key must be 32 bytes in base64 or hex".to_owned());
        }
        let hash = text("password_hash").unwrap_or_default().parse::<HashCost>();
        let hash = hash
            .map_err(|fault| faults.push(format!("password_hash: {fault}")))
            .ok();
        let rate_limits = switch("rate_limits", text("rate_limits"), faults);
        let private = switch("allow_private_addresses", text("allow_private_addresses"), faults);
        let aws_roles = switch("allow_aws_roles", text("allow_aws_roles"), faults);
        let mail_from = text("mail_from").and_then(|text| sender(text, faults));
        if let Some(Err(fault)) = text("smtp_url").map(Smtp::at) {
            faults.push(format!("smtp_url {fault}"));
        }
        if let Some(Err(fault)) = text("sms_url").map(|url| SmsHook::at(url, Http::new(true))) {
            faults.push(format!("sms_url {fault}"));
        }
        if let Some(Err(fault)) =
            text("breach_url").map(|url| LeakLists::new(Some(url), Http::new(true), None))
        {
            faults.push(format!("breach_url {fault}"));
        }
        let breach_file = text("breach_file").map(PathBuf::from);
        if let Some(file) = &breach_file
            && let Err(fault) = LeakLists::new(None, Http::new(true), Some(file))
        {
            faults.push(format!("breach_file: {fault}"));
        }
        let captcha_url = text("captcha_url").and_then(|text| service("captcha_url", text, faults));
        let proxies = networks(text("trusted_proxies").unwrap_or_default(), faults);
        let log = text("log").unwrap_or("info").to_owned();
        let config = Self {
            mode,
            listen: listen?,
            public_url,
            data_dir,
            database_url: database_url?,
            client_id: text("client_id").map(str::to_owned),
            secret: text("secret").map(|value| Secret::new(value.to_owned())),
            sealing_key: text("sealing_key").map(|value| Secret::new(value.to_owned())),
            password_hash: hash?,
            rate_limits: rate_limits?,
            trusted_proxies: proxies,
            smtp_url: text("smtp_url").map(|value| Secret::new(value.to_owned())),
            mail_from,
            sms_url: text("sms_url").map(|value| Secret::new(value.to_owned())),
            breach_url: text("breach_url").map(str::to_owned),
            breach_file,
            captcha_url,
            allow_private_addresses: private?,
            allow_aws_roles: aws_roles?,
            log,
            shown: Shown::default(),
        };
        Some(Self {
            shown: Shown(given),
            ..config
        })
    }

    /// The effective configuration for people: each key with its value (secrets masked), its source and its meaning.
    #[must_use]
    pub fn describe(&self) -> String {
        let mut out = String::new();
        for key in KEYS {
            let (value, source) = match self.shown.0.get(key.name) {
                Some((_, source)) if key.secret => ("********", *source),
                Some((value, source)) => (value.as_str(), *source),
                None if key.name == "database_url" => ("(SQLite in the data folder)", "default"),
                None if key.name == "public_url" => ("(http://localhost and the port)", "default"),
                None => ("", "not set"),
            };
            let variable = format!("TENANTRY_{}", key.name.to_uppercase());
            out.push_str(&format!(
                "# {} ({variable}; {source})\n{} = {value:?}\n\n",
                key.meaning, key.name
            ));
        }
        out
    }
}

fn from_file(file: Option<&Path>, given: &mut Given, faults: &mut Vec<String>) {
    let (path, asked) = file.map_or((Path::new("tenantry.toml"), false), |path| (path, true));
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !asked => return,
        Err(error) => {
            faults.push(format!("{} cannot be read: {error}", path.display()));
            return;
        }
    };
    let table = match text.parse::<toml::Table>() {
        Ok(table) => table,
        Err(error) => {
            faults.push(format!("{} is not TOML: {}", path.display(), error.message()));
            return;
        }
    };
    for (name, value) in table {
        let value = match value {
            toml::Value::String(text) => text,
            toml::Value::Array(list) => list
                .iter()
                .filter_map(toml::Value::as_str)
                .collect::<Vec<_>>()
                .join(","),
            other => other.to_string(),
        };
        take(
            &name,
            value,
            "tenantry.toml",
            &format!("{} of {}", name, path.display()),
            given,
            faults,
        );
    }
}

fn from_variables(
    variables: impl IntoIterator<Item = (String, String)>,
    given: &mut Given,
    faults: &mut Vec<String>,
) {
    for (variable, value) in variables {
        let Some(name) = variable.strip_prefix("TENANTRY_") else {
            continue;
        };
        let name = name.to_lowercase();
        if value.is_empty() || FOREIGN.contains(&name.as_str()) {
            continue;
        }
        take(&name, value, "environment variable", &variable, given, faults);
    }
}

fn take(
    name: &str,
    value: String,
    source: &'static str,
    spelled: &str,
    given: &mut Given,
    faults: &mut Vec<String>,
) {
    if let Some(key) = KEYS.iter().find(|key| key.name == name) {
        given.insert(key.name, (value, source));
    } else {
        faults.push(format!("{spelled} is not a known setting"));
    }
}

fn parsed<T: std::str::FromStr>(text: Option<&str>, faults: &mut Vec<String>, sentence: &str) -> Option<T> {
    let value = text.and_then(|text| text.parse().ok());
    if value.is_none() {
        faults.push(sentence.to_owned());
    }
    value
}

/// The address of a service that is called.
fn service(name: &str, text: &str, faults: &mut Vec<String>) -> Option<Url> {
    let called = |url: &Url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some();
    let url = text.parse().ok().filter(called);
    if url.is_none() {
        faults.push(format!("{name} must be an http or https address"));
    }
    url
}

/// An address that browsers can use as an origin: scheme, host, port, nothing after them.
fn public_url(text: &str, faults: &mut Vec<String>) -> Option<Url> {
    let plain = |url: &Url| {
        matches!(url.scheme(), "http" | "https")
            && url.host_str().is_some()
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
    };
    let url = text.parse::<Url>().ok().filter(plain);
    if url.is_none() {
        faults.push(
            "public_url must be an http or https address without a path, such as https://login.example.com"
                .to_owned(),
        );
    }
    url
}

fn switch(name: &str, text: Option<&str>, faults: &mut Vec<String>) -> Option<bool> {
    match text {
        Some("on") => Some(true),
        Some("off") => Some(false),
        _ => {
            faults.push(format!("{name} must be on or off"));
            None
        }
    }
}

/// `no-reply@example.com` or `Acme <no-reply@example.com>`.
fn sender(text: &str, faults: &mut Vec<String>) -> Option<Mailbox> {
    let named = text
        .trim()
        .strip_suffix('>')
        .and_then(|text| text.split_once('<'));
    let (name, address) = named.unwrap_or(("", text));
    let mailbox = Mailbox::new(name.trim().trim_matches('"'), address);
    if mailbox.is_err() {
        faults.push(
            "mail_from must be an address, or a name and an address such as Acme <no-reply@example.com>"
                .to_owned(),
        );
    }
    mailbox.ok()
}

fn networks(text: &str, faults: &mut Vec<String>) -> Vec<IpNet> {
    let mut networks = Vec::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let single = part.parse::<std::net::IpAddr>().map(IpNet::from);
        match part.parse::<IpNet>().or(single) {
            Ok(network) => networks.push(network),
            Err(_) => faults.push(format!(
                "trusted_proxies: {part} is not an address or a network such as 10.0.0.0/8"
            )),
        }
    }
    networks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(mode: Mode, variables: &[(&str, &str)]) -> Result<Config, Vec<String>> {
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tenantry.toml");
        std::fs::write(&file, "").unwrap();
        Config::read(mode, Some(&file), variables, &[])
    }

    #[test]
    fn every_mistake_is_reported_at_once() {
        let faults = read(
            Mode::Serve,
            &[
                ("TENANTRY_LISTEN", "here"),
                ("TENANTRY_PUBLIC_URL", "ftp://x"),
                ("TENANTRY_PASSWORD_HASH", "md5"),
                ("TENANTRY_RATE_LIMITS", "maybe"),
                ("TENANTRY_TRUSTED_PROXIES", "10.0.0.0/8, nonsense"),
                ("TENANTRY_CLIENT_ID", "abc"),
                ("TENANTRY_COLOUR", "red"),
                ("TENANTRY_SMTP_URL", "mail.example.com"),
                ("TENANTRY_MAIL_FROM", "a@b@c"),
                ("TENANTRY_SMS_URL", "ftp://sms.example.com"),
                ("TENANTRY_CAPTCHA_URL", "captcha.example.com"),
                ("TENANTRY_ALLOW_PRIVATE_ADDRESSES", "perhaps"),
                ("TENANTRY_ALLOW_AWS_ROLES", "yes"),
                ("TENANTRY_BREACH_URL", "breach.example.com"),
                ("TENANTRY_BREACH_FILE", "/nowhere/leaks.txt"),
            ],
        )
        .unwrap_err();
        for word in [
            "listen",
            "public_url",
            "password_hash",
            "rate_limits",
            "nonsense",
            "UUID",
            "together",
            "TENANTRY_COLOUR",
            "smtp_url",
            "mail_from",
            "sms_url",
            "captcha_url",
            "allow_private_addresses",
            "allow_aws_roles",
            "breach_url",
            "breach_file",
        ] {
            assert!(
                faults.iter().any(|fault| fault.contains(word)),
                "{word}: {faults:#?}"
            );
        }
        assert_eq!(faults.len(), 16, "{faults:#?}");
    }

    #[test]
    fn ways_of_sending_are_read_and_their_secrets_masked() {
        let config = read(
            Mode::Serve,
            &[
                ("TENANTRY_SMTP_URL", "smtp://me:hunter2@mail.example.com"),
                ("TENANTRY_MAIL_FROM", "\"Acme\" <No-Reply@example.com>"),
                ("TENANTRY_SMS_URL", "https://key:hunter2@sms.example.com/send"),
            ],
        )
        .unwrap();
        let from = config.mail_from.as_ref().map(ToString::to_string);
        assert_eq!(from.as_deref(), Some("Acme <no-reply@example.com>"));
        assert!(!config.allow_private_addresses && !config.allow_aws_roles);
        assert!(!config.describe().contains("hunter2") && !format!("{config:?}").contains("hunter2"));
    }

    #[test]
    fn variables_go_before_the_file_and_flags_before_both() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("t.toml");
        std::fs::write(
            &file,
            "listen = \"127.0.0.1:1\"\nlog = \"warn\"\ntrusted_proxies = [\"10.0.0.0/8\", \"::1\"]\n",
        )
        .unwrap();
        let variables = [("TENANTRY_LISTEN".to_owned(), "127.0.0.1:2".to_owned())];
        let config = Config::read(Mode::Serve, Some(&file), variables.clone(), &[]).unwrap();
        assert_eq!(
            (
                config.listen.port(),
                config.log.as_str(),
                config.trusted_proxies.len()
            ),
            (2, "warn", 2)
        );
        let flags = [("listen", Some("127.0.0.1:3".to_owned()))];
        assert_eq!(
            Config::read(Mode::Serve, Some(&file), variables, &flags)
                .unwrap()
                .listen
                .port(),
            3
        );
    }

    #[test]
    fn an_unknown_key_in_the_file_stops_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("t.toml");
        std::fs::write(&file, "lisen = \"127.0.0.1:1\"").unwrap();
        assert!(Config::read(Mode::Serve, Some(&file), [], &[]).unwrap_err()[0].contains("lisen"));
    }

    #[test]
    fn secrets_are_masked_when_shown() {
        let config = read(
            Mode::Dev,
            &[("TENANTRY_DATABASE_URL", "postgres://u:hunter2@h/d")],
        )
        .unwrap();
        assert!(!config.describe().contains("hunter2") && !config.describe().contains(DEV_SECRET));
        assert!(!format!("{config:?}").contains("hunter2"));
        assert!(config.describe().contains(DEV_CLIENT_ID));
    }
}

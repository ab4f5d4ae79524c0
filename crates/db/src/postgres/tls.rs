//! Whether and how connections to PostgreSQL are encrypted: `sslmode` and `sslrootcert`, as libpq reads them.
//!
//! `require` encrypts without asking who answers, unless `sslrootcert` names a file to check against; `verify-ca`
//! and `verify-full` both check the certificate and the host name. Other modes speak in the clear.

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config, NoTls, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::OpenError;

/// Where systems keep the certificates they trust.
const SYSTEM: [&str; 3] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
];

#[derive(Clone)]
pub(super) enum Tls {
    None,
    Rustls(MakeRustlsConnect),
}

/// Reads a connection string, with the two parameters the driver does not know.
pub(super) fn from_url(url: &str) -> Result<(Config, Tls), OpenError> {
    let (main, query) = url.split_once('?').unwrap_or((url, ""));
    let (mut mode, mut roots, mut kept) = ("", None, Vec::new());
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("sslmode", value)) => mode = value,
            Some(("sslrootcert", value)) => roots = Some(decoded(value)),
            _ => kept.push(pair),
        }
    }
    let verify = match mode {
        "" | "disable" | "allow" | "prefer" => None,
        "require" => Some(roots.is_some()),
        "verify-ca" | "verify-full" => Some(true),
        _ => {
            let reason =
                "sslmode must be disable, allow, prefer, require, verify-ca or verify-full".to_owned();
            return Err(OpenError::Address { reason });
        }
    };
    kept.push(if verify.is_some() {
        "sslmode=require"
    } else {
        "sslmode=disable"
    });
    // The driver's message names the faulty parameter, never a value.
    let config: Config =
        format!("{main}?{}", kept.join("&"))
            .parse()
            .map_err(|error: tokio_postgres::Error| {
                let reason =
                    std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
                OpenError::Address { reason }
            })?;
    let tls = match verify {
        None => Tls::None,
        Some(verify) => Tls::Rustls(MakeRustlsConnect::new(client_config(verify, roots.as_deref())?)),
    };
    Ok((config, tls))
}

/// A connection and the task that drives it.
pub(super) async fn connect(
    tls: Tls,
    config: Config,
) -> Result<(Client, JoinHandle<()>), tokio_postgres::Error> {
    match tls {
        Tls::None => {
            let (client, connection) = config.connect(NoTls).await?;
            Ok((client, drive(connection)))
        }
        Tls::Rustls(tls) => {
            let (client, connection) = config.connect(tls).await?;
            Ok((client, drive(connection)))
        }
    }
}

fn drive<S>(connection: tokio_postgres::Connection<Socket, S>) -> JoinHandle<()>
where
    S: tokio_postgres::tls::TlsStream + Unpin + Send + 'static,
{
    #[expect(clippy::disallowed_methods, reason = "drives one connection and ends with it")]
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::warn!(error = %crate::StoreError::from_postgres(error), "a database connection broke");
        }
    })
}

fn client_config(verify: bool, roots: Option<&str>) -> Result<ClientConfig, OpenError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| OpenError::Address {
            reason: error.to_string(),
        })?;
    if !verify {
        tracing::warn!("sslmode=require does not check who answers; use sslmode=verify-full");
        return Ok(builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anyone(provider)))
            .with_no_client_auth());
    }
    let path = match roots {
        Some("system") | None => SYSTEM
            .into_iter()
            .find(|path| Path::new(path).exists())
            .unwrap_or(SYSTEM[0]),
        Some(path) => path,
    };
    let unreadable = |reason: String| OpenError::Address {
        reason: format!("certificates in {path}: {reason}"),
    };
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| unreadable(error.to_string()))? {
        store.add_parsable_certificates([certificate.map_err(|error| unreadable(error.to_string()))?]);
    }
    if store.is_empty() {
        return Err(unreadable("none could be read".to_owned()));
    }
    Ok(builder.with_root_certificates(store).with_no_client_auth())
}

/// `%2F` and its like in a file name.
fn decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let code = (byte == b'%')
            .then(|| tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok()))
            .flatten()
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(code.unwrap_or(byte));
        rest = if code.is_some() {
            tail.get(2..).unwrap_or_default()
        } else {
            tail
        };
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Accepts whatever certificate is shown, but still checks that its key signed the handshake.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sslmode_decides() {
        assert!(matches!(
            from_url("postgres://h/d").map(|(_, tls)| tls),
            Ok(Tls::None)
        ));
        assert!(matches!(
            from_url("postgres://h/d?sslmode=prefer").map(|(_, tls)| tls),
            Ok(Tls::None)
        ));
        assert!(matches!(
            from_url("postgres://h/d?sslmode=require").map(|(_, tls)| tls),
            Ok(Tls::Rustls(_))
        ));
        assert!(from_url("postgres://h/d?sslmode=maybe").is_err());
        assert!(from_url("postgres://h/d?sslmode=verify-full&sslrootcert=/none/such.pem").is_err());
    }

    #[test]
    fn a_bad_address_is_refused_without_its_password() {
        let error = from_url("postgres://ann:hunter2@h/d?colour=hunter2")
            .err()
            .map(|e| e.to_string());
        assert!(error.is_some_and(|text| !text.contains("hunter2")));
    }

    #[test]
    fn file_names_are_decoded() {
        assert_eq!(decoded("%2Fa%20b%zz%"), "/a b%zz%");
    }
}

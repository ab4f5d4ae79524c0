//! Where the data are. Printing an address never shows the password in it.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// `sqlite:PATH`, `postgres://…` or `postgresql://…`.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A file; its directory must exist.
    Sqlite(PathBuf),
    /// A connection string as libpq reads it, password included.
    Postgres(String),
}

/// The text names no database we know. Carries no part of the text: it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadDatabaseUrl {
    /// Neither of the known schemes.
    #[error("a database address starts with sqlite:, postgres:// or postgresql://")]
    Scheme,
    /// `sqlite:` without a file, or with an in-memory one, which has no WAL.
    #[error("sqlite: needs the path of a file after the colon")]
    NoFile,
}

impl FromStr for DatabaseUrl {
    type Err = BadDatabaseUrl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() || path.contains(":memory:") {
                return Err(BadDatabaseUrl::NoFile);
            }
            return Ok(Self::Sqlite(PathBuf::from(path)));
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(text.to_owned()));
        }
        Err(BadDatabaseUrl::Scheme)
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => f.write_str(&without_password(url)),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Hides `user:PASSWORD@` and every query parameter that is not known to be harmless.
fn without_password(url: &str) -> String {
    let (main, query) = url
        .split_once('?')
        .map_or((url, None), |(main, query)| (main, Some(query)));
    let (scheme, rest) = main.split_once("://").unwrap_or(("postgres", main));
    let shown = match rest.rsplit_once('@') {
        Some((user, host)) => {
            let name = user.split_once(':').map_or(user, |(name, _)| name);
            let mask = if user.contains(':') { ":***" } else { "" };
            format!("{scheme}://{name}{mask}@{host}")
        }
        None => format!("{scheme}://{rest}"),
    };
    let Some(query) = query else { return shown };
    let pairs: Vec<String> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((key @ ("sslmode" | "host" | "port" | "dbname" | "user" | "application_name"), value)) => {
                format!("{key}={value}")
            }
            Some((key, _)) => format!("{key}=***"),
            None => "***".to_owned(),
        })
        .collect();
    format!("{shown}?{}", pairs.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_schemes_are_read() {
        assert_eq!("sqlite:a/b.db".parse(), Ok(DatabaseUrl::Sqlite("a/b.db".into())));
        assert_eq!(
            "sqlite:///a/b.db".parse(),
            Ok(DatabaseUrl::Sqlite("/a/b.db".into()))
        );
        assert_eq!(
            "postgres://h/d".parse(),
            Ok(DatabaseUrl::Postgres("postgres://h/d".into()))
        );
        assert_eq!(
            "postgresql://h/d".parse(),
            Ok(DatabaseUrl::Postgres("postgresql://h/d".into()))
        );
        assert_eq!("mysql://h".parse::<DatabaseUrl>(), Err(BadDatabaseUrl::Scheme));
        assert_eq!("sqlite:".parse::<DatabaseUrl>(), Err(BadDatabaseUrl::NoFile));
        assert_eq!(
            "sqlite::memory:".parse::<DatabaseUrl>(),
            Err(BadDatabaseUrl::NoFile)
        );
    }

    #[test]
    fn a_password_is_printed_nowhere() -> Result<(), BadDatabaseUrl> {
        for text in [
            "postgres://ann:hunter2@h:5432/d",
            "postgres://h/d?user=ann&password=hunter2&sslmode=require",
            "postgresql://ann:hun@ter2@h/d",
            "postgres://h/d?sslpassword=hunter2&hunter2",
        ] {
            let url: DatabaseUrl = text.parse()?;
            for shown in [url.to_string(), format!("{url:?}")] {
                assert!(!shown.contains("hunter2") && !shown.contains("ter2"), "{shown}");
                assert!(shown.contains("/d"), "{shown}");
            }
        }
        Ok(())
    }
}
